"""NPY: arrays of NumPy."""

import io

import numpy as np
import pytest
from image_cases import GREY, RNG

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording
from synthwire.io.recordings.arrays import holds_objects


def npy(array, **more):
    content = io.BytesIO()
    np.save(content, array, **more)
    return MemoryFile("a.npy", content.getvalue())


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        GREY > 100,
        GREY.astype(">u2"),
        np.asfortranarray(GREY.astype(float)),
        RNG.random((4, 20, 30)),
        np.asfortranarray(RNG.random((4, 20, 30))),
        RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8),
        RNG.integers(0, 256, (2, 20, 30, 4)).astype(np.uint8),
    ],
)
def test_arrays_of_every_order_are_pages(array):
    colour = array.shape[-1] in (3, 4)
    pages = array if array.ndim == 3 + colour else array[None]
    found = read_recording(npy(array)).pages
    np.testing.assert_array_equal(found, pages)
    assert found.dtype.isnative


@pytest.mark.parametrize("order", ["C", "F"])
def test_axes_of_length_one_are_none(order):
    stack = RNG.random((2, 20, 30))
    for array, pages in (
        (GREY[..., None], GREY[None]),
        (GREY[None, None], GREY[None]),
        (GREY[None, None, ..., None], GREY[None]),
        (stack[None], stack),
        (stack[:, None], stack),
    ):
        found = read_recording(npy(np.asarray(array, order=order))).pages
        np.testing.assert_array_equal(found, pages)


@pytest.mark.parametrize("array", [GREY[0], RNG.random((2, 3, 20, 30)), np.float64(3)])
def test_other_shapes_are_one_line(array):
    with pytest.raises(InputError, match=r"a\.npy: an array of shape \(.*\) is no image"):
        read_recording(npy(array))


def test_nothing_is_unpickled(tmp_path):
    objects = npy(np.array({"masks": GREY}, dtype=object))
    with pytest.raises(InputError, match=r"a\.npy: an NPY file of objects"):
        read_recording(objects)
    (tmp_path / "wires_seg.npy").write_bytes(objects.content)
    (tmp_path / "wires.npy").write_bytes(npy(GREY).content)
    assert holds_objects(tmp_path / "wires_seg.npy")
    assert not holds_objects(tmp_path / "wires.npy")


def test_texts_and_dates_are_no_pixels():
    for array in (np.full((20, 30), "a"), np.full((20, 30), "2020-01-01", "M8[D]")):
        with pytest.raises(InputError, match="numbers are expected"):
            read_recording(npy(array))
    with pytest.raises(InputError, match="of records"):
        read_recording(npy(np.zeros((20, 30), [("a", "f4")])))
