"""The size of pixels from a scale bar that is drawn into an image, or below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from synthwire.io.burnt_in.drawings import Bar, Drawing, Line, gap, near
from synthwire.io.burnt_in.label import parse_label
from synthwire.io.burnt_in.reader import read_line

BELIEVED = 0.8  # confidence from which a scale bar gives the pixel size; below, it is suggested
_MOST_LINES = 6  # that are read, of one image


class ScaleBar(NamedTuple):
    """A bar with its label: length in px and in nm, the label in words, confidence 0 … 1."""

    length_px: int
    length_nm: float
    words: str
    confidence: float

    @property
    def pixel_nm(self) -> float:
        """Side of a pixel, with the digits that a bar of so many pixels gives."""
        return float(f"{self.length_nm / self.length_px:.6g}")

    def __str__(self) -> str:
        return f"{self.words} = {self.length_px} px, confidence {self.confidence:.2f}"


def labelled_bars(drawings: Sequence[Drawing]) -> list[tuple[Drawing, Bar, Line]]:
    """Bars with a line of letters beside them, the nearest lines first."""
    found = []
    for drawing in drawings:
        for line in drawing.lines:
            beside = [bar for bar in drawing.bars if near(bar.box, line)]
            around = [bar for bar in beside if bar.is_pair and _holds(bar, line)]
            single = [bar for bar in beside if not bar.is_pair and not _is_half(drawing, bar, line)]
            found += [(drawing, bar, line) for bar in around or single]
    return sorted(found, key=lambda item: _away(item[1], item[2]))


def read_scale_bar(drawings: Sequence[Drawing]) -> ScaleBar | None:
    """The surest reading of a bar and its label; NoReader where nothing can read.

    Where two bars say different sizes, neither is sure.
    """
    read: dict[int, tuple] = {}
    bars: list[ScaleBar] = []
    for drawing, bar, line in labelled_bars(drawings):
        if id(line) not in read:
            if len(read) == _MOST_LINES:
                continue
            text = read_line(_black_on_white(drawing, line))
            read[id(line)] = text, parse_label(text.text)
        text, length = read[id(line)]
        if length is not None:
            beside = max(0.5, 1 - 0.1 * _away(bar, line))
            confidence = text.score * length.sure * beside
            bars.append(ScaleBar(bar.length, length.nm, length.words, round(confidence, 2)))
    bars.sort(key=lambda bar: -bar.confidence)
    if not bars:
        return None
    best = bars[0]
    rivals = [bar for bar in bars if abs(bar.pixel_nm / best.pixel_nm - 1) > 0.05]
    if rivals and rivals[0].confidence > 0.8 * best.confidence:
        best = best._replace(confidence=round(best.confidence / 2, 2))
    return best


def _holds(bar: Bar, line: Line) -> bool:
    """Whether a line stands between the two parts of a bar."""
    top, left, bottom, right = line.box
    middle = (bar.box[0] + bar.box[2]) / 2
    return top <= middle <= bottom and bar.box[1] < left and right < bar.box[3]


def _is_half(drawing: Drawing, bar: Bar, line: Line) -> bool:
    """Whether ink lies at the other side of a label as the bar does at this one."""
    top, left, bottom, right = bar.box
    if not (right <= line.box[1] or line.box[3] <= left):
        return False
    middle = line.box[1] + line.box[3]
    mirrored = drawing.ink.labels[top:bottom, max(0, middle - right) : max(0, middle - left)]
    return bool(mirrored.size and (mirrored > 0).mean() > 0.2)


def _away(bar: Bar, line: Line) -> float:
    """How far a label lies from where it belongs, in heights of its letters."""
    if _holds(bar, line):
        return 0.0
    centre = [(box[0] + box[2], box[1] + box[3]) for box in (bar.box, line.box)]
    down, across = (abs(one - other) / 2 for one, other in zip(*centre, strict=True))
    beside = line.box[3] <= bar.box[1] or bar.box[3] <= line.box[1]
    # a label stands in the middle of its bar, at its left end, or beside it on its height
    left = abs(bar.box[1] - line.box[1])
    off = down if beside else min(across, left)
    return max(0.0, gap(bar.box, line.box) / line.height - 1) + 0.5 * off / max(
        line.height, 0.0 if beside else bar.length / 2
    )


def _black_on_white(drawing: Drawing, line: Line) -> np.ndarray:
    top, left, bottom, right = line.box
    margin = round(0.3 * line.height) + 1
    shade = drawing.ink.shade
    area = (
        slice(max(0, top - margin), bottom + margin),
        slice(max(0, left - margin), right + margin),
    )
    crop = shade[area].astype(float)
    ground = np.percentile(crop, 60) if np.median(crop) < 200 else 120.0
    ground = min(ground, 200.0)
    light = 255 - 255 * ((crop - ground) / (255 - ground)).clip(0, 1)
    pieces = [index + 1 for bar in drawing.bars for index in bar.pieces]
    ruled = np.isin(drawing.ink.labels[area], pieces)
    light[ndimage.binary_dilation(ruled, iterations=2)] = 255  # a bar is no underline
    return np.pad(light.astype(np.uint8), margin, constant_values=255)
