"""Letters, scale bars and the boxes behind them, told from particles by their shapes.

Letters stand in lines, are as high as one another, and have corners and holes; a bar is a
rectangle along the rows, all of one value. Both have sharp edges. What has them alone is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops

from synthwire.io.burnt_in.ink import Box, Ink, inks, to_bytes

MOST_IN_PICTURE, MOST_IN_STRIP = 0.08, 0.5  # of the pixels, that one ink may cover

_INKED = 0.45  # of the greatest step from a strip's ground, from which it is drawn
_CRISP = 0.7  # of a letter's surroundings
_SHARP, _SURE_LETTERS = 0.93, 4  # in a picture that is saturated
_LEAST_HEIGHT = 5  # of letters
_MOST_HEIGHT = 0.12  # of the image's; of letters
_HEIGHT_RATIO = 2.3  # between neighbours in a line
_GAP = 1.25  # of their height, between neighbours in a line
_BESIDE = 0.6  # of their height; what is so near to a line belongs to it, whatever its shape
_SOLID = 0.87  # of the convex hull; what fills more of it is no letter for sure
_BAR_ASPECT, _BAR_LENGTH, _BAR_LEAST_PX = 4, 0.03, 16
_BAR_FILLED = 0.95
_TICKS = 0.1  # of a bar's length, at most; of the ticks at its ends
_COMB = 6  # strokes that stand for a bar; Hitachi's have 11
_BAR_NEAR = 3  # heights of letters between a bar and its label
_REST = 5e-4  # of the picture that has the ink's value elsewhere: then it is no sure ink
_CORNER = 0.15  # of the sides
_BOX_SHARE, _BOX_FILLED, _BOX_MOST = 0.8, 0.85, 0.3


class Line(NamedTuple):
    """A line of letters: its box, the pieces of the ink that are in it, and their height."""

    box: Box
    pieces: tuple[int, ...]
    height: float


class Bar(NamedTuple):
    """A horizontal bar: its box with the ticks at its ends, and the pieces that it is made of."""

    box: Box
    pieces: tuple[int, ...]

    @property
    def length(self) -> int:
        """In px, from outer edge to outer edge."""
        return self.box[3] - self.box[1]

    @property
    def is_pair(self) -> bool:
        """Whether it has two parts, with a label between them."""
        return len(self.pieces) == 2


@dataclass(frozen=True)
class Drawing:
    """What one ink has drawn: lines of letters and bars; boxes: behind them, of one value."""

    ink: Ink
    lines: list[Line] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


def find_drawings(page: np.ndarray, *, strip: bool = False) -> list[Drawing]:
    """What is drawn upon a page (height, width[, 3 or 4]) of any number type.

    strip: whether the page is a data bar, where the ground is plain.
    """
    image = to_bytes(page[..., :3] if page.ndim == 3 else page)
    if strip:
        image = _inked(image)
    found = []
    for ink in inks(image, MOST_IN_STRIP if strip else MOST_IN_PICTURE):
        drawing = _drawing(ink, strip=strip)
        if drawing is not None:
            boxes = [] if strip else _boxes_behind(image, drawing)
            found.append(Drawing(ink, drawing.lines, drawing.bars, boxes))
    return found


def _inked(strip: np.ndarray) -> np.ndarray:
    """A data bar, white on black: small letters are smoothed all over, and would be no ink."""
    grey = strip if strip.ndim == 2 else strip.max(axis=2)
    ground = int(np.bincount(grey.ravel()).argmax())
    away = np.abs(grey.astype(np.int16) - ground) / max(ground, 255 - ground)
    return np.where(away > _INKED, 255, 255 * away).astype(np.uint8)


def mask_of(drawings: Sequence[Drawing], shape: tuple[int, int]) -> np.ndarray:
    """Where drawings are (boolean, of `shape`): lines with the gaps in them, bars and boxes."""
    mask = np.zeros(shape, dtype=bool)
    for drawing in drawings:
        edge = 2
        boxes = [line.box for line in drawing.lines] + [bar.box for bar in drawing.bars]
        for top, left, bottom, right in [*boxes, *drawing.boxes]:
            mask[max(0, top - edge) : bottom + edge, max(0, left - edge) : right + edge] = True
        if drawing.ink.coloured:
            mask |= ndimage.binary_dilation(drawing.ink.labels > 0, iterations=edge)
    return mask


def _drawing(ink: Ink, *, strip: bool) -> Drawing | None:
    height = len(ink.labels)
    bars = _bars(ink)
    lines = _lines(ink, _MOST_HEIGHT * height if not strip else 0.9 * height, bars)
    pieces = [item.pieces for item in lines] + [item.pieces for item in bars]
    taken = {index for item in pieces for index in item}
    rest = sum(int(area) for index, area in enumerate(ink.areas) if index not in taken)
    if not (strip or ink.coloured):
        sure = ink.pure and rest <= _REST * ink.labels.size
        if rest > sum(int(ink.areas[index]) for index in taken):  # a picture that is saturated
            lines = [line for line in lines if _is_sure(ink, line)]
        labelled = [bar for bar in bars if any(near(bar.box, line) for line in lines)]
        # saturated wires along the rows are such bars, too; a scale bar is one, and near an end
        alone = sure and len(bars) == 1 and _is_at_end(bars[0].box, height)
        bars = bars if alone else labelled
        if sure:
            lines += _lone_letters(ink, taken)
    return Drawing(ink, lines, bars) if lines or bars or ink.coloured else None


def _is_sure(ink: Ink, line: Line) -> bool:
    """Whether a line has so many sharp letters that no chance has made it."""
    sharp = [index for index in line.pieces if ink.crisp[index] >= _SHARP]
    return bool(_letter_like(ink, np.array(sharp)).sum() >= _SURE_LETTERS) if sharp else False


def _is_at_end(box: Box, height: int) -> bool:
    """Whether a box lies in the first or last rows of an image."""
    return min(box[0], height - box[2]) <= _CORNER * height


def near(box: Box, line: Line) -> bool:
    """Whether a box, as of a bar, lies beside a line of letters."""
    return gap(box, line.box) <= _BAR_NEAR * line.height


def gap(one: Box, other: Box) -> int:
    """Pixels between two boxes, along the direction in which they are farther apart."""
    down = max(one[0], other[0]) - min(one[2], other[2])
    across = max(one[1], other[1]) - min(one[3], other[3])
    return max(0, down, across)


def _lines(ink: Ink, most_height: float, bars: Sequence[Bar]) -> list[Line]:
    """Pieces that stand side by side, alike in height, two of them at least shaped as letters."""
    in_bars = {index for bar in bars for index in bar.pieces}
    heights, widths = ink.heights, ink.widths
    glyph = (heights >= _LEAST_HEIGHT) & (heights <= most_height) & (ink.crisp >= _CRISP)
    glyph &= (widths <= 3 * heights) & (ink.areas > heights)
    chosen = np.flatnonzero(glyph)
    if len(chosen) < 2:
        return []
    top, left, bottom, right = (ink.boxes[chosen, side].astype(float) for side in range(4))
    high = bottom - top
    taller = np.maximum.outer(high, high)
    together = taller <= _HEIGHT_RATIO * np.minimum.outer(high, high)
    together &= np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top) > 0.5 * np.minimum(
        *np.meshgrid(high, high)
    )
    apart = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    together &= apart <= _GAP * taller
    groups = _connected(together)
    letters = _letter_like(ink, chosen)
    lines = []
    for number in range(groups.max() + 1):
        members = chosen[groups == number]
        if len(members) < 2 or letters[groups == number].sum() < 2:
            continue
        box = _union(ink.boxes[members])
        tall = float(np.max(ink.heights[members]))
        more: list[int] = []
        for index in np.flatnonzero((heights <= 1.5 * tall) & (widths <= 3 * tall)):
            # dots, commas and what of the text touches something else
            piece = ink.box(int(index))
            level = box[0] - 0.3 * tall <= (piece[0] + piece[2]) / 2 <= box[2] + 0.3 * tall
            known = index in members or index in in_bars
            if not known and level and gap(piece, box) <= _BESIDE * tall:
                more.append(int(index))
        box = _union(ink.boxes[[*members, *more]])
        lines.append(Line(box, (*(int(index) for index in members), *more), tall))
    return lines


def _connected(together: np.ndarray) -> np.ndarray:
    from scipy.sparse.csgraph import connected_components

    return np.asarray(connected_components(together)[1])


def _letter_like(ink: Ink, chosen: np.ndarray) -> np.ndarray:
    """Of pieces (N,), whether they have the corners or holes of letters; rods have none."""
    return np.array([_solidity(ink.piece(int(index))) < _SOLID for index in chosen])


def _solidity(piece: np.ndarray) -> float:
    return float(regionprops(piece.astype(np.uint8))[0].solidity)


def _lone_letters(ink: Ink, taken: set[int]) -> list[Line]:
    """Single letters in a corner, as name the panels of a figure."""
    height, width = ink.labels.shape
    found = []
    for index in np.flatnonzero((ink.crisp >= 0.9) & (ink.heights >= 8)):
        top, left, bottom, right = ink.boxes[index]
        high, wide = bottom - top, right - left
        if index in taken or not 0.4 <= wide / high <= 1.4 or high > _MOST_HEIGHT * height:
            continue
        corner = min(top, height - bottom) <= _CORNER * height
        corner &= min(left, width - right) <= _CORNER * width
        piece = ink.piece(int(index))
        thick = ndimage.distance_transform_edt(np.pad(piece, 1)).max()
        if corner and thick <= 0.2 * high and _solidity(piece) < 0.75:
            found.append(Line((top, left, bottom, right), (int(index),), float(high)))
    return found


def _bars(ink: Ink) -> list[Bar]:
    """Bars with or without ticks at their ends, pairs of them with a label between, and combs."""
    width = ink.labels.shape[1]
    least = max(_BAR_LEAST_PX, _BAR_LENGTH * width)
    long = (ink.widths >= least / 2) & (ink.widths > _BAR_ASPECT / 2 * ink.heights)
    long &= (ink.boxes[:, 1] > 0) & (ink.boxes[:, 3] < width)  # or it is a frame
    ticks = {int(index): _ticks_of_bar(ink, int(index)) for index in np.flatnonzero(long)}
    single = [Bar(ink.box(index), (index,)) for index, ends in ticks.items() if ends is not None]
    pairs = []
    for one in single:
        for other in single:
            inner = other.box[1] - one.box[3]
            alike = abs(one.box[0] - other.box[0]) <= 1 and abs(one.box[2] - other.box[2]) <= 1
            equal = abs(one.length - other.length) <= 0.1 * one.length + 2
            mirrored = ticks[one.pieces[0]] == (ticks[other.pieces[0]] or ())[::-1]
            if inner > 0 and alike and equal and mirrored and inner <= 6 * one.length:
                pairs.append(Bar(_union(np.array([one.box, other.box])), one.pieces + other.pieces))
    whole = [
        bar for bar in single if bar.length >= least and len({*(ticks[bar.pieces[0]] or ())}) == 1
    ]
    return whole + pairs + [bar for bar in _combs(ink) if bar.length >= least]


def _ticks_of_bar(ink: Ink, index: int) -> tuple[bool, bool] | None:
    """Whether a bar has ticks at its left and at its right end; None where a piece is no bar."""
    piece = ink.piece(int(index))
    high, wide = piece.shape
    if ink.crisp[index] < 0.9:
        return None
    through = piece.mean(axis=1) >= _BAR_FILLED
    thick = int(through.sum())
    rows = np.flatnonzero(through)
    if not thick or rows[-1] - rows[0] + 1 != thick or wide < _BAR_ASPECT * thick:
        return None
    if thick >= high - 2:  # two rows may be its smoothed edge, or what it has of a bright wire
        return False, False
    ticks = piece[~through]
    end = max(2, int(_TICKS * wide))
    inner = ticks[:, end:-end].any(axis=0)
    ends = bool(ticks[:, :end].any()), bool(ticks[:, -end:].any())
    return ends if any(ends) and inner.mean() <= 0.15 and high <= wide else None


def _combs(ink: Ink) -> list[Bar]:
    """Rows of equal strokes at equal distances, which are as long as a bar."""
    strokes = np.flatnonzero((ink.widths <= ink.heights / 2) & (ink.crisp >= 0.9))
    rows: dict[tuple[int, int], list[int]] = {}
    for index in strokes.tolist():
        rows.setdefault((int(ink.boxes[index, 0]), int(ink.boxes[index, 2])), []).append(index)
    found = []
    for pieces in rows.values():
        pieces.sort(key=lambda index: int(ink.boxes[index, 1]))
        steps = np.diff(ink.boxes[pieces, 1])
        alike = len(pieces) >= _COMB and np.ptp(steps) <= 2 and np.ptp(ink.widths[pieces]) <= 1
        if alike:
            found.append(Bar(_union(ink.boxes[pieces]), tuple(pieces)))
    return found


def _union(boxes: np.ndarray) -> Box:
    top, left = boxes[:, :2].min(axis=0)
    bottom, right = boxes[:, 2:].max(axis=0)
    return int(top), int(left), int(bottom), int(right)


def _boxes_behind(image: np.ndarray, drawing: Drawing) -> list[Box]:
    """Boxes of one value on which lines and bars stand."""
    grey = image if image.ndim == 2 else image.max(axis=2)
    found: list[Box] = []
    inked = [line.box for line in drawing.lines] + [bar.box for bar in drawing.bars]
    for top, left, bottom, right in inked:
        area = (slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1))
        drawn = ndimage.binary_dilation(drawing.ink.labels[area] > 0, iterations=2)
        ground = grey[area][~drawn]
        if ground.size < 8:
            continue
        value = int(np.bincount(ground).argmax())
        if np.mean(np.abs(ground.astype(int) - value) <= 3) < _BOX_SHARE:
            continue
        same = np.abs(grey.astype(np.int16) - value) <= 6
        same |= ndimage.binary_dilation(drawing.ink.labels > 0, iterations=2)
        labels, _ = ndimage.label(same)
        number = labels[(top + bottom) // 2, left : right + 1]
        number = int(np.bincount(number).argmax())
        if not number:
            continue
        ((rows, columns),) = ndimage.find_objects((labels == number).astype(np.uint8))
        part = labels[rows, columns] == number
        if part.size <= _BOX_MOST * grey.size and part.mean() >= _BOX_FILLED:
            box = (rows.start, columns.start, rows.stop, columns.stop)
            if box not in found:
                found.append(box)
    return found
