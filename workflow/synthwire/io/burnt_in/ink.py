"""Connected pieces of what is drawn with one ink: of one value, with edges sharper than optics'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

_TOLERANCE = 8  # of 8 bit around black and white, as JPEG leaves it
_ALIKE = 90  # of 8 bit: what is as near to an ink, beside it, is the smoothed edge of a letter
_AWAY = 60  # of 8 bit, which lie between an ink and what is two pixels off
_SPIKE = 5  # times its neighbours in the histogram is a grey ink's value
_SPIKES = 4  # values; more are a stretched histogram
_LEAST_PX, _MOST_PIECES = 12, 1500
_COLOURED, _GREY = 60, 12  # differences between the channels, of 8 bit
_SQUARE = np.ones((3, 3), dtype=bool)
Box = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True)
class Ink:
    """What is drawn with one ink.

    shade: uint8 (height, width), how much the image is this ink, 255 wholly.
    labels: (height, width), 0 where there is none. boxes (N, 4): top, left, bottom, right of each
    piece; areas (N,) in px; crisp (N,): share of its surroundings that leaves the ink at once.
    coloured: whether it is a colour on grey, which no picture has; pure: that, black or white.
    """

    shade: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    crisp: np.ndarray
    coloured: bool = False
    pure: bool = True

    @property
    def heights(self) -> np.ndarray:
        """Of the pieces, in px."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def widths(self) -> np.ndarray:
        """Of the pieces, in px."""
        return self.boxes[:, 3] - self.boxes[:, 1]

    def box(self, index: int) -> Box:
        """Of a piece."""
        top, left, bottom, right = (int(side) for side in self.boxes[index])
        return top, left, bottom, right

    def piece(self, index: int) -> np.ndarray:
        """Where a piece is within its box (boolean)."""
        top, left, bottom, right = self.boxes[index]
        return np.asarray(self.labels[top:bottom, left:right] == index + 1)


def to_bytes(page: np.ndarray) -> np.ndarray:
    """A page (height, width[, 3]) in 8 bit, from its least to its greatest value."""
    if page.dtype == np.uint8:
        return page
    # what does not fit into 32 bit would be infinite, or nothing
    wide = page.dtype == np.float64
    values = page.astype(np.float64 if wide else np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(page.shape, dtype=np.uint8)
    low, high = values[finite].min(), values[finite].max()
    scaled = (values - low) * (255 / max(float(high - low), 1e-300 if wide else 1e-30))
    return np.nan_to_num(scaled).clip(0, 255).astype(np.uint8)


def inks(image: np.ndarray, most: float) -> Iterator[Ink]:
    """The inks that a uint8 image (height, width[, 3]) may be drawn upon with.

    most: share of the image that one may cover.
    """
    if image.ndim == 3:
        low, high = image[..., :3].min(axis=2), image[..., :3].max(axis=2)
        chroma = high - low
        coloured = chroma > _COLOURED
        if coloured.any():
            if coloured.mean() <= most and (chroma <= _GREY).mean() >= 0.8:
                found = _ink(chroma.clip(0, 2 * _COLOURED) * 2, coloured, most, coloured=True)
                if found is not None:
                    yield found
            else:
                return  # a coloured picture
        image = np.where(coloured, 0, high)
    counts = np.bincount(image.ravel(), minlength=256)
    for value in _values(counts):
        tolerance = _TOLERANCE if value in (0, 255) else 0
        low_value, high_value = max(0, value - tolerance), min(255, value + tolerance)
        if _LEAST_PX <= counts[low_value : high_value + 1].sum() <= most * image.size:
            off = np.abs(image.astype(np.int16) - value)
            found = _ink((255 - off).astype(np.uint8), off <= tolerance, most)
            if found is not None:
                yield replace(found, pure=value in (0, 255))


def _values(counts: np.ndarray) -> list[int]:
    """Black, white and the grey values that are far more frequent than those beside them."""
    window = np.lib.stride_tricks.sliding_window_view(np.pad(counts, 4), 9)
    beside = np.delete(window, 4, axis=1).max(axis=1)
    spikes = np.flatnonzero((counts > _SPIKE * beside) & (counts >= 4 * _LEAST_PX))
    inner = [int(value) for value in spikes if _TOLERANCE < value < 255 - _TOLERANCE]
    return [255, 0, *(inner if len(inner) <= _SPIKES else [])]


def _ink(shade: np.ndarray, core: np.ndarray, most: float, *, coloured: bool = False) -> Ink | None:
    near = shade >= 255 - _ALIKE
    drawn = core | (_grown(core, 1) & near)
    labels, number = ndimage.label(drawn, _SQUARE)
    if not number:
        return None
    areas = np.bincount(labels.ravel())
    keep = areas >= _LEAST_PX / 2
    keep[0] = False
    if not 0 < keep.sum() <= _MOST_PIECES:
        return None
    new = np.cumsum(keep) * keep
    labels = new.astype(np.int32)[labels]
    boxes = np.array(
        [
            (rows.start, columns.start, rows.stop, columns.stop)
            for rows, columns in ndimage.find_objects(labels)
        ]
    )
    around = _grown(labels.astype(np.int16), 2)  # _MOST_PIECES at most
    ring = (around > 0) & ~_grown(labels > 0, 1)
    total = np.bincount(around[ring], minlength=keep.sum() + 1)[1:]
    leaves = np.bincount(around[ring & (shade < 255 - _AWAY)], minlength=keep.sum() + 1)[1:]
    return Ink(shade, labels, boxes, areas[keep], leaves / np.maximum(total, 1), coloured)


def _grown(image: np.ndarray, reach: int) -> np.ndarray:
    """Greatest value within `reach` pixels down and across of each pixel of (height, width).

    SciPy's own dilations take several times as long.
    """
    grown = image.copy()
    for axis in (0, 1):
        before = np.moveaxis(grown.copy(), axis, 0)
        along = np.moveaxis(grown, axis, 0)
        for step in range(1, min(reach, len(along) - 1) + 1):
            np.maximum(along[step:], before[:-step], out=along[step:])
            np.maximum(along[:-step], before[step:], out=along[:-step])
    return grown
