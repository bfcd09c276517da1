"""Why a model fails on a microscopy: its AP against one imaging condition at a time.

Structures of known truth are imaged by a virtual microscope; then one condition is changed over a
range while all others stay, on the same structures and with the same random numbers. What the
model loses along the range is what that condition costs.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.transform import resize

from synthwire.datasets.image_sets.simulated import simulate_page
from synthwire.errors import InputError
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import categories_of
from synthwire.io.masks import decode_mask
from synthwire.runtime.seeds import Stage, generator
from synthwire.structures.settings import resolve_settings

Predict = Callable[[np.ndarray, int], list[dict]]

# name: (what it is, unit, values)
CONDITIONS: dict[str, tuple[str, str, tuple[float, ...]]] = {
    "noise": ("Added noise", "% of full scale", (0, 2, 4, 8, 16)),
    "blur": ("Added blur, σ", "px", (0, 1, 2, 3, 5)),
    "resolution": ("Raster step", "px", (1, 2, 3, 4, 6)),
    "density": ("Particles, relative", "×", (0.5, 1, 2, 3, 4)),
    "tilt": ("Tilt of the beam", "°", (0, 15, 30, 45, 60)),
}


def degrade(
    image: np.ndarray, condition: str, value: float, rng: np.random.Generator
) -> np.ndarray:
    """A uint8 image (height, width) with more noise, more blur, or on a coarser raster.

    noise: standard deviation of white Gaussian noise in percent of 255; blur: σ of a Gaussian in
    pixels; resolution: step in pixels of a raster on which the image is averaged, and from which it
    is interpolated to its old size again. Other conditions leave the image as it is.
    """
    grey = image.astype(float)
    if condition == "noise":
        grey = grey + 2.55 * value * rng.standard_normal(grey.shape)
    elif condition == "blur" and value > 0:
        grey = ndimage.gaussian_filter(grey, value, mode="nearest")
    elif condition == "resolution" and value > 1:
        coarse = [max(2, round(side / value)) for side in grey.shape]
        grey = resize(resize(grey, coarse, order=1, anti_aliasing=True), grey.shape, order=3)
    return np.rint(np.clip(grey, 0, 255)).astype(np.uint8)


def with_more_particles(settings: Mapping, factor: float) -> dict:
    """Settings of structures with `factor` times the particles in each scene."""
    changed = resolve_settings(settings)
    scaled = {"value", "low", "high", "mean", "std", "median", "min", "max"}
    for population in changed["populations"]:
        for field in ("count", "count_per_um2"):
            count = population.get(field)
            if isinstance(count, dict):
                for name in scaled & set(count):
                    count[name] *= factor
                if "values" in count:
                    count["values"] = [value * factor for value in count["values"]]
            elif count is not None:
                population[field] = count * factor
    return changed


def with_condition(entry: Mapping, condition: str, value: float) -> dict:
    """The image set's entry under one condition; `condition` may name a microscope's parameter."""
    changed = copy.deepcopy(dict(entry))
    if condition == "tilt":
        changed["tilt_deg"] = value
    elif condition == "density":
        changed["structures"] = with_more_particles(entry["structures"], value)
    elif condition not in CONDITIONS:
        changed["parameters"][condition] = value
    return changed


def diagnose(
    key: str,
    entry: Mapping,
    predict: Predict,
    evaluation: Mapping,
    *,
    seed: int,
    conditions: Mapping[str, Sequence[float]] | None = None,
    classes: Sequence[str] = ("nanowire",),
    progress: Callable[[Iterable], Iterable] = iter,
) -> pd.DataFrame:
    """AP and accuracy of a model over a range of each imaging condition.

    Parameters
    ----------
    key, entry: an image set of source `simulated`, defaults filled in; where the sweep starts.
    predict: COCO results of a uint8 image (height, width) and its id, as `predict.Predictor`.
    evaluation: the config's `evaluation`; its bootstrap is left out.
    conditions: {condition: values}; names are those of CONDITIONS, or of a parameter of the
        microscope. All of CONDITIONS with their own values when not given.

    Returns
    -------
    One row a condition and value: condition, label, unit, value, images, particles, overlap (mean
    share of a particle's projection that others cover or lie under), ap_bbox, ap_segm, ap50_segm,
    accuracy; all but the first seven and overlap in percent.
    """
    if entry["source"] != "simulated":
        raise InputError(f"image_sets.{key}: source is '{entry['source']}'; simulated is expected")
    if conditions is None:
        conditions = {name: values for name, (_, _, values) in CONDITIONS.items()}
    settings = {**evaluation, "bootstrap_replicates": 0}
    steps = [(name, value) for name, values in conditions.items() for value in values]
    rows = []
    for condition, value in progress(steps):
        changed = with_condition(entry, condition, value)
        data: dict = {"images": [], "annotations": [], "categories": categories_of(classes)}
        predictions: list[dict] = []
        overlaps: list[float] = []
        for number in range(entry["scenes"]):
            page = simulate_page(key, changed, seed, number, classes=classes)
            # One stream a page, whatever the value: a stronger noise is the same noise, stronger.
            rng = generator(seed, Stage.IMAGE_SETS, zlib.crc32(key.encode()), number, 1)
            image = degrade(page.image, condition, value, rng)
            data["images"].append(page.record)
            data["annotations"].extend(page.annotations)
            predictions.extend(predict(image, page.record["id"]))
            overlaps.extend(_overlaps(page.annotations))
        found = evaluate_predictions(data, predictions, settings)
        label, unit, _ = CONDITIONS.get(condition, (condition.replace("_", " "), "", ()))
        rows.append(
            {
                "condition": condition,
                "label": label,
                "unit": unit,
                "value": float(value),
                "images": len(data["images"]),
                "particles": len(data["annotations"]),
                "overlap": float(np.mean(overlaps)) if overlaps else 0.0,
                "ap_bbox": found["bbox"]["ap"],
                "ap_segm": found["segm"]["ap"],
                "ap50_segm": found["segm"]["ap50"],
                "accuracy": found["accuracy"],
            }
        )
    return pd.DataFrame(rows)


def _overlaps(annotations: Sequence[dict]) -> list[float]:
    """Share of each mask's pixels that another mask of the image covers too."""
    masks = [decode_mask(item["segmentation"]) for item in annotations]
    if not masks:
        return []
    depth = np.stack(masks).sum(axis=0, dtype=np.int32)
    return [float((depth[mask] > 1).mean()) for mask in masks]
