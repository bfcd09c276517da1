"""The paper's wire: a straight prism with rectangular section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape
from synthwire.structures.shapes.swept_body import straight_body


@dataclass
class Prism(Shape):
    """Straight wire with rectangular section and plane ends."""

    summary: ClassVar[str] = "straight wire with rectangular section"

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        return Particle([straight_body(length, width, thickness)], length, width, thickness)
