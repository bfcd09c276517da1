import json
from pathlib import Path

import numpy as np
import pytest
import torch

from synthwire.errors import InputError
from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.learning import weights
from synthwire.segmentation.model_card import export_model, to_half_precision

TEMPLATE = Path(__file__).parents[3] / "resources" / "model_card.md.jinja"


def data_set(folder: Path, widths) -> Path:
    """COCO file of images of one bar each, of these widths."""
    images, annotations = [], []
    for number, width in enumerate(widths, start=1):
        images.append({"id": number, "file_name": "a.png", "width": 100, "height": 100})
        mask = np.zeros((100, 100), bool)
        mask[40 : 40 + width, 5:90] = True
        annotations.append(make_annotation(number, number, encode_mask(mask)))
    categories = [{"id": 1, "name": "nanowire"}]
    path = folder / "val.json"
    data = {"images": images, "categories": categories, "annotations": annotations}
    path.write_text(json.dumps(data))
    return path


def evaluation(ap: float) -> dict:
    scores = {"ap": ap, "ap50": 2 * ap, "ap75": ap / 2}
    counts = {"images": 3, "ground_truth": 40}
    return {"counts": counts, "accuracy": 70.0, "bbox": scores, "segm": scores}


@pytest.fixture
def trained(tmp_path):
    """Arguments of export_model for a made-up training of 1000 parameters."""
    state = {"weight": torch.linspace(-1, 1, 1000), "count": torch.tensor(7)}
    torch.save({"model": state}, tmp_path / "model_final.pth")
    (tmp_path / "synthetic.json").write_text(json.dumps(evaluation(30.0)))
    provenance = {
        "identity": {
            "architecture": {"depth": 18, "fpn_channels": 64},
            "plan": {"nms_threshold": 0.7, "iterations": 50, "learning_rate": 0.02},
            "training": {
                "images_per_batch": 2,
                "min_size_px": [50, 200],
                "max_size_px": 400,
                "augmentation": {},
            },
        },
        "categories": [{"id": 1, "name": "nanowire"}],
        "dataset_images": 12,
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
        "domain": [100, 120, 50],
        "dataset": data_set(tmp_path, [7, 11, 31]),
        "evaluations": {"synthetic": tmp_path / "synthetic.json"},
        "labels": {"synthetic": "Synthetic, held out"},
        "initial_weights": "results/demo/models/12/model_final.pth",
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
    # of 7, 11 and 31 px, seen at half and at twice the size
    assert card["particle_width_px"] == pytest.approx(np.sqrt(14 * 15.5), abs=0.1)
    assert card["particle_width_log_sd"] == pytest.approx(
        np.std(np.log(np.outer([0.5, 2], [7, 11, 31]))), abs=0.001
    )
    assert card["pixel_nm_range"] == [4, 16]
    assert card["metrics"]["synthetic"]["ap50_segm"] == 60


def test_the_card_for_people_says_what_was_measured(trained):
    export_model(**trained)
    text = (trained["output"] / "README.md").read_text()
    assert "| Synthetic, held out (3) | 40 | 30.0 | 60.0 | 15.0 | 70.0 |" in text
    assert "1.5 hours" in text
    assert "from results/demo/models/12/model_final.pth" in text
    assert "`make weights`" in text


def test_what_half_precision_cannot_hold_is_refused(trained):
    with pytest.raises(InputError, match="parameter weight is too large"):
        to_half_precision({"weight": torch.tensor([1e6])})
    torch.save({"model": {"weight": torch.tensor([1e6])}}, trained["weights"])
    with pytest.raises(InputError):
        export_model(**trained)
    assert not trained["output"].exists()


def test_a_model_too_large_to_ship_is_refused(trained):
    torch.save({"model": {"weight": torch.zeros(16_000_000)}}, trained["weights"])
    with pytest.raises(InputError, match=r"32.0 MB .* at most 30 MB"):
        export_model(**trained)
    assert not trained["output"].exists()
