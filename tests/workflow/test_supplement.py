"""The supplement from a finished run's results."""

from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow

NOTES = ("note2", "note5", "calibration")


@pytest.fixture(scope="module")
def run(finished):
    """The finished run's folder with the supplement in it."""
    assert finished.planned("supplement") == {
        "note2": 1,
        "note5": 1,
        "calibration": 1,
        "supplement": 1,
    }, "the notes train or predict what the run has already"
    done = finished("supplement")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return finished.folder / "results" / "test"


def test_each_note_has_its_table_and_figure_in_the_report(run):
    page = (run / "supplement.html").read_text()
    for note in NOTES:
        for suffix in ("csv", "json", "md", "tex"):
            assert (run / f"tables/{note}.{suffix}").stat().st_size > 0
        assert f'id="fig_{note}"' in page
        assert f'id="{note}"' in page


def test_the_second_annotator_scores_what_is_known(run):
    table = pd.read_csv(run / "tables" / "note5.csv").set_index("label")
    assert table.loc["X-ray ptychography", "ap_segm"] == pytest.approx(55.6, abs=0.05)
    assert table.loc["STXM", "ap_bbox"] == pytest.approx(33.3, abs=0.05)
    assert table.loc["SEM", "ap50_segm"] == pytest.approx(82.3, abs=0.05)


def test_the_tracing_has_the_best_of_its_combinations(run):
    search = pd.read_csv(run / "baselines" / "tracing_search.csv")
    tuned = json.loads((run / "baselines" / "tracing.json").read_text())
    assert len(search) == 3 * 2 * 3 * 3 * 2
    assert tuned["ap_segm"] == pytest.approx(search["ap_segm"].max(), rel=1e-4)
    assert tuned["parameters"]["bend_deg"] == search["bend_deg"].iloc[0]
    methods = set(pd.read_csv(run / "tables" / "note2.csv")["method"])
    assert {"Tracing", "Watershed"} < methods


def test_flips_and_rows_together_stand_beside_the_model(run):
    table = pd.read_csv(run / "tables" / "calibration.csv")
    assert set(table["method"]) >= {"with flips", "3 rows together"}
    assert table["share"].max() == 0.5


def test_a_wrong_field_is_said_in_one_line(finished):
    done = finished("note5", "--dry-run", "--config", "supplement={note5: {size_px: [1]}}")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire:")]
    assert len(lines) == 1 and "size_px" in lines[0] and "sizes_px" in lines[0]
