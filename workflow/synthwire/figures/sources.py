"""Reading the stored results that figures are drawn from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from synthwire.annotations import annotations_by_image, decode_mask, read_coco
from synthwire.errors import InputError
from synthwire.files import read_json
from synthwire.images import read_recording


@dataclass(frozen=True)
class Picture:
    """One image with its outlines.

    label: what people call its image set ("X-ray ptychography").
    annotations: COCO annotations with RLE segmentation; those with iscrowd = 1 are ignore regions.
    pixel_size_nm: one number, [vertical, horizontal], or None when unknown.
    """

    path: Path
    page: int
    image_id: int
    width: int
    height: int
    label: str
    annotations: tuple[dict, ...]
    pixel_size_nm: float | tuple[float, float] | None = None
    pixel_size_assumed: bool = False

    @cached_property
    def pixels(self) -> np.ndarray:
        """The image, uint8 (height, width) or (height, width, 3); read when first asked for."""
        return _read_pixels(self.path, self.page, self.width, self.height)

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.width / self.height

    def masks(self, *, ignored: bool = False) -> list[np.ndarray]:
        """Boolean masks (height, width) of the particles, or of the ignore regions."""
        return [decode_mask(rle) for rle in self.rles(ignored=ignored)]

    def rles(self, *, ignored: bool = False) -> list[dict]:
        """The same as run-length encodings."""
        return [
            item["segmentation"]
            for item in self.annotations
            if bool(item.get("iscrowd", 0)) == ignored
        ]


def _read_pixels(path: Path, page: int, width: int, height: int) -> np.ndarray:
    pages = read_recording(path).pages
    if page >= len(pages):
        raise InputError(f"{path}: {len(pages)} pages, but its annotations name page {page}")
    pixels = pages[page]
    if pixels.shape[:2] != (height, width):
        raise InputError(
            f"{path}: {pixels.shape[1]} × {pixels.shape[0]} pixels, "
            f"but its annotations are for {width} × {height}"
        )
    return pixels


def read_image_set(folder: str | os.PathLike) -> list[Picture]:
    """The pictures of microscopy/{images}: image.tif and annotations.json."""
    folder = Path(folder)
    data = read_coco(folder / "annotations.json")
    label = data.get("image_set", {}).get("label") or folder.name
    groups = annotations_by_image(data)
    pictures = []
    for index, image in enumerate(data["images"]):
        size = image.get("pixel_size_nm")
        pictures.append(
            Picture(
                path=folder / image.get("file_name", "image.tif"),
                page=int(image.get("page", index)),
                image_id=image["id"],
                width=int(image["width"]),
                height=int(image["height"]),
                label=label,
                annotations=tuple(groups[image["id"]]),
                pixel_size_nm=tuple(size) if isinstance(size, list) else size,
                pixel_size_assumed=bool(image.get("pixel_size_assumed", False)),
            )
        )
    return pictures


def read_synthetic(
    annotations: str | os.PathLike,
    images: str | os.PathLike,
    pixel_size_nm: float | None = None,
    label: str = "Synthetic",
) -> list[Picture]:
    """The pictures of a synthetic data set (dataset/val.json).

    images: the folder that holds the shards (images/{shard}/scene_*.png); records name the file
        alone, so all shards are searched.
    pixel_size_nm: the voxel size of the structures.
    """
    data = read_coco(annotations)
    groups = annotations_by_image(data)
    stored = {path.name: path for path in sorted(Path(images).glob("**/*.png"))}
    pictures = []
    for image in data["images"]:
        name = Path(image["file_name"]).name
        if name not in stored:
            raise InputError(f"{images}: no shard holds {name}, which {annotations} names")
        size = image.get("pixel_size_nm", pixel_size_nm)
        pictures.append(
            Picture(
                path=stored[name],
                page=0,
                image_id=image["id"],
                width=int(image["width"]),
                height=int(image["height"]),
                label=label,
                annotations=tuple(groups[image["id"]]),
                pixel_size_nm=size,
            )
        )
    return pictures


def read_predictions(path: str | os.PathLike, min_score: float) -> dict[int, list[dict]]:
    """Predictions of each image id with at least `min_score`, best first."""
    results = read_json(path)
    if not isinstance(results, list):
        raise InputError(f"{path}: COCO results are a list, this is {type(results).__name__}")
    groups: dict[int, list[dict]] = {}
    for item in sorted(results, key=lambda item: -item["score"]):
        if item["score"] >= min_score:
            groups.setdefault(item["image_id"], []).append(item)
    return groups


def best_model(evaluations: Mapping[str, Mapping], measure: Sequence[str] = ("segm", "ap")) -> str:
    """The model whose evaluation on one image set has the greatest measure (mask AP by default).

    evaluations: model → its evaluation (evaluation/{model}/{images}.json). Models without a value
        (NaN, null) do not count; of equals the first in the mapping's order wins.
    """
    scores = {}
    for model, evaluation in evaluations.items():
        value = evaluation
        for key in measure:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None and np.isfinite(value):
            scores[model] = float(value)
    if not scores:
        raise InputError(
            f"no model has a value of {'.'.join(measure)}: the best cannot be chosen; "
            "does the image set have outlines?"
        )
    return max(scores, key=scores.__getitem__)


def group_evaluations(paths: Iterable[str | os.PathLike]) -> dict[str, dict[str, dict]]:
    """Stored evaluations by image set and model: {images: {model: evaluation}}."""
    groups: dict[str, dict[str, dict]] = {}
    for result in map(read_json, paths):
        groups.setdefault(result["images"], {})[result["model"]] = result
    return groups


def best_of_each_set(
    paths: Iterable[str | os.PathLike], labels: Mapping[str, str]
) -> tuple[dict[str, dict], dict[str, str]]:
    """The best model's evaluation, and its name, of each image set: {label: …}, {label: model}.

    labels: image set → its name for people; they give the order.
    """
    groups = group_evaluations(paths)
    models = {label: best_model(groups[images]) for images, label in labels.items()}
    return {label: groups[images][models[label]] for images, label in labels.items()}, models
