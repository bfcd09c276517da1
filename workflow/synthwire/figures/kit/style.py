"""The one look of all figures: sizes, type, colours, panel letters, scale bars, writing.

Sizes are those of the Nature journals: a single column is 89 mm wide, a double one 183 mm; text is
5 to 7 pt in them, here never below 6 pt. Colours are Okabe and Ito's, which people with any of the
common colour vision deficiencies tell apart.
"""

from __future__ import annotations

import functools
import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from synthwire.errors import InputError
from synthwire.io.files import atomic_path, write_json

# It tells of every glyph that it embeds in a PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)


SINGLE_COLUMN_MM = 89.0
DOUBLE_COLUMN_MM = 183.0
PAGE_HEIGHT_MM = 247.0
DPI = 300
MM_PER_INCH = 25.4
BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#767676"
PALE_GREY = "#DADADA"
# Bright ones first: instances lie on dark images.
INSTANCE_COLOURS = (SKY_BLUE, ORANGE, GREEN, YELLOW, VERMILLION, PURPLE, BLUE, "#B8E186", "#C2A5F9")
ANNOTATION_COLOUR = BLUE
PREDICTION_COLOUR = VERMILLION


@dataclass(frozen=True)
class PixelColours:
    """Colours of the map of true positive, false positive, false negative and ignored pixels."""

    true_positive: str
    false_positive: str
    false_negative: str
    ignored: str = PALE_GREY
    background: str = "#FFFFFF"


PIXEL_COLOURS: Mapping[str, PixelColours] = {
    # Apart in lightness as well as in hue, so that a grey print shows them too.
    "safe": PixelColours("#86C5EA", VERMILLION, BLACK),
    "paper": PixelColours("#0000FF", "#00C000", "#FF0000"),
}

RC: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 6.5,
    "axes.titlesize": 6.5,
    "axes.labelsize": 6.5,
    "xtick.labelsize": 6.0,
    "ytick.labelsize": 6.0,
    "legend.fontsize": 6.0,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "legend.borderaxespad": 0.3,
    "mathtext.fontset": "dejavusans",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(
        color=[BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY_BLUE, YELLOW, BLACK]
    ),
    "axes.titlepad": 3.0,
    "axes.labelpad": 2.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.4,
    "ytick.major.size": 2.4,
    "xtick.minor.size": 1.4,
    "ytick.minor.size": 1.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.6,
    "image.cmap": "gray",
    "image.interpolation": "antialiased",
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text stays text in the journal's typesetting
    "svg.fonttype": "path",  # and looks the same in every browser
    "svg.hashsalt": "synthwire",
    "path.simplify": True,
}

_METADATA = {
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": "SynthWire"},
    "svg": {"Date": None, "Creator": "SynthWire"},
    "png": {"Software": None},
}


@dataclass
class Drawing:
    """A finished figure, the data it shows, and the facts that its caption states.

    figure: the matplotlib figure.
    data: one tidy table with everything that the figure plots; empty for plain pictures.
    facts: JSON-ready values for the caption template (workflow/report/fig*.rst).
    """

    figure: Figure
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: dict[str, Any] = field(default_factory=dict)


def context():
    """The matplotlib settings in which every figure is drawn and written."""
    return mpl.rc_context({**mpl.rcParamsDefault, **RC, "backend": mpl.rcParams["backend"]})


def styled(function):
    """Decorator: run a drawing function within `context()`."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with context():
            return function(*args, **kwargs)

    return wrapper


def save(drawing: Drawing, stem: str | os.PathLike) -> list[Path]:
    """Write `stem`.pdf, .svg, .png (300 dpi), .csv and .json, each atomically.

    The same drawing gives the same bytes: no dates, fixed SVG ids. Returns the paths.
    """
    stem = Path(stem)
    paths = []
    with context():
        for suffix, metadata in _METADATA.items():
            path = stem.with_name(f"{stem.name}.{suffix}")
            with atomic_path(path) as temporary:
                drawing.figure.savefig(temporary, format=suffix, dpi=DPI, metadata=metadata)
            paths.append(path)
    path = stem.with_name(f"{stem.name}.csv")
    with atomic_path(path) as temporary:
        drawing.data.to_csv(temporary, index=False, lineterminator="\n", float_format="%.7g")
    paths.append(path)
    path = stem.with_name(f"{stem.name}.json")
    write_json(path, drawing.facts, indent=1)
    paths.append(path)
    return paths


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of a given size, free of pyplot's global state."""
    return Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI)


