"""The particle measures that the app shows, in nm where the pixel size is known, else in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthwire.particles.distances import PERIODS, mean_direction


@dataclass(frozen=True)
class Feature:
    """A measure: its columns in the particle table, its units, the decimals that are shown."""

    label: str
    physical: str
    pixels: str
    unit: str
    pixel_unit: str
    digits: int = 0
    least: float = 0.0  # no particle has less

    def column(self, in_nm: bool) -> str:
        return self.physical if in_nm else self.pixels

    def unit_of(self, in_nm: bool) -> str:
        return self.unit if in_nm else self.pixel_unit

    def axis(self, in_nm: bool) -> str:
        """Label of an axis: Length (nm)."""
        unit = self.unit_of(in_nm)
        return f"{self.label} ({unit})" if unit else self.label

    @property
    def period(self) -> float | None:
        """Of an angle, in its unit; None for anything else."""
        return PERIODS.get(self.physical)

    def centre(self, values: np.ndarray) -> float:
        """Median, or mean direction of an angle; NaN for no values."""
        values = np.asarray(values, dtype=float)
        if not len(values):
            return math.nan
        return mean_direction(values, self.period) if self.period else float(np.median(values))

    def text(self, value: float, in_nm: bool) -> str:
        """A value with its unit, for people: 1 234 nm."""
        if not math.isfinite(value):
            return "–"
        number = f"{value:,.{self._decimals(value, in_nm)}f}".replace(
            ",", "\N{NARROW NO-BREAK SPACE}"
        )
        unit = self.unit_of(in_nm)
        gap = "" if unit == "°" else "\N{NO-BREAK SPACE}"
        return f"{number}{gap}{unit}" if unit else number

    def _decimals(self, value: float, in_nm: bool) -> int:
        if self.digits:
            return self.digits
        return 1 if abs(value) < 100 and self.unit_of(in_nm) in ("nm", "px") else 0


FEATURES = {
    "length": Feature("Length", "length_nm", "length_px", "nm", "px"),
    "width": Feature("Width", "width_nm", "width_px", "nm", "px"),
    "aspect": Feature("Aspect ratio", "aspect_ratio", "aspect_ratio", "", "", 2, 1.0),
    "orientation": Feature("Orientation", "orientation_deg", "orientation_deg", "°", "°"),
    "area": Feature("Area", "area_nm2", "area_px", "nm²", "px²"),
    "perimeter": Feature("Perimeter", "perimeter_nm", "perimeter_px", "nm", "px"),
    "solidity": Feature("Solidity", "solidity", "solidity", "", "", 2),
    "curvature": Feature("Curvature", "curvature_per_um", "curvature_per_px", "1/µm", "1/px", 3),
}
DISTRIBUTIONS = ("length", "width", "aspect", "orientation")  # shown unless others are chosen


def describe(particle: pd.Series, in_nm: bool) -> dict[str, str]:
    """All measures of one particle, for people."""
    return {
        "Score": f"{particle['score']:.2f}",
        **{
            item.label: item.text(float(particle[item.column(in_nm)]), in_nm)
            for item in FEATURES.values()
        },
        "Cut by the edge": "yes" if particle["touches_border"] else "no",
    }


def display_table(particles: pd.DataFrame, in_nm: bool) -> pd.DataFrame:
    """The particle table with the columns and headings that people read."""
    columns = {"id": "No.", "score": "Score"} | {
        item.column(in_nm): item.axis(in_nm) for item in FEATURES.values()
    }
    return _significant(particles[list(columns)].rename(columns=columns))


def _significant(table: pd.DataFrame, digits: int = 4) -> pd.DataFrame:
    """The table with its floating-point numbers rounded to so many significant digits."""
    return table.map(
        lambda value: float(f"{value:.{digits}g}") if isinstance(value, float) else value
    )


def summarise(particles: pd.DataFrame, in_nm: bool) -> pd.DataFrame:
    """One row a measure: number, mean, standard deviation, median and quartiles.

    Of the orientation the mean is that on the circle, and the rest is left empty.
    """
    rows = {}
    for item in FEATURES.values():
        values = particles[item.column(in_nm)].dropna().to_numpy(dtype=float)
        row: dict[str, float] = {"n": len(values), "Mean": item.centre(values)}
        if not item.period and len(values):
            row["Mean"] = float(values.mean())
            row["Standard deviation"] = float(values.std(ddof=1)) if len(values) > 1 else math.nan
            quartiles = np.percentile(values, [25, 50, 75])
            row |= dict(zip(("25 %", "Median", "75 %"), quartiles, strict=True))
        rows[item.axis(in_nm)] = row
    columns = ["n", "Mean", "Standard deviation", "25 %", "Median", "75 %"]
    return _significant(pd.DataFrame.from_dict(rows, orient="index", columns=columns))
