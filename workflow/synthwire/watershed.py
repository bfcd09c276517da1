"""What a model has to beat: the distance-map watershed, tuned as well as it can be.

The routine way to part touching particles (paper, Supplementary Note 2): foreground by a threshold,
distance of each pixel to the background, one particle a maximum of that distance. Its regions
cannot overlap, so a wire below another one is cut in two. Its parameters are searched for on
synthetic training images, which no model and no parameter is tested on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import make_annotation, only_images
from synthwire.io.masks import encode_mask

WATERSHED = "watershed"  # its name among the models
ORDERS = ("area", "solidity")


class Watershed(NamedTuple):
    """Parameters of the distance-map watershed.

    threshold: grey value from which a pixel is foreground, as a multiple of Otsu's.
    smoothing_px: σ of the Gaussian that smooths the distances.
    depth_px: how far a maximum of the distances has to rise above the saddle that leads to a higher
        one to be a particle of its own (the h-maxima transform).
    min_area_px: smaller regions are dropped.
    order: what ranks the regions for average precision, "area" or "solidity" (area over the area
        of the convex hull), greatest first.
    """

    threshold: float
    smoothing_px: float
    depth_px: float
    min_area_px: int
    order: str


def label_regions(
    image: np.ndarray, threshold: float, smoothing_px: float, depth_px: float
) -> np.ndarray:
    """Label image (height, width) of the watershed of a grey image; 0 is background.

    The parameters are those of `Watershed`. An image of one grey value has no regions.
    """
    if np.ptp(image) == 0:
        return np.zeros(image.shape, dtype=np.int32)
    foreground = image >= threshold * threshold_otsu(image)
    distance = ndimage.distance_transform_edt(foreground)
    if smoothing_px > 0:
        distance = ndimage.gaussian_filter(distance, smoothing_px)
    markers = label(h_maxima(distance, depth_px) & foreground)
    return watershed(-distance, markers, mask=foreground)


def regions_as_results(labels: np.ndarray, image_id: int) -> list[dict]:
    """COCO results of a label image, without scores but with `area` and `solidity`.

    The category is the data set's first: a watershed knows no classes.
    """
    results = []
    for region in regionprops(labels):
        mask = np.zeros(labels.shape, dtype=bool)
        mask[region.slice] = region.image
        item = make_annotation(1, image_id, encode_mask(mask))
        results.append(
            {
                **{key: item[key] for key in ("image_id", "category_id", "segmentation", "bbox")},
                "area": float(region.area),
                # a hull of fewer than three corners has no area of its own
                "solidity": min(1.0, float(region.area / max(region.area_convex, region.area))),
            }
        )
    return results


def rank_results(
    results: Sequence[Mapping], min_area_px: int, order: str, least_score: float
) -> list[dict]:
    """COCO results with scores from `least_score` to 1 in the order of a property.

    A watershed is sure of all of its regions: none falls below the score from which the accuracy
    and the statistics count instances. The results are those of `regions_as_results`, of all
    images of a set, so that one scale goes for all.
    """
    kept = [item for item in results if item["area"] >= min_area_px]
    greatest = max((item[order] for item in kept), default=1.0)
    return [
        {
            **{key: value for key, value in item.items() if key not in ORDERS},
            "score": least_score + (1 - least_score) * item[order] / greatest,
        }
        for item in kept
    ]


def apply_watershed(
    images: Iterable[tuple[int, np.ndarray]], parameters: Watershed, least_score: float
) -> list[dict]:
    """COCO results of (image id, grey image) pairs."""
    found = [
        result
        for image_id, image in images
        for result in regions_as_results(label_regions(image, *parameters[:3]), image_id)
    ]
    return rank_results(found, parameters.min_area_px, parameters.order, least_score)


def tune_watershed(
    images: Sequence[tuple[int, np.ndarray]],
    truth: Mapping,
    grid: Mapping[str, Sequence],
    evaluation: Mapping,
    *,
    progress: Callable[[Sequence], Iterable] = iter,
) -> pd.DataFrame:
    """Mask AP of every combination of parameters, best first; equals stay in the grid's order.

    images: (image id, grey image) pairs. truth: a COCO data set that holds them, and perhaps
    others. grid: values of each field of `Watershed`. evaluation: the config's `evaluation`, of
    which only what shapes AP counts.
    Columns: the fields of `Watershed`, ap_segm and ap50_segm in percent.
    """
    truth = only_images(truth, {image_id for image_id, _ in images})
    least_score = evaluation["accuracy_score"]
    settings = {key: evaluation[key] for key in ("accuracy_score", "area_limits_px", "detections")}
    rows = []
    for parameters in progress(
        list(itertools.product(grid["threshold"], grid["smoothing_px"], grid["depth_px"]))
    ):
        regions = [
            result
            for image_id, image in images
            for result in regions_as_results(label_regions(image, *parameters), image_id)
        ]
        for min_area_px, order in itertools.product(grid["min_area_px"], grid["order"]):
            results = rank_results(regions, min_area_px, order, least_score)
            found = evaluate_predictions(truth, results, settings)["segm"]
            rows.append((*parameters, min_area_px, order, found["ap"], found["ap50"]))
    table = pd.DataFrame(rows, columns=[*Watershed._fields, "ap_segm", "ap50_segm"])
    return table.sort_values("ap_segm", ascending=False, kind="stable", ignore_index=True)


def best_parameters(search: pd.DataFrame) -> Watershed:
    """The parameters in the first row of a search."""
    row = search.iloc[0]
    return Watershed(
        float(row["threshold"]),
        float(row["smoothing_px"]),
        float(row["depth_px"]),
        int(row["min_area_px"]),
        str(row["order"]),
    )
