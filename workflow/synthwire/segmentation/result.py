"""One image in, its particles out: the library's front door.

    from synthwire import segment
    result = segment("wires.tif", pixel_size_nm=6)
    result.particles      # pandas table, one row a particle
    result.masks          # boolean array (particles, height, width)
    result.save("wires")  # overlay, table, COCO, label image and Fiji ROIs

The command line and the web app stand on this module.
"""

from __future__ import annotations

import functools
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from synthwire.errors import InputError
from synthwire.evaluation import suppression
from synthwire.figures.kit import style
from synthwire.figures.particles import draw_particles
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import make_annotation
from synthwire.io.files import atomic_directory, json_ready
from synthwire.io.masks import decode_mask
from synthwire.io.outlines import fiji_rois, label_tiff
from synthwire.particles.table import COLUMNS, particle_statistics
from synthwire.segmentation.options import Selection

if TYPE_CHECKING:
    pass


FILES = ("overlay.png", "particles.csv", "coco.json", "labels.tif", "rois.zip")
COMPARISON_FILES = ("comparison.png", "evaluation.json")  # where outlines are given
RESULT_FILES = FILES + COMPARISON_FILES
EVERYDAY = Selection()
IMAGE_ID = 1  # each image is a data set of its own

PARTICLE_COLUMNS = {
    "id": "number of the particle, best score first; the same in all files of one image",
    **{
        name: meaning
        for name, meaning in COLUMNS.items()
        if name not in ("source", "image_id", "particle", "matched")
    },
}


