"""Particle shapes. To add one: write its module, and name its class in SHAPES."""

from __future__ import annotations

from synthwire.shapes.base import Particle, Shape, SweptBody, make_shape
from synthwire.shapes.prism import Prism

SHAPES: dict[str, type[Shape]] = {
    "prism": Prism,
}

__all__ = ["SHAPES", "Particle", "Shape", "SweptBody", "make_shape"]
