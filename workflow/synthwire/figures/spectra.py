"""Spectra of particles, where they lie, and what goes with their width."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.overlay import draw_outlines


@style.styled
def draw_spectra(
    spectra: pd.DataFrame, particles: pd.DataFrame, masks: np.ndarray
) -> style.Drawing:
    """(a) spectra over their means, in colours of the first component; (b) its map; (c) width.

    Bands in (a) are the standard deviation between a particle's pixels.

    spectra: columns id, energy_ev, optical_density, sd. particles: a row a particle, as
    `segmentation.spectra.components` gives it, joined with its measures. masks: (n, height, width),
    of the rows of `particles`.
    """
    loading = particles.get("component_1", pd.Series(0.0, index=particles.index)).to_numpy(float)
    most = max(float(np.nanmax(np.abs(loading), initial=0.0)), 1e-12)
    cmap = matplotlib.colormaps["viridis"]
    colours = cmap(0.45 + 0.43 * np.nan_to_num(loading) / most)  # no yellow: it fades on white
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 58.0)
    lines = layout.add_axes_mm(figure, 12.5, 7.5, 62.0, 40.0)
    where = layout.add_axes_mm(figure, 82.0, 7.5, 40.0, 40.0)
    width = layout.add_axes_mm(figure, 138.0, 7.5, 40.0, 40.0)
    shapes = [
        np.column_stack([group["energy_ev"], group["optical_density"] / level])
        for level, (_, group) in zip(
            particles["mean_od"], spectra.groupby("id", sort=False), strict=True
        )
    ]
    for colour, level, (_, group) in zip(
        colours, particles["mean_od"], spectra.groupby("id", sort=False), strict=True
    ):
        middle, spread = group["optical_density"] / level, group["sd"].fillna(0.0) / level
        lines.fill_between(
            group["energy_ev"],
            middle - spread,
            middle + spread,
            color=colour,
            alpha=0.1,
            linewidth=0,
        )
    lines.add_collection(LineCollection(shapes, colors=colours, linewidths=0.7, alpha=0.8))
    lines.autoscale()
    lines.set_xlabel("Photon energy (eV)")
    lines.set_ylabel("Optical density over its mean")
    count = f"{len(particles)} particle{'s' * (len(particles) != 1)}"
    layout.panel_letter(lines, "a", f"{count}; ± 1 SD of pixels", **layout.CHART_LETTER)
    picture = np.zeros((*masks.shape[1:], 3))
    times = np.maximum(masks.sum(axis=0), 1)[..., None]
    for mask, colour in zip(masks, colours, strict=True):
        picture[mask] += colour[:3]
    layout.show_image(where, (255 * picture / times).astype(np.uint8))
    where.set_aspect("equal")
    where.set_axis_off()
    draw_outlines(where, list(masks), "white", linewidth=0.3)
    layout.panel_letter(where, "b", "first component")
    unit = "nm" if particles["mean_width_nm"].notna().all() else "px"
    width.scatter(particles[f"mean_width_{unit}"], loading, s=8, c=colours, linewidths=0)
    width.set_xlabel(f"Width ({unit})")
    width.set_ylabel("Loading of the first component")
    layout.panel_letter(width, "c", **layout.CHART_LETTER)
    return style.Drawing(figure, spectra, {"particles": len(particles), "unit": unit})
