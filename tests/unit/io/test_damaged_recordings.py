"""Binary files with a part missing or wrong: an image, or one line with the file's name."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_cases import GREY
from microscope_files import THUMBNAIL, dm_bytes, dm_image, mrc_bytes, ser_bytes, sxm_bytes

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording


def npy():
    content = io.BytesIO()
    np.save(content, GREY)
    return content.getvalue()


STACK = np.stack([GREY] * 2).astype("i2")
FILES = {
    "a.dm3": dm_bytes([THUMBNAIL, dm_image(GREY)]),
    "a.dm4": dm_bytes([THUMBNAIL, dm_image(GREY)], 4),
    "a.mrc": mrc_bytes(STACK),
    "a_1.ser": ser_bytes(STACK),
    "a.npy": npy(),
    "a.sxm": sxm_bytes({"Counts": (GREY, GREY)}),
}
HEADS = {"a.dm3": 3000, "a.dm4": 3000, "a.mrc": 1024, "a_1.ser": 200, "a.npy": 128, "a.sxm": 400}


def read(name, content):
    """The shape of what is read; None where one line says why there is nothing."""
    try:
        return read_recording(MemoryFile(name, content), largest_pixels=10**6).pages.shape
    except InputError as error:
        assert str(error).startswith(f"{name}: ") and "\n" not in str(error)
        return None


@pytest.mark.parametrize("name", FILES)
def test_whole_files_are_read(name):
    assert read(name, FILES[name])[-2:] == GREY.shape


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_truncated_files_give_no_half_of_an_image(name, data):
    kept = data.draw(st.integers(1, len(FILES[name]) - 1))
    assert read(name, FILES[name][:kept]) in (None, (1, *GREY.shape), (2, *GREY.shape))


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_wrong_bytes_in_the_header_end_in_an_image_or_a_line(name, data):
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, min(HEADS[name], len(content)) - 1))
        content[where] = data.draw(st.integers(0, 255))
    read(name, bytes(content))
