import numpy as np
import pytest
from figure_texts import texts_overlap
from scipy import ndimage
from skimage.filters import threshold_otsu

from synthwire.errors import InputError
from synthwire.figures.conditions import draw_conditions
from synthwire.io.masks import encode_mask
from synthwire.schema import reader
from synthwire.structures.settings import resolve_settings
from synthwire.study import diagnosis

EVALUATION = reader.validate({}, "evaluation.schema.yaml", "test")


def entry(**more) -> dict:
    fields = {
        "source": "simulated",
        "microscope": "ptychography",
        "label": "Simulated",
        "kind": "ptychography",
        "scenes": 2,
        "structures": {
            "domain": [128, 112, 60],
            "voxel_size_nm": 24,
            "populations": [
                {"count": 4, "particles": [{"length_nm": 1000, "width_nm": 200,
                                            "thickness_nm": 150}]}
            ],
        },
    }  # fmt: skip
    return reader.validate(fields | more, "image_set.schema.yaml", "test")


def segment_by_threshold(image: np.ndarray, image_id: int) -> list[dict]:
    """Connected regions above Otsu's threshold: splits nothing, so overlaps and noise cost it."""
    labels, number = ndimage.label(image > threshold_otsu(image))
    return [
        {"image_id": image_id, "category_id": 1, "score": 0.9, "segmentation": encode_mask(mask)}
        for mask in (labels == k for k in range(1, number + 1))
        if mask.sum() > 20
    ]


def test_conditions_cost_what_they_must():
    table = diagnosis.diagnose(
        "set",
        entry(),
        segment_by_threshold,
        EVALUATION,
        seed=4,
        conditions={"noise": (0, 40), "blur": (0, 6), "density": (0.5, 4), "tilt": (0, 45)},
    )
    assert table["images"].eq(2).all() and len(table) == 8
    by = table.set_index(["condition", "value"])
    assert by.loc[("noise", 0), "ap50_segm"] > 40
    assert by.loc[("noise", 40), "ap_segm"] < by.loc[("noise", 0), "ap_segm"] - 10
    assert by.loc[("blur", 6), "ap_segm"] < by.loc[("blur", 0), "ap_segm"]
    assert by.loc[("density", 4), "particles"] > 4 * by.loc[("density", 0.5), "particles"]
    assert by.loc[("density", 4), "overlap"] > by.loc[("density", 0.5), "overlap"]
    assert by.loc[("density", 4), "ap50_segm"] < by.loc[("density", 0.5), "ap50_segm"]
    # the first value of each is the same image set
    assert by.loc[("noise", 0), "ap_segm"] == by.loc[("blur", 0), "ap_segm"]
    assert by.loc[("noise", 0), "ap_segm"] == by.loc[("tilt", 0), "ap_segm"]


def test_a_microscopes_own_parameter_is_a_condition_too():
    table = diagnosis.diagnose(
        "set", entry(scenes=1), segment_by_threshold, EVALUATION, seed=4,
        conditions={"resolution_nm": (20, 400)},
    )  # fmt: skip
    assert table["label"].tolist() == ["resolution nm"] * 2
    assert table["ap_segm"].iloc[1] < table["ap_segm"].iloc[0]
    with pytest.raises(InputError, match="no 'resolution_um'"):
        diagnosis.diagnose(
            "set", entry(scenes=1), segment_by_threshold, EVALUATION, seed=4,
            conditions={"resolution_um": (1,)},
        )  # fmt: skip


def test_only_simulated_sets_can_be_diagnosed():
    with pytest.raises(InputError, match="simulated is expected"):
        diagnosis.diagnose("set", {"source": "file"}, segment_by_threshold, EVALUATION, seed=1)


def test_degradations_are_what_they_say():
    rng = np.random.default_rng(0)
    flat = np.full((100, 100), 120, np.uint8)
    noisy = diagnosis.degrade(flat, "noise", 4, rng)
    assert noisy.std() == pytest.approx(0.04 * 255, rel=0.05)
    dot = np.zeros((61, 61), np.uint8)
    dot[28:33, 28:33] = 255
    blurred = diagnosis.degrade(dot, "blur", 3, rng).astype(float)
    x = np.arange(61) - 30
    assert (blurred * x**2).sum() / blurred.sum() == pytest.approx(9 + 2, rel=0.15)
    fine = np.zeros((60, 60), np.uint8)
    fine[:, ::2] = 255
    coarse = diagnosis.degrade(fine, "resolution", 4, rng)
    assert coarse[10:-10, 10:-10].std() < 10 and abs(coarse.mean() - 127) < 5
    for condition in ("tilt", "density"):
        np.testing.assert_array_equal(diagnosis.degrade(fine, condition, 30, rng), fine)


def test_more_particles_in_every_form_of_count():
    for count, expected in (
        (4, 8),
        ({"distribution": "uniform", "low": 2, "high": 5}, {"low": 4, "high": 10}),
        ({"distribution": "empirical", "values": [1, 3]}, {"values": [2, 6]}),
    ):
        settings = {"populations": [{"count": count, "particles": [
            {"length_nm": 900, "width_nm": 130, "thickness_nm": 100}]}]}  # fmt: skip
        found = diagnosis.with_more_particles(settings, 2)["populations"][0]["count"]
        if isinstance(expected, dict):
            found = {key: found[key] for key in expected}
        assert found == expected
        assert settings["populations"][0]["count"] == count
    paper = diagnosis.with_more_particles({}, 2)
    assert paper["populations"][0]["count_per_um2"]["mean"] == pytest.approx(
        2 * resolve_settings({})["populations"][0]["count_per_um2"]["mean"]
    )


def test_figure_has_a_panel_for_each_condition(tmp_path):
    table = diagnosis.diagnose(
        "set", entry(scenes=1), segment_by_threshold, EVALUATION, seed=4,
        conditions={"noise": (0, 8), "tilt": (0, 30)},
    )  # fmt: skip
    drawing = draw_conditions({"threshold": table, "again": table})
    labels = [ax.get_xlabel() for ax in drawing.figure.axes if ax.get_xlabel()]
    assert labels == ["Added noise (% of full scale)", "Tilt of the beam (°)"]
    assert len(drawing.data) == 8
    assert not texts_overlap(drawing.figure)
    with pytest.raises(InputError, match="no model"):
        draw_conditions({})
