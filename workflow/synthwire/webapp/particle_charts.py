"""Particles over their image, in plotly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.colors import to_rgb

from synthwire.evaluation import FALSE_NEGATIVE, FALSE_POSITIVE, IGNORED, TRUE_POSITIVE
from synthwire.figures.kit.scales import bar_length, left_is_darker, length_label
from synthwire.figures.kit.style import GREY, SKY_BLUE, VERMILLION, YELLOW
from synthwire.segmentation.result import Segmentation
from synthwire.webapp.agreement import Agreement
from synthwire.webapp.features import FEATURES
from synthwire.webapp.layers import Layers, picture_uri

FOUND, INVENTED, MISSED, DOUBTFUL = SKY_BLUE, VERMILLION, YELLOW, GREY  # TP, FP, FN, ignored
PIXEL_COLOURS = {
    TRUE_POSITIVE: FOUND,
    FALSE_POSITIVE: INVENTED,
    FALSE_NEGATIVE: MISSED,
    IGNORED: DOUBTFUL,
}
HOVERED = ("length", "width", "aspect", "orientation", "area")
GUTTER = 0.02  # between two images, of their common width


def particles_figure(
    layers: Layers,
    result: Segmentation,
    *,
    picked: int | None = None,
    candidates: Iterable[int] = (),
    colours: Mapping[int, str] | None = None,
    more: Sequence[dict] = (),
) -> go.Figure:
    """The selected particles over their image.

    picked: id of the particle to be emphasised. candidates: ids of results that are not selected
    but shown, dotted, so that they can be clicked. colours: by id, in place of the layers' own.
    more: traces below what is picked. A click or hover on a particle's marker gives its id as the
    point's customdata.
    """
    by_colour: dict[str, list[np.ndarray]] = {}
    for number in result.ids:
        colour = colours[number] if colours else layers.colours[number - 1]
        by_colour.setdefault(colour, []).extend(layers.outlines[number - 1])
    traces = [_outlines(lines, colour, filled=True) for colour, lines in by_colour.items()]
    chosen = set(result.ids)
    candidates = [number for number in candidates if number not in chosen]
    left_out = [line for number in candidates for line in layers.outlines[number - 1]]
    if left_out:
        traces.append(_outlines(left_out, "#FFFFFF", dash="dot", width=1.2))
    traces += more
    return _over_image(layers, result, traces, [*result.ids, *candidates], picked)


def agreement_figure(
    layers: Layers,
    result: Segmentation,
    agreement: Agreement,
    missed_outlines: Sequence[Sequence[np.ndarray]],
    *,
    pixels: bool = False,
    picked: int | None = None,
) -> go.Figure:
    """Particles coloured by whether they are right, and the outlines that were missed.

    missed_outlines: rings of each of `agreement.missed`. pixels: colour the pixels of the unions
    in place of the particles.
    """
    if pixels:
        picture = picture_uri(_pixel_map(result.image, agreement.classes))
        return _over_image(layers, result, [], result.ids, picked, picture)
    status = (
        dict.fromkeys(agreement.found, FOUND)
        | dict.fromkeys(agreement.invented, INVENTED)
        | dict.fromkeys(agreement.ignored, DOUBTFUL)
    )
    lines = [line for outline in missed_outlines for line in outline]
    missed = [_outlines(lines, MISSED, filled=True, dash="dash")] if lines else []
    return particles_figure(layers, result, picked=picked, colours=status, more=missed)


def side_by_side(first: go.Figure, second: go.Figure) -> go.Figure:
    """Two figures over the same image in one, next to each other, moved and zoomed as one.

    The traces of `first` come first.
    """
    for trace in second.data:
        trace.update(xaxis="x2", yaxis="y2")
    there = {"xref": "x2", "yref": "y2"}
    layout = first.layout.to_plotly_json()
    for kind in ("images", "shapes", "annotations"):
        own, other = first.layout[kind], second.layout[kind]
        layout[kind] = [*own, *(item.to_plotly_json() | there for item in other)]
    half = (1 - GUTTER) / 2
    layout["xaxis"] |= {"domain": [0, half]}
    layout["xaxis2"] = layout["xaxis"] | {"domain": [1 - half, 1], "anchor": "y2", "matches": "x"}
    layout["yaxis2"] = layout["yaxis"] | {"anchor": "x2", "scaleanchor": None, "matches": "y"}
    return go.Figure([*first.data, *second.data], layout)


def _pixel_map(image: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """RGB picture of an image whose pixels are tinted by their class, but for the background's."""
    picture = np.repeat(image[:, :, None], 3, axis=2)
    for kind, colour in PIXEL_COLOURS.items():
        where = classes == kind
        tint = 255 * np.array(to_rgb(colour))
        picture[where] = np.rint(0.4 * picture[where] + 0.6 * tint).astype(np.uint8)
    return picture


