"""Random 3D structures: scenes of deposited particles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.runtime.seeds import Stage, generator
from synthwire.structures.deposition import Deposited, NoRest, PackedBodies, Pile, pack_bodies
from synthwire.structures.settings import (
    ParticleClass,
    Population,
    ScenePlan,
    make_plan,
)
from synthwire.structures.shapes import Particle

PLACES = 50  # where one particle may try to come to rest before its scene is begun anew

COLUMNS = (
    "scene", "particle", "class", "length_nm", "width_nm", "thickness_nm", "x_nm", "y_nm", "z_nm",
    "azimuth_deg", "tilt_deg", "touches_border", "attempt", "category_id", "population", "shape",
    "cut", "part_of", "voxels", "projected_area_px", "visible_area_px", "overlap_fraction",
    "roll_deg",
)  # fmt: skip


@dataclass
class Scene:
    """One structure.

    Attributes
    ----------
    labels: (Z, Y, X) uint8, or uint16 with more than 255 particles; 0 empty, k particle k.
    voxel_size_nm: edge of a voxel.
    particles: one row a label, with COLUMNS (see `generate_scene`).
    attempt: 0 unless the scene had to be drawn anew.
    """

    labels: np.ndarray
    voxel_size_nm: float
    particles: pd.DataFrame
    attempt: int


@dataclass
class _Draft:
    """A particle drawn but not yet deposited."""

    item: ParticleClass
    particle: Particle
    bodies: PackedBodies
    azimuth: float
    cluster: tuple[float, float, float] | None  # middle x, y and radius, voxels


def sample_size(
    item: ParticleClass, voxel: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Length, width, thickness in nm; no less than a voxel, and the length the greater."""
    length = item.length.sample(rng)
    if item.width:
        width = item.width.sample(rng)
    else:
        assert item.aspect_ratio  # one of the two is there; so below
        width = length / item.aspect_ratio.sample(rng)
    if width > length:
        length, width = width, length
    if item.thickness:
        thickness = item.thickness.sample(rng)
    else:
        assert item.thickness_ratio
        thickness = width * item.thickness_ratio.sample(rng)
    return max(length, voxel), max(width, voxel), max(thickness, voxel)


def _draw(plan: ScenePlan, population: Population, rng: np.random.Generator) -> list[_Draft]:
    if population.count:
        count = population.count.sample(rng)
    else:
        assert population.count_per_um2
        count = population.count_per_um2.sample(rng) * plan.area_um2
    clusters = [
        (
            plan.width * rng.random(),
            plan.depth * rng.random(),
            population.cluster_radius.sample(rng) / plan.voxel,
        )
        for _ in range(round(population.clusters.sample(rng)))
    ]
    drafts = []
    for _ in range(max(1, round(count)) if count else 0):
        item = population.classes[_choose([item.share for item in population.classes], rng)]
        particle = item.shape.build(*sample_size(item, plan.voxel, rng), rng)
        azimuth = math.radians(item.azimuth.sample(rng)) % math.pi
        cluster = None
        if clusters and rng.random() < population.cluster_share:
            cluster = clusters[int(rng.integers(len(clusters)))]
        bodies = pack_bodies(particle.bodies, plan.voxel)
        drafts.append(_Draft(item, particle, bodies, azimuth, cluster))
    return drafts


def _choose(shares: Sequence[float], rng: np.random.Generator) -> int:
    """Place of one entry, drawn with probabilities proportional to the shares."""
    place = rng.random() * sum(shares)
    for i, share in enumerate(shares):
        place -= share
        if place < 0:
            return i
    return len(shares) - 1


def generate_scene(settings: Mapping, seed: int, scene: int) -> Scene:
    """Make one structure (paper, "Synthetic dataset generation").

    Particles are drawn, then deposited one after another. The result depends on settings, seed
    and scene alone.

    Parameters
    ----------
    settings: config["structures"], complete or not (see `resolve_settings`).
    seed: of the run.
    scene: number of the scene, from 0.

    Returns
    -------
    Scene. Its table has one row a label: scene, particle (the label), class, length_nm, width_nm,
    thickness_nm (of the whole particle, also when cut), x_nm, y_nm, z_nm (centre of mass of its
    voxels), azimuth_deg [0, 180) counter-clockwise from the horizontal, tilt_deg (positive when
    the end towards the azimuth is the higher), touches_border, attempt (0 unless the scene had to
    be begun anew), category_id, population, shape, cut, part_of (label of the particle that this
    one is a part of, else 0), voxels, projected_area_px (of the amodal mask), visible_area_px
    (where it lies uppermost), overlap_fraction (share of the projected area that lies over or
    under others), roll_deg (turn about its axis, of particles that lean).

    Raises
    ------
    InputError naming the scene and the reason when it cannot be packed in `max_attempts` tries.
    """
    plan = make_plan(settings)
    attempts = plan.settings["max_attempts"]
    reason = ""
    for attempt in range(attempts):
        rng = generator(seed, Stage.STRUCTURES, scene, *([attempt] if attempt else []))
        population = plan.populations[_choose([item.share for item in plan.populations], rng)]
        drafts = _draw(plan, population, rng)
        try:
            pile, rows = _deposit(plan, drafts, rng)
        except NoRest as refusal:
            reason = refusal.reason
            continue
        table = _table(plan, population, pile, rows, scene, attempt)
        return Scene(pile.labels, plan.voxel, table, attempt)
    advice = {
        "height": "the pile outgrows the domain: raise structures.domain[2] or use fewer or "
        "thinner particles",
        "steep": "particles come to rest too steeply: raise structures.max_tilt_deg or use fewer "
        "particles",
        "inside": "particles do not fit: enlarge structures.domain, shorten them or use "
        "border: cut",
    }.get(reason, "particles find no place: enlarge structures.domain or lower min_visible")
    raise InputError(f"structures: scene {scene} could not be packed in {attempts} tries; {advice}")


