"""What a run takes, before it starts."""

from __future__ import annotations

import math

import pytest
import yaml

from synthwire.config import checks
from synthwire.config.models_table import read_models
from synthwire.learning.plan import plan_row
from synthwire.study import cost

SMALL, LARGE = cost.NETWORKS[18], cost.NETWORKS[50]


@pytest.fixture(scope="module")
def times(root):
    return cost.read_times(root / "benchmarks" / "job_times.tsv", SMALL)


@pytest.fixture(scope="module")
def laptop(root):
    path = root / "config" / "laptop.yaml"
    return checks.resolve(yaml.safe_load(path.read_text()), str(path))


@pytest.fixture(scope="module")
def iterations(root, laptop):
    rows = read_models([root / "config" / "models.tsv"], None).to_dict("index")
    return [plan_row(row, laptop["training"]).iterations for row in rows.values()]


def test_the_study_takes_five_hours_at_most_on_two_cores(laptop, iterations, times):
    training, validation = checks.parts_of(laptop)
    scenes, side = training + validation, laptop["structures"]["domain"][0]
    views = validation * len(laptop["prediction"]["scales"])
    jobs = [
        cost.cost_of("generate_structures", {"scene": scenes}, times),
        cost.cost_of("compress_optical_density", {"scene": scenes}, times),
    ]
    for count in iterations:
        trained = cost.megapixels_trained(laptop["training"], count, side)
        jobs += [
            cost.cost_of("train_model", {"megapixel": trained}, times),
            cost.cost_of("predict", {"view": views}, times),
            cost.cost_of("evaluate_model", {"image": validation}, times),
        ]
    hours = sum(job.seconds for job in jobs) / 3600
    # of a core of a plain processor; the rest is for figures, and for cores that wait at the end
    assert 6 < hours < 9


def test_the_study_is_the_papers_but_for_the_network(root, laptop, iterations):
    paper = checks.resolve(yaml.safe_load((root / "config" / "config.yaml").read_text()))
    for section in ("structures", "compression", "dataset", "image_sets", "tables"):
        assert laptop[section] == paper[section], section
    for field in ("table", "select"):
        assert laptop["models"][field] == paper["models"][field]
    assert laptop["training"]["augmentation"] == paper["training"]["augmentation"]
    rows = read_models([root / "config" / "models.tsv"], None).to_dict("index")
    epochs = [row["epochs"] * row["dataset_size"] for row in rows.values()]
    factor = laptop["training"]["iterations_factor"]
    assert iterations == [math.ceil(factor * passes / 32) for passes in epochs]


def test_megapixels_are_those_that_the_network_sees(laptop):
    training = {**laptop["training"], "min_size_px": [100, 0], "images_per_batch": 3}
    assert cost.megapixels_trained(training, 10, 200) == pytest.approx(30 * 0.025)


def test_a_job_nobody_measured_is_like_others_but_a_training_is_not(root, times):
    assert cost.cost_of("tidy_up", {}, times) == cost.cost_of("other", {}, times)
    figures = [cost.cost_of(rule, {}, times) for rule in ("make_figure_1", "make_figure_methods")]
    assert figures[0] == figures[1] != cost.cost_of("other", {}, times)
    amounts = {"megapixel": 5}
    one = cost.cost_of("train_model", amounts, times)
    assert one == cost.cost_of("train_variant", amounts, times)
    assert one.seconds > cost.cost_of("train_model", {"megapixel": 4}, times).seconds
    paper = cost.read_times(root / "benchmarks" / "job_times.tsv", LARGE)
    assert cost.cost_of("train_model", amounts, paper) is None


def test_the_statement_is_in_words():
    jobs = [cost.Cost(3600, 1000), cost.Cost(3600, 460)]
    assert cost.statement(jobs, 2) == "2 jobs, about 1 h 00 min on 2 cores, 1.5 GB"
    assert cost.statement(jobs[:1], 1, pace=2) == "1 job, about 2 h 00 min on 1 core, 1.0 GB"
