"""Wires with fracture faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape, require_section, require_within
from synthwire.structures.shapes.swept_body import break_ends, straight_body


@dataclass
class Broken(Shape):
    """Wire broken off askew (up to `slant` widths) and jagged (about `jag` widths) at both ends."""

    slant: float = 0.6
    jag: float = 0.15
    section: str = "rectangle"
    summary: ClassVar[str] = "wire with slanted and jagged ends"

    def __post_init__(self) -> None:
        require_within(self, slant=(0, 3), jag=(0, 1))
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        body = straight_body(length, width, thickness, self.section)
        break_ends(body, self.slant, self.jag, rng)
        return Particle([body], length, width, thickness)
