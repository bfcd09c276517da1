"""Hierarchical wires with branches (Supplementary Note 8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import (
    Particle,
    Shape,
    require_counts,
    require_positive,
    require_section,
)
from synthwire.structures.shapes.swept_body import centred, straight_body, taper


@dataclass
class Branched(Shape):
    """Trunk of the given size with `fewest` to `most` thinner branches.

    A branch is up to `branch_length` of the trunk's length, `branch_width` of its width, and
    leaves it at `angle` ± 15 degrees, pointing up to `rise` degrees upwards.
    """

    fewest: int = 3
    most: int = 8
    branch_length: float = 0.4
    branch_width: float = 0.5
    angle: float = 70.0
    rise: float = 10.0
    section: str = "rounded"
    summary: ClassVar[str] = "trunk with branches"

    def __post_init__(self) -> None:
        require_counts(self.fewest, self.most, 40)
        require_positive(self, branch_length=1, branch_width=1, angle=90, rise=45)
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        bodies = [straight_body(length, width, thickness, self.section)]
        for _ in range(int(rng.integers(self.fewest, self.most + 1))):
            own = max(self.branch_length * length * rng.uniform(0.3, 1), width)
            across = self.branch_width * rng.uniform(0.6, 1)
            branch = straight_body(own, across * width, across * thickness, self.section, 9)
            taper(branch, 0.5, 0.4, start=False, stop=True)
            branch.yaw = math.radians(self.angle + rng.uniform(-15, 15)) * rng.choice([-1.0, 1.0])
            branch.pitch = math.radians(self.rise * rng.uniform(0, 1))
            root = length * rng.uniform(-0.45, 0.45)
            reach = own / 2 * math.cos(branch.pitch)  # from the root on the trunk's axis
            branch.origin = (
                root + reach * math.cos(branch.yaw),
                reach * math.sin(branch.yaw),
                own / 2 * math.sin(branch.pitch),
            )
            bodies.append(branch)
        return Particle(centred(bodies), length, width, thickness)
