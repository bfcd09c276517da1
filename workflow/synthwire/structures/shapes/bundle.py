"""Wires grown together side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import (
    Particle,
    Shape,
    require,
    require_counts,
    require_section,
    require_within,
)
from synthwire.structures.shapes.swept_body import (
    break_ends,
    centred,
    roughen,
    stations_for,
    straight_body,
)


@dataclass
class Bundle(Shape):
    """`fewest` to `most` parallel wires intergrown into one, of unequal length and height.

    Length, width and thickness are the bundle's; `skew` is the wires' greatest misalignment in
    degrees, `stagger` how much shorter than the bundle a wire may be.
    """

    fewest: int = 2
    most: int = 5
    skew: float = 2.0
    stagger: float = 0.35
    roughness: float = 0.04
    section: str = "rounded"
    summary: ClassVar[str] = "intergrown parallel wires"

    def __post_init__(self) -> None:
        require_counts(self.fewest, self.most, 12)
        require_within(self, skew=(0, 20), roughness=(0, 0.5))
        require(0 <= self.stagger < 1, f"stagger: {self.stagger} should be from 0 to below 1")
        require_section(self.section)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        count = int(rng.integers(self.fewest, self.most + 1))
        shares = rng.dirichlet(np.full(count, 5.0))
        edges = np.concatenate([[0.0], np.cumsum(shares)])
        longest = int(rng.integers(count))
        bodies = []
        for i in range(count):
            own = length if i == longest else length * (1 - self.stagger * rng.uniform())
            overlap = 0.2 * width / count  # wires share faces, so each reaches into the next
            own_width = min(shares[i] * width + overlap, width)
            own_thickness = thickness * (1 if i == longest else rng.uniform(0.5, 1))
            stations = stations_for(own, own_width)
            body = straight_body(own, own_width, own_thickness, self.section, stations)
            roughen(body, self.roughness, own_width, rng)
            break_ends(body, 0.6 * rng.uniform(), 0.1, rng)
            room = length - own
            middle = np.clip((edges[i] + edges[i + 1] - 1) / 2 * width, (own_width - width) / 2,
                             (width - own_width) / 2)  # fmt: skip
            body.origin = (
                room * rng.uniform(-0.5, 0.5),
                float(middle),
                (own_thickness - thickness) / 2,
            )
            # an end strays from its neighbours by half a wire's width at most
            skew = min(math.radians(self.skew), math.atan(own_width / own))
            body.yaw = 0.0 if i == longest else skew * rng.uniform(-1, 1)
            bodies.append(body)
        return Particle(centred(bodies), length, width, thickness)
