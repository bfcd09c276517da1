"""Distributions of the particles of many images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import plot_distribution
from synthwire.particles.distances import mean_direction
from synthwire.particles.distribution import PERIOD_DEG, Kind, resultant

IMAGE_COLOURS = (
    style.BLUE,
    style.VERMILLION,
    style.GREEN,
    style.ORANGE,
    style.PURPLE,
    style.SKY_BLUE,
    style.BLACK,
)

COLUMNS = ["panel", "feature", "unit", "kind", "from", "to", "value"]


@style.styled
def draw_distributions(particles: pd.DataFrame) -> style.Drawing:
    """Histograms with kernel densities of the particles of all images, and length against width.

    particles: rows of `result.PARTICLE_COLUMNS` with a column `image`. Lengths are in nm or
        µm when the pixel size of every image is known, else in pixels. Length, width and area are
        on logarithmic axes, with densities per decade; orientation is circular (period 180°), its
        order is |⟨exp 2iθ⟩|, the nematic order parameter in two dimensions: 0 for random, 1 for
        parallel particles. In brackets stand the quartiles.
    """
    physical = len(particles) > 0 and particles["length_nm"].notna().all()
    unit, per_nm = "px", 1.0
    if physical:
        micrometres = particles["length_nm"].median() >= 10_000
        unit, per_nm = ("µm", 1e-3) if micrometres else ("nm", 1.0)
    suffix = "nm" if physical else "px"
    area = "area_nm2" if physical else "area_px"
    area_unit, per_nm2 = unit if unit == "px" else f"{unit}²", per_nm**2
    if area_unit == "nm²" and particles["area_nm2"].median() >= 1e4:
        area_unit, per_nm2 = "µm²", 1e-6
    features: list[tuple[str, pd.Series, str, Kind]] = [
        ("Length", particles[f"length_{suffix}"] * per_nm, unit, "log"),
        ("Width", particles[f"width_{suffix}"] * per_nm, unit, "log"),
        ("Area", particles[area] * per_nm2, area_unit, "log"),
        ("Aspect ratio", particles["aspect_ratio"], "1", "linear"),
        ("Orientation", particles["orientation_deg"] % PERIOD_DEG, "°", "circular"),
    ]
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 101.0)
    axes = [
        layout.add_axes_mm(figure, 12.5 + 61.0 * column, 7.5 + 49.0 * row, 46.0, 31.0)
        for row in range(2)
        for column in range(3)
    ]
    records, centres = [], {}
    for ax, letter, (name, values, of_unit, kind) in zip(axes, "abcde", features, strict=False):
        values = values.dropna().to_numpy(dtype=float)
        table, centres[name.lower().replace(" ", "_")] = _distribution(
            ax, letter, name, values, of_unit, kind
        )
        records.append(table)
    records.append(_length_against_width(axes[5], particles, suffix, per_nm, unit))
    facts = {
        "particles": len(particles),
        "images": int(particles["image"].nunique()),
        "unit": unit,
        "area_unit": area_unit,
        "centres": centres,
    }
    return style.Drawing(figure, pd.concat(records, ignore_index=True), facts)


def _distribution(
    ax: Axes, letter: str, name: str, values: np.ndarray, unit: str, kind: Kind
) -> tuple[pd.DataFrame, dict]:
    """One histogram with its density; returns what it shows, and its centre and spread."""
    ax.set_xlabel(name if unit == "1" else f"{name} ({unit})")
    if not len(values):
        ax.set_xticks([])
        ax.set_yticks([])
        layout.panel_letter(ax, letter, "no particles", **layout.CHART_LETTER)
        return pd.DataFrame(columns=COLUMNS), {"centre": None, "quartiles": None}
    lower = 1.0 if kind == "linear" else None  # no aspect ratio is below 1
    table = plot_distribution(
        ax, {name: values}, kind, unit, colours={name: style.BLUE}, lower=lower
    )
    if kind == "circular":
        centre, quartiles = mean_direction(values, PERIOD_DEG), None
        order = abs(resultant(values))
        title = f"mean direction {centre:.0f}°, order {order:.2f}"
    else:
        low, centre, high = (float(value) for value in np.percentile(values, [25, 50, 75]))
        quartiles = [low, high]
        of = "" if unit == "1" else f" {unit}"
        title = f"median {_short(centre)}{of} ({_short(low)}–{_short(high)})"
    ax.axvline(centre, color=style.VERMILLION, linewidth=0.9, linestyle=(0, (4, 2)))
    layout.panel_letter(ax, letter, title, **layout.CHART_LETTER)
    table = table.assign(panel=letter, feature=name, unit=unit)
    return table[COLUMNS], {"centre": centre, "quartiles": quartiles}


def _shortened(name: str, most: int = 22) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _short(value: float) -> str:
    """Three digits, without powers of ten up to a million."""
    return f"{float(f'{value:.3g}'):g}"


def _length_against_width(
    ax: Axes, particles: pd.DataFrame, suffix: str, per_nm: float, unit: str
) -> pd.DataFrame:
    """Each particle a dot; the images in colours of their own where they are few."""
    width = particles[f"width_{suffix}"].to_numpy(dtype=float) * per_nm
    length = particles[f"length_{suffix}"].to_numpy(dtype=float) * per_nm
    names = list(dict.fromkeys(particles["image"]))
    number = particles["image"].map({name: index for index, name in enumerate(names)})
    palette = IMAGE_COLOURS if len(names) <= len(IMAGE_COLOURS) else IMAGE_COLOURS[:1]
    colours = [palette[index % len(palette)] for index in number]
    ax.scatter(width, length, s=4, c=colours, alpha=0.6, linewidths=0, rasterized=True)
    if 1 < len(names) <= len(IMAGE_COLOURS):
        handles = [
            ax.plot([], [], "o", color=colour, label=_shortened(Path(name).name))[0]
            for name, colour in zip(names, palette, strict=False)
        ]
        ax.figure.legend(
            handles=handles,
            loc="lower right",
            ncols=len(handles),
            handletextpad=0.2,
            columnspacing=1.2,
        )
    ax.set_xlabel(f"Width ({unit})")
    ax.set_ylabel(f"Length ({unit})")
    count = f"{len(particles)} particle{'s' * (len(particles) != 1)}"
    count += f" in {len(names)} image{'s' * (len(names) != 1)}"
    layout.panel_letter(ax, "f", count, **layout.CHART_LETTER)
    if len(particles):
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
    else:
        ax.set_xticks([])
        ax.set_yticks([])
    return pd.DataFrame(
        {
            "panel": "f",
            "feature": "length against width",
            "unit": unit,
            "kind": "particle",
            "from": width,
            "to": width,
            "value": length,
        }
    )