class Masks(Sequence):
    """Masks of COCO annotations, each decoded only when it is looked at: big images have many."""

    def __init__(self, items: Sequence[Mapping]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> np.ndarray:
        return decode_mask(self._items[index]["segmentation"])


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
    selection: Selection = EVERYDAY
    # of all results, so that a selection measures nothing anew
    measures: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.measures is None:
            object.__setattr__(self, "measures", self._measure())

    def _measure(self) -> pd.DataFrame:
        table = particle_statistics(
            {"images": [self.record], "annotations": []}, self.results, {"statistics_score": 0.0}
        )
        table.insert(0, "id", table["particle"] + 1)
        return table.sort_values("id", ignore_index=True)[list(PARTICLE_COLUMNS)]

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
        return self._ids_from(self.threshold)

    def _ids_from(self, score: float) -> tuple[int, ...]:
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
        return self.measures[self.measures["id"].isin(self.ids)].reset_index(drop=True)

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
            )
            for number, item in enumerate(self.results, start=1)
        ]

    @property
    def selected(self) -> list[dict]:
        """COCO annotations of the selected particles."""
        return [self.annotations[number - 1] for number in self.ids]

    @property
    def masks(self) -> np.ndarray:
        """Boolean masks (particles, height, width) of the selected particles; they may overlap."""
        masks = np.zeros((len(self.ids), *self.image.shape), dtype=bool)
        for mask, item in zip(masks, self.selected, strict=True):
            mask[:] = decode_mask(item["segmentation"])
        return masks

    def select(self, **rules: Any) -> Segmentation:
        """The same results by other rules, without a new inference; see `Selection`.

        Rules that are not named stay as they are.
        """
        return replace(self, selection=replace(self.selection, **rules))

    def coco(self, *, everything: bool = False) -> dict:
        """A COCO data set of this image: the selected particles, or all results."""
        return {
            "info": {**self.info, "scale": self.scale, "selection": asdict(self.selection)},
            "images": [self.record],
            "categories": self.categories,
            "annotations": self.annotations if everything else self.selected,
        }

    def as_files(self) -> dict[str, bytes]:
        """Content of each file of `FILES` by its name.

        overlay.png: the particles over the image. particles.csv: `particles`. coco.json: all
        results, whatever the selection. labels.tif: pixels are a particle's id; particles that
        overlap stand on several pages. rois.zip: for Fiji.
        """
        chosen = self.coco()
        table = self.particles.to_csv(index=False, lineterminator="\n", float_format="%.7g")
        text = json.dumps(
            json_ready(self.coco(everything=True)), ensure_ascii=False, separators=(",", ":")
        )
        files = {
            "overlay.png": self.overlay(),
            "particles.csv": table.encode(),
            "coco.json": (text + "\n").encode(),
            "labels.tif": label_tiff(self.record, chosen["annotations"], self.ids),
            "rois.zip": fiji_rois(chosen),
        }
        return {name: files[name] for name in FILES}

    def save(self, folder: str | os.PathLike, more: Mapping[str, bytes] | None = None) -> Path:
        """Write `as_files`, and `more`, to a folder, which appears whole or not at all.

        A result that lies there already is replaced; InputError when something else does.
        """
        folder = Path(folder)
        if folder.exists() and not is_result(folder):
            raise InputError(f"{folder}: holds something else than a result; it stays as it is")
        with atomic_directory(folder) as temporary:
            for name, content in {**self.as_files(), **(more or {})}.items():
                (temporary / name).write_bytes(content)
        return folder

    def overlay(self) -> bytes:
        """PNG: the image with each particle outlined and numbered by its id, and a scale bar."""
        return png_of(
            draw_particles(self.image, Masks(self.selected), self.ids, self.pixel_size_nm)
        )

    def evaluate(self, outlines: Sequence[Mapping]) -> dict:
        """All metrics of the results against outlines of the image, COCO annotations.

        Average precision is over all scores; what is counted at one, at the selection's threshold.
        Nested, small and removed detections count for nothing, as in the selection. The keys are
        those of `evaluate.evaluate_predictions`.
        """
        from synthwire.evaluation.evaluate import evaluate_predictions
        from synthwire.schema import validate

        settings = validate({}, "evaluation.schema.yaml", "evaluation")
        most = max(len(self.results), *settings["detections"])
        return evaluate_predictions(
            {
                "images": [self.record],
                "categories": self.categories,
                "annotations": [{**item, "image_id": IMAGE_ID} for item in outlines],
            },
            [self.annotations[number - 1] for number in self._ids_from(0.0)],
            {
                **settings,
                "accuracy_score": self.threshold,
                "detections": [most, most],
                "bootstrap_replicates": 0,
            },
        )

    @classmethod
    def from_coco(cls, data: Mapping, image: np.ndarray, selection: Selection) -> Segmentation:
        """What a coco.json of `save` holds, with its image (height, width), by other rules."""
        info, record = dict(data["info"]), data["images"][0]
        scale = info.pop("scale")
        del info["selection"]
        return cls(
            image,
            [
                {key: item[key] for key in ("image_id", "category_id", "bbox", "score")}
                | {"segmentation": item["segmentation"]}
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


def comparison_files(result: Segmentation, outlines: Sequence[Mapping]) -> dict[str, bytes]:
    """Content of each file of `COMPARISON_FILES`: a segmentation against outlines of its image.

    outlines: COCO annotations; those with iscrowd = 1 count neither for nor against.
    """
    from synthwire.datasets.annotated_images import AnnotatedImage
    from synthwire.figures.prediction import draw_prediction

    evaluation = result.evaluate(outlines)
    record = result.record
    picture = AnnotatedImage(
        Path(result.name),
        result.page or 0,
        IMAGE_ID,
        record["width"],
        record["height"],
        result.name,
        tuple({**item, "image_id": IMAGE_ID} for item in outlines),
        result.pixel_size_nm,
    )
    picture.__dict__["pixels"] = result.image  # it is here; the file may be gone or elsewhere
    drawing = draw_prediction(picture, result.selected, result.info["model"], evaluation, score=0.0)
    return {
        "comparison.png": png_of(drawing.figure),
        "evaluation.json": (json.dumps(evaluation, indent=1) + "\n").encode(),
    }


def png_of(figure: Figure) -> bytes:
    content = io.BytesIO()
    with style.context():
        figure.savefig(content, format="png", dpi="figure", metadata={"Software": None})
    return content.getvalue()


def is_result(folder: Path) -> bool:
    """Whether a folder holds nothing but what `Segmentation.save` writes."""
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= set(RESULT_FILES)
