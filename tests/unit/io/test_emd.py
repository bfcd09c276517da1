"""EMD: Velox's files, and those of Berkeley."""

import json

import h5py
import numpy as np
import pytest
from image_cases import GREY, RNG

from synthwire.errors import InputError
from synthwire.io.recordings import read_recording

FRAMES = RNG.integers(0, 900, (4, 20, 30)).astype(np.uint16)


def write_velox(path, detectors, *, frames=FRAMES, unit="m", size=("5e-10", "4e-10")):
    """As Velox does: frames along the last axis, JSON in a column of bytes for each."""
    with h5py.File(path, "w") as file:
        for number, detector in enumerate(detectors):
            group = file.create_group(f"Data/Image/{number:032x}")
            group["Data"] = np.moveaxis(frames + number, 0, 2)
            result = {
                "Detector": detector,
                "PixelSize": {"height": size[0], "width": size[1]},
                "PixelUnitX": unit,
                "PixelUnitY": unit,
            }
            text = json.dumps({"BinaryResult": result}).encode()
            column = np.frombuffer(text.ljust(2000, b"\0"), np.uint8)
            group["Metadata"] = np.stack([column] * len(frames), axis=1)
        file["Version"] = np.array([b'{"format": "Velox", "version": "1.10"}'])
    return path


def test_velox_frames_with_their_size(tmp_path):
    found = read_recording(write_velox(tmp_path / "a.emd", ["HAADF"]))
    np.testing.assert_array_equal(found.pages, FRAMES)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


def test_of_several_detectors_the_one_that_shows_particles_bright(tmp_path):
    found = read_recording(write_velox(tmp_path / "a.emd", ["BF", "HAADF", "DF4"]))
    np.testing.assert_array_equal(found.pages, FRAMES + 1)
    assert any("not BF, DF4" in remark for remark in found.remarks)
    with pytest.raises(InputError, match=r"a\.emd: not exactly one image .* BF, DF4"):
        read_recording(write_velox(tmp_path / "a.emd", ["BF", "DF4"]))


@pytest.mark.parametrize(
    "more", [{"unit": "1/m"}, {"size": ("0", "0")}, {"size": ("wide", "1e-9")}, {"unit": ""}]
)
def test_velox_without_a_length_has_no_size(tmp_path, more):
    found = read_recording(write_velox(tmp_path / "a.emd", ["HAADF"], **more))
    assert found.pixel_size_nm is None and found.pages.shape == FRAMES.shape


def test_velox_frames_of_several_magnifications_have_no_size_in_common(tmp_path):
    path = write_velox(tmp_path / "a.emd", ["HAADF"])
    with h5py.File(path, "a") as file:
        metadata = file["Data/Image"][f"{0:032x}"]["Metadata"]
        last = bytes(metadata[:, -1]).replace(b"e-10", b"e-09")
        metadata[:, -1] = np.frombuffer(last, np.uint8)
    found = read_recording(path)
    np.testing.assert_array_equal(found.pages, FRAMES)
    assert found.pixel_size_nm is None
    assert "different sizes, 0.4 nm, 4 nm" in found.pixel_size_remarks[0]


def test_velox_with_damaged_metadata_keeps_its_pixels(tmp_path):
    path = write_velox(tmp_path / "a.emd", ["HAADF"])
    with h5py.File(path, "a") as file:
        file["Data/Image"][f"{0:032x}"]["Metadata"][:40] = 255
    found = read_recording(path)
    np.testing.assert_array_equal(found.pages, FRAMES)
    assert found.pixel_size_nm is None


def write_berkeley(path, data, axes, *, first=1, groups=("image",)):
    """axes: (name, unit, step) of each axis of data."""
    with h5py.File(path, "w") as file:
        file.attrs["version_major"] = 0
        for name in groups:
            group = file.create_group(f"data/{name}")
            group.attrs["emd_group_type"] = 1
            group["data"] = data
            for number, (axis, unit, step) in enumerate(axes):
                key = f"dim{number + first}"
                group[key] = step * np.arange(data.shape[number])
                group[key].attrs["name"], group[key].attrs["units"] = axis, unit
    return path


Y, X, N = ("y", "[n_m]", 0.5), ("x", "[n_m]", 0.4), ("frame", "", 1)


@pytest.mark.parametrize(
    ("data", "axes", "pages"),
    [
        (GREY, [Y, X], GREY[None]),
        (GREY.T, [X, Y], GREY[None]),
        (FRAMES, [N, Y, X], FRAMES),
        (np.moveaxis(FRAMES, 0, 2), [Y, X, N], FRAMES),
        (FRAMES.transpose(2, 1, 0), [X, Y, N], FRAMES),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_berkeley_axes_in_any_order(tmp_path, data, axes, pages, first):
    found = read_recording(write_berkeley(tmp_path / "a.emd", data, axes, first=first))
    np.testing.assert_array_equal(found.pages, pages)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


@pytest.mark.parametrize(
    ("unit", "step", "size"),
    [("[u_m]", 0.002, 2), ("nm", 2, 2), ("[n_m^-1]", 2, None), ("", 2, None), ("[n_m]", 0, None)],
)
def test_berkeley_units(tmp_path, unit, step, size):
    axes = [("y", unit, step), ("x", unit, step)]
    found = read_recording(write_berkeley(tmp_path / "a.emd", GREY, axes)).pixel_size_nm
    assert found == (None if size is None else pytest.approx((size, size)))


def test_berkeley_with_several_images_is_asked_for(tmp_path):
    path = write_berkeley(tmp_path / "a.emd", GREY, [Y, X], groups=("first", "second"))
    with pytest.raises(InputError, match="data/first, data/second"):
        read_recording(path)


def test_groups_of_velox_names_that_hold_something_else(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Data/Image"] = GREY
    np.testing.assert_array_equal(read_recording(tmp_path / "a.h5").pages[0], GREY)
    with h5py.File(tmp_path / "b.emd", "w") as file:
        file["Data/Image/first"] = GREY
        file.create_group("Data/Image/second/Data")
    with pytest.raises(InputError, match="not exactly one image in this EMD file of Velox"):
        read_recording(tmp_path / "b.emd")
