"""Flakes, platelets and discs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.structures.shapes.base import (
    Particle,
    Shape,
    require,
    require_positive,
    require_within,
)
from synthwire.structures.shapes.swept_body import centred, straight_body


@dataclass
class Flake(Shape):
    """Flat plate with a convex outline of `corners` corners, or a round disc with 0.

    Length and width are the outline's; `irregularity` moves its corners.
    """

    corners: int = 6
    irregularity: float = 0.3
    flatness: float = 0.2
    summary: ClassVar[str] = "flat plate with polygonal or round outline"
    rest: ClassVar[str] = "leaning"

    def __post_init__(self) -> None:
        require(self.corners == 0 or 3 <= self.corners <= 24,
                f"corners: {self.corners} should be 0 or from 3 to 24")  # fmt: skip
        require_within(self, irregularity=(0, 1))
        require_positive(self, flatness=1)

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle:
        thickness = min(thickness, self.flatness * width)
        angles: np.ndarray
        if self.corners == 0:
            angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        else:
            step = 2 * np.pi / self.corners
            angles = step * (np.arange(self.corners) + rng.uniform())
            angles += self.irregularity * step * rng.uniform(-0.45, 0.45, self.corners)
        # corners on an ellipse, so that the outline is convex
        u, v = np.cos(angles), np.sin(angles)
        u = (u - (u.max() + u.min()) / 2) * length / np.ptp(u)
        v = (v - (v.max() + v.min()) / 2) * width / np.ptp(v)
        body = straight_body(length, width, thickness, stations=129)
        stations = body.stations
        low, high = np.full(129, np.inf), np.full(129, -np.inf)
        for i in range(len(u)):
            (ua, va), (ub, vb) = (u[i - 1], v[i - 1]), (u[i], v[i])
            inside = (stations >= min(ua, ub) - 1e-9) & (stations <= max(ua, ub) + 1e-9)
            along = (stations[inside] - ua) / (ub - ua) if ua != ub else 0.0
            edge = va + along * (vb - va)
            low[inside] = np.minimum(low[inside], edge)
            high[inside] = np.maximum(high[inside], edge)
        body.half_width = np.maximum(high - low, 0) / 2
        body.offset_v = (high + low) / 2
        return Particle(centred([body]), length, width, thickness)
