import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.imaging.projection import View, compact_labels, tilt
from synthwire.io.coco import scene_record
from synthwire.io.masks import decode_mask

VOXEL = 10.0
SMALL_VOLUMES = arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 3))


def slab(thickness=10, shape=(30, 64, 80)) -> np.ndarray:
    """Label 1: a slab over the middle; label 2: a rod across it, higher up."""
    labels = np.zeros(shape, np.uint8)
    labels[:thickness, 16:48, 20:60] = 1
    labels[thickness : thickness + 4, 30:36, 5:75] = 2
    return labels


def crossing_bars() -> np.ndarray:
    """Bar 1, two voxels thick, along x on the ground; bar 2, one voxel thick, along y on top."""
    labels = np.zeros((6, 8, 10), dtype=np.uint8)
    labels[0:2, 3:5, :] = 1
    labels[2, :, 4:6] = 2
    return labels


def test_thickness_height_and_top_of_a_slab():
    view = View.of(slab())
    thickness, height, top = VOXEL * view.thickness, VOXEL * view.height, view.top
    assert thickness[20, 30] == 100 and thickness[32, 30] == 140 and thickness[32, 10] == 40
    assert height[20, 30] == 100 and height[32, 10] == 140 and height[0, 0] == 0
    assert top[20, 30] == 1 and top[32, 30] == 2 and top[0, 0] == 0


def test_a_view_counts_what_numpy_counts():
    labels = slab()
    labels[labels == 2] = 3
    view = View.of(labels)
    np.testing.assert_array_equal(view.thickness, np.count_nonzero(labels, axis=0))
    occupied = labels != 0
    highest = np.where(occupied, np.arange(1, len(labels) + 1)[:, None, None], 0).max(axis=0)
    np.testing.assert_array_equal(view.height, highest)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        expected = [0] * 6 if box is None else [n for s in box for n in (s.start, s.stop)]
        assert view.boxes[label - 1].tolist() == expected
        np.testing.assert_array_equal(view.masks[label - 1], (labels == label).any(axis=0))


def test_projected_thickness_and_amodal_masks_of_two_crossing_bars():
    view = View.of(crossing_bars())
    thickness, masks = view.thickness, view.masks
    assert view.pile_height == 3
    assert thickness[0, 0] == 0
    assert thickness[3, 0] == 2
    assert thickness[0, 4] == 1
    assert thickness[3, 4] == 3
    assert masks[0].sum() == 20
    assert masks[1].sum() == 16
    assert (masks[0] & masks[1]).sum() == 4  # the crossing belongs to both


@settings(max_examples=50, deadline=None)
@given(SMALL_VOLUMES)
def test_thickness_counts_every_occupied_voxel_and_masks_cover_them(labels):
    view = View.of(labels)
    assert view.thickness.sum() == np.count_nonzero(labels)
    np.testing.assert_array_equal(view.masks.any(axis=0), view.thickness > 0)
    for label, mask in enumerate(view.masks, start=1):
        np.testing.assert_array_equal(mask, (labels == label).any(axis=0))


@settings(max_examples=25, deadline=None)
@given(SMALL_VOLUMES)
def test_the_record_keeps_every_mask_exactly(labels):
    masks = View.of(labels).masks
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
        View.of(np.zeros((4, 4), dtype=np.uint8))


def test_no_tilt_is_the_volume_itself_and_tilt_shifts_by_height():
    labels = np.zeros((60, 40, 100), np.uint8)
    labels[0:2, 15:25, 50] = 1
    labels[58:60, 15:25, 50] = 2
    assert tilt(labels, 0) is labels
    for angle in (-30, 20):
        # about the y axis: the top moves along x against the bottom by height × sin(angle)
        turned = tilt(labels, angle, azimuth_deg=90)
        x = [np.flatnonzero((turned == k).any(axis=(0, 1))).mean() for k in (1, 2)]
        assert abs(abs(x[1] - x[0]) - 58 * abs(np.sin(np.deg2rad(angle)))) <= 1.5
        y = np.flatnonzero((turned == 2).any(axis=(0, 2)))
        assert (y[0], y[-1]) == (15, 24)
    first = tilt(labels, 20, 90)
    second = tilt(labels, -20, 90)
    assert (first == 2).any(axis=(0, 1)).argmax() != (second == 2).any(axis=(0, 1)).argmax()


def test_tilt_lengthens_the_beams_path_through_a_slab():
    labels = np.zeros((20, 100, 100), np.uint8)
    labels[:20, :, :] = 1
    turned = tilt(labels, 40, 0)
    path = np.count_nonzero(turned, axis=0)[40:60, 40:60].mean()
    assert path == pytest.approx(20 / np.cos(np.deg2rad(40)), rel=0.04)
    with pytest.raises(InputError, match="tilt_deg"):
        tilt(labels, 85)


@pytest.mark.parametrize(("angle", "azimuth"), [(15, 90), (-30, 0), (45, 30)])
def test_tilt_keeps_the_substrate_below_everything(angle, azimuth):
    labels = np.zeros((12, 200, 220), np.uint8)
    for label, (y, x) in enumerate([(40, 40), (40, 170), (150, 40), (150, 170)], start=1):
        labels[:8, y : y + 20, x : x + 20] = label
    turned = tilt(labels, angle, azimuth)
    view = View.of(turned)
    for label in range(1, 5):
        # the same height everywhere, though one end of the field is far above the other
        top = VOXEL * view.height[view.top == label].max()
        assert top == pytest.approx(8 * VOXEL / np.cos(np.deg2rad(angle)), abs=1.01 * VOXEL)
        assert (turned[0] == label).any()
