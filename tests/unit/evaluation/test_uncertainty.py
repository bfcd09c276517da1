"""Bootstrap intervals and tests in pairs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from evaluation_cases import SETTINGS, data_set, random_case, rectangle, with_images

from synthwire.errors import InputError
from synthwire.evaluation import bootstrap_interval, paired_difference
from synthwire.evaluation.evaluate import evaluate_predictions


def test_intervals_hold_the_value_and_narrow_with_more_images():
    widths = []
    for images in (8, 100):
        truth, predictions = random_case(4, images=images, size=(64, 80))
        found = evaluate_predictions(truth, predictions, with_images())
        uncertainty = found["uncertainty"]
        assert (uncertainty["unit"], uncertainty["units"]) == ("image", images)
        intervals = uncertainty["intervals"]
        for value, (low, high) in (
            (found["accuracy"], intervals["accuracy"]),
            (found["bbox"]["ap"], intervals["bbox_ap"]),
            (found["segm"]["ap"], intervals["segm_ap"]),
            (found["segm"]["ap50"], intervals["segm_ap50"]),
            (found["panoptic"]["pq"], intervals["pq"]),
            (found["thresholds"][0]["f1"], intervals["f1_50"]),
            (found["boundary"]["f1"], intervals["boundary_f1"]),
            (found["count"]["relative_error"], intervals["relative_count_error"]),
        ):
            assert low < value < high
        low, high = intervals["segm_ap"]
        widths.append(high - low)
        assert len(uncertainty["draws"]["segm_ap"]) == 200
    # ten times the images: about √10 narrower
    assert 1.8 < widths[0] / widths[1] < 6


def test_bootstrap_interval_of_a_mean_is_students():
    """Of means of normal values the bootstrap interval is close to the exact t interval."""
    rng = np.random.default_rng(4)
    held, widths, exact = 0, [], []
    for _ in range(400):
        values = rng.normal(10, 2, 12)
        weights = rng.multinomial(12, np.full(12, 1 / 12), size=1000)
        low, high = bootstrap_interval(weights @ values / 12, values.mean(), 12, 95)
        held += low <= 10 <= high
        widths.append(high - low)
        exact.append(2 * scipy.stats.t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12))
    assert 0.92 < held / 400 < 0.98
    assert np.mean(widths) == pytest.approx(np.mean(exact), rel=0.05)


def test_intervals_stay_within_0_and_100_percent():
    truth, _ = random_case(6, images=12, size=(64, 80))
    exact = [
        {**item, "score": 0.9, "category_id": 1}
        for item in truth["annotations"]
        if not item["iscrowd"]
    ][2:]
    found = evaluate_predictions(truth, exact, with_images())
    low, high = found["uncertainty"]["intervals"]["segm_ap"]
    assert 60 < low < found["segm"]["ap"] <= high <= 100
    nothing = evaluate_predictions(truth, [], with_images())["uncertainty"]["intervals"]
    assert nothing["segm_ap"] == nothing["accuracy"] == [0, 0]
    assert nothing["relative_count_error"] == [-100, -100]


def test_bootstrap_interval_takes_the_bias_off():
    draws = np.linspace(11, 15, 1001)  # the replicates lie 2 above the value, as it above the truth
    low, high = bootstrap_interval(draws, 11.0, 1000, 90)
    # 90 % of [11, 15], four lower; the value itself stays inside
    assert low == pytest.approx(7.2, abs=0.01)
    assert high == 11
    assert np.isnan(bootstrap_interval(np.full(5, np.nan), 3.0, 10, 95)).all()


def test_too_little_to_resample_gives_no_interval():
    truth = data_set([[rectangle(2, 2, 20, 5)]])
    found = evaluate_predictions(truth, [], SETTINGS)["uncertainty"]
    assert found["units"] == 1
    assert found["intervals"] is None and found["draws"] is None
    assert "uncertainty" not in evaluate_predictions(
        truth, [], {**SETTINGS, "bootstrap_replicates": 0}
    )


def test_models_are_compared_in_pairs():
    truth, predictions = random_case(4, images=40, size=(64, 80))
    rng = np.random.default_rng(0)
    slightly_worse = [item for item in predictions if rng.random() > 0.1]
    settings = with_images()
    better = evaluate_predictions(truth, predictions, settings)
    worse = evaluate_predictions(truth, slightly_worse, settings)
    found = paired_difference(better, worse)
    assert found["difference"] == pytest.approx(better["segm"]["ap"] - worse["segm"]["ap"])
    assert found["low"] < found["difference"] < found["high"]
    same = paired_difference(better, better)
    assert same == {"difference": 0, "low": 0, "high": 0, "p": 1}
    # in pairs much narrower than the models' own intervals
    own_low, own_high = better["uncertainty"]["intervals"]["segm_ap"]
    assert found["high"] - found["low"] < (own_high - own_low) / 2
    nothing = evaluate_predictions(truth, [], settings)
    clear = paired_difference(better, nothing)
    assert clear["low"] > 0 and clear["p"] <= 0.01
    assert paired_difference(nothing, better)["high"] < 0


def test_models_of_which_one_has_no_draws_of_the_metric_are_not_compared():
    truth, predictions = random_case(4, images=6)
    full = evaluate_predictions(truth, predictions, with_images())
    draws = {name: row for name, row in full["uncertainty"]["draws"].items() if name != "segm_ap50"}
    older = {**full, "uncertainty": {**full["uncertainty"], "draws": draws}}
    assert paired_difference(full, full, "segm_ap50")["difference"] == 0
    assert paired_difference(full, older, "segm_ap50") is None
    assert paired_difference(older, full, "segm_ap50") is None


def test_models_that_were_drawn_differently_cannot_be_compared():
    truth, predictions = random_case(4, images=6)
    one = evaluate_predictions(truth, predictions, with_images())
    other = evaluate_predictions(truth, predictions, {**with_images(), "bootstrap_replicates": 50})
    with pytest.raises(InputError, match="replicates 200 and 50"):
        paired_difference(one, other)
