"""Particle shapes, one a file.

`base` says what a shape is, `swept_body` what particles are made of and what can be done to that.
To add a shape: write its module, and name its class in SHAPES.
"""

from __future__ import annotations

from synthwire.structures.shapes.agglomerate import Agglomerate
from synthwire.structures.shapes.base import Particle, Shape, make_shape
from synthwire.structures.shapes.branched import Branched
from synthwire.structures.shapes.broken import Broken
from synthwire.structures.shapes.bundle import Bundle
from synthwire.structures.shapes.core_shell import CoreShell
from synthwire.structures.shapes.curved import Curved
from synthwire.structures.shapes.cylinder import Cylinder
from synthwire.structures.shapes.flake import Flake
from synthwire.structures.shapes.hexagonal import HexagonalPrism
from synthwire.structures.shapes.irregular import Irregular
from synthwire.structures.shapes.nanobelt import Nanobelt
from synthwire.structures.shapes.prism import Prism
from synthwire.structures.shapes.sphere import Sphere
from synthwire.structures.shapes.swept_body import SweptBody
from synthwire.structures.shapes.tapered import Tapered

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
