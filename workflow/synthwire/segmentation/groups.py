"""Groups of segmented images: their statistics with intervals, and how two groups differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.io.files import sha256
from synthwire.io.masks import decode_crop, overlaps
from synthwire.particles import population
from synthwire.particles.population import Difference, Estimate, Statistic
from synthwire.segmentation.saved_table import read_saved

MEASURES = {
    "line_length": "length along the wire",
    "mean_width": "width by mask",
    "fwhm": "width by intensity",
    "aspect_ratio": "aspect ratio",
    "tortuosity": "tortuosity",
    "taper": "taper",
}
NOTHING = 1e-12  # what rounding makes of 0, of which nothing is a share
WITHOUT_UNIT = ("aspect_ratio", "tortuosity", "taper")
STATISTICS_COLUMNS = {
    "measure": "what is measured",
    "statistic": "what is said of it",
    "unit": "its unit; empty for plain numbers",
    "value": "the estimate",
    "low": "lower end of its 95 % interval; empty where there are too few to say",
    "high": "upper end of it",
    "drawn_from": "images, or, of fewer than three, particles: what the interval rests on",
    "units": "how many of them",
}

LENGTH_COLUMNS = ("share_longer", "low", "high")  # of `length_distribution`, behind the length


@dataclass(frozen=True)
class Group:
    """Results of several images.

    particles: rows of their particles.csv, with a column `image_number`, from 0. images: a row
    each, with `pixels` of the picture, `covered` and `overlapped` by particles, `agglomerated`
    particles, `number` of particles that have their first end in it (half of those that its edge
    cuts), and `area_um2`, NaN where the pixel size is unknown; `picture`, a digest, where it is
    known.
    """

    name: str
    particles: pd.DataFrame
    images: pd.DataFrame

    @property
    def in_nm(self) -> bool:
        """Whether every image has a pixel size."""
        return bool(self.images["area_um2"].notna().all())


def read_group(folder: Path) -> Group:
    """All results of `synthwire segment` below a folder; InputError where there are none."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    places = sorted(path.parent for path in folder.rglob("coco.json"))
    places = [place for place in places if (place / "particles.csv").is_file()]
    if not places:
        none = "no results of synthwire segment in it or below"
        raise InputError(f"{folder}: {none}; of outlines give the images with --images")
    group = group_of(folder.name, [read_saved(place) for place in places])
    pictures = (place / "image.png" for place in places)
    group.images["picture"] = [sha256(path) if path.is_file() else None for path in pictures]
    return group


def group_of(name: str, results: Sequence[tuple[Mapping, pd.DataFrame]]) -> Group:
    """The results of at least one image, each its coco.json and rows of `PARTICLE_COLUMNS`."""
    tables = [table.assign(image_number=number) for number, (_, table) in enumerate(results)]
    particles = [table for table in tables if len(table)] or tables
    images = pd.DataFrame([_image(data, table) for data, table in results])
    return Group(name, pd.concat(particles, ignore_index=True), images)


def _image(data: Mapping, table: pd.DataFrame) -> dict[str, float]:
    chosen, record = set(table["id"]), data["images"][0]
    masks = [item["segmentation"] for item in data["annotations"] if item["id"] in chosen]
    size = record.get("pixel_size_nm")
    pixels = data["info"].get("picture_px") or record["height"] * record["width"]
    times = np.zeros((record["height"], record["width"]), dtype=np.uint16)
    for mask in masks:
        crop, top, left = decode_crop(mask)
        times[top : top + crop.shape[0], left : left + crop.shape[1]] += crop
    touching = (overlaps(masks, masks) > 0).sum(axis=1) > 1
    cut = table["touches_border"].astype(bool)
    return {
        "pixels": float(pixels),
        "covered": float((times > 0).sum()),
        "overlapped": float((times > 1).sum()),
        "agglomerated": float(touching.sum()),
        "found": float(len(masks)),
        "number": float((~cut).sum() + 0.5 * cut.sum()),
        "area_um2": math.nan if size is None else pixels * math.prod(size) * 1e-6,
    }


