"""How far each thing that a network found stands out, and what else it found in the image.

A network judges a particle by the pixels about it. Whether grains of a rough ground are particles
shows in the rest of the image as well: in how far grey values swing where nothing was found, and in
how many finds are sure ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from synthwire.io.masks import MaskCrop, decode_crops, mask_areas
from synthwire.particles.widths import widths_px

SURE, SOME, WEAK = 0.6, 0.3, 0.1  # scores from which a find counts as sure, as cover, and at all
RING, RING_PX = 0.75, (4, 48)  # how far the ground about a find reaches: of its width, and limits
SIGMA = 0.7  # of the Gaussian before every so many pixels are taken, in their steps
OCTAVE_SIGMA = SIGMA * 3**0.5  # which makes one of so many pixels that of twice as many
EVIDENCE = (
    "score",  # its logit
    "width",  # over the one that the network knows, as a logarithm
    "aspect_ratio",  # as a logarithm
    "contrast",  # to the ring about it, of the image's range
    "contrast_to_swing",  # over how far the ground swings at the same width
    "contrast_to_ring",  # over the standard deviation in the ring
    "evenness",  # standard deviation within over that in the ring, as a logarithm
    "step",  # across the outline, of the image's range
    "step_to_swing",
    "agreement",  # share of the outline across which it is brighter within
    "weakest_step",  # across a fifth of the outline, of the image's range
    "crowding",  # share of the ring that other finds cover
    "at_the_edge",
    "contrast_beyond_others",
    "width_beyond_others",
    # of the whole image
    "ground",  # standard deviation where nothing was found, of the image's range
    "swing",  # of the ground at this width, of the image's range
    "noise",  # mean difference of neighbouring pixels at the usual width, of the image's range
    "best_score",
    "best_five",
    "density_of_sure",  # a hundred squares of the usual width, as a logarithm
    "density_of_all",
    "share_of_sure",
    "covered",
    "usual_contrast_to_swing",
    "usual_agreement",
    "usual_width",
)


class _Ground(NamedTuple):
    cover: np.ndarray  # how many finds cover a pixel
    free: np.ndarray  # bool, where there is none
    middle: float  # grey value
    range: float  # of grey values
    smoothed: dict[int, np.ndarray]  # of the image, by steps
    swings: dict[int, float]  # by octaves

    def pixels(self, step: int) -> np.ndarray:
        """Every so many pixels down and across, float32, smoothed so that all of them count.

        step: a power of 2. By a Gaussian of `SIGMA` steps, each from the step before.
        """
        if step not in self.smoothed:
            smooth = ndimage.gaussian_filter(self.pixels(step // 2), OCTAVE_SIGMA)
            self.smoothed[step] = smooth[::2, ::2]
        return self.smoothed[step]

    def swing(self, width_px: float) -> float:
        """Standard deviation where nothing was found of what is about as wide as a find."""
        octave = int(np.clip(round(np.log2(max(width_px, 1))), 0, 7))
        if octave not in self.swings:
            step = max(1, 2 ** (octave - 2))
            pixels, half = self.pixels(step), 2.0**octave / 2 / step
            band = ndimage.gaussian_filter(pixels, 0.7 * half)
            band -= ndimage.gaussian_filter(pixels, 2.5 * half)
            free = self.free[::step, ::step]
            spread = float(band[free if free.any() else ...].std())
            self.swings[octave] = max(spread, 0.3)
        return self.swings[octave]


def _step(width_px: float) -> int:
    """A power of 2, at whose steps a find is 8 to 16 px wide, or as wide as it is."""
    return int(2 ** max(0, np.floor(np.log2(max(width_px, 1) / 8))))


def evidence_of(image: np.ndarray, results: Sequence[Mapping], known_px: float) -> np.ndarray:
    """A row for each COCO result of an image, with the columns EVIDENCE; all are finite.

    image: uint8 (height, width), particles bright; known_px: width in its pixels of the particles
    that the network knows best.
    """
    if not results:
        return np.zeros((0, len(EVIDENCE)))
    scores = np.array([item["score"] for item in results], dtype=float)
    rles = [item["segmentation"] for item in results]
    widths = np.maximum(widths_px(results), 1.0)
    lengths = np.maximum(mask_areas(rles) / widths, widths)
    crops = decode_crops(rles)
    cover = np.zeros(image.shape, dtype=np.int32)
    for crop, score in zip(crops, scores.tolist(), strict=True):
        if score >= SOME:
            cover[crop.place] += crop.pixels
    ground = _ground(image, cover)
    own = np.array(
        [
            _of_one(ground, crop, width, score >= SOME)
            for crop, width, score in zip(crops, widths.tolist(), scores.tolist(), strict=True)
        ]
    )
    contrast, log_widths = own[:, 0], np.log(widths)
    worth = scores**2
    usual = {
        name: float(np.average(values, weights=worth))
        for name, values in (
            ("contrast", contrast),
            ("to_swing", own[:, 1]),
            ("agreement", own[:, 6]),
            ("width", log_widths),
        )
    }
    squares = image.size / np.exp(2 * usual["width"]) / 100
    sure, weak = int((scores >= SURE).sum()), int((scores >= WEAK).sum())
    grey = ground.pixels(_step(np.exp(usual["width"])))
    noise = np.abs(np.diff(grey, axis=1)).clip(max=40)
    whole = [
        max(float(noise.mean()) if noise.size else 0.0, 0.5) / ground.range,
        scores.max(),
        np.sort(scores)[-5:].mean(),
        np.log(sure / squares + 0.01),
        np.log(weak / squares + 0.01),
        sure / max(weak, 1),
        float(np.mean(cover > 0)),
        usual["to_swing"],
        usual["agreement"],
        usual["width"] - np.log(known_px),
    ]
    return np.column_stack(
        [
            np.log((scores + 0.002) / (1.002 - scores)),
            log_widths - np.log(known_px),
            np.log(lengths / widths),
            own[:, :-1],
            contrast - usual["contrast"],
            log_widths - usual["width"],
            np.full(len(scores), float(ground.pixels(1)[ground.free].std()) / ground.range),
            own[:, -1],
            np.tile(whole, (len(scores), 1)),
        ]
    )


def _ground(image: np.ndarray, cover: np.ndarray) -> _Ground:
    smooth = ndimage.gaussian_filter(image.astype(np.float32), SIGMA)
    free = cover == 0
    if free.mean() < 0.05:
        free = np.ones_like(free)
    low, middle, high = np.percentile(smooth, [1, 50, 99]).tolist()
    return _Ground(cover, free, middle, max(high - low, 10.0), {1: smooth}, {})


def _of_one(ground: _Ground, crop: MaskCrop, width: float, covers: bool) -> list[float]:
    """The columns from contrast to at_the_edge, and swing; thick finds are seen smaller."""
    height, across = ground.cover.shape
    rows, columns = crop.place
    reach = int(np.clip(round(RING * width), *RING_PX))
    top, bottom = max(rows.start - reach, 0), min(rows.stop + reach, height)
    left, right = max(columns.start - reach, 0), min(columns.stop + reach, across)
    mask = np.zeros((bottom - top, right - left), dtype=bool)
    mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = (
        crop.pixels
    )
    step = _step(width)
    down, right_of = -top % step, -left % step  # to the first pixel that is a step of the image
    mask = mask[down::step, right_of::step]
    cover = ground.cover[top:bottom, left:right][down::step, right_of::step]
    others = cover > (mask if covers else 0)
    grey = ground.pixels(step)[-(-top // step) :, -(-left // step) :][
        : mask.shape[0], : mask.shape[1]
    ]
    deep = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] * step
    near = np.full(mask.shape, np.inf)
    if mask.any():
        near = ndimage.distance_transform_edt(~mask) * step
    ring = (near > 1.5 * step) & (near <= reach)
    alone = ring & ~others
    crowding = 1 - int(alone.sum()) / max(int(ring.sum()), 1)
    if alone.sum() < 12:
        alone = ring
    core = deep >= min(1.5 * step, deep.max() / 2) if mask.any() else mask
    within = grey[core] if core.any() else np.array([ground.middle])
    about = grey[alone] if alone.any() else np.array([ground.middle])
    contrast = float(within.mean() - about.mean())
    spread_in, spread_out = max(float(within.std()), 1.5), max(float(about.std()), 1.5)
    rim = max(2.0, width / 4, step)
    steps = _steps(
        grey, (deep > 0) & (deep <= rim), (near > 0) & (near <= rim + step) & ~others, width / step
    )
    if not steps.size:
        steps = np.array([contrast])
    swing = ground.swing(width)
    at_the_edge = (
        rows.start <= 0 or columns.start <= 0 or rows.stop >= height or columns.stop >= across
    )
    return [
        contrast / ground.range,
        float(np.arcsinh(contrast / swing)),
        float(np.arcsinh(contrast / spread_out)),
        float(np.log(spread_in / spread_out)),
        float(steps.mean()) / ground.range,
        float(np.arcsinh(steps.mean() / swing)),
        float(np.mean(steps > 0)),
        float(np.percentile(steps, 20)) / ground.range,
        crowding,
        float(at_the_edge),
        swing / ground.range,
    ]


def _steps(grey: np.ndarray, inner: np.ndarray, outer: np.ndarray, width: float) -> np.ndarray:
    """How much brighter a rim is than what lies outside it, in each square of about a width."""
    side = max(int(width), 3)
    down, across = (-(-length // side) for length in grey.shape)
    row, column = np.arange(grey.shape[0])[:, np.newaxis], np.arange(grey.shape[1])
    square = (row // side) * across + column // side
    means = []
    for where in (inner, outer):
        count = np.bincount(square[where], minlength=down * across)
        total = np.bincount(square[where], grey[where], minlength=down * across)
        with np.errstate(invalid="ignore"):
            means.append(total / count)
    steps = means[0] - means[1]
    return steps[np.isfinite(steps)]
