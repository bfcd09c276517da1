"""Swept bodies, which particles are made of, and what can be done to them.

A section, swept along an axis, whose width, thickness and centre may change on the way: that one
representation carries prisms, belts, tapering and rough wires, spheres, flakes, bundles and
branched wires, and needs only one compiled routine to settle and to voxelise them all
(`deposition`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

SECTION_POINTS = 33  # samples across a section: 1/32 of the width, below a voxel up to 32 voxels


@dataclass
class SweptBody:
    """A section swept along a straight reference axis of length 2·half_length.

    Attributes
    ----------
    half_length: nm.
    half_width, half_thickness: (n,) at n stations evenly spaced from start to stop, nm.
    offset_v, offset_w: (n,) the section's centre beside and above the reference axis, nm.
    section_top, section_bottom: (SECTION_POINTS,) height of the section's surface in units of
        half_thickness, at τ from −1 to 1 across the width.
    cut_start, cut_stop: (SECTION_POINTS,) length missing at either end, nm, at τ from −1 to 1.
    origin: u, v, w of the body's middle in the particle's frame, nm.
    yaw, pitch: of the body's axis in the particle's frame, radians; pitch lifts the stop end.
    label: 0 for the particle's own label, k for its k-th further label (a core in its shell), −1
        for a hole in the bodies before it.
    """

    half_length: float
    half_width: np.ndarray
    half_thickness: np.ndarray
    offset_v: np.ndarray
    offset_w: np.ndarray
    section_top: np.ndarray
    section_bottom: np.ndarray
    cut_start: np.ndarray = field(default_factory=lambda: np.zeros(SECTION_POINTS))
    cut_stop: np.ndarray = field(default_factory=lambda: np.zeros(SECTION_POINTS))
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    label: int = 0

    @property
    def stations(self) -> np.ndarray:
        """(n,) positions along the axis, nm."""
        return np.linspace(-self.half_length, self.half_length, len(self.half_width))


# --- sections: top and bottom, each (SECTION_POINTS,), in units of the half thickness -----------

_TAU = np.linspace(-1, 1, SECTION_POINTS)


def _symmetric(top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return top, -top


SECTIONS = {
    "rectangle": _symmetric(np.ones(SECTION_POINTS)),
    "rounded": _symmetric((1 - _TAU**4) ** 0.25),
    "ellipse": _symmetric(np.sqrt(1 - _TAU**2)),
    "hexagon": _symmetric(np.minimum(1, 2 * (1 - np.abs(_TAU)))),
    "lens": _symmetric(1 - _TAU**2),
}


# --- bodies and what can be done to them ---------------------------------------------------------


def straight_body(
    length: float, width: float, thickness: float, section: str = "rectangle", stations: int = 2
) -> SweptBody:
    """A body of constant section, one of SECTIONS; the shapes start from it."""
    top, bottom = SECTIONS[section]
    return SweptBody(
        half_length=length / 2,
        half_width=np.full(stations, width / 2),
        half_thickness=np.full(stations, thickness / 2),
        offset_v=np.zeros(stations),
        offset_w=np.zeros(stations),
        section_top=top,
        section_bottom=bottom,
    )


def ellipsoid(length: float, width: float, thickness: float) -> SweptBody:
    """A body with elliptical sections and outline."""
    body = straight_body(length, width, thickness, "ellipse", stations=65)
    profile = np.sqrt(np.maximum(1 - np.linspace(-1, 1, 65) ** 2, 0))
    body.half_width = body.half_width * profile
    body.half_thickness = body.half_thickness * profile
    return body


def smooth_noise(n: int, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) random function of mean 0 and deviation 1, correlated over `correlation` samples."""
    correlation = max(correlation, 0.5)
    reach = math.ceil(3 * correlation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / correlation) ** 2)
    noise = np.convolve(rng.standard_normal(n + 2 * reach), kernel, mode="valid")
    return noise / math.sqrt(float(np.sum(kernel**2)))


def stations_for(length: float, detail: float) -> int:
    """Number of stations that resolves details of the given size, 9 to 257."""
    return int(np.clip(math.ceil(2 * length / max(detail, 1e-9)), 9, 257))


