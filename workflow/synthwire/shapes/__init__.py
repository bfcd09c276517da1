"""Particle shapes. To add one: write its module, and name its class in SHAPES."""

from __future__ import annotations

from synthwire.shapes.agglomerate import Agglomerate
from synthwire.shapes.base import Particle, Shape, SweptBody, make_shape
from synthwire.shapes.branched import Branched
from synthwire.shapes.broken import Broken
from synthwire.shapes.bundle import Bundle
from synthwire.shapes.core_shell import CoreShell
from synthwire.shapes.curved import Curved
from synthwire.shapes.cylinder import Cylinder
from synthwire.shapes.flake import Flake
from synthwire.shapes.hexagonal import HexagonalPrism
from synthwire.shapes.irregular import Irregular
from synthwire.shapes.nanobelt import Nanobelt
from synthwire.shapes.prism import Prism
from synthwire.shapes.sphere import Sphere
from synthwire.shapes.tapered import Tapered

SHAPES: dict[str, type[Shape]] = {
    "prism": Prism,
    "hexagonal": HexagonalPrism,
    "cylinder": Cylinder,
    "nanobelt": Nanobelt,
    "tapered": Tapered,
    "broken": Broken,
    "curved": Curved,
    "irregular": Irregular,
    "bundle": Bundle,
    "agglomerate": Agglomerate,
    "sphere": Sphere,
    "flake": Flake,
    "core_shell": CoreShell,
    "branched": Branched,
}

__all__ = ["SHAPES", "Particle", "Shape", "SweptBody", "make_shape"]
