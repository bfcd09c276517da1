"""Images made ready for a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.burnt_in.window import Window
from synthwire.io.calibration import as_pixel_size
from synthwire.io.calibration.doubts import odd_field
from synthwire.io.files import Source, as_source
from synthwire.io.grey import filled, invert, one_channel, to_grey8
from synthwire.io.recordings import Recording, array_recording, read_recording
from synthwire.io.recordings.blank import without_dark_lines
from synthwire.segmentation.burnt_in import find_burnt_in
from synthwire.segmentation.left_out import read_mask, without_left_out
from synthwire.segmentation.options import Preparation


@dataclass(frozen=True)
class GreyImage:
    """One image ready for a network.

    pixels: uint8 (height, width), particles bright on dark; pixel_size_nm: (down, across) or None;
    name: of the file; page: from 0, None where the file holds this image alone; pages: how many it
    holds, those that show nothing among them. pixel_size_doubt:
    why the pixel size may be wrong, or None. remarks: what a user should know of how the image was
    read, one line each; size_remarks: those of them on the pixel size, the doubt among them.
    picture_px: how many of the pixels the file holds a picture at; None: all. window: the part that
    is picture, without data bars; None: all of it. blank: boolean (height, width), where no
    particle could go on, since the file holds no picture, as in the rims of a turned image or in
    lines that a scan did not reach; None: nowhere. drawn: boolean (height, width), where captions
    and scale bars are drawn into the picture; None: nowhere. left_out: boolean (height, width),
    what a person's mask leaves out; None: nothing. complex: whether the file holds complex numbers.
    """

    pixels: np.ndarray
    pixel_size_nm: tuple[float, float] | None
    name: str
    page: int | None = None
    pixel_size_doubt: str | None = None
    remarks: tuple[str, ...] = ()
    size_remarks: tuple[str, ...] = ()
    picture_px: int | None = None
    window: Window | None = None
    blank: np.ndarray | None = None
    drawn: np.ndarray | None = None
    left_out: np.ndarray | None = None
    pages: int = 1
    complex: bool = False


def read_images(
    source: Source | np.ndarray, preparation: Preparation, *, largest_pixels: int | None = None
) -> list[GreyImage]:
    """The images of one file, or of one array (height, width[, 3 or 4]); of a masked one what is
    not masked.

    Each page of a stack is an image, but for a stack over photon energies, of which one image is
    made; pages without any contrast are left out, with a remark at the first image. InputError in
    one line when it cannot be read, or when none has any contrast.
    """
    if isinstance(source, np.ndarray):
        name = "image"
        where = "the array"
        recording = array_recording(
            source, complex_part=preparation.complex_part, crop=preparation.crop
        )
    else:
        source = as_source(source)
        name, where = source.name, str(source)
        recording = read_recording(
            source,
            largest_pixels=largest_pixels,
            complex_part=preparation.complex_part,
            crop=preparation.crop,
        )
    left_out: np.ndarray | None = None
    if preparation.leave_out is not None:
        height, width = recording.pages.shape[1:3]
        left_out = read_mask(preparation.leave_out, (height, width), name)
    if isinstance(source, np.ma.MaskedArray) and source.mask.any():
        masked = np.ma.getmaskarray(source).reshape(*source.shape[:2], -1).any(axis=2)
        left_out = np.logical_or(masked, False if left_out is None else left_out)
    if left_out is not None:
        recording = without_left_out(recording, left_out)
    if preparation.modality == "transmission":
        recording = without_dark_lines(recording)
    total = 1 if recording.energies_ev is not None else len(recording.pages)
    try:
        recording, numbers = _without_empty(recording, preparation)
        drawings = find_burnt_in(recording)
        pages = _grey_pages(recording, preparation, drawings.masks)
    except InputError as error:
        message = str(error)
        raise InputError(message if name in message else f"{where}: {message}") from None
    size, doubt = recording.pixel_size_nm, recording.pixel_size_doubt
    on_size = recording.pixel_size_remarks
    if preparation.pixel_size_nm is None:
        size, said = drawings.pixel_size(size)
        on_size = (*on_size, *said)
    else:  # what the file says of it does not matter
        size, on_size = as_pixel_size(preparation.pixel_size_nm), ()
        doubt = odd_field(preparation.pixel_size_nm, pages[0].shape)
    if doubt is not None:
        on_size = (*on_size, doubt)
    remarks = (*recording.remarks, *drawings.remarks, *on_size)
    images = [
        GreyImage(
            *(pixels, size, name, numbers[page] if total > 1 else None, doubt, remarks, on_size),
            picture_px=None if shown is None else int(shown.sum()),
            window=recording.window,
            blank=None if shown is None else _blank(shown),
            complex=recording.complex,
            drawn=drawings.masks[page] if drawings.masks else None,
            left_out=left_out,
            pages=total,
        )
        for page, pixels in enumerate(pages)
        for shown in (_shown(recording, page),)
    ]
    if len(images) < total:
        empty = ", ".join(str(page + 1) for page in range(total) if page not in numbers)
        left = f"every pixel has the same value on page {empty} of {total}; left out"
        images[0] = replace(images[0], remarks=(left, *remarks))
    return images


def _without_empty(recording: Recording, preparation: Preparation) -> tuple[Recording, list[int]]:
    """A stack without the pages that have no contrast, and the numbers of the others, from 0.

    Where none has any, all stay. So do those of a scan over energies, of which one image is made,
    and those that have an image each without specimen.
    """
    valid, numbers = recording.valid, list(range(len(recording.pages)))
    paired = preparation.modality == "transmission" and "image" in preparation.incident
    if len(numbers) == 1 or recording.energies_ev is not None or paired:
        return recording, numbers
    kept = []
    for number in numbers:
        values = one_channel(recording.pages[number])
        where = np.isfinite(values)
        seen = values[where if valid is None else where & valid[number]]
        if seen.size and seen.min() < seen.max():
            kept.append(number)
    if len(kept) in (0, len(numbers)):
        return recording, numbers
    left = None if valid is None else valid[kept]
    return replace(recording, pages=recording.pages[kept], valid=left), kept


def _shown(recording: Recording, page: int) -> np.ndarray | None:
    """Where an image (height, width) is picture; None: everywhere."""
    valid = recording.valid
    if valid is None:
        return None
    # an image made of all pages holds a picture where any of them does
    stacked = recording.energies_ev is not None
    shown: np.ndarray = np.logical_or.reduce(valid) if stacked else valid[page]
    return None if shown.all() else shown


def _blank(shown: np.ndarray) -> np.ndarray | None:
    """Where an image (height, width) has ended; a dead pixel or line cuts no particle."""
    beyond = np.pad(~shown, 3, constant_values=True)  # at the edge the narrowest rim counts
    blank = ndimage.binary_opening(beyond, np.ones((3, 3)))[3:-3, 3:-3]
    return blank if blank.any() else None


def _grey_pages(
    recording: Recording, preparation: Preparation, drawn: Sequence[np.ndarray | None]
) -> list[np.ndarray]:
    """uint8 pages; what is no picture, or is drawn into it, shapes no contrast.

    drawn: masks of the pages, or nothing at all.
    """
    pages = [one_channel(page) for page in recording.pages]
    valid = recording.valid
    shown = [np.ones(page.shape, dtype=bool) for page in pages] if valid is None else list(valid)
    transmission = preparation.modality == "transmission"
    if preparation.energy_ev is not None and recording.energies_ev is None:
        raise InputError("the file names no photon energies, so there is no page at one")
    if transmission or recording.energies_ev is not None:
        stack = np.stack(pages)
        if valid is not None:  # no intensity, for I₀ and for OD
            stack = np.where(valid, stack, np.nan)
        density = list(_density_pages(stack, recording.energies_ev, preparation))
        shown = [np.isfinite(page) for page in density]
        pages = [filled(page, mask) for page, mask in zip(density, shown, strict=True)]
    elif valid is not None:  # a data bar stays to be seen
        beyond = np.zeros(valid.shape[1:], dtype=bool)
        if recording.window is not None:
            beyond[:] = True
            beyond[recording.window.rows_columns] = False
        pages = [filled(page, mask | beyond) for page, mask in zip(pages, valid, strict=True)]
    prepared = []
    for number, page in enumerate(pages):
        where = shown[number] & np.isfinite(page)
        if where.any() and page[where].min() == page[where].max():
            which = f"page {number + 1}: " if len(pages) > 1 else ""
            raise InputError(f"{which}every pixel has the same value, {page[where][0]:g}; no image")
        caption = drawn[number] if drawn else None
        if caption is not None:
            where &= ~caption
        grey = to_grey8(page.astype(float) if preparation.stretch else page, where=where)
        prepared.append(invert(grey) if preparation.modality == "tem" else grey)
    return prepared


def _density_pages(
    pages: np.ndarray, energies_ev: Sequence[float] | None, preparation: Preparation
) -> np.ndarray:
    from synthwire.datasets.absorption import density_pages  # here: it takes long to load

    incident: Any = "none"
    incident_pages = None
    if preparation.modality == "transmission":
        incident = preparation.incident
        if "image" in incident:
            incident_pages = read_recording(
                incident["image"], complex_part=preparation.complex_part
            ).pages
    average_ev = None
    if energies_ev is not None and preparation.energy_ev is None:
        average_ev = [min(energies_ev), max(energies_ev)]
    settings = {
        "incident": incident,
        "align": energies_ev is not None,
        "energy_ev": preparation.energy_ev,
        "ratio_ev": None,
        "average_ev": average_ev,
    }
    return density_pages(pages, energies_ev, settings, incident_pages=incident_pages)
