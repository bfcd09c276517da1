import json
from pathlib import Path

import numpy as np
import pytest
import torch
from synthwire import weights
from synthwire.annotations import encode_mask, make_annotation
from synthwire.errors import InputError
from synthwire.model_card import export_model, halved, typical_width_px

TEMPLATE = Path(__file__).parents[2] / "resources" / "model_card.md.jinja"


def bars(widths) -> dict:
    """COCO data set of one image with a bar of each width."""
    annotations = []
    for number, width in enumerate(widths):
        mask = np.zeros((100, 100), bool)
        mask[2 : 2 + width, 5:90] = True
        annotations.append(make_annotation(number + 1, 1, encode_mask(mask), category_id=1))
    return {
        "images": [{"id": 1, "file_name": "scene_00001.png", "width": 100, "height": 100}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": annotations,
    }


def evaluation(ap: float) -> dict:
    scores = {"ap": ap, "ap50": 2 * ap, "ap75": ap / 2}
    counts = {"images": 3, "ground_truth": 40}
    return {"counts": counts, "accuracy": 70.0, "bbox": scores, "segm": scores}


@pytest.fixture
def trained(tmp_path):
    """Arguments of export_model for a made-up training of 1000 parameters."""
    state = {"weight": torch.linspace(-1, 1, 1000), "count": torch.tensor(7)}
    torch.save({"model": state}, tmp_path / "model_final.pth")
    (tmp_path / "val.json").write_text(json.dumps(bars([6, 10, 30])))
    (tmp_path / "synthetic.json").write_text(json.dumps(evaluation(30.0)))
    provenance = {
        "identity": {
            "architecture": {"depth": 18, "fpn_channels": 64},
            "plan": {"nms_threshold": 0.7, "iterations": 50, "learning_rate": 0.02},
            "training": {"images_per_batch": 2},
        },
        "categories": [{"id": 1, "name": "nanowire"}],
        "dataset_images": 12,
        "initial_weights": "scratch",
        "seed": 5,
        "started": "2026-01-02T03:04:05+00:00",
        "duration_s": 5400.0,
        "versions": {},
        "git_commit": None,
    }
    return {
        "weights": tmp_path / "model_final.pth",
        "provenance": provenance,
        "name": "small",
        "prediction": {"minimum_score": 0.05},
        "pixel_size_nm": 8,
        "dataset": tmp_path / "val.json",
        "evaluations": {"synthetic": tmp_path / "synthetic.json"},
        "labels": {"synthetic": "Synthetic, held out"},
        "rebuild": "make weights",
        "template": TEMPLATE,
        "output": tmp_path / "bundled",
    }


def test_what_is_exported_is_found_again_as_the_bundled_model(trained, monkeypatch):
    export_model(**trained)
    monkeypatch.setenv(weights.WEIGHTS_VARIABLE, str(trained["output"]))
    path, card = weights.bundled()
    state = torch.load(path, weights_only=True)["model"]
    assert state["weight"].dtype == torch.float16
    assert state["count"] == 7
    torch.testing.assert_close(
        state["weight"].float(), torch.linspace(-1, 1, 1000), atol=1e-3, rtol=0
    )
    assert card["particle_width_px"] == 10
    assert card["metrics"]["synthetic"]["ap50_segm"] == 60


def test_the_card_for_people_says_what_was_measured(trained):
    export_model(**trained)
    text = (trained["output"] / "README.md").read_text()
    assert "| Synthetic, held out (3) | 40 | 30.0 | 60.0 | 15.0 | 70.0 |" in text
    assert "1.5 hours" in text
    assert "`make weights`" in text


def test_what_half_precision_cannot_hold_is_refused(trained):
    with pytest.raises(InputError, match="parameter weight is too large"):
        halved({"weight": torch.tensor([1e6])})
    torch.save({"model": {"weight": torch.tensor([1e6])}}, trained["weights"])
    with pytest.raises(InputError):
        export_model(**trained)
    assert not trained["output"].exists()


def test_a_model_too_large_to_ship_is_refused(trained):
    torch.save({"model": {"weight": torch.zeros(16_000_000)}}, trained["weights"])
    with pytest.raises(InputError, match=r"32.0 MB .* at most 30 MB"):
        export_model(**trained)
    assert not trained["output"].exists()


def test_the_typical_width_is_the_median_of_the_first_images():
    assert typical_width_px(bars([4, 8, 20])) == 8
