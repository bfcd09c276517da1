"""A result that was saved, opened again, whatever made it: the command line, the app, napari."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.masks import decode_crops
from synthwire.io.recordings import read_recording
from synthwire.segmentation.correction import Correction, take_apart
from synthwire.segmentation.options import Selection
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import IMAGE, PROPOSALS


def open_folder(folder: Path) -> tuple[Segmentation, Correction]:
    """What was found, and what was done to it by hand, of a result in a folder.

    InputError when it holds none, or a damaged one.
    """
    return open_files(str(folder), read_files(folder))


def read_files(folder: Path) -> dict[str, bytes]:
    """Contents of the two files that a result is made of; InputError when one is missing."""
    try:
        return {name: (folder / name).read_bytes() for name in (PROPOSALS, IMAGE)}
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None


def open_files(
    title: str, files: Mapping[str, bytes], largest_pixels: int | None = None
) -> tuple[Segmentation, Correction]:
    """The same of the contents of proposals.json and image.png; title: for error messages.

    InputError also where the image has more than `largest_pixels`.
    """
    image = MemoryFile(f"{title}/{IMAGE}", files[IMAGE])
    pixels = read_recording(image, largest_pixels=largest_pixels).pages[0]
    try:
        data = json.loads(files[PROPOSALS])
        selection = Selection(**data["info"]["selection"])
        shape = (data["images"][0]["height"], data["images"][0]["width"])
        if pixels.shape != shape:
            raise InputError(
                f"{title}: {IMAGE} has {pixels.shape} pixels, {PROPOSALS} is of {shape}; they are "
                "of two results"
            )
        if any(tuple(item["segmentation"]["size"]) != shape for item in data["annotations"]):
            raise InputError(f"{title}/{PROPOSALS}: masks of another size than the image")
        result = Segmentation.from_coco(data, np.ascontiguousarray(pixels), selection)
        found, correction = take_apart(result)
        for step in (*correction.steps, *correction.undone):
            if any(crop.shape != shape for crop in decode_crops(step.added)):
                raise InputError("masks drawn by hand of another size than the image")
        return found, correction
    except InputError as error:
        named = str(error).startswith(title)
        raise error if named else InputError(f"{title}/{PROPOSALS}: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{title}/{PROPOSALS}: damaged, or no result ({error!r})") from None
