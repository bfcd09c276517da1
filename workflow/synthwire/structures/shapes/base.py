"""What a shape is: a recipe that turns a length, a width and a thickness into swept bodies.

Frame of a particle: u along its axis, v across it in the plane, w upwards; all in nm, the centre
of mass at the origin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from synthwire.errors import InputError
from synthwire.structures.shapes.swept_body import SECTIONS, SweptBody


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

    @property
    def parts(self) -> tuple[str, ...]:
        return ()

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


def require_counts(fewest: int, most: int, limit: int) -> None:
    """Raise InputError unless the numbers of parts of a shape are a range up to `limit`."""
    require(
        1 <= fewest <= most <= limit,
        f"fewest: {fewest} and most: {most} should be 1 ≤ fewest ≤ most ≤ {limit}",
    )


def require_section(section: str) -> None:
    """Raise InputError unless a shape's section is one of SECTIONS."""
    require(section in SECTIONS, f"section: {section!r} is none of {', '.join(SECTIONS)}")
