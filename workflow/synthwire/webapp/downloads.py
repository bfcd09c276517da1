"""Archives of results, made in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pandas as pd

from synthwire.io.csv_text import csv_text
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.summary import summarise_particles

MEDIA_TYPES = {
    ".png": "image/png",
    ".csv": "text/csv",
    ".json": "application/json",
    ".tif": "image/tiff",
    ".zip": "application/zip",
}


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by their names, in which folders are parts of the name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in files.items():
            # A fixed date, so that the same results are the same bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, data)
    return content.getvalue()


def all_files(results: Mapping[str, Segmentation]) -> dict[str, bytes]:
    """The files of several images, each image's in a folder, a table of all particles,
    and one with a row an image."""
    files = {
        f"{stem}/{name}": content
        for stem, result in results.items()
        for name, content in result.as_files().items()
    }
    files["particles.csv"] = csv_text(pool_particles(results)).encode()
    rows = [
        {
            "image": stem,
            "particles": len(result.particles),
            **summarise_particles(result.particles, result.record, result.info.get("picture_px")),
        }
        for stem, result in results.items()
    ]
    files["summary.csv"] = csv_text(pd.DataFrame(rows)).encode()
    return files


def pool_particles(results: Mapping[str, Segmentation]) -> pd.DataFrame:
    """The particles of several images in one table; the first column, image, tells them apart."""
    tables = [result.particles.assign(image=stem) for stem, result in results.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[["image", *[name for name in table.columns if name != "image"]]]