def _deposit(
    plan: ScenePlan, drafts: list[_Draft], rng: np.random.Generator
) -> tuple[Pile, list[tuple[int, _Draft, Deposited]]]:
    labels = sum(draft.bodies.label_count for draft in drafts)
    if labels > np.iinfo(np.uint16).max:
        raise InputError(f"structures: {labels} particles in one scene; at most 65535")
    reach = max((draft.bodies.reach for draft in drafts), default=0)
    pile = Pile(
        plan.width,
        plan.depth,
        plan.height,
        dtype=np.uint8 if labels <= 255 else np.uint16,
        margin=min(math.ceil(2 * reach), max(plan.width, plan.depth))
        if plan.border == "cut"
        else 0,
        periodic=plan.border == "periodic",
    )
    rows = []
    label = 1
    for draft in drafts:
        limits = _centre_limits(plan, draft)
        reason = "inside"
        for _ in range(PLACES):
            if draft.cluster is None:
                x, y = (round(low + (high - low) * rng.random(), 6) for low, high in limits)
            else:
                *middle, radius = draft.cluster
                x, y = (round(at + radius * rng.standard_normal(), 6) for at in middle)
            try:
                deposited = pile.deposit(
                    draft.bodies,
                    x,
                    y,
                    draft.azimuth,
                    label,
                    rest=draft.item.rest,
                    stiffness=_stiffness(draft.item, draft.particle, plan.voxel),
                    max_tilt=math.radians(plan.settings["max_tilt_deg"]),
                    min_visible=max(plan.settings["min_visible"], 1e-9),
                    inside=plan.border == "inside",
                )
            except NoRest as refusal:
                reason = refusal.reason
                continue
            rows.append((label, draft, deposited))
            label += draft.bodies.label_count
            break
        else:
            raise NoRest(reason)
    return pile, rows


def _stiffness(item: ParticleClass, particle: Particle, voxel: float) -> float:
    """EI/q in voxels³ of a wire that sags by its thickness over its class's sag_span.

    A beam on two supports sags by 5 q ℓ⁴ / (384 EI).
    """
    return 5 * (item.sag_span / voxel) ** 4 / (384 * particle.thickness / voxel)


def _centre_limits(plan: ScenePlan, draft: _Draft) -> tuple[tuple[float, float], ...]:
    """Range of the centre of mass along x and y; with cut borders it reaches out of the domain."""
    sides = (plan.width, plan.depth)
    if plan.border == "periodic":
        return tuple((0.0, float(side)) for side in sides)
    size = draft.particle
    along, across = size.length / 2 / plan.voxel, size.width / 2 / plan.voxel
    cos, sin = abs(math.cos(draft.azimuth)), abs(math.sin(draft.azimuth))
    half = (along * cos + across * sin, along * sin + across * cos)
    sign = -1 if plan.border == "cut" else 1
    limits = tuple(
        (sign * reach, side - sign * reach) for side, reach in zip(sides, half, strict=True)
    )
    if any(low > high for low, high in limits):
        raise NoRest("inside")
    return limits


def _table(
    plan: ScenePlan, population: Population, pile: Pile, rows: list, scene: int, attempt: int
) -> pd.DataFrame:
    records = []
    for label, draft, deposited in rows:
        size, item, pose = draft.particle, draft.item, deposited.pose
        for k, footprint in enumerate(deposited.footprints):
            name = f"{item.name}-{item.shape.parts[k - 1]}" if k else item.name
            x, y, z = deposited.centre[k].tolist()
            area = len(footprint)
            shared, visible = pile.overlap(footprint, label)
            records.append(
                (
                    scene,
                    label + k,
                    name,
                    round(size.length, 3),
                    round(size.width, 3),
                    round(size.thickness, 3),
                    round(x * plan.voxel, 3),
                    round(y * plan.voxel, 3),
                    round(z * plan.voxel, 3),
                    round(math.degrees(pose.azimuth), 3) % 180,
                    round(math.degrees(pose.tilt), 3) + 0.0,  # no minus zero
                    int(deposited.touches_border),
                    attempt,
                    plan.categories.index(name) + 1,
                    population.name,
                    item.shape_name,
                    int(deposited.cut),
                    label if k else 0,
                    int(deposited.voxels[k]),
                    area,
                    0 if k else visible,
                    round(shared / area, 6) if area else 0.0,
                    round(math.degrees(pose.roll), 3) + 0.0,
                )
            )
    return pd.DataFrame.from_records(records, columns=COLUMNS)
