import numpy as np

from synthwire.imaging.compression import compress
from synthwire.imaging.projection import View
from synthwire.schema import section_defaults


def test_the_greatest_thickness_is_white_and_the_divisor_can_be_the_height_of_the_pile():
    thickness = np.array([[0, 1], [2, 4]])
    by_thickness = compress(thickness, 8, divisor="projected_thickness", blur_sigma_px=0)
    np.testing.assert_array_equal(by_thickness, [[0, 64], [128, 255]])
    by_height = compress(thickness, 8, divisor="pile_height", blur_sigma_px=0)
    np.testing.assert_array_equal(by_height, [[0, 32], [64, 128]])


def test_an_empty_structure_is_black():
    view = View.of(np.zeros((3, 4, 5), dtype=np.uint8))
    assert view.pile_height == 0
    assert len(view.masks) == 0
    settings = section_defaults("compression")
    assert not compress(view.thickness, view.pile_height, **settings).any()


def test_blur_of_an_edge_is_the_gaussian_integral():
    thickness = np.zeros((41, 41))
    thickness[:, 20:] = 1
    profile = compress(thickness, 1, divisor="projected_thickness", blur_sigma_px=2)[20]
    # half a pixel inside the edge: 255 × Φ(0.5 / 2) = 152.7
    assert abs(int(profile[20]) - 152.7) <= 2
    assert profile[0] == 0
    assert profile[-1] == 255
