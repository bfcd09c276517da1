"""Round particles (Supplementary Note 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape
from synthwire.structures.shapes.swept_body import ellipsoid


@dataclass
class Sphere(Shape):
    """Sphere with the width as its diameter."""

    summary: ClassVar[str] = "sphere"
    rest: ClassVar[str] = "rolling"

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        return Particle([ellipsoid(width, width, width)], width, width, width)
