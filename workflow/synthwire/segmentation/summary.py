"""What is said of many images: a row an image, all particles in one table, their distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthwire.figures.distributions import draw_distributions
from synthwire.figures.kit import style
from synthwire.figures.widths import draw_widths
from synthwire.io.csv_text import csv_text
from synthwire.io.files import read_json, write_text
from synthwire.particles.distances import PERIODS, mean_direction
from synthwire.particles.line_table import POINT_COLUMNS
from synthwire.segmentation.groups import (
    LENGTH_COLUMNS,
    STATISTICS_COLUMNS,
    describe,
    group_of,
    length_distribution,
)
from synthwire.segmentation.result import PARTICLE_COLUMNS

SUMMARY = "summary.csv"
PARTICLES = "particles.csv"
INTERVALS = "intervals.csv"
LENGTHS = "lengths.csv"
DISTRIBUTIONS = "distributions"
WIDTHS = "widths"

SUMMARISED = (
    "length_px",
    "width_px",
    "area_px",
    "aspect_ratio",
    "orientation_deg",
    "length_nm",
    "width_nm",
    "area_nm2",
)


@dataclass(frozen=True)
class MeasuredImage:
    """What became of one image: its row of the summary, its particles, whether it was done before.

    particles has the columns of `PARTICLE_COLUMNS`; content is a digest of the image
    and of what shaped its results; remarks: what a user should know of it, one line each;
    fault: why it was not compared with outlines although it should have been, one of the remarks;
    doubts: why its particles may be others than the specimen's.
    """

    row: dict[str, Any]
    particles: pd.DataFrame
    content: str
    reused: bool
    remarks: tuple[str, ...] = ()
    fault: str | None = None
    doubts: tuple[str, ...] = ()


def summarise_particles(
    particles: pd.DataFrame, image: Mapping, picture_px: int | None = None
) -> dict[str, float]:
    """Mean, standard deviation and median of the particles' measures, and their number per µm².

    particles: rows of `PARTICLE_COLUMNS`; image: COCO record of their image; picture_px: how
    many of its pixels hold a picture (None: all). Of orientations the mean direction. NaN where
    there is nothing to average, or no pixel size.
    """
    size = image["pixel_size_nm"]
    area_um2 = math.nan
    if size is not None:
        pixels = image["height"] * image["width"] if picture_px is None else picture_px
        area_um2 = pixels * math.prod(size) * 1e-6
    row = {
        "pixel_down_nm": size[0] if size else math.nan,
        "pixel_across_nm": size[1] if size else math.nan,
        "particles_per_um2": len(particles) / area_um2,
    }
    for feature in SUMMARISED:
        values = particles[feature].dropna().to_numpy(dtype=float)
        if feature in PERIODS:
            row[f"mean_{feature}"] = (
                mean_direction(values, PERIODS[feature]) if len(values) else math.nan
            )
            continue
        row[f"mean_{feature}"] = float(values.mean()) if len(values) else math.nan
        row[f"sd_{feature}"] = float(values.std(ddof=1)) if len(values) > 1 else math.nan
        row[f"median_{feature}"] = float(np.median(values)) if len(values) else math.nan
    return row


def summarise_evaluation(evaluation: Mapping) -> dict[str, float]:
    """Columns of the summary from an evaluation: AP, pixel accuracy, and hits at IoU 0.5."""
    hits = evaluation["thresholds"][0]
    return {
        "outlines": evaluation["counts"]["ground_truth"],
        "ap": evaluation["segm"]["ap"],
        "ap50": evaluation["segm"]["ap50"],
        "accuracy": evaluation["accuracy"],
        "true_positives": hits["tp"],
        "false_positives": hits["fp"],
        "false_negatives": hits["fn"],
    }


def failure_row(path: Path, message: str) -> dict[str, Any]:
    """The summary's row of a file that was of no use."""
    return {"image": str(path), "status": "failed", "message": message}


def write_summary(
    out: Path, rows: Sequence[Mapping], images: Sequence[MeasuredImage]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write what is said of all images together.

    summary.csv has a row an image, particles.csv a row a particle; intervals.csv has the statistics
    over images with their 95 % intervals, lengths.csv the distribution of lengths, the edge's cuts
    allowed for (`groups`); figures show sizes and widths. Returns the tables of particles and of
    intervals; the latter is empty where there is no image.
    """
    table = pd.DataFrame(list(rows))
    table["page"] = table.get("page", pd.Series(index=table.index)).astype("Int64")
    write_table(out / SUMMARY, table)
    particles = all_particles(images)
    write_table(out / PARTICLES, particles)
    style.save(draw_distributions(particles), out / DISTRIBUTIONS)
    style.save(draw_widths(_all_points(out, images), particles), out / WIDTHS)
    return particles, _write_intervals(out, images)


def _write_intervals(out: Path, images: Sequence[MeasuredImage]) -> pd.DataFrame:
    intervals = pd.DataFrame(columns=list(STATISTICS_COLUMNS))
    lengths = pd.DataFrame(columns=["length_px", *LENGTH_COLUMNS])
    if images:
        files = [out / image.row["folder"] / "coco.json" for image in images]
        tables = [image.particles for image in images]
        group = group_of(out.name, list(zip(map(read_json, files), tables, strict=True)))
        intervals, lengths = describe(group), length_distribution(group)
    write_table(out / INTERVALS, intervals)
    write_table(out / LENGTHS, lengths)
    return intervals


def _all_points(out: Path, images: Sequence[MeasuredImage]) -> pd.DataFrame:
    """The points of all images' centre-lines; column `wire` is a number of its own for each."""
    tables = [pd.DataFrame(columns=["wire", *POINT_COLUMNS], dtype=float)]
    for number, image in enumerate(images):
        table = pd.read_csv(out / image.row["folder"] / "centrelines.csv")
        table.insert(0, "wire", table["id"].map(lambda wire, of=number: f"{of}:{wire}"))
        tables.append(table)
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else tables[0]


def all_particles(images: Sequence[MeasuredImage]) -> pd.DataFrame:
    """The particles of all images, each with its image and its folder."""
    tables = [pd.DataFrame(columns=["image", "folder", *PARTICLE_COLUMNS])]
    for image in images:
        table = image.particles.copy()
        table.insert(0, "image", image.row["image"])
        table.insert(1, "folder", image.row["folder"])
        tables.append(table)
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else tables[0]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, atomically; see `csv_text`."""
    write_text(path, csv_text(table))
