"""Wires with a curved axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape, require_section, require_within
from synthwire.structures.shapes.swept_body import bend, centred, straight_body


@dataclass
class Curved(Shape):
    """Wire bowed in the plane: sagitta up to `bow`, swing up to `swing`, both in lengths."""

    bow: float = 0.15
    swing: float = 0.05
    section: str = "rounded"
    summary: ClassVar[str] = "wire with curved axis"

    def __post_init__(self) -> None:
        require_within(self, bow=(0, 0.4), swing=(0, 0.2))
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        body = straight_body(length, width, thickness, self.section, stations=97)
        bend(body, self.bow * rng.uniform(-1, 1), self.swing * rng.uniform(-1, 1))
        return Particle(centred([body]), length, width, thickness)
