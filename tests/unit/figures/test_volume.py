"""The 3D view of a volume."""

from __future__ import annotations

import numpy as np

from synthwire.figures.kit.volume import render_volume


def test_volume_is_seen_the_same_way_round_as_its_projection():
    labels = np.zeros((10, 40, 40), dtype=np.uint8)
    labels[:4, 30:36, 4:10] = 1  # near the viewer, left
    labels[:4, 4:10, 30:36] = 2  # far, right
    image = render_volume(labels, {1: "#FF0000", 2: "#0000FF"}, width_px=120, azimuth_deg=90)
    red = np.argwhere((image[..., 0] > 90) & (image[..., 2] < 60)).mean(axis=0)
    blue = np.argwhere((image[..., 2] > 90) & (image[..., 0] < 60)).mean(axis=0)
    assert red[1] < blue[1] and red[0] > blue[0]


def test_upper_particle_hides_the_lower_one_and_casts_a_shadow():
    labels = np.zeros((30, 40, 40), dtype=np.uint8)
    labels[:3, 15:25, 15:25] = 1
    labels[20:23, 10:30, 10:30] = 2
    image = render_volume(
        labels, {1: "#FF0000", 2: "#00FF00"}, width_px=100, elevation_deg=89.9, azimuth_deg=90
    ).astype(int)
    red = (image[..., 0] > image[..., 1] + 40) & (image[..., 0] > image[..., 2] + 40)
    assert not red.any()
    grey = (np.ptp(image, axis=2) < 4) & (image[..., 0] < 200)
    assert grey.sum() > 50  # shadow on the substrate beside it


def test_empty_volume_is_bare_substrate():
    image = render_volume(np.zeros((5, 20, 20), dtype=np.uint8), {}, width_px=60)
    assert set(np.unique(image[15:20, 28:32])) == {236}
