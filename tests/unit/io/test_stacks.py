"""Grey images of one shape in one TIFF."""

import numpy as np
import pytest
import tifffile
from image_cases import GREY, RNG

from synthwire.errors import InputError
from synthwire.io.recordings import read_recording
from synthwire.io.stacks import read_stack, write_stack


def test_stack_round_trip_and_same_bytes(tmp_path):
    pages = RNG.integers(0, 256, (3, 20, 30), dtype=np.uint8)
    write_stack(tmp_path / "a.tif", list(pages), pixel_size_nm=[6.6, 7.8])
    write_stack(tmp_path / "b.tif", pages, pixel_size_nm=[6.6, 7.8])
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif"), pages)
    assert read_recording(tmp_path / "a.tif").pixel_size_nm == (6.6, 7.8)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    write_stack(tmp_path / "one.tif", pages[:1])
    assert tifffile.imread(tmp_path / "one.tif").shape == (20, 30)
    np.testing.assert_array_equal(read_stack(tmp_path / "one.tif"), pages[:1])
    with pytest.raises(InputError, match="one shape"):
        write_stack(tmp_path / "c.tif", [GREY, GREY[:10]])
    assert not (tmp_path / "c.tif").exists()