def taper(body: SweptBody, reach: float, tip: float, *, start: bool, stop: bool) -> None:
    """Let an end grow narrower over `reach` (share of the length) down to `tip` of its size."""
    from_start = np.linspace(0, 1, len(body.half_width))
    for wanted, distance in ((start, from_start), (stop, 1 - from_start)):
        if wanted and reach > 0:
            factor = tip + (1 - tip) * np.minimum(distance / reach, 1)
            body.half_width = body.half_width * factor
            body.half_thickness = body.half_thickness * (0.5 + 0.5 * factor)


def roughen(
    body: SweptBody, amount: float, detail: float, rng: np.random.Generator, *, floor: float = 0.2
) -> None:
    """Displace both edges and the faces at random, by `amount` of the width, over `detail` nm."""
    n = len(body.half_width)
    correlation = detail / (2 * body.half_length) * (n - 1)
    left, right, face = (
        np.clip(1 + 2 * amount * smooth_noise(n, correlation, rng), floor, 2) for _ in range(3)
    )
    body.offset_v = body.offset_v + body.half_width * (right - left) / 2
    body.half_width = body.half_width * (right + left) / 2
    body.half_thickness = body.half_thickness * face


def bend(body: SweptBody, sagitta: float, swing: float) -> None:
    """Curve the axis in the plane; its arc keeps the length.

    `sagitta` of a simple bow and `swing` of a double one, both in shares of the length.
    """
    n = len(body.half_width)
    length = 2 * body.half_length
    x = np.linspace(-1, 1, n)
    chord = length
    for _ in range(4):
        curve = sagitta * chord * (1 - x**2) + swing * chord * np.sin(np.pi * x) / 2
        slope = np.gradient(curve, chord / (n - 1))
        chord *= length / float(np.mean(np.sqrt(1 + slope**2)) * chord)
    body.half_length = chord / 2
    body.offset_v = body.offset_v + curve - curve.mean()
    body.half_width = body.half_width * np.sqrt(1 + slope**2)  # across the plane's normal, not v


def break_ends(
    body: SweptBody, slant: float, jag: float, rng: np.random.Generator, *, both: bool = True
) -> None:
    """Cut the ends off askew and jagged, by up to `slant` and `jag` times the width."""
    width = 2 * float(body.half_width.max())
    limit = 0.3 * body.half_length  # a short particle keeps its middle
    for name in ("cut_start", "cut_stop") if both else ("cut_stop",):
        cut = slant * width * rng.uniform(-1, 1) * _TAU + jag * width * smooth_noise(
            SECTION_POINTS, 4.0, rng
        )
        setattr(body, name, np.minimum(cut - cut.min(), limit))


def centred(bodies: list[SweptBody]) -> list[SweptBody]:
    """Move the bodies so that their centre of mass is the origin; overlaps count twice."""
    total = 0.0
    moment = np.zeros(3)
    for body in bodies:
        area = body.half_width * body.half_thickness
        volume = float(area.sum()) * body.half_length / len(area)
        volume *= float(np.mean(body.section_top - body.section_bottom))
        if body.label < 0:
            volume = -volume
        local = np.array(
            [
                float(np.average(values, weights=area)) if area.sum() > 0 else 0.0
                for values in (body.stations, body.offset_v, body.offset_w)
            ]
        )
        moment += volume * (np.array(body.origin) + _rotation(body) @ local)
        total += volume
    for body in bodies:
        u, v, w = (np.array(body.origin) - moment / total).tolist()
        body.origin = (u, v, w)
    return bodies


def extents(bodies: list[SweptBody]) -> tuple[float, float, float]:
    """Size of the bodies' hull along u, v and w, nm."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for body in bodies:
        for side in (-1, 1):
            for face in (-1, 1):
                local = np.stack(
                    [
                        body.stations,
                        body.offset_v + side * body.half_width,
                        body.offset_w + face * body.half_thickness * body.section_top.max(),
                    ]
                )
                points = np.array(body.origin)[:, None] + _rotation(body) @ local
                low, high = np.minimum(low, points.min(1)), np.maximum(high, points.max(1))
    length, width, thickness = (high - low).tolist()
    return length, width, thickness


def _rotation(body: SweptBody) -> np.ndarray:
    cy, sy = math.cos(body.yaw), math.sin(body.yaw)
    cp, sp = math.cos(body.pitch), math.sin(body.pitch)
    return np.array([[cp * cy, -sy, -sp * cy], [cp * sy, cy, -sp * sy], [sp, 0.0, cp]])
