"""STXM scans as NeXus, and plain HDF5."""

import importlib.util

import numpy as np
import pytest
from stxm_scans import ENERGIES, STACK, write_nexus

from synthwire.errors import InputError
from synthwire.io import recordings

needs_h5py = pytest.mark.skipif(
    importlib.util.find_spec("h5py") is None, reason="h5py, which reads NeXus, is not installed"
)


@needs_h5py
def test_nxstxm_stack(tmp_path):
    found = recordings.read_recording(write_nexus(tmp_path / "a.hdf5"))
    np.testing.assert_array_equal(found.pages, STACK)
    assert found.energies_ev == ENERGIES
    assert found.pixel_size_nm == pytest.approx((40, 35))


@needs_h5py
def test_nxstxm_with_axes_in_another_order(tmp_path):
    path = write_nexus(
        tmp_path / "a.hdf5",
        axes=["sample_y", "sample_x", "energy"],
        stack=np.moveaxis(STACK, 0, 2),
    )
    found = recordings.read_recording(path)
    np.testing.assert_array_equal(found.pages, STACK)
    assert found.pixel_size_nm == pytest.approx((40, 35))


@needs_h5py
def test_the_right_detector_is_read_or_asked_for(tmp_path):
    path = write_nexus(tmp_path / "a.hdf5", detectors=("counter0", "counter1"), default="counter1")
    np.testing.assert_array_equal(recordings.read_image(path), STACK + 1)
    path = write_nexus(tmp_path / "b.hdf5", detectors=("apd", "pmt"))
    with pytest.raises(InputError, match=r"several detectors \(apd, pmt\)"):
        recordings.read_image(path)


@needs_h5py
@pytest.mark.parametrize("unit", ["um", "microns", "Micrometers", "\u00b5m", "\u03bcm", "UM"])
def test_units_of_positions_in_any_spelling(tmp_path, unit):
    path = write_nexus(tmp_path / "a.hdf5", units=unit)
    assert recordings.read_recording(path).pixel_size_nm == pytest.approx((40, 35))


@needs_h5py
def test_unknown_units_give_no_pixel_size(tmp_path):
    path = write_nexus(tmp_path / "a.hdf5", units="steps")
    assert recordings.read_recording(path).pixel_size_nm is None


def with_fields(path, **fields):
    """A scan whose fields, or attributes of its data group, are others."""
    import h5py

    with h5py.File(path, "a") as file:
        group = next(item for name, item in file["entry1"].items() if "counter" in name)
        for name, values in fields.items():
            units = dict(group[name].attrs)
            del group[name]
            group[name] = values
            group[name].attrs.update(units)
    return path


TREMBLE = np.random.default_rng(1).normal(0, 0.02, 200)  # µm; half of a step and more
TO_AND_FRO = 0.012 * (-1.0) ** np.arange(200)


@needs_h5py
@pytest.mark.parametrize("off", [TREMBLE, TO_AND_FRO])
def test_steps_of_positions_that_were_read_back(tmp_path, off):
    stack = np.random.default_rng(0).poisson(900, (1, 200, 200))
    path = write_nxstxm_1_1(tmp_path / "a.nxs", data=stack)
    stopped = 5 + 0.04 * np.arange(200) * (np.arange(200) < 150)
    stopped[150:] = 0
    path = with_fields(path, sample_x=1 + 0.035 * np.arange(200) + off, sample_y=stopped)
    y, x = recordings.read_recording(path).pixel_size_nm
    assert y == pytest.approx(40) and x == pytest.approx(35, rel=0.01)


@needs_h5py
@pytest.mark.parametrize(
    ("unit", "size"), [("nm", (2, 3)), ("um", (2e3, 3e3)), ("1/nm", None), (None, None)]
)
def test_axes_of_any_name_give_the_size_of_pixels(tmp_path, unit, size):
    import h5py

    pixels = np.random.default_rng(0).poisson(900, (12, 10))
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        group = entry.create_group("image")
        group.attrs.update({"NX_class": "NXdata", "signal": "real", "axes": ["axis_j", "axis_i"]})
        group["real"] = pixels
        group["axis_j"], group["axis_i"] = 2.0 * np.arange(12), 7 + 3.0 * np.arange(10)
        if unit is not None:
            for name in ("axis_j", "axis_i"):
                group[name].attrs["units"] = unit
    found = recordings.read_recording(tmp_path / "a.nxs")
    np.testing.assert_array_equal(found.pages[0], pixels)
    assert found.pixel_size_nm == (size if size is None else pytest.approx(size))


