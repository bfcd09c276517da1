"""The paper's published sample images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import requests

from synthwire.datasets.image_sets.record import image_record
from synthwire.errors import InputError
from synthwire.io.coco import categories_of
from synthwire.io.files import sha256
from synthwire.io.grey import to_grey8
from synthwire.io.outlines import read_outlines
from synthwire.io.recordings import read_recording

FOLDER_VARIABLE = "SYNTHWIRE_MICROSCOPY"


def published_images(resources: Path) -> pd.DataFrame:
    """The published sample images, indexed by key: file, url, bytes, sha256."""
    return pd.read_csv(Path(resources) / "published_images.tsv", sep="\t", index_col="key")


def published_image(key: str, microscopy_folder: str | os.PathLike | None, resources: Path) -> Path:
    """Path of a published image whose bytes have been checked by SHA-256.

    It lies in `microscopy_folder`, or, where that is None, is downloaded once into the user's
    cache. InputError in one line when it is missing, the download is refused, or the bytes are
    others.
    """
    table = published_images(resources)
    if key not in table.index:
        raise InputError(f"published: '{key}' is none of {', '.join(table.index)}")
    row = table.loc[key]
    if microscopy_folder is not None:
        path = Path(microscopy_folder) / row["file"]
        if not path.is_file():
            raise InputError(f"{path}: no such file in the folder that {FOLDER_VARIABLE} names")
        advice = f"put the published file there or unset {FOLDER_VARIABLE}"
    else:
        path = _download(row["url"], row["file"])
        advice = f"try again, or save the file by hand and name its folder in {FOLDER_VARIABLE}"
    found = sha256(path)
    if found != row["sha256"]:
        if microscopy_folder is None:
            path.unlink()  # else the next try would find it in the cache again
        raise InputError(
            f"{path}: not the published file: SHA-256 {row['sha256']} is expected, {found} found; "
            f"{advice}"
        )
    return path


def _download(url: str, name: str) -> Path:
    cache = pooch.os_cache("synthwire")
    level = pooch.get_logger().level
    pooch.get_logger().setLevel("WARNING")  # it proposes to trust whatever hash it has found
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash=None,
                fname=name,
                path=cache,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        )
    except (requests.RequestException, OSError, ValueError) as error:
        raise InputError(
            f"{name}: the download from {url} was refused ({type(error).__name__}); save the file "
            f"by hand and name its folder in the variable {FOLDER_VARIABLE}"
        ) from None
    finally:
        pooch.get_logger().setLevel(level)


def read_published(entry: dict, microscopy_folder, resources: Path, classes: Sequence[str]):
    key = entry["published"]
    path = published_image(key, microscopy_folder, resources)
    page = to_grey8(read_recording(path).pages[0])
    record = image_record(
        0, page.shape, entry["pixel_size_nm"], entry["pixel_size_assumed"], original=path.name
    )
    outlines = read_outlines(
        resources / "annotations" / f"{key}.json", [path.name], page.shape, classes=classes
    )
    return page[np.newaxis], [record], outlines, categories_of(classes)
