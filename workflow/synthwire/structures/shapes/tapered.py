"""Wires that end in tips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import (
    Particle,
    Shape,
    require_positive,
    require_section,
    require_within,
)
from synthwire.structures.shapes.swept_body import centred, straight_body, taper


@dataclass
class Tapered(Shape):
    """Wire whose ends narrow to `tip` of the width over up to `reach` of the length each."""

    tip: float = 0.2
    reach: float = 0.4
    section: str = "rounded"
    summary: ClassVar[str] = "wire with tapering ends"

    def __post_init__(self) -> None:
        require_within(self, tip=(0, 1))
        require_positive(self, reach=1)
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        body = straight_body(length, width, thickness, self.section, stations=65)
        for start in (True, False):
            reach = self.reach * rng.uniform(0.3, 1)
            taper(body, reach, self.tip, start=start, stop=not start)
        return Particle(centred([body]), length, width, thickness)
