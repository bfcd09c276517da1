"""What scores are worth: learnt from evidence whose answer is known, and applied."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import tiny_model
import yaml
from scipy import special

from synthwire.config import checks
from synthwire.errors import InputError
from synthwire.inference.portable import SUFFIX, read_card
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.learning.weights import WEIGHTS, WEIGHTS_VARIABLE
from synthwire.particles.evidence import EVIDENCE
from synthwire.segmentation import rescoring, rescoring_fields
from synthwire.segmentation.apply import segment
from synthwire.segmentation.models import RESCORING, find_model, load_model
from synthwire.segmentation.options import THRESHOLD

COLUMNS = len(EVIDENCE)
PORTABLE = f"bundled{SUFFIX}"


def known(images: int = 400, finds: int = 50, seed: int = 1) -> list[tuple]:
    """Evidence of images, how likely each find is by it, and whether it is so.

    It depends on two columns, their product, and on something that all finds of an image share and
    no column says.
    """
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(images):
        evidence = rng.normal(0, 1, (finds, COLUMNS))
        shared = rng.choice([-1.5, 1.5])
        evidence[:, 2] = shared + rng.normal(0, 3, finds)  # a weak hint in each find
        odds = 1.5 * evidence[:, 0] - evidence[:, 0] * evidence[:, 1] - 1 + 1.5 * shared
        likely = special.expit(odds)
        made.append((evidence, likely, rng.random(finds) < likely))
    return made


@pytest.fixture(scope="module")
def fitted() -> dict:
    return rescoring.fit_rescoring([(evidence, true) for evidence, _, true in known()])


def test_probabilities_are_learnt_with_products_and_with_what_finds_share(fitted):
    fresh = known(seed=2)
    likely = np.concatenate([likely for _, likely, _ in fresh])
    first = fitted["passes"][0]
    alone = special.expit(np.concatenate([rescoring._odds(e, first) for e, _, _ in fresh]))
    found = np.concatenate([rescoring.probabilities(e, fitted) for e, _, _ in fresh])
    assert np.corrcoef(found, likely)[0, 1] > 0.85
    assert np.abs(found - likely).mean() < np.abs(alone - likely).mean() - 0.02


def test_what_lies_beyond_the_limits_counts_as_the_limit(fitted):
    first = fitted["passes"][0]
    at, beyond = np.zeros((1, COLUMNS)), np.zeros((1, COLUMNS))
    at[0, 0], beyond[0, 0] = first["high"][0], 1e6
    assert rescoring.probabilities(at, fitted) == rescoring.probabilities(beyond, fitted)


def test_each_image_counts_the_same():
    rng = np.random.default_rng(4)
    one = (rng.normal(size=(10, COLUMNS)), np.ones(10, dtype=bool))
    many = (rng.normal(size=(1000, COLUMNS)), np.zeros(1000, dtype=bool))
    fitted = rescoring._fit([one, many])
    mean = [special.expit(rescoring._odds(evidence, fitted)).mean() for evidence, _ in (one, many)]
    assert np.mean(mean) == pytest.approx(0.5, abs=0.01)


def test_it_survives_json(fitted):
    evidence, _, _ = known(images=1)[0]
    again = json.loads(json.dumps(fitted))
    assert np.array_equal(
        rescoring.probabilities(evidence, again), rescoring.probabilities(evidence, fitted)
    )


def test_the_best_f1_lies_at_the_default_threshold():
    one = np.array([0.9, 0.4, 0.3]), np.array([True, True, False])
    two = np.array([0.8, 0.2, 0.1]), np.array([True, False, False])
    exponent = rescoring_fields._exponent([one, two, (np.zeros(0), np.zeros(0, dtype=bool))])
    assert 0.4**exponent == pytest.approx(THRESHOLD, abs=0.001)


def finds() -> tuple[np.ndarray, list[dict]]:
    image = tiny_model.wires()
    results = []
    for place, score in enumerate((0.9, 0.5, 0.08)):
        mask = np.zeros(image.shape, dtype=bool)
        mask[10 + 15 * place : 16 + 15 * place, 10:60] = True
        results.append({"image_id": 1, "score": score, "segmentation": encode_mask(mask)})
    return image, results


def test_new_scores_are_in_order_and_the_weakest_are_left_out(fitted):
    image, results = finds()
    turned = copy.deepcopy(fitted)
    for one in turned["passes"]:
        one["coefficients"] = [-value for value in one["coefficients"]]
    for which in (fitted, turned):
        new = rescoring.rescored(results, image, 12, which)
        assert len(new) == 2
        assert new[0]["score"] >= new[1]["score"]
        assert {item["image_id"] for item in new} == {1}
    assert [item["score"] for item in results] == [0.9, 0.5, 0.08]  # the old ones are left alone
    assert rescoring.rescored([], image, 12, fitted) == []


def test_what_is_far_wider_than_what_is_known_keeps_most_of_its_score(fitted, monkeypatch):
    image, results = finds()
    known_px = 6 / (1.1 * rescoring.WIDEST)  # the finds are 6 px wide
    monkeypatch.setattr(rescoring, "probabilities", lambda evidence, _: np.full(len(evidence), 0.1))
    new = rescoring.rescored(results, image, known_px, fitted)
    expected = [score**0.8 * 0.1**0.2 for score in (0.9, 0.5)]
    assert [item["score"] for item in new] == pytest.approx(expected)
    new = rescoring.rescored(results, image, 1.3 * known_px, fitted)
    assert [item["score"] for item in new] == pytest.approx([0.1, 0.1])


def test_other_evidence_is_refused(fitted):
    image, results = finds()
    with pytest.raises(InputError, match="other evidence"):
        rescoring.rescored(results, image, 12, {**fitted, "evidence": ["score"]})


@pytest.fixture
def bundle(tmp_path, monkeypatch, fitted):
    """The bundled model as a wheel has it, with this rescoring beside it."""
    (tmp_path / PORTABLE).symlink_to(WEIGHTS / PORTABLE)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    sha256 = read_card(tmp_path / PORTABLE)["sha256"]
    (tmp_path / RESCORING).write_text(json.dumps({"model_sha256": sha256, **fitted}))
    return tmp_path


def test_the_tool_takes_what_lies_beside_the_weights(bundle):
    image = tiny_model.wires()
    with_it = segment(image, threshold=0, model=load_model()).particles["score"]
    (bundle / RESCORING).unlink()
    without = segment(image, threshold=0, model=load_model()).particles["score"]
    assert len(with_it)
    assert set(with_it) != set(without)


def test_one_for_other_weights_is_refused(bundle, fitted):
    (bundle / RESCORING).write_text(json.dumps({"model_sha256": "0", **fitted}))
    with pytest.raises(InputError, match=rf"{RESCORING}: learnt for other weights"):
        find_model("bundled")


@pytest.fixture(scope="module")
def fields() -> rescoring_fields.Fields:
    settings = yaml.safe_load((tiny_model.ROOT / "config" / "bundled.yaml").read_text())
    settings["training"]["initial_weights"] = "scratch"
    config = checks.resolve(settings)
    return rescoring_fields.Fields(
        config["structures"], config["compression"], config["imaging"]["domains"], 5, 3, 2
    )


def test_a_field_shows_its_particles_where_they_are(fields):
    seen = 0
    many = fields._replace(usual=8)
    for number in range(8):
        field = rescoring_fields.draw_field(many, number)
        pixels = field.image.pixels
        assert pixels.dtype == np.uint8
        assert 160 <= pixels.shape[0] <= rescoring_fields.LARGEST_PX
        masks = [decode_mask(rle) for rle in field.particles]
        assert all(mask.shape == pixels.shape for mask in masks)
        if masks:
            covered = np.any(masks, axis=0)
            seen += pixels[covered].mean() > pixels[~covered].mean()
    assert seen >= 3
    again = rescoring_fields.draw_field(many, 7)
    assert np.array_equal(again.image.pixels, field.image.pixels)
    assert again.particles == field.particles


def test_a_rescoring_is_learnt_from_fields_and_fits_its_model(bundle, fields):
    learnt = rescoring_fields.learn_rescoring(bundle, fields, 2)
    assert learnt == rescoring_fields.learn_rescoring(bundle, fields, 1)
    assert learnt["fields"] == 5
    assert learnt["exponent"] > 0
    assert learnt["evidence"] == list(EVIDENCE)


def test_fields_without_a_particle_teach_nothing(bundle, fields):
    with pytest.raises(InputError, match="in 1 simulated fields none is right"):
        rescoring_fields.learn_rescoring(bundle, fields._replace(usual=0, bare=1), 1)


def test_bare_fields_show_a_ground_and_no_particle(fields):
    for number in range(4):
        field = rescoring_fields.draw_field(fields._replace(usual=0), number)
        assert field.particles == field.vague == []
        assert field.image.pixels.std() > 0


def test_particles_of_crowds_are_sown_singly_as_well(fields):
    own = [
        rescoring_fields._structures(fields.structures, np.random.default_rng(seed))
        for seed in range(40)
    ]
    few = [item for item in own if item["populations"] != fields.structures["populations"]]
    assert 5 < len(few) < 20
    low, high = rescoring_fields.FEW
    assert all(low <= each["count"] <= high for item in few for each in item["populations"])
    assert all(item["domain"][:2] == [rescoring_fields.SIDE_VOXELS] * 2 for item in own)
