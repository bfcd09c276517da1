"""Wires with hexagonal section, as many oxides and nitrides grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape
from synthwire.structures.shapes.swept_body import straight_body


@dataclass
class HexagonalPrism(Shape):
    """Straight wire with regular hexagonal section on a side face; thickness = √3/2 width."""

    summary: ClassVar[str] = "straight wire with hexagonal section"

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        thickness = width * math.sqrt(3) / 2
        body = straight_body(length, width, thickness, "hexagon")
        return Particle([body], length, width, thickness)
