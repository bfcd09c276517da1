import importlib.util

import numpy as np
import pytest
from synthwire import images
from synthwire.errors import InputError

needs_h5py = pytest.mark.skipif(
    importlib.util.find_spec("h5py") is None, reason="h5py, which reads NeXus, is not installed"
)

ENERGIES = (527.0, 529.8, 531.0)
STACK = np.random.default_rng(0).integers(100, 1000, (3, 12, 10)).astype(np.uint16)

# -- SDF ------------------------------------------------------------------------------------------

HEADER = """ScanDefinition = {{ Label = "532_1.hdr"; Type = "{kind}"; Flags = "Image Stack";
	Dwell = 1;
\tRegions = ({regions},
{{
\t\t\tPAxis =
{{ Name = "Sample X"; Unit = "um"; Min = -1; Max = -0.685; Dir = 1;
\tPoints = ({width}, {x});
}};
\t\t\tQAxis =
{{ Name = "Sample Y"; Unit = "um"; Min = 2; Max = 2.44; Dir = -1;
\tPoints = (12, {y});
}};
}}{more});

\tStackAxis =
{{ Name = "Energy"; Unit = "eV"; Min = 527; Max = 531; Dir = -1;
\tPoints = ({count}, {energies});
}};

\tChannels = (1,
{{ Name = "counter0"; Unit = "Hz";}});
}};
 Time = "2009 Apr 01(Wed) 10:00:00"; BeamFeedback = false; ShutterAutomatic = true;
Image000_0 = {{StorageRingCurrent = 400.1; Energy = 527; Time = "2009 Apr 01"; ZP_dest = -1.5e3;}};
"""


def write_sdf(folder, stack=STACK, *, kind="NEXAFS Image Scan", regions=1, more="", width=10):
    header = HEADER.format(
        kind=kind,
        regions=regions,
        more=more,
        width=width,
        x=", ".join(f"{-1 + 0.035 * i:.4f}" for i in range(10)),
        y=", ".join(f"{2 + 0.04 * i:.4f}" for i in range(12)),
        count=len(stack),
        energies=", ".join(str(energy) for energy in ENERGIES[: len(stack)]),
    )
    (folder / "scan.hdr").write_text(header)
    for page, pixels in enumerate(stack):
        name = "scan_a.xim" if len(stack) == 1 else f"scan_a{page:03d}.xim"
        rows = ["\t".join(str(value) for value in row) + "\t\n" for row in pixels]
        (folder / name).write_text("".join(rows))
    return folder / "scan.hdr"


@pytest.mark.parametrize("pages", [1, 3])
def test_sdf_scan_with_energies_and_pixel_size(tmp_path, pages):
    found = images.read_recording(write_sdf(tmp_path, STACK[:pages]))
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
        images.read_recording(write_sdf(tmp_path, **options))


def test_sdf_with_missing_or_short_images_is_one_line(tmp_path):
    path = write_sdf(tmp_path)
    content = (tmp_path / "scan_a002.xim").read_text()
    (tmp_path / "scan_a002.xim").write_text("".join(content.splitlines(True)[:7]))
    with pytest.raises(InputError, match=r"scan_a002\.xim: 7 × 10 .* 12 × 10"):
        images.read_recording(path)
    (tmp_path / "scan_a002.xim").write_text(content[: len(content) // 2 - 7])
    with pytest.raises(InputError, match=r"scan_a002\.xim"):
        images.read_recording(path)
    (tmp_path / "scan_a002.xim").unlink()
    with pytest.raises(InputError, match=r"scan_a002\.xim: no such file"):
        images.read_recording(path)


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6])
def test_truncated_sdf_header_is_one_line(tmp_path, kept):
    path = write_sdf(tmp_path)
    text = path.read_text()
    path.write_text(text[: int(kept * len(text))])
    with pytest.raises(InputError, match=r"scan\.hdr: not an SDF header, or a truncated one"):
        images.read_recording(path)


def test_xim_alone_points_to_its_header(tmp_path):
    write_sdf(tmp_path)
    with pytest.raises(InputError, match=r"\.hdr file"):
        images.read_recording(tmp_path / "scan_a000.xim")


# -- NeXus ----------------------------------------------------------------------------------------


def write_nexus(path, *, detectors=("counter0",), default=None, axes=None, stack=STACK, units="um"):
    import h5py

    with h5py.File(path, "w") as file:
        entry = file.create_group("entry1")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXstxm"
        if default:
            entry.attrs["default"] = default
        for number, name in enumerate(detectors):
            group = entry.create_group(name)
            group.attrs["NX_class"] = b"NXdata"
            group.attrs["signal"] = "data"
            if axes:
                group.attrs["axes"] = axes
            group["data"] = stack + number
            group["energy"] = np.array(ENERGIES)
            group["energy"].attrs["units"] = "eV"
            group["sample_x"] = 1 + 0.035 * np.arange(10)
            group["sample_y"] = -3 - 0.04 * np.arange(12)
            for side in "xy":
                group[f"sample_{side}"].attrs["units"] = units
    return path


@needs_h5py
def test_nxstxm_stack(tmp_path):
    found = images.read_recording(write_nexus(tmp_path / "a.hdf5"))
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
    found = images.read_recording(path)
    np.testing.assert_array_equal(found.pages, STACK)
    assert found.pixel_size_nm == pytest.approx((40, 35))


@needs_h5py
def test_the_right_detector_is_read_or_asked_for(tmp_path):
    path = write_nexus(tmp_path / "a.hdf5", detectors=("counter0", "counter1"), default="counter1")
    np.testing.assert_array_equal(images.read_image(path), STACK + 1)
    path = write_nexus(tmp_path / "b.hdf5", detectors=("apd", "pmt"))
    with pytest.raises(InputError, match=r"several detectors \(apd, pmt\)"):
        images.read_image(path)


@needs_h5py
def test_unknown_units_give_no_pixel_size(tmp_path):
    path = write_nexus(tmp_path / "a.hdf5", units="steps")
    assert images.read_recording(path).pixel_size_nm is None


@needs_h5py
def test_plain_hdf5_with_one_image_or_none(tmp_path):
    import h5py

    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["some/where/image"] = STACK[0]
        file["note"] = "x"
    np.testing.assert_array_equal(images.read_image(tmp_path / "one.h5"), STACK[0])
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["first"] = STACK[0]
        file["second"] = STACK[1]
    with pytest.raises(InputError, match="first, second"):
        images.read_image(tmp_path / "two.h5")
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["note"] = "x"
    with pytest.raises(InputError, match="none"):
        images.read_image(tmp_path / "none.h5")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9])
@needs_h5py
def test_truncated_hdf5_is_one_line(tmp_path, kept):
    path = write_nexus(tmp_path / "a.hdf5")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"a\.hdf5"):
        images.read_image(path)
