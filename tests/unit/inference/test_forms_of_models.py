"""Which of a model's two forms runs where."""

import shutil

from synthwire.inference.portable import PortablePredictor
from synthwire.learning import predict
from synthwire.learning.weights import WEIGHTS_VARIABLE
from synthwire.segmentation.models import find_model, load_model, portable_path


def test_on_the_processor_the_portable_form_is_taken_where_it_is_of_these_weights(
    tmp_path, monkeypatch
):
    weights, card = find_model()
    for path in (weights, weights.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    assert isinstance(load_model(device="cpu").predictor, predict.Predictor)
    shutil.copy(portable_path(weights), tmp_path)
    assert isinstance(load_model(device="cpu").predictor, PortablePredictor)
    other = {**card, "sha256": "0" * 64}
    monkeypatch.setattr("synthwire.segmentation.models.read_card", lambda path: other)
    assert isinstance(load_model(device="cpu").predictor, predict.Predictor)
