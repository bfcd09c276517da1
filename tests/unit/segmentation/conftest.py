"""The tiny model, and what it finds."""

import pytest
from segmentation_cases import LEAST, SIZE_NM
from tiny_model import wires

from synthwire import segment
from synthwire.segmentation.models import load_model


@pytest.fixture(scope="session")
def model(tiny_weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHWIRE_WEIGHTS", str(tiny_weights))
        return load_model(device="cpu")


@pytest.fixture(scope="session")
def result(model):
    return segment(wires(), model=model, pixel_size_nm=SIZE_NM, threshold=LEAST)
