"""Round wires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape
from synthwire.structures.shapes.swept_body import straight_body


@dataclass
class Cylinder(Shape):
    """Straight round wire; thickness = width."""

    summary: ClassVar[str] = "straight round wire"

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        return Particle([straight_body(length, width, width, "ellipse")], length, width, width)
