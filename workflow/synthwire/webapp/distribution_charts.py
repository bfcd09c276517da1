"""Distributions of the particles' measures, in plotly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from synthwire.figures.kit.style import ORANGE, PURPLE, SKY_BLUE
from synthwire.particles.distribution import histogram_with_density
from synthwire.webapp.features import Feature

FIRST, SECOND, TRUTH = SKY_BLUE, ORANGE, PURPLE  # the colours of models and of outlines
CURVE_POINTS = 181


@dataclass(frozen=True)
class Series:
    """Values of one measure, from one model or from outlines."""

    label: str
    values: np.ndarray
    colour: str


def distribution_figure(feature: Feature, series: Sequence[Series], in_nm: bool) -> go.Figure:
    """Histograms with kernel density estimates, the curves in counts per bin, and the centres.

    Angles have kernels that wrap round their period. A series of fewer than two values, or of
    equal ones, has no curve.
    """
    pooled = np.concatenate([np.empty(0), *(item.values for item in series)])
    traces: list[dict] = []
    centres = []
    for item in series:
        if not len(item.values):
            continue
        histogram = histogram_with_density(
            item.values,
            "circular" if feature.period else "linear",
            pooled=pooled,
            lower=feature.least,
            margin=0.15,
            points=CURVE_POINTS,
        )
        bin_width = histogram.edges[1] - histogram.edges[0]
        centre = feature.centre(item.values)
        bars = {
            "type": "bar",
            "x": (histogram.edges[:-1] + histogram.edges[1:]) / 2,
            "y": histogram.counts,
            "width": bin_width,
            "marker": {"color": item.colour, "opacity": 0.45, "line": {"width": 0}},
            "hovertemplate": "%{y} at %{x:.4~g}<extra>" + item.label + "</extra>",
            "showlegend": False,
        }
        curve = {
            "type": "scatter",
            "x": histogram.grid,
            "y": histogram.density * len(item.values) * bin_width,
            "mode": "lines",
            "line": {"color": item.colour, "width": 2.5},
            "name": f"{item.label} ({feature.text(centre, in_nm)})",
            "hoverinfo": "skip",
            "showlegend": len(series) > 1,
        }
        traces += [bars, curve]
        centres.append(
            {
                "type": "line",
                "x0": centre,
                "x1": centre,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": item.colour, "width": 1.5, "dash": "dash"},
            }
        )
    axis = {"title": {"text": feature.axis(in_nm), "standoff": 8}, "zeroline": False}
    if feature.period:
        axis |= {"range": [0, feature.period], "dtick": 45}
    layout = {
        "barmode": "overlay",
        "bargap": 0,
        "height": 250,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": axis,
        "yaxis": {"title": {"text": "Particles", "standoff": 6}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "dragmode": False,
        "shapes": centres,
    }
    return go.Figure(traces, layout)
