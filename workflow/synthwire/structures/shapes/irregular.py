"""The paper's "non-prismatic structures" (its outlook): wires as they really grow and break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import Particle, Shape, require_section, require_within
from synthwire.structures.shapes.swept_body import (
    bend,
    break_ends,
    centred,
    roughen,
    stations_for,
    straight_body,
    taper,
)


@dataclass
class Irregular(Shape):
    """Wire whose section varies along its length, with rough edges and all the faults above.

    Attributes are scales: of each, a particle gets a random part.

    Attributes
    ----------
    variation: slow change of width and thickness along the length, relative.
    roughness: of the edges, relative to the width; `grain` is its length, relative to the width.
    tip, slant, jag: of tapered and broken ends; see Tapered and Broken.
    bow: sagitta of the axis, relative to the length.
    """

    variation: float = 0.1
    roughness: float = 0.05
    grain: float = 0.5
    tip: float = 0.4
    slant: float = 0.4
    jag: float = 0.06
    bow: float = 0.02
    section: str = "rounded"
    summary: ClassVar[str] = "wire of varying section with rough edges and uneven ends"

    def __post_init__(self) -> None:
        require_within(self, variation=(0, 0.5), roughness=(0, 0.5), grain=(0.05, 10), tip=(0, 1))
        require_within(self, slant=(0, 3), jag=(0, 1), bow=(0, 0.4))
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        stations = stations_for(length, self.grain * width)
        body = straight_body(length, width, thickness, self.section, stations)
        roughen(body, self.variation * rng.uniform(0, 1), length / 4, rng)
        roughen(body, self.roughness * rng.uniform(0, 1), self.grain * width, rng)
        for start in (True, False):
            tip = 1 - (1 - self.tip) * rng.uniform(0, 1) ** 2
            taper(body, rng.uniform(0.05, 0.4), tip, start=start, stop=not start)
        bend(body, self.bow * rng.uniform(-1, 1), self.bow * rng.uniform(-1, 1) / 2)
        break_ends(body, self.slant * rng.uniform(0, 1), self.jag * rng.uniform(0, 1), rng)
        return Particle(centred([body]), length, width, thickness)
