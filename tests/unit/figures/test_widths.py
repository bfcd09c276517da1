"""The figure of widths along wires."""

import numpy as np
import pandas as pd
import pytest

from synthwire.figures.widths import BINS, draw_widths
from synthwire.particles.line_table import LINE_COLUMNS, POINT_COLUMNS


def tapered(wires, side):
    """Points and rows of wires that go from 20 px to 10 px over 100 px."""
    along = np.arange(101.0)
    width = 20 - along / 10
    points = pd.concat(
        [
            pd.DataFrame(
                {
                    "wire": f"0:{wire}",
                    "along_px": along,
                    "width_px": width,
                    "fwhm_px": 0.9 * width,
                    "width_nm": side * width,
                    "fwhm_nm": side * 0.9 * width,
                }
            )
            for wire in range(wires)
        ],
        ignore_index=True,
    )
    particles = pd.DataFrame({name: np.full(wires, np.nan) for name in LINE_COLUMNS})
    particles["taper"] = 0.1 + 0.001 * np.arange(wires)
    particles["line_length_nm"] = 100 * side
    for unit, factor in (("px", 1), ("nm", side)):
        particles[f"mean_width_{unit}"] = 15.0 * factor
        particles[f"fwhm_{unit}"] = 13.5 * factor
    return points, particles


@pytest.mark.parametrize("side", [6.0, np.nan])
def test_the_median_follows_the_taper(side):
    drawing = draw_widths(*tapered(4, side))
    factor = 6.0 if side == 6 else 1.0
    assert drawing.facts == {"wires": 4, "unit": "nm" if side == 6 else "px"}
    data = drawing.data
    mask = data[(data["panel"] == "a") & (data["kind"] == "width")]
    assert len(mask) == BINS
    assert mask["y"].to_numpy() == pytest.approx(factor * (20 - 10 * mask["x"]), rel=0.02)
    fwhm = data[(data["panel"] == "a") & (data["kind"] == "fwhm")]
    assert fwhm["y"].to_numpy() == pytest.approx(0.9 * mask["y"].to_numpy())
    assert "ratio 0.90" in drawing.figure.axes[1].texts[1].get_text()


def test_without_wires_it_is_empty():
    points = pd.DataFrame(columns=["wire", *POINT_COLUMNS], dtype=float)
    drawing = draw_widths(points, pd.DataFrame(columns=list(LINE_COLUMNS), dtype=float))
    assert drawing.facts["wires"] == 0 and not len(drawing.data)


def test_a_line_of_one_point_is_drawn_too():
    points, particles = tapered(2, np.nan)
    lone = points[points["wire"] == "0:1"].head(1)
    drawing = draw_widths(pd.concat([points[points["wire"] == "0:0"], lone]), particles)
    assert drawing.facts["wires"] == 2
    assert np.isfinite(drawing.data[["x", "y"]].to_numpy(dtype=float)).all()
