"""What a field looks like, in numbers that need no outlines.

Six groups, each with a weight whatever the numbers in it: grey values, spatial frequencies, edges,
the shape of grey steps at several sizes, directions, and what a network finds with confidence. They
are compared between sets of fields of the same side and pixel size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage

from synthwire.imaging.likeness import radial_spectrum
from synthwire.io.masks import mask_areas
from synthwire.particles.widths import widths_px

PERCENTILES = (2, 10, 25, 50, 75, 90, 98)
SPECTRUM_BINS = 8
STEP_SIZES_PX = (1.0, 2.0, 4.0)
SURE = 0.6  # score from which a find speaks
NOTHING = {"width": np.log(14.0), "spread": 0.3, "aspect": np.log(6.0), "score": 0.5}
CLIP = 8.0  # tolerances, beyond which a number counts no worse
# A texture may have a specimen's pixels: what is found tells them apart.
WEIGHTS = {"grey": 1, "spectrum": 1, "edges": 1, "steps": 1, "directions": 1, "finds": 2}

# Least tolerances: differences that no network minds.
FLOORS = {
    "grey": 0.02,
    "spectrum": 0.1,
    "edges": 0.1,
    "steps": 0.08,
    "directions": 0.04,
    "finds": 0.1,
}


class Summary(NamedTuple):
    """Statistics of several fields: names, and each field's values (N, statistics)."""

    names: tuple[str, ...]
    values: np.ndarray


def summarise(
    fields: Sequence[np.ndarray], finds: Sequence[Sequence[dict]] | None = None
) -> Summary:
    """Statistics of uint8 fields (side, side) and of a network's finds in each (COCO results);
    without finds those of the pixels alone.
    """
    rows = [
        _grey(field) | _spectrum(field) | _edges(field) | _steps(field) | _directions(field)
        for field in fields
    ]
    if finds is not None:
        found = [_finds(*pair) for pair in zip(fields, finds, strict=True)]
        rows = [row | more for row, more in zip(rows, found, strict=True)]
    return Summary(tuple(rows[0]), np.array([list(row.values()) for row in rows]))


class Target:
    """The statistics that synthetic fields are to have, with how far off they may be."""

    def __init__(self, real: Summary, sample: int) -> None:
        """real: of the images; sample: synthetic fields that are compared with them at a time."""
        number = len(real.values)
        self.names = real.names
        self.groups = tuple(name.split(".")[0] for name in real.names)
        self.mean = real.values.mean(axis=0)
        # a single field tells no spread: a fifth of a decade, or of the range, is assumed
        spread = real.values.std(axis=0, ddof=1) if number > 1 else np.full(len(self.mean), 0.2)
        floors = np.array([FLOORS[group] for group in self.groups])
        self.tolerance = np.sqrt(spread**2 * (1 / number + 1 / sample) + floors**2)

    def differences(self, summary: Summary) -> np.ndarray:
        """Mean of the fields less that of the images, in tolerances, (statistics,)."""
        there = len(summary.names)
        return np.asarray(
            (summary.values.mean(axis=0) - self.mean[:there]) / self.tolerance[:there]
        )

    def distance(self, summary: Summary) -> float:
        """Root mean square difference in tolerances, over the groups; without finds, what it is at
        least.
        """
        squares = np.minimum(np.abs(self.differences(summary)), CLIP) ** 2
        groups = np.array(self.groups[: len(squares)])
        total = sum(
            weight * squares[groups == name].mean()
            for name, weight in WEIGHTS.items()
            if name in groups
        )
        return float(np.sqrt(total / sum(WEIGHTS.values())))


def _grey(pixels: np.ndarray) -> dict[str, float]:
    found = np.percentile(pixels, PERCENTILES) / 255
    return {
        f"grey.{which} %": float(value) for which, value in zip(PERCENTILES, found, strict=True)
    }


def _spectrum(pixels: np.ndarray) -> dict[str, float]:
    frequency, power = radial_spectrum([pixels], SPECTRUM_BINS)
    power = np.log10(np.maximum(np.nan_to_num(power), 1e-8))
    return {
        f"spectrum.{1 / cycles:.0f} px": float(value)
        for cycles, value in zip(frequency, power, strict=True)
    }


