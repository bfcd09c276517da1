"""What a shape is: a recipe that turns a length, a width and a thickness into swept bodies.

Every particle is made of one or more swept bodies: a section, swept along an axis, whose width,
thickness and centre may change on the way. That one representation carries prisms, belts,
tapering and rough wires, spheres, flakes, bundles and branched wires, and needs only one compiled
routine to settle and to voxelise them all (module deposition).

Frame of a particle: u along its axis, v across it in the plane, w upwards; all in nm, the centre
of mass at the origin.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from synthwire.errors import InputError

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


@dataclass
class Particle:
    """A particle's bodies and its true size in nm: along its axis, across it, and upwards.

    Later bodies replace earlier ones where they meet.
    """

    bodies: list[SweptBody]
    length: float
    width: float
    thickness: float


@runtime_checkable
class Shape(Protocol):
    """A shape: a dataclass whose fields are its options, with their defaults.

    `build` gets a length, a width and a thickness in nm (length ≥ width) and a generator for all
    that is irregular, and gives the particle. `parts` names the further labels of a particle, if
    it has any, and `rest` is how such particles come to rest unless the config says otherwise.
    """

    summary: ClassVar[str]
    rest: ClassVar[str] = "tilted"
    parts: tuple[str, ...] = ()

    def build(
        self, length: float, width: float, thickness: float, rng: np.random.Generator
    ) -> Particle: ...


def make_shape(shapes: Mapping[str, type], spec: str | Mapping, where: str) -> Shape:
    """Make the shape that a config entry names.

    `spec` is a name, or `{kind: name, option: value, …}`. InputError for an unknown name or
    option, or a value of the wrong type.
    """
    options = {"kind": spec} if isinstance(spec, str) else dict(spec)
    kind = options.pop("kind", None)
    if kind not in shapes:
        raise InputError(f"{where}: {kind!r} is none of {', '.join(shapes)}")
    fields = {item.name: item for item in dataclasses.fields(shapes[kind]) if item.init}
    for name, value in list(options.items()):
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise InputError(f"{where}.{name}: not an option of {kind}, which has {known}")
        default = fields[name].default
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            options[name] = value = float(value)
        if type(value) is not type(default):
            raise InputError(f"{where}.{name}: {value!r} should be like {default!r}")
    try:
        return shapes[kind](**options)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None


def require(condition: bool, message: str) -> None:
    """Raise InputError(message) unless the condition holds; for options of a shape."""
    if not condition:
        raise InputError(message)


def require_within(shape: Shape, **ranges: tuple[float, float]) -> None:
    """Raise InputError unless each option named lies in its range [low, high]."""
    for name, (low, high) in ranges.items():
        value = getattr(shape, name)
        require(low <= value <= high, f"{name}: {value} should be from {low:g} to {high:g}")


def require_positive(shape: Shape, **most: float) -> None:
    """Raise InputError unless each option named is above 0 and no greater than its most."""
    for name, high in most.items():
        value = getattr(shape, name)
        require(0 < value <= high, f"{name}: {value} should be above 0, up to {high:g}")


def require_counts(shape: Shape, limit: int) -> None:
    """Raise InputError unless a shape's `fewest` and `most` parts are a range up to `limit`."""
    require(
        1 <= shape.fewest <= shape.most <= limit,
        f"fewest: {shape.fewest} and most: {shape.most} should be 1 ≤ fewest ≤ most ≤ {limit}",
    )


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


def section_named(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Top and bottom of a section of SECTIONS; InputError for another name."""
    require(name in SECTIONS, f"section: {name!r} is none of {', '.join(SECTIONS)}")
    return SECTIONS[name]


# --- bodies and what can be done to them ---------------------------------------------------------


def straight_body(
    length: float, width: float, thickness: float, section: str = "rectangle", stations: int = 2
) -> SweptBody:
    """A body of constant section; the shapes start from it."""
    top, bottom = section_named(section)
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
        body.origin = tuple(float(value) for value in np.array(body.origin) - moment / total)
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
    return tuple(float(value) for value in high - low)


def _rotation(body: SweptBody) -> np.ndarray:
    cy, sy = math.cos(body.yaw), math.sin(body.yaw)
    cp, sp = math.cos(body.pitch), math.sin(body.pitch)
    return np.array([[cp * cy, -sy, -sp * cy], [cp * sy, cy, -sp * sy], [sp, 0.0, cp]])
