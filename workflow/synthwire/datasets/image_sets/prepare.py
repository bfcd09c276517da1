"""An image set as files: one grey stack with COCO annotations beside it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from synthwire.datasets.image_sets.content import IMAGE_NAME
from synthwire.datasets.image_sets.files import read_files
from synthwire.datasets.image_sets.published import read_published
from synthwire.datasets.image_sets.simulated import simulate
from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import categories_of
from synthwire.io.files import atomic_directory, write_json
from synthwire.io.stacks import write_stack

logger = logging.getLogger(__name__)


def prepare_image_set(
    key: str,
    entry: dict,
    folder: str | os.PathLike,
    *,
    seed: int,
    resources: str | os.PathLike,
    microscopy_folder: str | os.PathLike | None = None,
    classes: Sequence[str] = ("nanowire",),
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write image.tif and annotations.json of one image set; `folder` appears whole or not at all.

    key, entry: one item of config["image_sets"], defaults filled in. image.tif: uint8 grey (H, W),
    or (pages, H, W) for several images. annotations.json: COCO with masks as RLE, one image a
    page, and "image_set" with key, label and kind. Outlines of low confidence get iscrowd = 1:
    COCO's evaluation then counts a detection there neither for nor against. Outlines that were
    repaired or left out, and what is odd about images, stand in info.remarks and are logged as
    warnings.

    resources holds the table of the published images, and their outlines. microscopy_folder holds
    the published images where they lie on this machine (users name it in the variable
    SYNTHWIRE_MICROSCOPY); without it they are downloaded into the user's cache.
    Simulated images depend on seed, key, entry and their own number only.
    InputError, one line: a download refused, a wrong file, an image or annotation of no use.
    """
    source = entry["source"]
    if source == "published":
        content = read_published(entry, microscopy_folder, Path(resources), classes)
    elif source == "file":
        content = read_files(key, entry, classes)
    elif source == "simulated":
        content = simulate(key, entry, seed, classes, progress)
    else:
        raise InputError(
            f"image_sets.{key}.source: '{source}' is none of published, file, simulated"
        )
    remarks = [*content.remarks, *content.outlines.remarks]
    for remark in remarks:
        logger.warning(remark)
    data = {
        "info": {
            "description": f"Image set '{key}'",
            "source": source,
            "remarks": remarks,
        },
        "image_set": {"key": key, "label": entry["label"], "kind": entry["kind"]},
        "images": content.records,
        "categories": categories_of(classes),
        "annotations": content.outlines.annotations,
    }
    size = as_pixel_size(content.records[0]["pixel_size_nm"])
    with atomic_directory(folder) as temporary:
        write_stack(temporary / IMAGE_NAME, content.pages, pixel_size_nm=size)
        write_json(temporary / "annotations.json", data)