def _edges(pixels: np.ndarray) -> dict[str, float]:
    """Logarithms of steep slopes, in grey levels a pixel, at two smoothings."""
    found = {}
    for sigma in (1.0, 2.5):
        slope = ndimage.gaussian_gradient_magnitude(pixels.astype(np.float32), sigma)
        for which in (50, 90, 99):
            value = float(np.percentile(slope, which))
            found[f"edges.{which} % at {sigma:g} px"] = float(np.log(value + 0.1))
    return found


def _steps(pixels: np.ndarray) -> dict[str, float]:
    """How rare and how lopsided grey steps are: noise is neither, particles and specks are."""
    grey = pixels.astype(np.float32)
    found = {}
    for size in STEP_SIZES_PX:
        band = ndimage.gaussian_filter(grey, size) - ndimage.gaussian_filter(grey, 1.6 * size)
        spread = float(band.std()) + 1e-3
        rare = float(np.mean(np.abs(band))) / spread  # 0.8 for Gaussian noise, less where rare
        lopsided = float(np.cbrt(np.mean((band / spread) ** 3)))
        found[f"steps.rare at {size:g} px"] = rare * 2
        found[f"steps.lopsided at {size:g} px"] = lopsided / 3
    return found


def _directions(pixels: np.ndarray) -> dict[str, float]:
    """How far grey changes along one direction, near by and all over the field, by the structure
    tensor (Bigün & Granlund, Proc. 1st ICCV, 433 (1987)): 0 for none, 1 for one alone.
    """
    found = {}
    for sigma in (1.0, 2.5):
        down, across = (
            ndimage.gaussian_filter(pixels.astype(np.float32), sigma, order=order)
            for order in ((1, 0), (0, 1))
        )
        parts = (across**2 - down**2, 2 * across * down, across**2 + down**2)
        near = [ndimage.gaussian_filter(part, 3 * sigma) for part in parts]
        strength = float(near[2].mean()) + 1e-3
        found[f"directions.near at {sigma:g} px"] = float(np.hypot(*near[:2]).mean()) / strength
        found[f"directions.all over at {sigma:g} px"] = (
            float(np.hypot(near[0].mean(), near[1].mean())) / strength
        )
    return found


def _finds(pixels: np.ndarray, results: Sequence[dict]) -> dict[str, float]:
    sure = [item for item in results if item["score"] >= SURE]
    scores = [item["score"] for item in results if item["score"] >= 0.3]
    found = {
        "finds.number": float(np.log1p(len(sure)) / 2),
        "finds.unsure": float(np.log1p(len(scores) - len(sure)) / 2),
        "finds.score": float(np.mean(scores)) if scores else NOTHING["score"],
    }
    widths = widths_px(sure)
    areas = mask_areas(item["segmentation"] for item in sure)
    known = widths > 0
    if known.any():
        logs = np.log(widths[known])
        aspects = np.log(areas[known] / widths[known] ** 2)
        found["finds.width"] = float(np.median(logs))
        found["finds.spread of widths"] = float(np.std(logs)) if known.sum() > 2 else 0.3
        found["finds.aspect ratio"] = float(np.median(aspects)) / 2
        together = coco_mask.decode(coco_mask.merge([item["segmentation"] for item in sure])) > 0
    else:
        found["finds.width"] = float(NOTHING["width"])
        found["finds.spread of widths"] = NOTHING["spread"]
        found["finds.aspect ratio"] = float(NOTHING["aspect"]) / 2
        together = np.zeros(pixels.shape, dtype=bool)
    found["finds.covered"] = float(together.mean()) * 2
    inside = pixels[together] if together.any() else np.array([np.median(pixels)])
    outside = pixels[~together] if not together.all() else np.array([np.median(pixels)])
    found["finds.contrast"] = float(inside.mean() - outside.mean()) / 64
    found["finds.grey within"] = float(inside.std()) / 64
    found["finds.grey of the ground"] = float(outside.std()) / 64
    return found