@needs_h5py
def test_plain_hdf5_with_one_image_or_none(tmp_path):
    import h5py

    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["some/where/image"] = STACK[0]
        file["note"] = "x"
    np.testing.assert_array_equal(recordings.read_image(tmp_path / "one.h5"), STACK[0])
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["first"] = STACK[0]
        file["second"] = STACK[1]
    with pytest.raises(InputError, match="first, second"):
        recordings.read_image(tmp_path / "two.h5")
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["note"] = "x"
    with pytest.raises(InputError, match="none"):
        recordings.read_image(tmp_path / "none.h5")


def test_plain_hdf5_of_any_axes(tmp_path):
    import h5py

    colour = np.dstack([STACK[0], STACK[1], STACK[0]])
    for pixels, pages in (
        (STACK[0][..., None], STACK[:1]),  # as ilastik exports
        (STACK[0][None, None], STACK[:1]),
        (STACK[None, ..., None], STACK),
        (colour, colour[None]),
    ):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["exported_data"] = pixels
            file["exported_data"].attrs["element_size_um"] = (1.0, 0.02, 0.01)
        found = recordings.read_recording(tmp_path / "a.h5")
        np.testing.assert_array_equal(found.pages, pages)
        assert found.pixel_size_nm == (20, 10)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9])
@needs_h5py
def test_truncated_hdf5_is_one_line(tmp_path, kept):
    path = write_nexus(tmp_path / "a.hdf5")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"a\.hdf5"):
        recordings.read_image(path)


def write_nxstxm_1_1(path, *, scan="sample image stack", regions=1, data=STACK, axes=(1, 2, 3)):
    """Laid out as NXstxm 1.1 has it: marks on the fields, which count axes from 1."""
    import h5py

    with h5py.File(path, "w") as file:
        for region in range(regions):
            entry = file.create_group(f"entry{region + 1}")
            entry.attrs["NX_class"] = np.bytes_("NXentry")
            entry["definition"] = np.array([b"NXstxm"])
            entry["start_time"] = np.array([b"2015-03-01T10:00:00+01:00"])
            control = entry.create_group("control")
            control.attrs["NX_class"] = np.bytes_("NXmonitor")
            control["data"] = np.full(data.shape, 400.0)
            group = entry.create_group("counter0")
            group.attrs["NX_class"] = np.bytes_("NXdata")
            group["data"] = data
            group["data"].attrs["signal"] = 1
            group["stxm_scan_type"] = np.array([scan.encode()])
            fields = {
                "energy": (np.array(ENERGIES), "eV"),
                "sample_y": (-3 - 0.04 * np.arange(data.shape[axes[1] - 1]), "um"),
                "sample_x": (1 + 0.035 * np.arange(data.shape[axes[2] - 1]), "um"),
            }
            for (name, (values, unit)), axis in zip(fields.items(), axes, strict=True):
                group[name] = values
                group[name].attrs["units"] = unit
                group[name].attrs["axis"] = axis
    return path


@needs_h5py
@pytest.mark.parametrize("axes", [(1, 2, 3), (3, 2, 1), (3, 1, 2)])
def test_nxstxm_axes_marked_on_the_fields(tmp_path, axes):
    data = np.moveaxis(STACK, (0, 1, 2), [axis - 1 for axis in axes])
    found = recordings.read_recording(write_nxstxm_1_1(tmp_path / "a.nxs", data=data, axes=axes))
    np.testing.assert_array_equal(found.pages, STACK)
    assert found.energies_ev == ENERGIES
    assert found.pixel_size_nm == pytest.approx((40, 35))


@needs_h5py
@pytest.mark.parametrize("scan", ["sample line spectrum", "sample focus", "osa image"])
def test_nxstxm_scan_that_shows_no_sample_is_called_so(tmp_path, scan):
    path = write_nxstxm_1_1(tmp_path / "a.nxs", scan=scan)
    with pytest.raises(InputError, match=f"'{scan}' is no image of a sample"):
        recordings.read_recording(path)


@needs_h5py
def test_nxstxm_of_several_regions_is_asked_for(tmp_path):
    import h5py

    path = write_nxstxm_1_1(tmp_path / "a.nxs", regions=2)
    with pytest.raises(InputError, match=r"2 entries \(entry1, entry2\)"):
        recordings.read_recording(path)
    with h5py.File(path, "a") as file:
        file.attrs["default"] = "entry2"
        file["entry2/counter0/data"][...] = STACK + 1
    np.testing.assert_array_equal(recordings.read_image(path), STACK + 1)
