import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from synthwire.errors import InputError
from synthwire.learning import weights
from synthwire.segmentation.model_card import export_model, to_half_precision, typical_width_px

TEMPLATE = Path(__file__).parents[3] / "resources" / "model_card.md.jinja"


def bar(width: int) -> np.ndarray:
    """Grey image of one bright bar."""
    image = np.full((100, 100), 20, np.uint8)
    image[40 : 40 + width, 5:90] = 200
    return image


def data_set(folder: Path, widths) -> Path:
    """A shard of one image for each width, as far as the card needs it."""
    images = []
    for number, width in enumerate(widths):
        name = f"scene_{number:05d}.png"
        Image.fromarray(bar(width)).save(folder / name)
        images.append({"id": number, "file_name": name, "width": 100, "height": 100})
    categories = [{"id": 1, "name": "nanowire"}]
    path = folder / "val.json"
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": []}))
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
            "training": {"images_per_batch": 2, "min_size_px": [50, 0, 200]},
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
        "shards": [tmp_path],
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
    assert card["particle_width_px"] == pytest.approx(11, abs=2.5)
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


def test_the_typical_width_is_the_median_over_the_images_that_show_something():
    blank = np.zeros((50, 50), np.uint8)
    assert typical_width_px([bar(7), blank, bar(9), bar(31)]) == pytest.approx(9, abs=2.5)
