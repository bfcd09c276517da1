"""Signals of HyperSpy in HDF5, laid out as rosettasciio writes them."""

import h5py
import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.io.recordings import read_recording

GREY = np.random.default_rng(0).integers(0, 4000, (30, 40), dtype=np.uint16)
FRAMES = np.stack([GREY, GREY + 1, GREY + 2])
Y, X = ("y", "nm", 0.5, False), ("x", "nm", -0.4, False)
FRAME = ("time", "s", 1.0, True)


def write(path, data, axes, *, names=("wires",)):
    """axes: (name, unit, scale, whether navigated) of each axis of data."""
    with h5py.File(path, "w") as file:
        file.attrs["file_format"], file.attrs["file_format_version"] = "HyperSpy", "3.3"
        for name in names:
            group = file.create_group(f"Experiments/{name}")
            group["data"] = data
            for number, (axis, unit, scale, navigate) in enumerate(axes):
                attributes = {"name": axis, "units": unit, "scale": scale, "navigate": navigate}
                group.create_group(f"axis-{number}").attrs.update(attributes)
            group.create_group("learning_results")["factors"] = np.zeros((30, 40))
    return path


@pytest.mark.parametrize(
    ("data", "axes", "pages"),
    [(GREY, [Y, X], GREY[None]), (FRAMES, [FRAME, Y, X], FRAMES)],
)
def test_images_and_stacks(tmp_path, data, axes, pages):
    found = read_recording(write(tmp_path / "a.hspy", data, axes))
    np.testing.assert_array_equal(found.pages, pages)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


def test_colours(tmp_path):
    colours = np.zeros((30, 40), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["G"] = 80
    colours["R"] = np.arange(40)
    found = read_recording(write(tmp_path / "a.hspy", colours, [Y, X]))
    assert found.pages.shape == (1, 30, 40, 3)
    np.testing.assert_array_equal(found.pages[0, :, :, 1], 80)


@pytest.mark.parametrize(
    ("unit", "scale", "size"),
    [
        ("µm", 0.002, 2),
        ("Å", 20, 2),
        ("1/nm", 2, None),
        ("<undefined>", 2, None),
        ("_None_", 2, None),
        ("nm", 0, None),
        ("nm", "much", None),
    ],
)
def test_units(tmp_path, unit, scale, size):
    axes = [("y", unit, scale, False), ("x", unit, scale, False)]
    found = read_recording(write(tmp_path / "a.hspy", GREY, axes)).pixel_size_nm
    assert found == (None if size is None else pytest.approx((size, size)))


def test_several_images_and_spectra_are_asked_for(tmp_path):
    with pytest.raises(InputError, match="in this HyperSpy file, but first, second"):
        read_recording(write(tmp_path / "a.hspy", GREY, [Y, X], names=("first", "second")))
    axes = [("y", "nm", 1, True), ("x", "nm", 1, True), ("Energy", "eV", 10, False)]
    spectra = np.zeros((30, 40, 100), np.uint8)
    with pytest.raises(InputError, match="a spectrum at each pixel"):
        read_recording(write(tmp_path / "b.hspy", spectra, axes))
    with pytest.raises(InputError, match="in this HyperSpy file, but none"):
        read_recording(write(tmp_path / "c.hspy", np.zeros(30), [X]))


def test_a_file_without_its_axes_is_an_image_all_the_same(tmp_path):
    found = read_recording(write(tmp_path / "a.hspy", GREY, []))
    np.testing.assert_array_equal(found.pages[0], GREY)
    assert found.pixel_size_nm is None
