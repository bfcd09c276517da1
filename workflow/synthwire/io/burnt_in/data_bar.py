"""Data bars: the strip of text that makers of electron microscopes put below or above a picture.

A picture's own flat ground is none. What counts is a strip as wide as the image, of one or two
exact grey values, that begins at once all along a line and has letters in it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from synthwire.io.burnt_in.window import Window

MOST = 0.3  # of the image's height
LEAST_PX = 10
_MARGINS = (0.02, 0.06, 0.12)  # of the height; the strip's grounds are sought in so many last rows
_GROUND = 0.5  # share of the strip that is its one or two grounds
_PLAIN = 0.9  # share of a row within which nothing is written; JPEG smears letters into it
_BELOW_RULE = 0.7  # the same right below a line, to which letters may come near
_PICTURE = 0.8  # most of a row of the picture that has the strip's grey values
_NEW = 0.3  # most of it that has the value of a line below it
_WRITTEN = 0.15  # least of a row full of letters that is ground
_TOLERANCE = 6  # of 8 bit: JPEG
_SMEARED = 16  # the same about small letters
_BLOCK = 8  # of JPEG; the picture reaches into the strip's first rows, as far as they share one
_CHANCE = 0.05  # of a strip that has grey values beside its grounds': blocks of a JPEG's picture
_RULE = 0.97  # of a row that is one value, and none of the strip's
_RULE_PX = 8  # thickest line between picture and strip
_CONTRAST = 0.2  # of the strip's range, from which something is written on it
_LETTERS = 4
_DRAWN = 0.2  # of a strip
_ROWS = 128  # of the picture, which tell its ground


def find_data_bars(page: np.ndarray) -> Window | None:
    """The part of a page (height, width[, colours]) that is picture; None where it is all of it."""
    grey = page if page.ndim == 2 else page[..., :3].mean(axis=2).astype(page.dtype)
    height, width = grey.shape
    if grey.dtype.kind == "b" or height < 4 * LEAST_PX:
        return None
    below, above = _strip(grey), _strip(grey[::-1])
    if not below + above or below + above > height / 2:
        return None
    return Window(0, above, width, height - below)


def is_drawn(strip: np.ndarray) -> bool:
    """Whether rows (N, width[, colours]) are a drawing: one exact value has a share of them.

    No specimen's has, for its noise; a bar that was cut off leaves the specimen where it was.
    """
    grey = strip if strip.ndim == 2 else strip[..., :3].mean(axis=2).astype(strip.dtype)
    return bool(np.unique(grey, return_counts=True)[1].max() >= _DRAWN * grey.size)


def _strip(grey: np.ndarray) -> int:
    """Rows of a data bar at the lower end of an image (height, width); 0 where there is none."""
    height = len(grey)
    lower = grey[height - int(MOST * height) :]
    # a dark picture's ground may be near a black strip's, but is never as plain
    for tolerance in (_TOLERANCE, 0, _SMEARED) if grey.dtype == np.uint8 else (0,):
        for margin in _MARGINS:
            last = lower[-max(LEAST_PX // 2, int(margin * height)) :]
            values, counts = np.unique(last, return_counts=True)
            order = np.argsort(counts)[::-1][:2]
            grounds = [
                values[index]
                for index in order
                if counts[index] >= _WRITTEN * last.size or index == order[0]
            ]
            rows = _begins(lower, grounds, tolerance)
            if not rows or _is_ground(grey[: height - rows], grounds, tolerance):
                continue
            strip = lower[len(lower) - rows :]
            if tolerance == _SMEARED and _share(strip, grounds, _TOLERANCE / 2) < _GROUND:
                continue
            if tolerance:
                return rows + _smeared(lower[: len(lower) - rows], grounds)
            if grey.dtype != np.uint8:
                return rows
            near, exact = (_share(strip, grounds, reach) for reach in (_TOLERANCE, 0))
            if near - exact < _CHANCE:
                return rows
    return 0


def _smeared(above: np.ndarray, grounds: list) -> int:
    """How many of the rows above a strip are its own, though JPEG has smeared the picture in."""
    rows = above[: -_BLOCK - 1 : -1]
    near = np.any([_alike(rows, ground, 1.5 * _SMEARED) for ground in grounds], axis=0)
    own = near.mean(axis=1) > _PICTURE
    return 0 if own.all() else int(np.argmin(own))


def _share(strip: np.ndarray, grounds: list, tolerance: float) -> float:
    """How much of a strip has a grey value of its grounds."""
    return float(np.any([_alike(strip, ground, tolerance) for ground in grounds], axis=0).mean())


def _is_ground(picture: np.ndarray, grounds: list, tolerance: int) -> bool:
    """Whether a strip's grey values are those of the ground that most rows of a picture have."""
    rows = picture[:: max(1, len(picture) // _ROWS)]
    near = np.any([_alike(rows, ground, tolerance) for ground in grounds], axis=0)
    return bool(np.median(near.mean(axis=1)) > _PICTURE)


def _begins(lower: np.ndarray, grounds: list, tolerance: int) -> int:
    """How many of the last rows are a strip on these grounds."""
    near = np.zeros(lower.shape, dtype=bool)
    for ground in grounds:
        near |= _alike(lower, ground, tolerance)
    share = near.mean(axis=1)
    if share[-LEAST_PX // 2 :].mean() < _GROUND:
        return 0
    rule = _rules(lower, near, tolerance)
    fine = (share >= _WRITTEN) | rule
    others = np.flatnonzero(~fine)  # none of these is in the strip
    for top in range(max(3, others[-1] + 1 if len(others) else 0), len(lower) - LEAST_PX):
        strip = slice(top, None)
        if share[strip].mean() < _GROUND:
            continue
        first = top + int(np.argmin(rule[strip]))  # past the lines between picture and strip
        plain = _BELOW_RULE if first > top else _PLAIN
        if first - top > _RULE_PX or share[first : first + 2].min() < plain:
            continue
        same = _alike(lower[top - 1], lower[top, lower.shape[1] // 2], tolerance)
        new = (same.mean() <= _NEW) if first > top else (share[top - 3 : top].max() <= _PICTURE)
        if new and _has_letters(lower[first:], grounds[0], tolerance):
            return len(lower) - top
    return 0


def _rules(lower: np.ndarray, near: np.ndarray, tolerance: int) -> np.ndarray:
    """Which rows (N,) are lines of another grey value than the grounds, as far as they go.

    near: (N, width), what has a value of the grounds.
    """
    share = near.mean(axis=1)
    middle = lower[:, lower.shape[1] // 2, None]
    whole = (_alike(lower, middle, tolerance).mean(axis=1) >= _RULE) & (share < 1 - _RULE)
    within = share >= _GROUND
    values, counts = np.unique(lower[within][~near[within]], return_counts=True)
    if not len(values):
        return whole
    drawn = near | _alike(lower, values[counts.argmax()], tolerance)
    return whole | ((drawn.mean(axis=1) >= _RULE) & (share < _BELOW_RULE))


def _has_letters(strip: np.ndarray, ground: np.generic, tolerance: int) -> bool:
    away = np.abs(strip.astype(float) - float(ground))
    ink = away > max(_CONTRAST * away.max(), tolerance)  # noise writes nothing
    if not 0.002 < ink.mean() < _GROUND:
        return False
    ink[ink.mean(axis=1) > 0.9] = False  # frames
    ink[:, ink.mean(axis=0) > 0.9] = False
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    high, wide = strip.shape
    glyphs = [
        1
        for rows, columns in ndimage.find_objects(labels)
        if 5 <= rows.stop - rows.start <= 0.9 * high and columns.stop - columns.start <= wide / 4
    ]
    return len(glyphs) >= _LETTERS


def _alike(values: np.ndarray, value: np.ndarray | np.generic, tolerance: float) -> np.ndarray:
    if not tolerance:
        return values == value
    return np.abs(values.astype(np.int16) - np.asarray(value, np.int16)) <= tolerance
