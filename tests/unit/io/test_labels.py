"""Outlines as label images."""

import numpy as np
import pytest
import tifffile
from outline_cases import SHAPE, coco, masks, masks_of, read, square

from synthwire.errors import InputError
from synthwire.io.outlines import read_outlines, write_labels


def test_label_round_trip_is_exact_with_overlaps(tmp_path):
    data = coco(masks())
    assert write_labels(tmp_path / "a.tif", data) == [1, 2, 3, 4, 5, 6]
    assert tifffile.imread(tmp_path / "a.tif").ndim == 3
    found = masks_of(read(tmp_path / "a.tif"))
    expected = {mask.tobytes() for mask in masks()}
    assert {mask.tobytes() for mask in found} == expected and len(found) == 6
    write_labels(tmp_path / "b.tif", coco(masks()[3:]))
    plain = tifffile.imread(tmp_path / "b.tif")
    assert plain.shape == SHAPE and plain.max() == 3


def test_label_images_of_several_pages(tmp_path):
    labels = np.zeros((2, *SHAPE), np.uint8)
    labels[0][square()] = 3
    labels[1, :5, :5] = 1
    tifffile.imwrite(tmp_path / "labels.tif", labels, photometric="minisblack")
    found = read_outlines(tmp_path / "labels.tif", ["a.tif", "a.tif"], SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    np.testing.assert_array_equal(masks_of(found)[0], square())
    with pytest.raises(InputError, match="2 pages of labels for 1 images"):
        read(tmp_path / "labels.tif")
    tifffile.imwrite(tmp_path / "float.tif", np.full(SHAPE, 0.5, np.float32))
    with pytest.raises(InputError, match="whole numbers"):
        read(tmp_path / "float.tif")
