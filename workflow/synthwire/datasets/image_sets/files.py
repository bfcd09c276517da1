"""A user's own images as an image set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synthwire.datasets.absorption import density_pages, rescale
from synthwire.datasets.image_sets.content import Content, image_record
from synthwire.errors import InputError
from synthwire.io.grey import filled, to_grey8
from synthwire.io.outlines import Outlines, read_outlines
from synthwire.io.recordings import Recording, read_recording


def read_files(key: str, entry: dict, classes: Sequence[str]) -> Content:
    """Images and outlines of an image set of source `file`.

    key, entry: of config["image_sets"], defaults filled in. InputError names the file that is of no
    use, or images of more than one shape.
    """
    paths = entry["image"] if isinstance(entry["image"], list) else [entry["image"]]
    pages: list[np.ndarray] = []
    names: list[str] = []
    sizes: list = []
    remarks: list[str] = []
    for path in paths:
        try:
            recording = read_recording(path)
            images, found = _images_of(recording, entry)
        except InputError as error:
            message = str(error)
            raise InputError(message if str(path) in message else f"{path}: {message}") from None
        pages.extend(images)
        names.extend([str(path)] * len(images))
        doubt = recording.pixel_size_doubt
        sizes.extend([(found, doubt is not None)] * len(images))
        said = list(recording.remarks)
        if entry["pixel_size_nm"] is None:  # else nobody asks what the file says of it
            said += [*recording.pixel_size_remarks, *([doubt] if doubt else [])]
        remarks += [f"{path}: {remark}" for remark in said]
    if len({page.shape for page in pages}) > 1:
        shapes = ", ".join(f"{page.shape[0]} × {page.shape[1]}" for page in pages)
        raise InputError(
            f"image_sets.{key}.image: the images of one set must have one shape, these are "
            f"{shapes}; make an image set of each"
        )
    shape = pages[0].shape
    records = []
    for page, (name, (found, doubtful)) in enumerate(zip(names, sizes, strict=True)):
        size = entry["pixel_size_nm"]
        assumed = entry["pixel_size_assumed"]
        if size is None and found is not None:
            y, x = found
            size = y if np.isclose(y, x, rtol=1e-6) else [y, x]
            assumed = doubtful
        records.append(image_record(page, shape, size, assumed=assumed, original=Path(name).name))
    outlines = Outlines()
    if entry["annotations"] is not None:
        outlines = read_outlines(entry["annotations"], names, shape, classes=classes)
    return Content(pages, records, outlines, remarks)


def _images_of(
    recording: Recording, entry: dict
) -> tuple[list[np.ndarray], tuple[float, float] | None]:
    """Grey 8-bit images of one file, and the size of their pixels (y, x) in nm, where it says it.

    What is no picture has a middling grey value.
    """
    pages, size, valid = recording.pages, recording.pixel_size_nm, recording.valid
    settings = entry["absorption"]
    if settings is not None:
        if pages.ndim == 4:
            raise InputError("colour, where intensities are expected for absorption")
        incident = settings["incident"]
        incident_pages = None
        if isinstance(incident, dict) and "image" in incident:
            incident_pages = read_recording(incident["image"]).pages
        energies = settings["energies_ev"] or recording.energies_ev
        if energies is not None and len(energies) != len(pages):
            raise InputError(f"{len(pages)} pages, but {len(energies)} energies in energies_ev")
        if valid is not None:
            pages = np.where(valid, pages, np.nan)
        pages = density_pages(pages, energies, settings, incident_pages=incident_pages)
        # a ratio is no number on the ground either, which is to stay dark
        valid = None if settings["ratio_ev"] else np.isfinite(pages)
    images = []
    for page, pixels in enumerate(pages):
        if valid is not None and pixels.ndim == 2:
            pixels = filled(pixels, valid[page])
        if entry["rescale"] is not None:
            if pixels.ndim == 3:
                raise InputError("colour images are not rescaled; save it as grey")
            resampled, size = rescale(pixels, tuple(entry["rescale"]), recording.pixel_size_nm)
            if pixels.dtype == np.uint8:  # stays on its scale, unstretched
                resampled = np.rint(np.clip(resampled, 0, 255)).astype(np.uint8)
            pixels = resampled
        grey = to_grey8(pixels)
        images.append(255 - grey if entry["invert"] else grey)
    return images, size
