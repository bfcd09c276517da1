"""AP against imaging conditions."""

from __future__ import annotations

import standin_results as standin

from synthwire.figures import conditions


def test_diagnosis_draws_every_condition_of_every_table():
    table = standin.make_diagnosis()
    drawing = conditions.draw_conditions({"Simulated SEM": table, "Simulated STXM": table})
    assert drawing.facts == {"models": ["Simulated SEM", "Simulated STXM"], "images": 4}
    assert len(drawing.data) == 2 * len(table)
    labels = {ax.get_xlabel() for ax in drawing.figure.axes} - {""}
    assert labels == {"Noise (%)", "Blur (px)", "Tilt (°)", "Resolution (nm)"}
