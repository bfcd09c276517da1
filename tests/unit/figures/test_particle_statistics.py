"""Particle statistics: what the figure shows is what is stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwire.figures import particle_statistics
from synthwire.figures.kit import style
from synthwire.particles.distances import compare_distributions


@pytest.mark.parametrize("log_area", [True, False])
def test_histograms_in_the_data_integrate_to_one(results, log_area):
    table = pd.read_csv(results / "statistics/03/stxm.csv")
    drawing = particle_statistics.draw_particle_statistics(table, "STXM", "03", log_area=log_area)
    bars = drawing.data[drawing.data["kind"] == "histogram"]
    for (feature, _), part in bars.groupby(["feature", "source"]):
        low, high = part["from"], part["to"]
        if feature == "area" and log_area:
            low, high = np.log10(low), np.log10(high)
        assert (part["value"] * (high - low)).sum() == pytest.approx(1)
    assert drawing.facts["annotations"] == (table["source"] == "annotation").sum()
    assert drawing.facts["area_unit"] in ("nm²", "µm²")


def test_statistics_without_predictions_are_still_drawn(results, tmp_path):
    table = pd.read_csv(results / "statistics/03/sem.csv")
    drawing = particle_statistics.draw_particle_statistics(
        table[table["source"] == "annotation"], "SEM", "03"
    )
    assert drawing.facts["predictions"] == 0 and drawing.facts["area_unit"] == "px"
    assert drawing.facts["centres"]["area"]["prediction"] is None
    style.save(drawing, tmp_path / "fig9")


def test_distances_above_the_panels_are_those_of_the_statistics(results):
    table = pd.read_csv(results / "statistics/01/stxm.csv")
    facts = particle_statistics.draw_particle_statistics(table, "STXM", "01").facts
    rows = compare_distributions(table).set_index("feature")
    assert facts["distances"]["orientation"]["ks"] == rows.loc["orientation_deg", "ks"]
    assert facts["distances"]["area"]["ks"] == pytest.approx(rows.loc["area_px", "ks"])
