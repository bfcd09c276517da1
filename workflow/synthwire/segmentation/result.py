"""What a model found in one image, and the choice among it that counts as particles."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation import suppression
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_crops, decode_mask
from synthwire.particles.centrelines import Centreline
from synthwire.particles.line_table import LINE_COLUMNS, line_of, line_rows
from synthwire.particles.table import COLUMNS, particle_statistics
from synthwire.segmentation.comparison import evaluate
from synthwire.segmentation.doubts import doubts_of
from synthwire.segmentation.left_out import cut_by_mask
from synthwire.segmentation.options import BY_HAND, Selection
from synthwire.segmentation.part import cut_by
from synthwire.segmentation.result_files import encode_files, overlay_png, save_files

DEFAULT_SELECTION = Selection()
ENDS = {"left_out", "blank"}  # masks in info, at whose edges particles are cut
IMAGE_ID = 1  # each image is a data set of its own
CATEGORIES = [{"id": 1, "name": "particle"}]  # where no model names them

MASK_COLUMNS = {
    "id": "number of the particle, best score first; the same in all files of one image",
    **{
        name: meaning
        for name, meaning in COLUMNS.items()
        if name not in ("source", "image_id", "particle", "matched")
    },
}
PARTICLE_COLUMNS = {
    **MASK_COLUMNS,
    **LINE_COLUMNS,
    "by_hand": f"what a person did to it: {', '.join(BY_HAND)}; empty as the model found it",
}


@dataclass(frozen=True)
class Segmentation:
    """What a model found in one image.

    image: uint8 (height, width), as the network saw it, before scaling. results: COCO results of
    all scores ≥ 0.05, best first; a particle's id is its place among them, from 1. scale: how many
    times the network saw the image enlarged. info: what made the results.
    """

    image: np.ndarray
    results: list[dict]
    pixel_size_nm: tuple[float, float] | None
    name: str
    page: int | None
    scale: float
    categories: list[dict]
    info: Mapping[str, Any]
    selection: Selection = DEFAULT_SELECTION
    # of all results, so that a selection measures nothing anew; measured where not given
    measures: pd.DataFrame = None
    # centre-lines by the counts of their RLEs, traced when asked for; all that is made of a result
    # shares them
    traced: dict[str, Centreline | None] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.measures is None:
            object.__setattr__(self, "measures", self._measure())

    def _measure(self) -> pd.DataFrame:
        table = particle_statistics(
            {"images": [self.record], "annotations": []}, self.results, {"statistics_score": 0.0}
        )
        table.insert(0, "id", table["particle"] + 1)
        items = [self.results[index] for index in table["particle"]]
        if "window" in self.info:  # the picture's edge cuts as the image's does
            boxes = np.array([item["bbox"] for item in items])
            table["touches_border"] |= cut_by(self.info["window"], boxes)
        for mask in ENDS & self.info.keys():
            table["touches_border"] |= cut_by_mask(decode_mask(self.info[mask]), items)
        return table.sort_values("id", ignore_index=True)[list(MASK_COLUMNS)]

    @property
    def record(self) -> dict:
        """COCO's record of the image."""
        height, width = self.image.shape
        size = self.pixel_size_nm
        return {
            "id": IMAGE_ID,
            "file_name": self.name,
            **({} if self.page is None else {"page": self.page}),
            "height": height,
            "width": width,
            "pixel_size_nm": None if size is None else list(size),
        }

    @functools.cached_property
    def ids(self) -> tuple[int, ...]:
        """Ids of the selected particles, best score first."""
        return self.ids_from(self.threshold)

    def ids_from(self, score: float) -> tuple[int, ...]:
        """Ids that the selection leaves of all particles with at least this score."""
        rules, table = self.selection, self.measures
        chosen = (table["score"] >= score) & (table["area_px"] >= rules.min_area_px)
        chosen &= table["area_px"] > 0
        if rules.min_area_nm2 > 0:
            if self.pixel_size_nm is None:
                raise InputError("a least area in nm² needs the pixel size")
            chosen &= table["area_nm2"] >= rules.min_area_nm2
        if rules.exclude_border:
            chosen &= ~table["touches_border"].astype(bool)
        ids = table["id"][chosen].tolist()
        if rules.remove_nested:
            candidates = [{**self.results[number - 1], "id": number} for number in ids]
            left = suppression.remove_nested(candidates, container_score=rules.threshold)
            ids = [item["id"] for item in left]
        unknown = set(rules.removed_ids + rules.kept_ids) - set(table["id"])
        if unknown:
            raise InputError(f"no particle {min(unknown)}; there are {len(table)}")
        return tuple(sorted((set(ids) | set(rules.kept_ids)) - set(rules.removed_ids)))

    @property
    def threshold(self) -> float:
        """Least score of a particle."""
        return self.selection.threshold

    @functools.cached_property
    def particles(self) -> pd.DataFrame:
        """One row for each selected particle; the columns are those of `PARTICLE_COLUMNS`."""
        table = self.measures[self.measures["id"].isin(self.ids)]
        lines = line_rows(self.centrelines, self.pixel_size_nm)
        table = table.join(lines, on="id").reset_index(drop=True)
        table["by_hand"] = [self.by_hand.get(number, "") for number in table["id"]]
        return table

    @functools.cached_property
    def by_hand(self) -> dict[int, str]:
        """What a person did to particles, a key of `BY_HAND`, by their ids."""
        made = {
            number: item["by_hand"]
            for number, item in enumerate(self.results, start=1)
            if "by_hand" in item
        }
        return {**dict.fromkeys(self.selection.kept_ids, "kept"), **made}

    @property
    def centrelines(self) -> dict[int, Centreline | None]:
        """Centre-line of each selected particle by its id, with widths by mask and by intensity."""
        for number in self.ids:
            rle = self.results[number - 1]["segmentation"]
            if rle["counts"] not in self.traced:
                self.traced[rle["counts"]] = line_of(rle, self.image)
        return {
            number: self.traced[self.results[number - 1]["segmentation"]["counts"]]
            for number in self.ids
        }

    @property
    def contours(self) -> pd.DataFrame:
        """Contours of the selected particles as periodic cubic splines: a row a knot.

        The columns are those of `particles.contours.CONTOUR_COLUMNS`.
        """
        from synthwire.particles.contours import contour_table  # here: splines take long to load

        return contour_table({item["id"]: item["segmentation"] for item in self.selected})

    @functools.cached_property
    def annotations(self) -> list[dict]:
        """COCO annotations of all results, with their scores; the ids are the particles'."""
        return [
            make_annotation(
                number,
                IMAGE_ID,
                item["segmentation"],
                category_id=item["category_id"],
                score=item["score"],
                **self._marks(number),
            )
            for number, item in enumerate(self.results, start=1)
        ]

    def _marks(self, number: int) -> dict[str, Any]:
        kind = self.by_hand.get(number)
        return {"attributes": {"by_hand": kind}} if kind else {}

    @property
    def selected(self) -> list[dict]:
        """COCO annotations of the selected particles."""
        return [self.annotations[number - 1] for number in self.ids]

    @property
    def masks(self) -> np.ndarray:
        """Boolean masks (particles, height, width) of the selected particles; they may overlap."""
        masks = np.zeros((len(self.ids), *self.image.shape), dtype=bool)
        crops = decode_crops(item["segmentation"] for item in self.selected)
        for mask, crop in zip(masks, crops, strict=True):
            mask[crop.place] = crop.pixels
        return masks

    @functools.cached_property
    def doubts(self) -> tuple[str, ...]:
        """Why the particles may be others than the specimen's, a sentence each."""
        return doubts_of(self)

    def select(self, **rules: Any) -> Segmentation:
        """The same results by other rules, without a new inference; see `Selection`.

        Rules that are not named stay as they are.
        """
        return replace(self, selection=replace(self.selection, **rules))

    def coco(self, *, everything: bool = False) -> dict:
        """A COCO data set of this image: the selected particles, or all results."""
        return {
            "info": {
                **self.info,
                "scale": self.scale,
                "selection": asdict(self.selection),
                "doubts": list(self.doubts),
            },
            "images": [self.record],
            "categories": self.categories,
            "annotations": self.annotations if everything else self.selected,
        }

    def as_files(self) -> dict[str, bytes]:
        """Content of each file of a result by its name; see `result_files.encode_files`."""
        return encode_files(self)

    def save(self, folder: str | os.PathLike, more: Mapping[str, bytes] | None = None) -> Path:
        """Write `as_files`, and `more`, to a folder, which appears whole or not at all.

        A result that lies there already is replaced; InputError when something else does.
        """
        return save_files(Path(folder), {**self.as_files(), **(more or {})})

    def overlay(self) -> bytes:
        """PNG: the image with each particle outlined and numbered by its id, and a scale bar."""
        return overlay_png(self)

    def evaluate(self, outlines: Sequence[Mapping]) -> dict:
        """All metrics of the results against outlines of the image; see `comparison.evaluate`."""
        return evaluate(self, outlines)

    @classmethod
    def from_coco(cls, data: Mapping, image: np.ndarray, selection: Selection) -> Segmentation:
        """What a proposals.json of `save` holds, with its image (height, width), by other rules."""
        info, record = dict(data["info"]), data["images"][0]
        scale = info.pop("scale")
        del info["selection"]
        info.pop("doubts", None)  # they go with the selection
        return cls(
            image,
            [
                {key: item[key] for key in ("image_id", "category_id", "bbox", "score")}
                | {"segmentation": item["segmentation"]}
                | _made_by_hand(item)
                for item in sorted(data["annotations"], key=lambda item: item["id"])
            ],
            as_pixel_size(record["pixel_size_nm"]),
            record["file_name"],
            record.get("page"),
            scale,
            data["categories"],
            info,
            selection,
        )


def _made_by_hand(annotation: Mapping) -> dict[str, str]:
    kind = (annotation.get("attributes") or {}).get("by_hand")
    return {"by_hand": kind} if kind in BY_HAND and kind != "kept" else {}
