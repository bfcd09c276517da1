"""Texts of a drawn figure, and which of them overlap."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from synthwire.figures.kit import style


def visible_texts(figure: Figure) -> list[tuple[str, float, mpl.transforms.Bbox]]:
    """Every text that is drawn: its words, size (pt) and box (pixels of 300 dpi)."""
    with style.context():
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
