"""Feature maps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.figures import feature_maps


def test_principal_colours_tell_regions_apart():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, (20, 30))
    features = rng.normal(size=(3, 16))[kinds].transpose(2, 0, 1) + rng.normal(
        0, 0.02, (16, 20, 30)
    )
    colours = feature_maps.principal_colours(features)
    means = [colours[kinds == kind].mean(axis=0) for kind in range(3)]
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(means, 2)) > 0.3
    assert max(colours[kinds == kind].std(axis=0)[:2].max() for kind in range(3)) < 0.1
    assert feature_maps.magnitude(np.ones((4, 5, 6))).tolist() == np.zeros((5, 6)).tolist()
    with pytest.raises(InputError, match="level P3"):
        feature_maps.draw_feature_maps(None, {"P3": np.ones((5, 6))}, "03")