def add_axes_mm(
    figure: Figure, left: float, top: float, width: float, height: float, **more
) -> Axes:
    """Axes placed in millimetres from the figure's upper left corner."""
    figure_width, figure_height = (side * MM_PER_INCH for side in figure.get_size_inches())
    return figure.add_axes(
        (
            left / figure_width,
            1 - (top + height) / figure_height,
            width / figure_width,
            height / figure_height,
        ),
        **more,
    )


TITLE_MM = 4.6


def image_grid(
    rows: Sequence[Sequence[float]],
    width_mm: float = DOUBLE_COLUMN_MM,
    gap_mm: float = 2.5,
    below_mm: float = 0.0,
    max_height_mm: float = 88.0,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of rows of pictures, each row filling the width, with room for a title above each.

    rows: the aspect ratio (width / height) of each picture. The pictures of one row have the same
        height, at most `max_height_mm` (a row that would be higher is narrower and centred).
    below_mm: free room at the foot of the figure (for a legend).
    Returns the figure and its axes, row by row; axes have no frame and no ticks.
    """
    heights = [min((width_mm - gap_mm * (len(row) - 1)) / sum(row), max_height_mm) for row in rows]
    total = sum(heights) + len(rows) * TITLE_MM + (len(rows) - 1) * gap_mm + below_mm
    figure = new_figure(width_mm, total)
    axes = []
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        top += TITLE_MM
        row_width = height * sum(row) + gap_mm * (len(row) - 1)
        left = (width_mm - row_width) / 2
        line = []
        for aspect in row:
            ax = add_axes_mm(figure, left, top, height * aspect, height)
            ax.set_axis_off()
            line.append(ax)
            left += height * aspect + gap_mm
        axes.append(line)
        top += height + gap_mm
    return figure, axes


def panel_letter(
    ax: Axes, letter: str, title: str = "", inset_mm: float = 0.0, rise_pt: float = 2.2
) -> None:
    """A bold panel letter at the upper left of the axes, followed by a short title.

    inset_mm: how far left of the axes the letter stands (over the axis labels of a chart);
    rise_pt: how far above them.
    """

    def offset(points: float, rise: float):
        return ax.transAxes + mpl.transforms.ScaledTranslation(
            points / 72 - inset_mm / MM_PER_INCH, rise / 72, ax.figure.dpi_scale_trans
        )

    place = {"va": "bottom", "ha": "left"}
    ax.text(0, 1, letter, transform=offset(0, rise_pt), fontsize=8, fontweight="bold", **place)
    if title:
        room = 12 if letter in "mw" else 10
        ax.text(0, 1, title, transform=offset(room, rise_pt + 0.5), **place)


CHART_LETTER = {"inset_mm": 9.0, "rise_pt": 5.5}  # clear of the uppermost tick label


def round_length(target: float) -> float:
    """The greatest of 1, 2, 5 × 10^k that is not above `target`."""
    if not target > 0:
        raise ValueError(f"a scale bar needs a positive length, not {target}")
    power = 10.0 ** math.floor(math.log10(target) + 1e-9)
    return max(factor * power for factor in (1, 2, 5) if factor * power <= target * (1 + 1e-9))


def length_label(length_nm: float) -> str:
    """`length_nm` in nm below 1 µm and in µm from there."""
    return f"{length_nm / 1000:g} µm" if length_nm >= 1000 else f"{length_nm:g} nm"


def scale_bar(
    ax: Axes,
    pixels: np.ndarray,
    pixel_size_nm: float | Sequence[float] | None,
    assumed: bool = False,
) -> float | None:
    """Draw a scale bar at the foot of an image; return its length in nm.

    pixels: the image shown, (H, W) or (H, W, 3); the bar, which is white, lies in the darker of
        the two lower corners.
    pixel_size_nm: one number, or [vertical, horizontal]; with None there is no bar and the result
        is None. The bar is horizontal and at most 0.3 of the image long.
    assumed: the label says that the pixel size is an assumption.
    """
    if pixel_size_nm is None:
        return None
    height, width = pixels.shape[:2]
    horizontal = pixel_size_nm if np.isscalar(pixel_size_nm) else pixel_size_nm[1]
    length = round_length(0.3 * width * horizontal)
    fraction = length / (width * horizontal)
    foot = pixels[-max(height // 6, 1) :].astype(float)
    left = foot[:, : max(width // 2, 1)].mean() < foot[:, width // 2 :].mean()
    start, end = (0.03, 0.03 + fraction) if left else (0.97 - fraction, 0.97)
    line = ax.plot(
        [start, end],
        [0.045, 0.045],
        transform=ax.transAxes,
        color="white",
        linewidth=2.0,
        solid_capstyle="butt",
        scalex=False,
        scaley=False,
    )[0]
    line.set_path_effects([patheffects.withStroke(linewidth=3.2, foreground="black")])
    text = ax.text(
        start if left else end,
        0.06,
        length_label(length) + (" (assumed)" if assumed else ""),
        transform=ax.transAxes,
        color="white",
        ha="left" if left else "right",
        va="bottom",
        fontsize=6.5,
    )
    text.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground="black")])
    return length


def show_image(ax: Axes, pixels: np.ndarray) -> None:
    """Show a grey (H, W) or RGB (H, W, 3) 8-bit image as it is, without stretching its contrast.

    The axes' coordinates are pixels with the origin at the upper left corner, pixel (column i,
    row j) covering [i, i+1] × [j, j+1], as in the outlines.
    """
    height, width = pixels.shape[:2]
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0), aspect="auto")
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)


def log_axis(ax: Axes, low: float, high: float) -> None:
    """A logarithmic x axis from low to high, with as many plainly written ticks as fit."""
    ax.set_xscale("log")
    decades = np.log10(high / low)
    subs = (1, 2, 5) if decades < 1.5 else ((1, 3) if decades < 2.5 else (1,))
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(low, high)


def plain_number(value: float, _position=None) -> str:
    """A tick label: plain up to 10 000, a power of ten beyond."""
    if value < 99_999:
        return f"{value:g}"
    power = int(np.floor(np.log10(value) + 1e-9))
    factor = round(value / 10**power)
    return f"${'' if factor == 1 else f'{factor} × '}10^{{{power}}}$"


def visible_texts(figure: Figure) -> list[tuple[str, float, mpl.transforms.Bbox]]:
    """Every text that is drawn: its words, size (pt) and box (pixels of 300 dpi)."""
    with context():
        figure.draw_without_rendering()
        hidden = _ticks_out_of_view(figure)
        return [
            (item.get_text(), item.get_fontsize(), item.get_window_extent())
            for item in figure.findobj(Text)
            if item.get_visible() and item.get_text().strip() and item not in hidden
        ]


def texts_overlap(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes overlap in the drawn figure; there should be none."""
    pairs = []
    texts = visible_texts(figure)
    for index, (name, _, box) in enumerate(texts):
        for other_name, _, other in texts[index + 1 :]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            if width > 1 and height > 1:  # touching is no overlap
                pairs.append((name, other_name))
    return pairs


def _ticks_out_of_view(figure: Figure) -> set[Text]:
    """Tick labels that matplotlib keeps but does not draw."""
    labels = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not (ax.axison and low - slack <= tick.get_loc() <= high + slack):
                    labels |= {tick.label1, tick.label2}
    return labels


def as_numbers(values: Iterable) -> np.ndarray:
    """Float array in which None (JSON's null) is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def require_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """InputError unless `value` is one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise InputError(f"{name}: {value!r} is not one of {', '.join(map(repr, choices))}")
