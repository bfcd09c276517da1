"""The one look of all figures: sizes, type, colours, and how a drawing is written.

Sizes are those of the Nature journals: a single column is 89 mm wide, a double one 183 mm; text is
5 to 7 pt in them, here never below 6 pt. Colours are Okabe and Ito's, which people with any of the
common colour vision deficiencies tell apart.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import pandas as pd
from matplotlib import rcsetup
from matplotlib.figure import Figure

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
    "axes.prop_cycle": rcsetup.cycler(
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
    "ps.fonttype": 42,  # read by matplotlib 3.11 for PDFs, too: else a dash has a font of its own
    "svg.fonttype": "path",  # and looks the same in every browser
    "svg.hashsalt": "synthwire",
    "path.simplify": True,
}

Parameters = ParamSpec("Parameters")
Drawn = TypeVar("Drawn")

_METADATA = {
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": "SynthWire"},
    "svg": {"Date": None, "Creator": "SynthWire"},
    "png": {"Software": None},
}


@dataclass
class Drawing:
    """A finished figure, the data it shows, and the facts that its caption states.

    figure: the matplotlib figure.
    data: one tidy table with everything that the figure plots; empty where it plots none.
    facts: JSON-ready values for the caption template (workflow/report/fig*.rst).
    """

    figure: Figure
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: dict[str, Any] = field(default_factory=dict)


def context() -> AbstractContextManager[None]:
    """The matplotlib settings in which every figure is drawn and written."""
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, **RC}
    del settings["backend"]  # stays as it is; to ask for it would load pyplot
    return mpl.rc_context(settings)


def styled(function: Callable[Parameters, Drawn]) -> Callable[Parameters, Drawn]:
    """Decorator: run a drawing function within `context()`."""

    @functools.wraps(function)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Drawn:
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
