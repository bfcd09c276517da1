"""Images made ready for a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwire.datasets.absorption import density_pages
from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.files import Source, as_source
from synthwire.io.grey import invert, one_channel, to_grey8
from synthwire.io.recordings import Recording, read_recording
from synthwire.segmentation.options import Preparation


@dataclass(frozen=True)
class GreyImage:
    """One image ready for a network.

    pixels: uint8 (height, width), particles bright on dark; pixel_size_nm: (down, across) or None;
    name: of the file; page: from 0, None where the file holds this image alone.
    """

    pixels: np.ndarray
    pixel_size_nm: tuple[float, float] | None
    name: str
    page: int | None = None


def read_images(
    source: Source | np.ndarray, preparation: Preparation, *, largest_pixels: int | None = None
) -> list[GreyImage]:
    """The images of one file, or of one array (height, width[, 3 or 4]).

    Each page of a stack is an image, but for a stack over photon energies, of which one image is
    made. InputError in one line when it cannot be read, or when an image has no contrast at all.
    """
    if isinstance(source, np.ndarray):
        name = "image"
        recording = Recording(source[np.newaxis])
    else:
        source = as_source(source)
        name = source.name
        recording = read_recording(source, largest_pixels=largest_pixels)
    try:
        pages = _grey_pages(recording, preparation)
    except InputError as error:
        message = str(error)
        raise InputError(message if name in message else f"{source}: {message}") from None
    size = preparation.pixel_size_nm or recording.pixel_size_nm
    return [
        GreyImage(pixels, as_pixel_size(size), name, page if len(pages) > 1 else None)
        for page, pixels in enumerate(pages)
    ]


def _grey_pages(recording: Recording, preparation: Preparation) -> list[np.ndarray]:
    pages = [one_channel(page) for page in recording.pages]
    transmission = preparation.modality == "transmission"
    if preparation.energy_ev is not None and recording.energies_ev is None:
        raise InputError("the file names no photon energies, so there is no page at one")
    if transmission or recording.energies_ev is not None:
        pages = _density_pages(np.stack(pages), recording.energies_ev, preparation)
    prepared = []
    for number, page in enumerate(pages, start=1):
        finite = page[np.isfinite(page)]
        if finite.size and finite.min() == finite.max():
            which = f"page {number}: " if len(pages) > 1 else ""
            raise InputError(f"{which}every pixel has the same value, {finite[0]:g}; no image")
        grey = to_grey8(page.astype(float) if preparation.stretch else page)
        prepared.append(invert(grey) if preparation.modality == "tem" else grey)
    return prepared


def _density_pages(pages: np.ndarray, energies_ev, preparation: Preparation) -> np.ndarray:
    incident: Any = "none"
    incident_pages = None
    if preparation.modality == "transmission":
        incident = preparation.incident
        if "image" in incident:
            incident_pages = read_recording(incident["image"]).pages
    whole = energies_ev is not None and preparation.energy_ev is None
    settings = {
        "incident": incident,
        "align": energies_ev is not None,
        "energy_ev": preparation.energy_ev,
        "ratio_ev": None,
        "average_ev": [min(energies_ev), max(energies_ev)] if whole else None,
    }
    return density_pages(pages, energies_ev, settings, incident_pages=incident_pages)
