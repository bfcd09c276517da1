"""SXM of Nanonis."""

import numpy as np
import pytest
from image_cases import RNG
from microscope_files import sxm_bytes

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording

SCAN = RNG.random((20, 40)).astype(np.float32)
BACK = SCAN[:, ::-1] + 1


def read(**more):
    return read_recording(MemoryFile("a.sxm", sxm_bytes({"Counts": (SCAN, BACK)}, **more)))


def test_a_scan_forwards_with_its_size():
    found = read(range_m=(1e-6, 2e-6))
    np.testing.assert_array_equal(found.pages, SCAN[None])
    assert found.pixel_size_nm == pytest.approx((50, 50)) and found.remarks == ()


def test_a_scan_that_ran_upwards_has_its_first_line_below():
    np.testing.assert_array_equal(read(direction="up").pages[0], SCAN[::-1])


def test_the_first_of_several_channels_is_named():
    channels = {"Counts": (SCAN, BACK), "Z": (BACK, SCAN)}
    found = read_recording(MemoryFile("a.sxm", sxm_bytes(channels)))
    np.testing.assert_array_equal(found.pages[0], SCAN)
    assert any("Counts" in remark and "not Z" in remark for remark in found.remarks)


@pytest.mark.parametrize("lost", [b":SCAN_PIXELS:", b"\x1a\x04", b":DATA_INFO:"])
def test_a_damaged_header_is_one_line(lost):
    content = sxm_bytes({"Counts": (SCAN, BACK)}).replace(lost, b"")
    with pytest.raises(InputError, match=r"^a\.sxm: [^\n]*SXM file of Nanonis[^\n]*$"):
        read_recording(MemoryFile("a.sxm", content))
