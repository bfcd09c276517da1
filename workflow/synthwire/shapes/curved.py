"""Wires with a curved axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.shapes.base import (
    Particle,
    Shape,
    bend,
    centred,
    require,
    section_named,
    straight_body,
)


@dataclass
class Curved(Shape):
    """Wire bowed in the plane: sagitta up to `bow`, swing up to `swing`, both in lengths."""

    bow: float = 0.15
    swing: float = 0.05
    section: str = "rounded"
    summary: ClassVar[str] = "wire with curved axis"

    def __post_init__(self):
        require(0 <= self.bow <= 0.4, f"bow: {self.bow} should be from 0 to 0.4")
        require(0 <= self.swing <= 0.2, f"swing: {self.swing} should be from 0 to 0.2")
        section_named(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        body = straight_body(length, width, thickness, self.section, stations=97)
        bend(body, self.bow * rng.uniform(-1, 1), self.swing * rng.uniform(-1, 1))
        return Particle(centred([body]), length, width, thickness)
