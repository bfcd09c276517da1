"""Virtual microscopes: grey 8-bit images of labelled volumes, for which the truth is known.

A labelled volume is (Z, Y, X), 0 where it is empty, k inside particle k; z = 0 is the substrate,
and the beam comes down along −z. The image has one pixel per voxel column, so the masks are the
volume's own projections (`projection`); to look along a tilted beam, tilt the volume first. All
lengths are nanometres, so that a microscope looks the same at any voxel size; grey fractions are
relative to the full scale of 255.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

import numpy as np

from synthwire.errors import InputError
from synthwire.imaging.microscopes.ptychography import Ptychography, ptychography
from synthwire.imaging.microscopes.sem import Sem, sem
from synthwire.imaging.microscopes.stxm import Stxm, stxm
from synthwire.imaging.microscopes.tem import Tem, tem

MICROSCOPES = {
    "ptychography": (ptychography, Ptychography),
    "stxm": (stxm, Stxm),
    "sem": (sem, Sem),
    "tem": (tem, Tem),
}


def acquire(
    microscope: str,
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    parameters: Mapping[str, float | list[float]] | None = None,
) -> np.ndarray:
    """uint8 image (Y, X) of a labelled volume by the microscope of that name.

    `parameters` overrides fields of the microscope's settings; a pair [low, high] is drawn anew,
    uniformly, for each image. InputError for an unknown microscope or parameter.
    """
    check_parameters(microscope, parameters or {})
    image_of, settings_type = MICROSCOPES[microscope]
    chosen = {name: draw(value, rng) for name, value in sorted((parameters or {}).items())}
    return image_of(labels, voxel_size_nm, rng, replace(settings_type(), **chosen))


def check_parameters(microscope: str, parameters: Mapping) -> None:
    """InputError when there is no such microscope, or it has no such parameter."""
    if microscope not in MICROSCOPES:
        raise InputError(f"microscope: '{microscope}' is none of {', '.join(MICROSCOPES)}")
    known = [field.name for field in fields(MICROSCOPES[microscope][1])]
    for name in sorted(parameters):
        if name not in known:
            raise InputError(f"parameters: {microscope} has no '{name}'; it has {', '.join(known)}")


def draw(value: float | Sequence[float], rng: np.random.Generator) -> float:
    """A number as it is, or one drawn uniformly between the ends of a pair [low, high]."""
    return float(rng.uniform(*value)) if isinstance(value, (list, tuple)) else float(value)


def default_parameters(microscope: str) -> dict[str, float]:
    """The settings of a microscope when nothing is overridden."""
    return asdict(MICROSCOPES[microscope][1]())
