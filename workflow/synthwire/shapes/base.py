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
    label: 0 for the particle's own label, k for its k-th further label (a core in its shell).
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
    """A particle's bodies and its true size in nm: length, width and thickness of its hull."""

    bodies: list[SweptBody]
    length: float
    width: float
    thickness: float


@runtime_checkable
class Shape(Protocol):
    """A shape: a dataclass whose fields are its options, with their defaults.

    `build` gets a length, a width and a thickness in nm (length ≥ width) and a generator for all
    that is irregular, and gives the particle.
    """

    summary: ClassVar[str]

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
    fields = {item.name: item for item in dataclasses.fields(shapes[kind])}
    for name, value in options.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise InputError(f"{where}.{name}: not an option of {kind}, which has {known}")
        default = fields[name].default
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
            raise InputError(f"{where}.{name}: {value!r} should be like {default!r}")
    try:
        return shapes[kind](**options)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None


def require(condition: bool, message: str) -> None:
    """Raise InputError(message) unless the condition holds; for options of a shape."""
    if not condition:
        raise InputError(message)


def rectangle() -> tuple[np.ndarray, np.ndarray]:
    """Top and bottom of a rectangular section, each (SECTION_POINTS,)."""
    return np.ones(SECTION_POINTS), -np.ones(SECTION_POINTS)


def straight_body(
    length: float,
    width: float,
    thickness: float,
    section: tuple[np.ndarray, np.ndarray],
    stations: int = 2,
) -> SweptBody:
    """A body of constant section; the shapes start from it."""
    return SweptBody(
        half_length=length / 2,
        half_width=np.full(stations, width / 2),
        half_thickness=np.full(stations, thickness / 2),
        offset_v=np.zeros(stations),
        offset_w=np.zeros(stations),
        section_top=section[0],
        section_bottom=section[1],
    )
