"""Reconstructions of ptychography."""

import h5py
import numpy as np
import pytest
from image_cases import RNG

from synthwire.errors import InputError
from synthwire.io.recordings import read_recording

PHASE = RNG.uniform(-1, 1, (24, 32))
PHASE -= np.angle(np.exp(1j * PHASE).mean())  # as it is read: the mean of all numbers is real
OBJECT = (RNG.uniform(0.5, 1, PHASE.shape) * np.exp(1j * PHASE)).astype(np.complex64)
PROBE = np.ones((1, 16, 16), np.complex64)


def phases(wave):
    return np.angle(wave * np.exp(-1j * np.angle(wave.mean())))


def write_ptyr(path, objects, size="_psize", pixel=(5e-9, 4e-9)):
    """As PtyPy saves a run."""
    with h5py.File(path, "w") as file:
        for number, pages in enumerate(objects):
            group = file.create_group(f"content/obj/SS{number:02d}G00")
            group["data"] = pages
            group[size] = np.asarray(pixel)
        file["content/probe/SS00G00/data"] = PROBE
        file["content/probe/SS00G00/_psize"] = np.asarray(pixel)
        file["content/positions"] = np.zeros((90, 2))
    return path


@pytest.mark.parametrize("size", ["_psize", "psize"])
def test_phase_and_amplitude_of_ptypy(tmp_path, size):
    path = write_ptyr(tmp_path / "a.ptyr", [OBJECT[None]], size)
    found = read_recording(path)
    assert found.pages.dtype.kind == "f" and found.pixel_size_nm == pytest.approx((5, 4))
    np.testing.assert_allclose(found.pages[0], phases(OBJECT), atol=1e-5)
    amplitude = read_recording(path, complex_part="amplitude").pages[0]
    np.testing.assert_allclose(amplitude, np.abs(OBJECT), rtol=1e-6)


def test_modes_are_pages_and_one_number_is_a_square_pixel(tmp_path):
    modes = np.stack([OBJECT, OBJECT * 1j])
    found = read_recording(write_ptyr(tmp_path / "a.ptyr", [modes], pixel=7e-9))
    assert found.pages.shape == (2, 24, 32) and found.pixel_size_nm == pytest.approx((7, 7))
    # a phase that all pixels share says nothing
    np.testing.assert_allclose(found.pages[1], found.pages[0], atol=1e-5)


def test_several_scans_are_asked_for(tmp_path):
    with pytest.raises(InputError, match=r"several reconstructed objects \(content/obj/SS00G00"):
        read_recording(write_ptyr(tmp_path / "a.ptyr", [OBJECT[None]] * 2))


def write_cxi(path, name="image_1", *, entry="entry_1", shifted=None, wave=OBJECT):
    with h5py.File(path, "a") as file:
        if "cxi_version" not in file:
            file["cxi_version"] = 140
        image = file.create_group(f"{entry}/{name}")
        image["data"] = wave
        image["image_size"] = np.array([32 * 4e-9, 24 * 5e-9, 0])  # x, y, z
        if shifted is not None:
            image["is_fft_shifted"] = shifted
        file[f"{entry}/data_1"] = h5py.SoftLink(f"/{entry}/{name}")
        file[f"{entry}/instrument_1/detector_1/data"] = np.zeros((5, 16, 16), np.uint16)
    return path


def test_cxi_image(tmp_path):
    found = read_recording(write_cxi(tmp_path / "a.cxi"))
    np.testing.assert_allclose(found.pages[0], phases(OBJECT), atol=1e-5)
    assert found.pixel_size_nm == pytest.approx((5, 4))


def test_cxi_image_with_swapped_quadrants(tmp_path):
    path = write_cxi(tmp_path / "a.cxi", shifted=1, wave=np.fft.ifftshift(OBJECT))
    np.testing.assert_allclose(read_recording(path).pages[0], phases(OBJECT), atol=1e-5)


def test_cxi_object_with_pixel_sizes_beside_a_probe(tmp_path):
    path = tmp_path / "a.cxi"
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 150
        group = file.create_group("entry_1/object")
        group["data"] = OBJECT[None]
        for axis, size in (("y", 5e-9), ("x", 4e-9)):
            group[f"{axis}_pixel_size"] = size
            group[f"{axis}_pixel_size"].attrs["units"] = "m"
        file["entry_1/probe/data"] = PROBE
    found = read_recording(path)
    np.testing.assert_allclose(found.pages[0], phases(OBJECT), atol=1e-5)
    assert found.pixel_size_nm == pytest.approx((5, 4))


def test_the_newest_of_appended_results(tmp_path):
    path = tmp_path / "a.cxi"
    with h5py.File(path, "w") as file:
        file["entry_1/object/data"] = OBJECT
        file["entry_2/object/data"] = OBJECT.conj()
        file["entry_last"] = h5py.SoftLink("/entry_2")
    np.testing.assert_allclose(read_recording(path).pages[0], phases(OBJECT.conj()), atol=1e-5)


def test_pairs_of_real_and_imaginary_numbers(tmp_path):
    pairs = np.zeros(OBJECT.shape, [("real", "f8"), ("imag", "f8")])
    pairs["real"], pairs["imag"] = OBJECT.real, OBJECT.imag
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["reconstruction/p/objects/object_0"] = pairs
        file["reconstruction/p/probes/probe_0"] = pairs[:16, :16]
    found = read_recording(tmp_path / "a.h5").pages[0]
    np.testing.assert_allclose(found, phases(OBJECT), atol=1e-5)


def test_sizes_as_attributes_of_the_array(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["object_array"] = OBJECT
        file["object_array"].attrs["pixel_height_m"] = 5e-9
        file["object_array"].attrs["pixel_width_m"] = 4e-9
        file["probe_array"] = PROBE
    assert read_recording(tmp_path / "a.h5").pixel_size_nm == pytest.approx((5, 4))


@pytest.mark.parametrize("kind", ["cxi", "ptyd"])
def test_diffraction_patterns_are_no_image(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    with h5py.File(path, "w") as file:
        if kind == "cxi":
            file["cxi_version"] = 140
            file["entry_1/data_1/data"] = np.zeros((5, 64, 64), np.uint16)
        else:
            file["chunks/0/data"] = np.zeros((5, 64, 64), np.uint16)
            file["meta/psize"] = 1e-4
    with pytest.raises(InputError, match="diffraction patterns without a reconstruction"):
        read_recording(path)


def test_other_parts_of_complex_numbers_are_one_line(tmp_path):
    path = write_ptyr(tmp_path / "a.ptyr", [OBJECT[None]])
    with pytest.raises(InputError, match="'real' is none of phase, amplitude"):
        read_recording(path, complex_part="real")
