import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthwire.errors import InputError
from synthwire.imaging.compression import compress
from synthwire.imaging.projection import compact_labels, project
from synthwire.io.coco import scene_record
from synthwire.io.masks import decode_mask

SMALL_VOLUMES = arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 3))


def crossing_bars() -> np.ndarray:
    """Bar 1, two voxels thick, along x on the ground; bar 2, one voxel thick, along y on top."""
    labels = np.zeros((6, 8, 10), dtype=np.uint8)
    labels[0:2, 3:5, :] = 1
    labels[2, :, 4:6] = 2
    return labels


def test_projected_thickness_and_amodal_masks_of_two_crossing_bars():
    thickness, masks, height = project(crossing_bars())
    assert height == 3
    assert thickness[0, 0] == 0
    assert thickness[3, 0] == 2
    assert thickness[0, 4] == 1
    assert thickness[3, 4] == 3
    assert masks[0].sum() == 20
    assert masks[1].sum() == 16
    assert (masks[0] & masks[1]).sum() == 4  # the crossing belongs to both


def test_the_greatest_thickness_is_white_and_the_divisor_can_be_the_height_of_the_pile():
    thickness = np.array([[0, 1], [2, 4]])
    by_thickness = compress(thickness, blur_sigma=0)
    np.testing.assert_array_equal(by_thickness, [[0, 64], [128, 255]])
    by_height = compress(thickness, divisor="pile_height", pile_height=8, blur_sigma=0)
    np.testing.assert_array_equal(by_height, [[0, 32], [64, 128]])


def test_an_empty_structure_is_black():
    thickness, masks, height = project(np.zeros((3, 4, 5), dtype=np.uint8))
    assert height == 0
    assert len(masks) == 0
    assert not compress(thickness).any()


def test_blur_of_an_edge_is_the_gaussian_integral():
    thickness = np.zeros((41, 41))
    thickness[:, 20:] = 1
    profile = compress(thickness, blur_sigma=2)[20]
    # half a pixel inside the edge: 255 × Φ(0.5 / 2) = 152.7
    assert abs(int(profile[20]) - 152.7) <= 2
    assert profile[0] == 0
    assert profile[-1] == 255


@settings(max_examples=50, deadline=None)
@given(SMALL_VOLUMES)
def test_thickness_counts_every_occupied_voxel_and_masks_cover_them(labels):
    thickness, masks, _ = project(labels)
    assert thickness.sum() == np.count_nonzero(labels)
    np.testing.assert_array_equal(masks.any(axis=0), thickness > 0)
    for label, mask in enumerate(masks, start=1):
        np.testing.assert_array_equal(mask, (labels == label).any(axis=0))


@settings(max_examples=25, deadline=None)
@given(SMALL_VOLUMES)
def test_the_record_keeps_every_mask_exactly(labels):
    _, masks, _ = project(labels)
    image, annotations = scene_record(7, masks, [1] * len(masks))
    assert image == {"id": 7, "file_name": "scene_00007.png", "width": 6, "height": 5}
    by_label = {item["id"] - 700_000: item for item in annotations}
    for label, mask in enumerate(masks, start=1):
        if mask.any():
            np.testing.assert_array_equal(decode_mask(by_label[label]["segmentation"]), mask)
            assert by_label[label]["area"] == mask.sum()
        else:
            assert label not in by_label


def test_labels_that_are_far_apart_are_numbered_anew():
    labels = crossing_bars().astype(np.uint32)
    same, originals = compact_labels(labels)
    assert same is labels
    np.testing.assert_array_equal(originals, [1, 2])
    far = np.where(labels == 2, 60_000, labels * 7_000)
    compact, originals = compact_labels(far)
    np.testing.assert_array_equal(compact, labels)
    np.testing.assert_array_equal(originals, [7_000, 60_000])


def test_a_flat_volume_is_refused():
    with pytest.raises(InputError, match="three axes"):
        project(np.zeros((4, 4), dtype=np.uint8))
