import importlib.util

import numpy as np
import pytest
from stxm_scans import ENERGIES, STACK, write_nexus, write_sdf

from synthwire.errors import InputError
from synthwire.io import recordings

needs_h5py = pytest.mark.skipif(
    importlib.util.find_spec("h5py") is None, reason="h5py, which reads NeXus, is not installed"
)

# -- SDF ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pages", [1, 3])
def test_sdf_scan_with_energies_and_pixel_size(tmp_path, pages):
    found = recordings.read_recording(write_sdf(tmp_path, STACK[:pages]))
    np.testing.assert_array_equal(found.pages, STACK[:pages])
    assert found.energies_ev == ENERGIES[:pages]
    assert found.pixel_size_nm == pytest.approx((40, 35))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kind": "NEXAFS Line Scan"}, "Line Scan"),
        ({"width": 11}, "11.* 10 items"),
        (
            {"regions": 2, "more": ", {PAxis={Points=(1,2);}; QAxis={Points=(1,2);};}"},
            "2 regions",
        ),
    ],
)
def test_sdf_that_is_no_single_image_is_one_line(tmp_path, options, says):
    with pytest.raises(InputError, match=says):
        recordings.read_recording(write_sdf(tmp_path, **options))


def test_sdf_with_missing_or_short_images_is_one_line(tmp_path):
    path = write_sdf(tmp_path)
    content = (tmp_path / "scan_a002.xim").read_text()
    (tmp_path / "scan_a002.xim").write_text("".join(content.splitlines(True)[:7]))
    with pytest.raises(InputError, match=r"scan_a002\.xim: 7 × 10 .* 12 × 10"):
        recordings.read_recording(path)
    (tmp_path / "scan_a002.xim").write_text(content[: len(content) // 2 - 7])
    with pytest.raises(InputError, match=r"scan_a002\.xim"):
        recordings.read_recording(path)
    (tmp_path / "scan_a002.xim").unlink()
    with pytest.raises(InputError, match=r"scan_a002\.xim: no such file"):
        recordings.read_recording(path)


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6])
def test_truncated_sdf_header_is_one_line(tmp_path, kept):
    path = write_sdf(tmp_path)
    text = path.read_text()
    path.write_text(text[: int(kept * len(text))])
    with pytest.raises(InputError, match=r"scan\.hdr: not an SDF header, or a truncated one"):
        recordings.read_recording(path)


def test_xim_alone_points_to_its_header(tmp_path):
    write_sdf(tmp_path)
    with pytest.raises(InputError, match=r"\.hdr file"):
        recordings.read_recording(tmp_path / "scan_a000.xim")


# The header as the control software of ALS, PolLux and MAXIMUS writes it, cut short.
MAXIMUS = """
ScanDefinition = {{ Label = "MPI_1.hdr"; Type = "{kind}"; Flags = "{flags}"; Dwell = 2.601;
\tRegions = (1,
{{
\t\t\tPAxis = {{ Name = "Sample X"; Unit = "um"; Min = -75.523; Max = -75.190; Dir = 1;
\t\t\t\tPoints = (10, -75.523, -75.490, -75.456, -75.423, -75.390, -75.356, -75.323, -75.290,\
 -75.256, -75.223);
}};
{q_axis}
}});

{stack}
\tChannels = (1,
{{ Name = "APD"; Unit = "counts";}});
}};
 Time = "2021 January 27 15:14:38"; BeamFeedback = false; ShutterAutomatic = true;
Channels = (1,
{{ ID = 2; Type = 0; Name = "APD"; UnitName = "counts"; ProcessString = "I";}});

ExitHSlit = {{ Name = "Microscopy Slit Height"; LastPosition = 24.9996; Vel = 200;}};
 StorageRingCurrent = 297; PMT_CounterDivider = 10; Ao = 828.2;
ImageScan = {{ ScanType = "Image (Line - unidirection)"; Shutter = "Automatic";
\tEnergyRegions = (1,
{{ StartEnergy = -2; EndEnergy = -1; Range = 1; Step = 1; Points = 2; DwellTime = 2.601;}});
 PointDelay = 0.07803; MultipleRegions = false;
}};
"""
Q_AXIS = """
\t\t\tQAxis = { Name = "Sample Y"; Unit = "um"; Min = 2680.228; Max = 2680.595; Dir = 1;
\t\t\t\tPoints = (12, 2680.228, 2680.261, 2680.295, 2680.328, 2680.361, 2680.395, 2680.428,\
 2680.461, 2680.495, 2680.528, 2680.561, 2680.595EXTRA);
};"""
FIELD_STACK = """\tStackAxis = { Name = "Energy"; Unit = ""; Min = -2; Max = -1; Dir = 1;
\t\tPoints = (2, -2.000, -1.000);
};
"""


def write_maximus(
    folder, *, kind="NEXAFS Image Scan", flags="Image Stack", q_axis=Q_AXIS, extra=""
):
    stack = FIELD_STACK if "Stack" in flags else ""
    text = MAXIMUS.format(
        kind=kind, flags=flags, q_axis=q_axis.replace("EXTRA", extra), stack=stack
    )
    (folder / "MPI_1.hdr").write_text(text)
    names = ["MPI_1_a000.xim", "MPI_1_a001.xim"] if stack else ["MPI_1_a.xim"]
    for name, pixels in zip(names, STACK, strict=False):
        np.savetxt(folder / name, pixels, fmt="%d", delimiter="\t", newline="\t\n")
    return folder / "MPI_1.hdr"


def test_sdf_stack_over_a_field_has_no_photon_energies(tmp_path):
    found = recordings.read_recording(write_maximus(tmp_path))
    np.testing.assert_array_equal(found.pages, STACK[:2])
    assert found.energies_ev is None  # the axis is called Energy, and runs from −2 to −1 of no unit
    assert found.pixel_size_nm == pytest.approx((33, 33), abs=1)


def test_sdf_single_image_without_a_stack_axis(tmp_path):
    found = recordings.read_recording(write_maximus(tmp_path, kind="Image Scan", flags="Image"))
    np.testing.assert_array_equal(found.pages, STACK[:1])


def test_sdf_with_a_stray_brace_as_one_converter_leaves(tmp_path):
    found = recordings.read_recording(write_maximus(tmp_path, extra="}"))
    np.testing.assert_array_equal(found.pages, STACK[:2])


def test_sdf_point_scan_is_called_so(tmp_path):
    path = write_maximus(tmp_path, kind="NEXAFS Point Scan", flags="Spectra", q_axis="")
    with pytest.raises(InputError, match=r"hdr: a 'NEXAFS Point Scan' is no image"):
        recordings.read_recording(path)


# -- NeXus ----------------------------------------------------------------------------------------


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
def test_unknown_units_give_no_pixel_size(tmp_path):
    path = write_nexus(tmp_path / "a.hdf5", units="steps")
    assert recordings.read_recording(path).pixel_size_nm is None


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
                "sample_y": (-3 - 0.04 * np.arange(12), "um"),
                "sample_x": (1 + 0.035 * np.arange(10), "um"),
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
