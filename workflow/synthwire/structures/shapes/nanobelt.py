"""Belts: long, wide and thin, following a wavy edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape, require_positive, require_within
from synthwire.structures.shapes.swept_body import bend, centred, straight_body


@dataclass
class Nanobelt(Shape):
    """Thin belt whose thickness is at most `flatness` of its width, gently swinging sideways."""

    flatness: float = 0.15
    swing: float = 0.02
    summary: ClassVar[str] = "thin, gently curved belt"
    rest: ClassVar[str] = "flexible"

    def __post_init__(self) -> None:
        require_positive(self, flatness=1)
        require_within(self, swing=(0, 0.2))

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        thickness = min(thickness, self.flatness * width)
        body = straight_body(length, width, thickness, "rounded", stations=65)
        bend(body, self.swing * rng.uniform(-1, 1), self.swing * rng.uniform(-1, 1))
        return Particle(centred([body]), length, width, thickness)
