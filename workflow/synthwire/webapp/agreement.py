"""How a result compares with outlines of the same image: what is found, missed, invented."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    IGNORED,
    TRUE_POSITIVE,
    accuracy,
    classify_image,
)
from synthwire.io.files import MemoryFile
from synthwire.io.outlines import Outlines, read_outlines
from synthwire.particles.table import match_masks, particle_statistics
from synthwire.segmentation.result import Segmentation


@dataclass(frozen=True)
class Agreement:
    """Particles and outlines matched one to one at IoU ≥ 0.5, and the pixels of their unions.

    found, invented: ids of particles with and without an outline; ignored: ids of those on doubtful
    outlines, which count neither way. missed: places in `outlines` without a particle.
    classes: uint8 (H, W), as `evaluation.classify_image`.
    """

    outlines: list[dict]
    found: tuple[int, ...]
    invented: tuple[int, ...]
    ignored: tuple[int, ...]
    missed: tuple[int, ...]
    classes: np.ndarray

    @property
    def precision(self) -> float:
        """Share of particles that are right, in percent; NaN where there are none."""
        return _percent(len(self.found), len(self.found) + len(self.invented))

    @property
    def recall(self) -> float:
        """Share of outlines that are found, in percent; NaN where there are none."""
        return _percent(len(self.found), len(self.found) + len(self.missed))

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN) of particles, in percent."""
        right = 2 * len(self.found)
        return _percent(right, right + len(self.invented) + len(self.missed))

    @property
    def particle_counts(self) -> tuple[int, int, int, int]:
        """Numbers of particles found and invented, of outlines missed, of particles ignored."""
        return len(self.found), len(self.invented), len(self.missed), len(self.ignored)

    @property
    def pixel_counts(self) -> tuple[int, int, int, int]:
        """Numbers of pixels that are true positive, false positive, false negative, ignored."""
        counts = np.bincount(self.classes.ravel(), minlength=5)
        true, false, missed, ignored = (
            int(counts[kind]) for kind in (TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, IGNORED)
        )
        return true, false, missed, ignored

    @property
    def pixel_accuracy(self) -> float:
        """TP / (TP + FP + FN) of pixels, in percent, as in the paper."""
        return accuracy(*self.pixel_counts[:3])


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else math.nan


def read_outlines_for(file: MemoryFile, result_name: str, shape: tuple[int, int]) -> Outlines:
    """Outlines of one image from an upload of any known format; InputError when there are none."""
    found = read_outlines(file, [result_name], shape)
    if not found.annotations:
        raise InputError(f"{file}: no outline in it encloses anything")
    return found


def compare(result: Segmentation, outlines: Sequence[dict]) -> Agreement:
    """Compare the selected particles with COCO annotations (RLE) of the same image."""
    outlines = list(outlines)
    crowd = np.array([bool(item.get("iscrowd", 0)) for item in outlines], dtype=bool)
    chosen = result.selected
    partner, ignored = match_masks(
        [item["segmentation"] for item in outlines],
        [item["segmentation"] for item in chosen],
        crowd,
    )
    ids = np.array(result.ids, dtype=int)
    missed = set(np.flatnonzero(~crowd).tolist()) - set(partner[partner >= 0].tolist())
    return Agreement(
        outlines,
        found=tuple(ids[partner >= 0].tolist()),
        invented=tuple(ids[(partner < 0) & ~ignored].tolist()),
        ignored=tuple(ids[ignored].tolist()),
        missed=tuple(sorted(missed)),
        classes=classify_image(result.record, outlines, chosen, score=0.0),
    )


def measure(outlines: Sequence[dict], result: Segmentation) -> pd.DataFrame:
    """Measures of the outlines, with the columns of a particle table; doubtful ones left out."""
    truth = {
        "images": [result.record],
        "annotations": [{**item, "image_id": result.record["id"]} for item in outlines],
    }
    return particle_statistics(truth, [], {"statistics_score": 0.0})