def _over_image(
    layers: Layers,
    result: Segmentation,
    traces: Sequence[dict],
    ids: Sequence[int],
    picked: int | None,
    picture: str | None = None,
) -> go.Figure:
    """Traces over the image; ids: which results the mouse finds; picture: in the image's place.

    The figure is made in one go from plain mappings, which plotly checks in a fraction of the time
    that it takes to add things one by one.
    """
    emphasis = []
    if picked is not None:
        emphasis = [_outlines(layers.outlines[picked - 1], "#FFFFFF", width=3.2)]
    height, width = result.image.shape
    place = {"x": 0, "y": 0, "sizex": width, "sizey": height, "xref": "x", "yref": "y"}
    axis = {"visible": False, "constrain": "domain"}
    layout = {
        "images": [
            {"source": picture or layers.picture, "sizing": "stretch", "layer": "below", **place}
        ],
        "xaxis": {**axis, "range": [0, width]},
        "yaxis": {**axis, "range": [height, 0], "scaleanchor": "x"},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "dragmode": "pan",
        "hovermode": "closest",
        "hoverdistance": 24,
        "hoverlabel": {"bgcolor": "white", "bordercolor": GREY, "font": {"color": "#17212B"}},
        "modebar": {
            "bgcolor": "rgba(255,255,255,0.75)",
            "color": "#444444",
            "activecolor": "#0072B2",
        },
        "showlegend": False,
        # the same image keeps its zoom whatever is drawn over it
        "uirevision": f"{result.name} {result.page}",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
    part = result.info.get("window")
    shapes = [] if part is None else _beyond(part, height, width)
    if result.pixel_size_nm is not None:
        bar = _scale_bar(result.image, result.pixel_size_nm[1])
        layout |= bar
        shapes += bar["shapes"]
    layout["shapes"] = shapes
    return go.Figure([*traces, *emphasis, _markers(layers, result, ids)], layout)


def _beyond(part: Sequence[int], height: int, width: int) -> list[dict]:
    """Shapes over what is no picture, where nothing was searched."""
    left, top, right, bottom = part
    sides = [
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    ]
    veil = {"type": "rect", "fillcolor": "rgba(0,0,0,0.5)", "line": {"width": 0}, "layer": "below"}
    return [
        {**veil, "x0": x0, "y0": y0, "x1": x1, "y1": y1}
        for x0, y0, x1, y1 in sides
        if x1 > x0 and y1 > y0
    ]


def _scale_bar(pixels: np.ndarray, across_nm: float) -> dict:
    """Shape and annotation of a scale bar, in the same corner as that of overlay.png."""
    height, width = pixels.shape
    length = bar_length(width * across_nm)
    right = 0.03 * width + length / across_nm if left_is_darker(pixels) else 0.97 * width
    foot = 0.962 * height
    bar = {
        "type": "rect",
        "x0": right - length / across_nm,
        "x1": right,
        "y0": foot,
        "y1": foot - 0.012 * height,
        "fillcolor": "white",
        "line": {"color": "black", "width": 1},
    }
    label = {
        "x": right - length / across_nm / 2,
        "y": foot - 0.02 * height,
        "text": length_label(length),
        "showarrow": False,
        "yanchor": "bottom",
        "font": {"color": "white", "size": 13},
        "bgcolor": "rgba(0,0,0,0.55)",
        "borderpad": 2,
    }
    return {"shapes": [bar], "annotations": [label]}


def _outlines(
    lines: Sequence[np.ndarray],
    colour: str,
    *,
    filled: bool = False,
    dash: str = "solid",
    width: float = 1.6,
) -> dict:
    """Many closed lines as one trace, which a browser draws far faster than a trace each."""
    gap = np.full((1, 2), np.nan)
    path = np.concatenate([part for line in lines for part in (line, gap)][:-1])
    trace = {
        "type": "scatter",
        "x": path[:, 0],
        "y": path[:, 1],
        "mode": "lines",
        "line": {"color": colour, "width": width, "dash": dash},
        "hoverinfo": "skip",
    }
    if filled:
        red, green, blue = (round(255 * part) for part in to_rgb(colour))
        trace |= {"fill": "toself", "fillcolor": f"rgba({red},{green},{blue},0.28)"}
    return trace


def _markers(layers: Layers, result: Segmentation, ids: Sequence[int]) -> dict:
    """Invisible points all over the particles, at which the mouse finds them."""
    table = result.measures.set_index("id").to_dict("index")
    in_nm = result.pixel_size_nm is not None
    texts = {number: _hover_text(number, table[number], in_nm) for number in ids}
    counts = [len(layers.points[number - 1]) for number in ids]
    points = np.concatenate([np.empty((0, 2)), *(layers.points[number - 1] for number in ids)])
    owners = np.repeat(np.array(ids, dtype=int), counts).tolist()
    unseen = {"marker": {"opacity": 0}}
    return {
        "type": "scatter",
        "x": points[:, 0],
        "y": points[:, 1],
        "mode": "markers",
        "marker": {"size": 9, "opacity": 0, "color": "white"},
        "selected": unseen,
        "unselected": unseen,
        "customdata": [[number] for number in owners],
        "hovertext": [texts[number] for number in owners],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "name": "particles",
    }


def _hover_text(number: int, particle: Mapping[str, Any], in_nm: bool) -> str:
    rows = [f"<b>Particle {number}</b> · score {particle['score']:.2f}"]
    for key in HOVERED:
        item = FEATURES[key]
        rows.append(f"{item.label} {item.text(float(particle[item.column(in_nm)]), in_nm)}")
    return "<br>".join(rows)
