"""The gallery of shapes."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.figures import gallery
from synthwire.structures.shapes import SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_gallery_shows_every_shape(shape):
    exhibit = gallery.make_exhibit(shape, gallery.shape_settings(shape, count=3, side=96))
    assert exhibit.labels.any() and exhibit.voxel_size_nm == 6


def test_gallery_counts_what_the_volume_holds():
    labels = np.zeros((6, 40, 40), dtype=np.uint8)
    labels[:3, 5:10, 5:30], labels[3:5, 2:36, 12:16] = 2, 5  # a gap in the numbers
    drawing = gallery.draw_gallery([gallery.Exhibit("two", labels, 10.0)])
    (row,) = drawing.data.to_dict("records")
    assert row["particles"] == 2 and row["pile_height_voxels"] == 5
    assert row["filled_percent"] == pytest.approx(100 * (3 * 125 + 2 * 136) / 9600)
    with pytest.raises(InputError, match="no shape 'blob'"):
        gallery.shape_settings("blob")
    with pytest.raises(InputError, match="gallery is empty"):
        gallery.draw_gallery([])
