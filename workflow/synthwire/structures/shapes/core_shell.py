"""Core–shell wires and tubes (Supplementary Note 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape, require, require_section
from synthwire.structures.shapes.swept_body import straight_body


@dataclass
class CoreShell(Shape):
    """Wire with a core of `core_ratio` of its width along its whole length.

    A solid core gets a label and a class of its own (the wire's class with "-core" appended); a
    hollow one leaves a tube.
    """

    core_ratio: float = 0.5
    hollow: bool = False
    section: str = "ellipse"
    summary: ClassVar[str] = "core in a shell, or a tube"

    def __post_init__(self) -> None:
        require(0 < self.core_ratio < 1, f"core_ratio: {self.core_ratio} should be in (0, 1)")
        require_section(self.section)

    @property
    def parts(self) -> tuple[str, ...]:
        return () if self.hollow else ("core",)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        shell = straight_body(length, width, thickness, self.section)
        ratio = self.core_ratio
        core = straight_body(length, ratio * width, ratio * thickness, self.section)
        core.label = -1 if self.hollow else 1
        return Particle([shell, core], length, width, thickness)
