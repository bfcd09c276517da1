"""The files of a result: an overlay, a table, COCO, a label image, Fiji's ROIs, and their sums."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from synthwire.errors import InputError
from synthwire.figures.kit import style
from synthwire.figures.particles import draw_particles
from synthwire.io.checksums import SUMS, is_as_written, read_sums, write_sums
from synthwire.io.csv_text import csv_text
from synthwire.io.files import atomic_directory, json_ready, write_bytes
from synthwire.io.masks import decode_crops
from synthwire.io.outlines import fiji_lines, fiji_rois, label_tiff
from synthwire.particles.line_table import line_points
from synthwire.segmentation.colours import particle_colours
from synthwire.segmentation.groups import describe, group_of

if TYPE_CHECKING:
    from synthwire.segmentation.result import Segmentation

PROPOSALS, IMAGE = "proposals.json", "image.png"  # a result is made of these two
FILES = (
    "overlay.png",
    "particles.csv",
    "coco.json",
    PROPOSALS,
    IMAGE,
    "labels.tif",
    "rois.zip",
    "centrelines.csv",
    "centrelines.zip",
    "intervals.csv",
)
COMPARISON_FILES = ("comparison.png", "evaluation.json")  # where outlines are given
RESULT_FILES = (*FILES, *COMPARISON_FILES, SUMS)


def encode_files(result: Segmentation) -> dict[str, bytes]:
    """Content of each file of `FILES` by its name.

    overlay.png: the particles over the image. particles.csv: one row a particle. coco.json:
    the particles, with `attributes.by_hand` where a person had a hand in one; proposals.json: all
    results, whatever the selection, from which another is made; image.png: the image as the model
    saw it. labels.tif: pixels are a particle's id; particles that overlap
    stand on several pages. rois.zip: for Fiji. centrelines.csv: one row a point, with the widths
    there; centrelines.zip: the same as lines for Fiji, each as wide as its wire. intervals.csv:
    statistics of the particles with their 95 % intervals, see `groups.describe`.
    """
    lines = result.centrelines
    points = line_points(lines, result.pixel_size_nm)
    chosen = result.coco()
    table = result.particles.to_csv(index=False, lineterminator="\n", float_format="%.7g")
    files = {
        "overlay.png": overlay_png(result),
        "particles.csv": table.encode(),
        "coco.json": _json(chosen),
        PROPOSALS: proposals_json(result),
        IMAGE: _image_png(result.image),
        "labels.tif": label_tiff(result.record, chosen["annotations"], result.ids),
        "rois.zip": fiji_rois(chosen),
        "centrelines.csv": points.to_csv(
            index=False, lineterminator="\n", float_format="%.6g"
        ).encode(),
        "centrelines.zip": fiji_lines(
            {
                number: (line.points, float(np.nanmean(line.widths)))
                for number, line in lines.items()
                if line is not None and np.isfinite(line.widths).any()
            }
        ),
        "intervals.csv": csv_text(
            describe(group_of(result.name, [(chosen, result.particles)]))
        ).encode(),
    }
    return {name: files[name] for name in FILES}


def proposals_json(result: Segmentation) -> bytes:
    """Content of proposals.json."""
    return _json(result.coco(everything=True))


def _json(data: Mapping) -> bytes:
    text = json.dumps(json_ready(data), ensure_ascii=False, separators=(",", ":"))
    return (text + "\n").encode()


def _image_png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="png", compress_level=3)
    return content.getvalue()


def overlay_png(result: Segmentation) -> bytes:
    """The image with each particle outlined and numbered by its id, and a scale bar.

    A star behind the number says that a person had a hand in the particle.
    """
    colours = particle_colours(result)
    names = [f"{number}*" if number in result.by_hand else str(number) for number in result.ids]
    drawn = draw_particles(
        result.image,
        decode_crops(item["segmentation"] for item in result.selected),
        names,
        [colours[number - 1] for number in result.ids],
        result.pixel_size_nm,
    )
    return _image_png(drawn)


def png(figure: Figure) -> bytes:
    """A figure as a PNG, whose bytes are the same whenever it is drawn."""
    content = io.BytesIO()
    with style.context():
        figure.savefig(content, format="png", dpi="figure", metadata={"Software": None})
    return content.getvalue()


def save_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files of a result to a folder, which appears whole or not at all.

    A result that lies there already is replaced; InputError when something else does.
    """
    if folder.exists() and not is_result(folder):
        raise InputError(f"{folder}: holds something else than a result; it stays as it is")
    with atomic_directory(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        write_sums(temporary / SUMS, sums)
    return folder


def save_proposals(folder: Path, content: bytes) -> None:
    """Write another proposals.json into the folder of a result, which stays whole by its sums."""
    write_bytes(folder / PROPOSALS, content)
    sums = {**read_sums(folder / SUMS), PROPOSALS: hashlib.sha256(content).hexdigest()}
    write_sums(folder / SUMS, sums)


def is_whole(folder: Path) -> bool:
    """Whether a folder holds all files of a result as `save_files` wrote them."""
    sums = read_sums(folder / SUMS)
    return set(FILES) <= set(sums) and all(
        is_as_written(folder / name, digits) for name, digits in sums.items()
    )


def is_result(folder: Path) -> bool:
    """Whether a folder holds nothing but the files of a result."""
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= set(RESULT_FILES)
