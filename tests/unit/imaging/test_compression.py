import numpy as np

from synthwire.imaging.compression import compress, density_image
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
    assert not density_image(view, section_defaults("compression")).any()


def test_grey_can_stand_for_mere_occupancy_or_for_the_height_of_the_top():
    volume = np.zeros((5, 1, 3), dtype=np.uint8)
    volume[:2, 0, 1] = 1  # two voxels on the ground
    volume[3, 0, 2] = 1  # one voxel, three above the ground
    view = View.of(volume)
    settings = {"divisor": "projected_thickness", "blur_sigma_px": 0}
    rows = {
        quantity: density_image(view, {**settings, "quantity": quantity})[0].tolist()
        for quantity in ("thickness", "occupancy", "height")
    }
    assert rows == {
        "thickness": [0, 255, 128],
        "occupancy": [0, 255, 255],
        "height": [0, 128, 255],
    }


def test_blur_of_an_edge_is_the_gaussian_integral():
    thickness = np.zeros((41, 41))
    thickness[:, 20:] = 1
    profile = compress(thickness, 1, divisor="projected_thickness", blur_sigma_px=2)[20]
    # half a pixel inside the edge: 255 × Φ(0.5 / 2) = 152.7
    assert abs(int(profile[20]) - 152.7) <= 2
    assert profile[0] == 0
    assert profile[-1] == 255
