"""The supplement from a finished run's results."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytestmark = pytest.mark.workflow

NOTES = (*(f"note{n}" for n in (1, 2, 3, 4, 5, 7, 8)), "ablations", "calibration", "peers")

TORCHVISION = "Mask R-CNN of torchvision"


@pytest.fixture(scope="module")
def run(finished):
    """The finished run's folder with the supplement in it."""
    planned = finished.planned("supplement")
    assert not {"generate_structures", "compress_optical_density", "train_model"} & set(planned), (
        "the notes make what the run has already"
    )
    # of eleven variants four differ from the run's own row in nothing but their note
    assert planned["train_variant"] == 7
    assert planned["evaluate_variant"] == 11
    assert planned["train_peer"] == planned["apply_peer"] == 1
    assert "install_peers" not in planned, "torchvision's is in our own environment"
    assert planned["generate_variant_structures"] == 2 * 2, "spheres and core-shell wires alone"
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


def test_a_second_class_is_learnt_and_compared_with_wires_alone(run):
    table = pd.read_csv(run / "tables" / "note1.csv")
    assert set(table["class"]) == {"nanowire", "sphere"}
    assert set(table["model"]) == {"wires and spheres", "wires alone"}
    truth = json.loads((run / "supplement/note1-spheres/dataset/val.json").read_text())
    assert table[table["model"] == "wires alone"]["particles"].sum() == len(truth["annotations"])
    learnt = json.loads((run / "supplement/note1-spheres/provenance.json").read_text())
    assert [category["name"] for category in learnt["categories"]] == ["nanowire", "sphere"]
    core = pd.read_csv(run / "tables" / "note8.csv")
    assert set(core["class"]) == {"nanowire", "nanowire-core"}


def test_variants_are_compared_on_the_runs_images(run):
    shown = {"synthetic", "simulated_ptychography", "simulated_stxm", "simulated_sem"}
    for note, variants in (
        ("note3", {"none", "percent25"}),
        ("note4", {"r02", "r002"}),
        ("ablations", {"paper", "binary"}),
    ):
        table = pd.read_csv(run / "tables" / f"{note}.csv")
        assert set(table["variant"]) == variants
        assert set(table["test"]) == shown
    learnt = json.loads((run / "supplement/note4-r002/provenance.json").read_text())
    assert learnt["identity"]["plan"]["learning_rate"] == pytest.approx(0.002 * 0.25)


def test_real_patches_take_the_place_of_synthetic_images(run):
    mixed = json.loads((run / "supplement/note3-percent25/patched/train.json").read_text())
    names = [image["file_name"][:5] for image in mixed["images"]]
    assert names == ["scene"] * 4 + ["patch"] * 2


def test_binary_images_have_no_grey_but_at_their_blurred_edges(run):
    folder = run / "supplement/ablations-binary/images/000"
    plain = run / "images/000"
    for path in sorted(folder.glob("*.png")):
        binary, density = (np.asarray(Image.open(it)) for it in (path, plain / path.name))
        assert (binary[density > 0] >= density[density > 0]).all()


def test_the_time_of_a_step_and_its_operations_are_measured(run):
    table = pd.read_csv(run / "tables" / "note7.csv")
    measured = table[table["what"] == "measured"]
    assert (measured["seconds"] > 0).all()
    facts = json.loads((run / "figures" / "fig_note7.json").read_text())
    assert facts["operations_paper"] > facts["operations_here"] > 1e6


def test_a_peer_learns_as_long_as_our_own_model(run):
    table = pd.read_csv(run / "tables" / "peers.csv").set_index("method")
    ours, theirs = table.loc["SynthWire, random start"], table.loc[TORCHVISION]
    assert ours["ours"] and not theirs["ours"]
    assert theirs["processor_s"] >= ours["processor_s"], "a step is not broken off"
    assert (table["seconds_an_image"] > 0).all()
    assert theirs["steps"] >= 1
    learnt = json.loads((run / "supplement/peers-scratch/provenance.json").read_text())
    assert learnt["initial_weights"] == "scratch", "whatever the run's rows start from"
    shown = json.loads((run / "figures" / "fig_peers.json").read_text())
    assert shown["methods"] == list(table.sort_values("ours", ascending=False).index)
    assert (run / "tables" / "peers_elsewhere.md").stat().st_size > 0


def test_a_wrong_field_is_said_in_one_line(finished):
    done = finished("note5", "--dry-run", "--config", "supplement={note5: {size_px: [1]}}")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire:")]
    assert len(lines) == 1 and "size_px" in lines[0] and "sizes_px" in lines[0]


def test_a_note_without_images_to_learn_from_says_so(finished, tmp_path):
    overlay = tmp_path / "own.yaml"
    overlay.write_text("supplement: {note3: {real: {simulated: 0}}}\n")
    done = finished("note3", "--dry-run", configs=("test.yaml", str(overlay)))
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire:")]
    assert len(lines) == 1
    assert "supplement.note3.real: no image set of this run is simulated" in lines[0]
