"""What is summarised of an image's particles."""

import pandas as pd
import pytest

from synthwire.segmentation.result import PARTICLE_COLUMNS
from synthwire.segmentation.summary import summarise_particles


def test_the_number_per_area_counts_only_where_there_is_a_picture():
    particles = pd.DataFrame({column: [1.0, 2.0, 3.0] for column in PARTICLE_COLUMNS})
    image = {"height": 200, "width": 100, "pixel_size_nm": [10.0, 20.0]}
    # 20 000 pixels of 200 nm² are 4 µm²
    assert summarise_particles(particles, image)["particles_per_um2"] == pytest.approx(3 / 4)
    half = summarise_particles(particles, image, 10_000)
    assert half["particles_per_um2"] == pytest.approx(3 / 2)
