"""Compact lumps of many small crystals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import (
    Particle,
    Shape,
    require_counts,
    require_positive,
    require_within,
)
from synthwire.structures.shapes.swept_body import (
    SweptBody,
    centred,
    ellipsoid,
    extents,
    roughen,
    straight_body,
    taper,
)


@dataclass
class Agglomerate(Shape):
    """`fewest` to `most` grains grown onto one another, about length × width × thickness in all.

    `spikes` wires stick out of it, `spike_length` of its length each.
    """

    fewest: int = 6
    most: int = 16
    spikes: int = 0
    spike_length: float = 0.7
    summary: ClassVar[str] = "compact agglomerate of grains"
    rest: ClassVar[str] = "leaning"

    def __post_init__(self) -> None:
        require_counts(self.fewest, self.most, 60)
        require_within(self, spikes=(0, 20))
        require_positive(self, spike_length=2)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        axes = np.array([length, width, thickness])
        places: list[np.ndarray] = []
        bodies: list[SweptBody] = []
        for _ in range(int(rng.integers(self.fewest, self.most + 1))):
            size = axes * rng.uniform(0.25, 0.55) * (1 if bodies else 1.3)
            grain = self._grain(size, rng)
            grain.yaw = rng.uniform(0, math.pi)
            place = np.zeros(3)
            if bodies:  # overlapping one that is there, so that the lump hangs together
                beside = int(rng.integers(len(bodies)))
                angle = rng.uniform(0, 2 * math.pi)
                reach = 0.8 * (_inner_radius(bodies[beside]) + _inner_radius(grain))
                rise = 0.3 * thickness * rng.uniform(-1, 1)
                place = places[beside] + (reach * math.cos(angle), reach * math.sin(angle), rise)
                room = np.maximum((axes - size) / 2, 0)
                place = np.clip(place, -room, room)
            places.append(place)
            grain.origin = (float(place[0]), float(place[1]), float(place[2]))
            bodies.append(grain)
        length, width, thickness = extents(bodies)
        for _ in range(self.spikes):
            spike = straight_body(self.spike_length * length * rng.uniform(0.5, 1), width * 0.15,
                                  min(thickness * 0.3, width * 0.15), "rounded", 9)  # fmt: skip
            taper(spike, 0.5, 0.5, start=False, stop=True)
            spike.yaw = rng.uniform(0, 2 * math.pi)
            root = places[int(rng.integers(len(places)))]
            spike.origin = (
                float(root[0] + spike.half_length * math.cos(spike.yaw)),
                float(root[1] + spike.half_length * math.sin(spike.yaw)),
                float(root[2]),
            )
            bodies.append(spike)
        return Particle(centred(bodies), max(length, width), min(length, width), thickness)

    @staticmethod
    def _grain(size: np.ndarray, rng: np.random.Generator) -> SweptBody:
        side = float(math.sqrt(size[0] * size[1]))  # turned at random, so as broad as long
        if rng.uniform() < 0.5:
            return ellipsoid(side, side * rng.uniform(0.6, 1), float(size[2]))
        grain = straight_body(side, side * rng.uniform(0.4, 0.8), float(size[2]), "rounded", 17)
        roughen(grain, 0.08, side / 3, rng)
        return grain


def _inner_radius(grain: SweptBody) -> float:
    """Radius of a circle within a grain's outline, nm."""
    return min(grain.half_length, float(np.median(grain.half_width)))