def counted_twice(first: Group, second: Group) -> list[str]:
    """What a person should know of images that stand twice in two groups, a line each."""
    lines = []
    pictures = []
    for name, group in (("first", first), ("second", second)):
        pictures.append(group.images.get("picture", pd.Series(dtype=str)).dropna())
        if more := int(pictures[-1].duplicated().sum()):
            lines.append(
                f"{more} of the {name} group's {len(group.images)} results are of an image that "
                "another one is of; all count, so intervals are too narrow"
            )
    if shared := len(set(pictures[0]) & set(pictures[1])):
        lines.append(f"{shared} of the images are in both groups; they count as independent ones")
    return lines


@dataclass(frozen=True)
class _Entry:
    measure: str
    statistic: str
    unit: str
    estimate: Estimate
    spread: float  # of the particles, for effect sizes; NaN where there is none


def describe(group: Group, *, in_nm: bool | None = None) -> pd.DataFrame:
    """Statistics of a group with their 95 % intervals: rows of `STATISTICS_COLUMNS`.

    in_nm: False gives pixels although sizes are known, for a group beside one in pixels.
    """
    unit = "nm" if (group.in_nm if in_nm is None else in_nm) else "px"
    drawn = "images" if _by_images(group) else "particles"
    rows = [
        (
            *(entry.measure, entry.statistic, entry.unit),
            *(entry.estimate.value, entry.estimate.low, entry.estimate.high),
            *(drawn, entry.estimate.units),
        )
        for entry in _entries(group, unit)
    ]
    return pd.DataFrame(rows, columns=list(STATISTICS_COLUMNS))


def length_distribution(group: Group) -> pd.DataFrame:
    """Share of wires longer than a length, the edge's cuts allowed for, with its 95 % interval.

    Columns: length_nm, or length_px where a pixel size is unknown; share_longer, low, high.
    """
    unit = "nm" if group.in_nm else "px"
    units, unit_of = _units(group, _by_images(group))
    values = group.particles[f"line_length_{unit}"].to_numpy(dtype=float)
    known = np.isfinite(values)
    cut = group.particles["touches_border"].to_numpy(dtype=bool)
    found = population.survival_band(values[known], cut[known], unit_of[known], units)
    columns = (f"length_{unit}", *LENGTH_COLUMNS)
    return pd.DataFrame(dict(zip(columns, found, strict=True)))


def in_words(statistics: pd.DataFrame) -> list[str]:
    """What `describe` says of a group, in a few short lines for a terminal."""
    rows = {(row["measure"], row["statistic"]): row for row in statistics.to_dict("records")}
    lines = []
    for measure, statistic, words in (
        ("line_length", "median", "length along the wire, median"),
        ("line_length", "median without the edge's cuts", "the edge's cuts allowed for"),
        ("mean_width", "mean", "width, mean"),
        ("number", "density", "number"),
        ("orientation", "order", "order of orientations (0 random, 1 parallel)"),
        ("overlap", "share of the covered area", "of the covered area under two or more"),
        ("agglomerates", "share of particles", "of the particles touch others"),
    ):
        row = rows[measure, statistic]
        if math.isnan(row["value"]):
            continue
        share = statistic.startswith("share")
        scale, unit = (100, " %") if share else (1, f" {row['unit']}".rstrip())
        numbers = [
            np.format_float_positional(scale * row[end], 4, fractional=False, trim="-")
            for end in ("value", "low", "high")
        ]
        known = "" if math.isnan(row["low"]) else f" ({numbers[1]} to {numbers[2]})"
        lines.append(f"{words}: {numbers[0]}{unit}{known}")
    return lines


