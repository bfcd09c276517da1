"""The paper's published sample images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pooch
import requests

from synthwire.datasets.image_sets.content import Content, image_record
from synthwire.errors import InputError
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
    if microscopy_folder is None:
        return _download(row["url"], row["file"], row["sha256"])
    path = Path(microscopy_folder) / row["file"]
    if not path.is_file():
        raise InputError(f"{path}: no such file in the folder that {FOLDER_VARIABLE} names")
    found = sha256(path)
    if found != row["sha256"]:
        raise InputError(
            f"{path}: not the published file: SHA-256 {row['sha256']} is expected, {found} found; "
            f"put the published file there or unset {FOLDER_VARIABLE}"
        )
    return path


def _download(url: str, name: str, expected: str) -> Path:
    """A file in the user's cache; bytes of another SHA-256 are not kept there."""
    by_hand = f"save the file by hand and name its folder in the variable {FOLDER_VARIABLE}"
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash=f"sha256:{expected}",
                fname=name,
                path=pooch.os_cache("synthwire"),
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        )
    except (requests.RequestException, OSError) as error:
        raise InputError(
            f"{name}: the download from {url} was refused ({type(error).__name__}); {by_hand}"
        ) from None
    except ValueError:  # pooch's word for a wrong hash
        raise InputError(
            f"{name}: {url} gave another file than the published one, whose SHA-256 is {expected}; "
            f"try again, or {by_hand}"
        ) from None


def read_published(
    entry: Mapping,
    microscopy_folder: str | os.PathLike | None,
    resources: Path,
    classes: Sequence[str],
) -> Content:
    """Image and outlines of an image set of source `published`.

    entry: of config["image_sets"], defaults filled in; the rest as in `prepare_image_set`.
    """
    key = entry["published"]
    path = published_image(key, microscopy_folder, resources)
    page = to_grey8(read_recording(path).pages[0])
    record = image_record(
        0,
        page.shape,
        entry["pixel_size_nm"],
        assumed=entry["pixel_size_assumed"],
        original=path.name,
    )
    outlines = read_outlines(
        resources / "annotations" / f"{key}.json", [path.name], page.shape, classes=classes
    )
    return Content([page], [record], outlines)
