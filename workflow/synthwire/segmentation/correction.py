"""A result corrected by hand: a history of steps, each undone and done again, over what was found.

What a model found stays as it is; a step leaves particles out, takes some in, and adds new ones
behind them. A result that was corrected carries its history in `info["correction"]`, and
proposals.json with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

from synthwire.errors import InputError
from synthwire.io.masks import decode_crops, decode_mask, encode_mask, segmentation_to_rle
from synthwire.segmentation import strokes
from synthwire.segmentation.options import BY_HAND
from synthwire.segmentation.result import IMAGE_ID, Segmentation
from synthwire.segmentation.strokes import Points

SCORE = 1.0  # of a particle that a person drew
KINDS = (*BY_HAND, "removed")


@dataclass(frozen=True)
class Step:
    """One thing that was done by hand; kind: of `KINDS`; added: RLEs of new particles."""

    kind: str
    removed: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    added: tuple[dict, ...] = ()


@dataclass(frozen=True)
class Correction:
    """Steps that were done, and those that were undone, the next to be done again first."""

    steps: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    def do(self, step: Step) -> Correction:
        return Correction((*self.steps, step))

    def undo(self) -> Correction:
        """Without the last step; the same where there is none."""
        if not self.steps:
            return self
        return Correction(self.steps[:-1], (self.steps[-1], *self.undone))

    def redo(self) -> Correction:
        """With the step that was undone last; the same where there is none."""
        if not self.undone:
            return self
        return Correction((*self.steps, self.undone[0]), self.undone[1:])

    @property
    def by_hand(self) -> tuple[frozenset[int], frozenset[int]]:
        """Ids of what was found that are left out and taken in, whatever the rules say."""
        removed: set[int] = set()
        kept: set[int] = set()
        for step in self.steps:
            removed = (removed | set(step.removed)) - set(step.kept)
            kept = (kept | set(step.kept)) - set(step.removed)
        return frozenset(removed), frozenset(kept)

    def apply(self, found: Segmentation) -> Segmentation:
        """What was found, corrected; added particles have the ids after the last one found."""
        new = [(step.kind, rle) for step in self.steps for rle in step.added]
        results = [_result(found, kind, rle) for kind, rle in new]
        removed, kept = self.by_hand
        ids = range(len(found.results) + 1, len(found.results) + len(results) + 1)
        changed = replace(
            found,
            results=[*found.results, *results],
            measures=_with_measures(found, results),
            info={**found.info, "correction": self.as_json(len(found.results))},
        )
        return changed.select(removed_ids=tuple(removed), kept_ids=tuple(kept | set(ids) - removed))

    def as_json(self, found: int) -> dict[str, Any]:
        """For `from_json`; found: how many particles a model found."""
        steps, undone = ([vars(step) for step in steps] for steps in (self.steps, self.undone))
        return {"found": found, "steps": steps, "undone": undone}

    @classmethod
    def from_json(cls, data: Mapping) -> Correction:
        """InputError when it is none."""
        try:
            return cls(*(tuple(map(_step, data[name])) for name in ("steps", "undone")))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"no correction by hand: {error!r}") from None


def take_apart(result: Segmentation) -> tuple[Segmentation, Correction]:
    """What was found without what was done by hand, and that: `apply` makes the same of them.

    A result without a history, whose particles were left out or taken in all the same, has one step
    for each kind.
    """
    rules = result.selection
    data = result.info.get("correction")
    bare = result.select(removed_ids=(), kept_ids=())
    if data is None:
        correction = Correction()
        if rules.removed_ids:
            correction = correction.do(remove(rules.removed_ids))
        if rules.kept_ids:
            correction = correction.do(keep(rules.kept_ids))
        return bare, correction
    correction = Correction.from_json(data)
    added = sum(len(step.added) for step in correction.steps)
    count = len(result.results) - added
    if count != data.get("found"):
        raise InputError(
            f"{result.name}: corrected by hand after {data.get('found')} particles were found, "
            f"but {count} are there; the correction is of another result"
        )
    info = {key: value for key, value in result.info.items() if key != "correction"}
    measures = result.measures.iloc[:count].reset_index(drop=True)
    return replace(bare, results=result.results[:count], measures=measures, info=info), correction


def remove(ids: Iterable[int]) -> Step:
    return Step("removed", removed=tuple(ids))


def keep(ids: Iterable[int]) -> Step:
    """Take in what the rules, or a hand, left out."""
    return Step("kept", kept=tuple(ids))


def draw_line(result: Segmentation, points: Points, width_px: float) -> Step:
    """A new particle along a line; see `strokes.draw_line`."""
    return _adding("drawn", [strokes.draw_line(points, width_px, result.image.shape)])


def draw_polygon(result: Segmentation, points: Points) -> Step:
    """A new particle within a polygon."""
    return _adding("drawn", [strokes.draw_polygon(points, result.image.shape)])


def split(result: Segmentation, number: int, stroke: Points) -> Step:
    """One particle made to several by a stroke across it; see `strokes.split`."""
    return _adding("split", strokes.split(mask_of(result, number), stroke), [number])


def merge(result: Segmentation, ids: Sequence[int]) -> Step:
    """Several particles made to one."""
    return _adding("merged", [strokes.merge([mask_of(result, number) for number in ids])], ids)


def move_end(result: Segmentation, number: int, point: Sequence[float]) -> Step:
    """A particle with its nearer end moved to a point; see `strokes.move_end`."""
    return _adding("reshaped", [strokes.move_end(mask_of(result, number), point)], [number])


def leave_out(result: Segmentation, points: Points) -> Step:
    """All particles of which most lies in a polygon, left out; InputError when there are none."""
    region = strokes.draw_polygon(points, result.image.shape)
    crops = decode_crops(item["segmentation"] for item in result.selected)
    inside = [
        number
        for number, crop in zip(result.ids, crops, strict=True)
        if region[crop.place][crop.pixels].sum() > crop.pixels.sum() / 2
    ]
    if not inside:
        raise InputError("no particle lies in that region")
    return remove(inside)


def mask_of(result: Segmentation, number: int) -> np.ndarray:
    if not 1 <= number <= len(result.results):
        raise InputError(f"no particle {number}; there are {len(result.results)}")
    return decode_mask(result.results[number - 1]["segmentation"])


def most_uncertain(result: Segmentation) -> list[int]:
    """Ids of the selected particles, and of those just below the threshold, the least sure first.

    How sure: the distance of the score from the threshold; what a hand made comes last, being sure.
    """
    rules = result.selection
    hand = set(rules.kept_ids) | set(rules.removed_ids)
    scores = result.measures.set_index("id")["score"]
    span = 1 - rules.threshold
    near = set(result.ids_from(max(0.0, rules.threshold - span))) | set(result.ids)
    return sorted(
        near - set(rules.removed_ids),
        key=lambda number: (number in hand, abs(scores[number] - rules.threshold), number),
    )


def _adding(kind: str, masks: Sequence[np.ndarray], instead_of: Iterable[int] = ()) -> Step:
    return Step(kind, removed=tuple(instead_of), added=tuple(map(encode_mask, masks)))


def _result(found: Segmentation, kind: str, rle: Mapping) -> dict:
    height, width = found.image.shape
    rle = segmentation_to_rle(dict(rle), height, width)
    return {
        "image_id": IMAGE_ID,
        "category_id": found.categories[0]["id"],
        "bbox": [float(value) for value in coco_mask.toBbox(rle)],
        "score": SCORE,
        "segmentation": rle,
        "by_hand": kind,
    }


def _with_measures(found: Segmentation, added: list[dict]) -> pd.DataFrame:
    """The table of all; of the particles only those are measured that are new."""
    if not added:
        return found.measures
    new = replace(found, results=added, measures=None).measures
    new["id"] += len(found.results)
    return pd.concat([found.measures, new], ignore_index=True) if len(found.measures) else new


def _step(data: Mapping) -> Step:
    kind = data["kind"]
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is none of {', '.join(KINDS)}")
    removed, kept = ([int(number) for number in data[name]] for name in ("removed", "kept"))
    return Step(kind, tuple(removed), tuple(kept), tuple(dict(rle) for rle in data["added"]))
