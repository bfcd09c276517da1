"""STXM scans as SDF."""

import numpy as np
import pytest
from stxm_scans import ENERGIES, STACK, write_sdf

from synthwire.errors import InputError
from synthwire.io import recordings


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
    content = (tmp_path / "scan_a001.xim").read_text()
    (tmp_path / "scan_a001.xim").write_text("".join(content.splitlines(True)[:7]))
    with pytest.raises(InputError, match=r"scan_a001\.xim: 7 × 10 .* 12 × 10"):
        recordings.read_recording(path)
    (tmp_path / "scan_a001.xim").write_text(content[: len(content) // 2 - 7])
    with pytest.raises(InputError, match=r"scan_a001\.xim"):
        recordings.read_recording(path)
    (tmp_path / "scan_a001.xim").unlink()
    with pytest.raises(InputError, match=r"scan\.hdr: no scan_a001\.xim beside it"):
        recordings.read_recording(path)


def test_sdf_stack_that_was_stopped(tmp_path):
    path = write_sdf(tmp_path)
    content = (tmp_path / "scan_a002.xim").read_text()
    (tmp_path / "scan_a002.xim").write_text("".join(content.splitlines(True)[:7]))
    for _ in range(2):
        found = recordings.read_recording(path)
        np.testing.assert_array_equal(found.pages, STACK[:2])
        assert found.energies_ev == ENERGIES[:2]
        assert found.remarks == ("the scan was stopped: 2 of 3 pages are whole and read",)
        (tmp_path / "scan_a002.xim").unlink(missing_ok=True)


def test_sdf_image_that_was_stopped(tmp_path):
    path = write_sdf(tmp_path, STACK[:1])
    content = (tmp_path / "scan_a.xim").read_text()
    (tmp_path / "scan_a.xim").write_text("".join(content.splitlines(True)[:9]))
    path.write_text(path.read_text(), encoding="utf-8-sig")
    found = recordings.read_recording(path)
    np.testing.assert_array_equal(found.pages[0, :9], STACK[0, :9])
    assert found.valid[0, :9].all() and not found.valid[0, 9:].any()
    assert found.remarks[0] == "the scan was stopped: 9 of 12 lines are there"


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


def test_sdf_of_too_many_pixels_is_refused_before_its_images_are_read(tmp_path):
    path = write_sdf(tmp_path)
    for image in tmp_path.glob("*.xim"):
        image.unlink()
    with pytest.raises(InputError, match=r"3 × 12 × 10 pixels; at most 0\.0003 megapixels"):
        recordings.read_recording(path, largest_pixels=300)