def compare(first: Group, second: Group) -> pd.DataFrame:
    """Each statistic of both groups, and their difference, second minus first.

    Columns: measure, statistic, unit; first, first_low, first_high, and the same of the second;
    difference, low, high and p (Welch's test, images as units where both groups have three);
    percent, percent_low, percent_high: the difference over the first group's value; effect,
    effect_low, effect_high: over the standard deviation of single particles in both groups.
    """
    unit = "nm" if first.in_nm and second.in_nm else "px"
    by_images = _by_images(first) and _by_images(second)
    both = [_entries(group, unit, by_images) for group in (first, second)]
    rows = []
    for one, two in zip(*both, strict=True):
        found = population.difference(one.estimate, two.estimate)
        spread = math.sqrt((one.spread**2 + two.spread**2) / 2)
        rows.append(
            {
                "measure": one.measure,
                "statistic": one.statistic,
                "unit": one.unit,
                **_ends("first", one.estimate),
                **_ends("second", two.estimate),
                "difference": found.value,
                "low": found.low,
                "high": found.high,
                "p": found.p,
                **_over("percent", found, one.estimate.value / 100),
                **_over("effect", found, spread),
                "drawn_from": "images" if by_images else "particles",
            }
        )
    return pd.DataFrame(rows)


def _ends(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _over(name: str, found: Difference, scale: float) -> dict[str, float]:
    scale = scale if scale > NOTHING else math.nan
    names = (name, f"{name}_low", f"{name}_high")
    values = (found.value / scale, found.low / scale, found.high / scale)
    return dict(zip(names, values, strict=True))


def _by_images(group: Group) -> bool:
    return len(group.images) >= population.FEWEST_IMAGES


def _units(group: Group, by_images: bool) -> tuple[int, np.ndarray]:
    """How many units are drawn from, and that of each particle (n,)."""
    if by_images:
        return len(group.images), group.particles["image_number"].to_numpy(dtype=int)
    return len(group.particles), np.arange(len(group.particles))


def _entries(group: Group, unit: str, by_images: bool | None = None) -> list[_Entry]:
    by_images = _by_images(group) if by_images is None else by_images
    table, images = group.particles, group.images
    units, unit_of = _units(group, by_images)
    found: list[_Entry] = []

    def add(
        measure: str,
        name: str,
        of: str,
        statistic: Statistic,
        spread: float = math.nan,
        within: tuple[float, float] = (0, math.inf),
    ) -> None:
        value = population.estimate(statistic, units, within=within)
        found.append(_Entry(measure, name, of, value, spread))

    for measure in MEASURES:
        plain = measure in WITHOUT_UNIT
        values = table[measure if plain else f"{measure}_{unit}"].to_numpy(dtype=float)
        known = np.isfinite(values)
        values, places = values[known], unit_of[known]
        spread = float(values.std(ddof=1)) if len(values) > 1 else math.nan
        of = "" if plain else unit
        within = (-math.inf if measure == "taper" else 0, math.inf)
        add(measure, "mean", of, population.mean(values, places, units), spread, within)
        add(measure, "median", of, population.median(values, places), spread, within)
        if measure == "line_length":
            cut = table["touches_border"].to_numpy(dtype=bool)[known]
            add(
                *(measure, "median without the edge's cuts", of),
                population.censored_quantile(values, cut, places),
                spread,
            )
    angles = table["orientation_deg"].to_numpy(dtype=float)
    order = population.order_parameter(angles, unit_of, units)
    add("orientation", "order", "", order, within=(0, 1))
    for measure, name, of, above, below in (
        ("number", "density", "1/µm²", "number", "area_um2"),
        ("area", "share covered", "", "covered", "pixels"),
        ("overlap", "share of the covered area", "", "overlapped", "covered"),
        ("agglomerates", "share of particles", "", "agglomerated", "found"),
    ):
        # of an image as a whole: without several images there is no interval
        parts = [images[column].to_numpy(dtype=float) for column in (above, below)]
        if by_images:
            most = 1 if name.startswith("share") else math.inf
            add(measure, name, of, population.ratio(*parts), within=(0, most))
        else:
            value = parts[0].sum() / parts[1].sum() if parts[1].sum() else math.nan
            nothing = Estimate(float(value), math.nan, math.nan, math.nan, len(images))
            found.append(_Entry(measure, name, of, nothing, math.nan))
    return found
