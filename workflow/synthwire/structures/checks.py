"""What can be known impossible of structures before any work starts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from synthwire.errors import InputError
from synthwire.structures.scene import sample_size
from synthwire.structures.settings import Population, ScenePlan, make_plan


def check_settings(settings: Mapping) -> None:
    """Refuse what can be known impossible before any work starts.

    InputError names the field: an unknown field, shape or preset, a distribution with negative
    support, particles larger than the domain or thinner than a voxel, or more volume than the
    domain holds.
    """
    plan = make_plan(settings)
    low, high = min(plan.width, plan.depth) * plan.voxel, plan.height * plan.voxel
    for i, population in enumerate(plan.populations):
        total = 0.0
        shares = sum(item.share for item in population.classes)
        for j, item in enumerate(population.classes):
            at = f"structures.populations[{i}].particles[{j}]"
            rng = np.random.default_rng(0)
            sizes = np.array([sample_size(item, plan.voxel, rng) for _ in range(400)])
            length, width, thickness = sizes.T
            field = "width_nm" if item.width else "aspect_ratio"
            if np.median(width) < 2 * plan.voxel:
                raise InputError(
                    f"{at}.{field}: half of the particles are narrower than two voxels of "
                    f"{plan.voxel:g} nm; make them wider or voxel_size_nm smaller"
                )
            largest = max(plan.width, plan.depth)
            if np.median(length) > 50 * largest * plan.voxel:
                raise InputError(
                    f"{at}.length_nm: half of the particles are over 50 times longer than the "
                    f"domain, {largest} voxels of {plan.voxel:g} nm; is voxel_size_nm right?"
                )
            field = "thickness_nm" if item.thickness else "thickness_ratio"
            if thickness.min() > high:
                raise InputError(
                    f"{at}.{field}: every particle is thicker than the domain's height, "
                    f"{plan.height} voxels = {high:g} nm; raise domain[2]"
                )
            if plan.border != "cut" and length.min() > low * math.sqrt(2):
                raise InputError(
                    f"{at}.length_nm: every particle is longer than the domain, {low:g} nm, which "
                    f"border: {plan.border} does not allow; use border: cut or a larger domain"
                )
            if plan.border == "cut":
                length = np.minimum(length, low)
            total += item.share / shares * float(np.mean(length * width * thickness)) * 0.5
        count = _mean_count(plan, population)
        if count > 20_000:
            raise InputError(
                f"structures.populations[{i}].count: {count:.0f} particles a scene; at most 20000"
            )
        room = plan.width * plan.depth * plan.height * plan.voxel**3
        if count * total > room:
            raise InputError(
                f"structures.populations[{i}].count: {count:.0f} particles have about "
                f"{count * total / room:.1f} times the domain's volume; use fewer or smaller "
                "particles or a larger domain"
            )


def _mean_count(plan: ScenePlan, population: Population) -> float:
    distribution = population.count or population.count_per_um2
    assert distribution  # one of the two is there
    count = float(np.mean(distribution.quantiles(np.linspace(0.05, 0.95, 19), draws=400)))
    return count if population.count else count * plan.area_um2
