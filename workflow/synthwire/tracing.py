"""The other classical method: wires traced along the skeleton, through their crossings.

Foreground by a threshold, thinned to a skeleton; where its arms meet, those are joined that bend
least (as mBEST does: Choi et al., IEEE Robot. Autom. Lett. 8 (2023), and ridge tracing before it:
Steger, IEEE PAMI 20 (1998)). A wire is drawn as wide as the foreground along its arms, so that two
that cross both keep their crossing, which no watershed can give them. Its parameters are searched
for on synthetic training images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.draw import line
from skimage.filters import threshold_otsu
from skimage.morphology import skeletonize

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import make_annotation, only_images
from synthwire.io.masks import encode_mask
from synthwire.watershed import rank_results

SQUARE = np.ones((3, 3), dtype=bool)
REACH = 1.5  # widths from a crossing within which an arm's direction is taken


class Tracing(NamedTuple):
    """Parameters of the tracing.

    threshold: grey value above which a pixel is foreground, as a multiple of Otsu's.
    smoothing_px: σ of the Gaussian over the image before.
    spur: arms with a free end that are shorter than so many local widths are dropped.
    bend_deg: greatest bend between two arms that are one wire; at a point with two arms any.
    min_area_px: smaller wires are dropped.
    """

    threshold: float
    smoothing_px: float
    spur: float
    bend_deg: float
    min_area_px: int


@dataclass
class _Skeleton:
    """Arms between crossings: `arms` and `crossings` are label images, `radius` the distance of
    each pixel to the background.
    """

    arms: np.ndarray
    crossings: np.ndarray
    radius: np.ndarray
    points: list[np.ndarray]  # of each arm, (n, 2) rows and columns
    ends: list[list[int]]  # crossings that each arm leads to


def trace_wires(image: np.ndarray, parameters: Tracing) -> list[np.ndarray]:
    """Masks (height, width) of the wires of a grey image; wires that cross overlap.

    An image of one grey value has none.
    """
    if np.ptp(image) == 0:
        return []
    grey = image.astype(float)
    if parameters.smoothing_px > 0:
        grey = ndimage.gaussian_filter(grey, parameters.smoothing_px)
    foreground = grey > parameters.threshold * threshold_otsu(image)
    return wires_of(foreground, parameters.spur, parameters.bend_deg, parameters.min_area_px)


def wires_of(
    foreground: np.ndarray, spur: float, bend_deg: float, min_area_px: float = 0
) -> list[np.ndarray]:
    """Masks of the wires of a foreground (height, width); the parameters are those of `Tracing`."""
    skeleton = _skeleton_of(foreground)
    kept = _without_spurs(skeleton, spur)
    parent = list(range(len(skeleton.points)))
    links: list[tuple[int, np.ndarray]] = []
    for meeting, arms in _meetings(skeleton, kept).items():
        for one, other, path in _joined(skeleton, meeting, arms, bend_deg):
            parent[_root(parent, one)] = _root(parent, other)
            links.append((one, path))
    wires: dict[int, list[np.ndarray]] = {}
    for arm in sorted(kept):
        wires.setdefault(_root(parent, arm), []).append(skeleton.points[arm])
    bridges: dict[int, list[np.ndarray]] = {}
    for one, path in links:
        bridges.setdefault(_root(parent, one), []).append(path)
    masks = []
    for root, parts in wires.items():
        mask = _drawn(skeleton.radius, np.concatenate(parts), bridges.get(root, []))
        if mask.sum() >= max(1, min_area_px):
            masks.append(mask)
    return masks


def _skeleton_of(foreground: np.ndarray) -> _Skeleton:
    thin = skeletonize(foreground)
    radius = ndimage.distance_transform_edt(np.pad(foreground, 1))[1:-1, 1:-1]
    neighbours = ndimage.convolve(thin.astype(int), SQUARE.astype(int), mode="constant") - 1
    crossings, _ = ndimage.label(thin & (neighbours > 2), SQUARE)
    arms, number = ndimage.label(thin & (crossings == 0), SQUARE)
    reached = ndimage.grey_dilation(crossings, footprint=SQUARE)
    points = [np.argwhere(arms == arm) for arm in range(1, number + 1)]
    ends = [sorted(set(reached[tuple(part.T)].tolist()) - {0}) for part in points]
    return _Skeleton(arms, crossings, radius, points, ends)


def _width_at(skeleton: _Skeleton, crossing: int) -> float:
    return 2 * float(skeleton.radius[skeleton.crossings == crossing].max())


def _without_spurs(skeleton: _Skeleton, spur: float) -> set[int]:
    kept = set()
    for arm, (points, ends) in enumerate(zip(skeleton.points, skeleton.ends, strict=True)):
        free = len(ends) == 1
        if not (free and len(points) < spur * _width_at(skeleton, ends[0])):
            kept.add(arm)
    return kept


def _meetings(skeleton: _Skeleton, kept: set[int]) -> dict[int, list[int]]:
    """Arms that meet at each crossing. Two wires of some width cross in two forks and a bridge
    between them, shorter than the wires are wide: that is one crossing, and the bridge no arm.
    """
    parent = list(range(int(skeleton.crossings.max(initial=0)) + 1))
    for arm in sorted(kept):
        ends = skeleton.ends[arm]
        if len(ends) == 2 and len(skeleton.points[arm]) < max(
            _width_at(skeleton, end) for end in ends
        ):
            parent[_root(parent, ends[0])] = _root(parent, ends[1])
            kept.discard(arm)
    found: dict[int, list[int]] = {}
    for arm in sorted(kept):
        for end in {_root(parent, end) for end in skeleton.ends[arm]}:
            found.setdefault(end, []).append(arm)
    skeleton.crossings = np.array([_root(parent, place) for place in range(len(parent))])[
        skeleton.crossings
    ]
    return found


def _joined(
    skeleton: _Skeleton, meeting: int, arms: Sequence[int], bend_deg: float
) -> list[tuple[int, int, np.ndarray]]:
    """Pairs of arms that go on in one another at a crossing, with the pixels between them."""
    middle = np.argwhere(skeleton.crossings == meeting).mean(axis=0)
    width = _width_at(skeleton, meeting)
    starts, directions = {}, {}
    for arm in arms:
        offsets = skeleton.points[arm] - middle
        distances = np.hypot(*offsets.T)
        nearest = int(distances.argmin())
        starts[arm] = skeleton.points[arm][nearest]
        # beyond the crossing itself, where the skeleton is bent towards its middle
        near = offsets[distances <= distances[nearest] + REACH * width]
        far = near[np.hypot(*near.T) >= min(0.5 * width, float(np.hypot(*near.T).max()))]
        towards = far.mean(axis=0)
        directions[arm] = towards / max(float(np.hypot(*towards)), 1e-9)
    bends = sorted(
        (math.degrees(math.acos(float(np.clip(-directions[a] @ directions[b], -1, 1)))), a, b)
        for a, b in itertools.combinations(arms, 2)
    )
    free, pairs = set(arms), []
    for bend, a, b in bends:
        if a in free and b in free and (bend <= bend_deg or len(arms) == 2):
            free -= {a, b}
            rows, columns = line(*starts[a].tolist(), *starts[b].tolist())
            pairs.append((a, b, np.column_stack([rows, columns])))
    return pairs


def _drawn(radius: np.ndarray, points: np.ndarray, bridges: list[np.ndarray]) -> np.ndarray:
    """A wire's mask: every pixel as near to its line as the line is to the background there.

    Where others cross or touch it the background is far: there it is as wide as in the middle.
    """
    own = radius[tuple(points.T)]
    usual = float(np.median(own))
    widths = np.zeros(radius.shape)
    path = np.zeros(radius.shape, dtype=bool)
    for part in bridges:
        path[tuple(part.T)] = True
        widths[tuple(part.T)] = usual
    path[tuple(points.T)] = True
    widths[tuple(points.T)] = np.minimum(own, 1.25 * usual)
    reach = math.ceil(1.25 * usual) + 1
    rows, columns = np.flatnonzero(path.any(axis=1)), np.flatnonzero(path.any(axis=0))
    box = (
        slice(max(0, rows[0] - reach), rows[-1] + reach + 1),
        slice(max(0, columns[0] - reach), columns[-1] + reach + 1),
    )
    distance, nearest = ndimage.distance_transform_edt(~path[box], return_indices=True)
    mask = np.zeros(radius.shape, dtype=bool)
    mask[box] = distance < widths[box][tuple(nearest)]
    return mask


def _root(parent: list[int], place: int) -> int:
    while parent[place] != place:
        place = parent[place]
    return place


def as_results(masks: Iterable[np.ndarray], image_id: int) -> list[dict]:
    """COCO results of masks, without scores but with `area`, as `rank_results` takes them. The
    category is the data set's first.
    """
    results = []
    for mask in masks:
        item = make_annotation(1, image_id, encode_mask(mask))
        results.append(
            {key: item[key] for key in ("image_id", "category_id", "segmentation", "bbox", "area")}
        )
    return results


def apply_tracing(
    images: Iterable[tuple[int, np.ndarray]], parameters: Tracing, least_score: float
) -> list[dict]:
    """COCO results of (image id, grey image) pairs, the largest surest, from `least_score` to 1."""
    found = [
        result
        for image_id, image in images
        for result in as_results(trace_wires(image, parameters), image_id)
    ]
    return rank_results(found, parameters.min_area_px, "area", least_score)


def tune_tracing(
    images: Sequence[tuple[int, np.ndarray]],
    truth: Mapping,
    grid: Mapping[str, Sequence],
    evaluation: Mapping,
    *,
    progress: Callable[[Sequence], Iterable] = iter,
) -> pd.DataFrame:
    """Mask AP of every combination of parameters, best first, as `watershed.tune_watershed`."""
    truth = only_images(truth, {image_id for image_id, _ in images})
    settings = {key: evaluation[key] for key in ("accuracy_score", "area_limits_px", "detections")}
    rows = []
    for values in progress(list(itertools.product(*(grid[name] for name in Tracing._fields)))):
        results = apply_tracing(images, Tracing(*values), evaluation["accuracy_score"])
        found = evaluate_predictions(truth, results, settings)["segm"]
        rows.append((*values, found["ap"], found["ap50"]))
    table = pd.DataFrame(rows, columns=[*Tracing._fields, "ap_segm", "ap50_segm"])
    return table.sort_values("ap_segm", ascending=False, kind="stable", ignore_index=True)
