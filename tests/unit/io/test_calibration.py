"""Pixel sizes as programs and makers of microscopes write them."""

import numpy as np
import pytest
import tifffile
from image_cases import GREY

from synthwire.io.calibration import as_pixel_size, pixel_side_nm, tiff_voxel_size
from synthwire.io.recordings import read_recording


def test_pixel_size_from_imagej_and_ome(tmp_path):
    tifffile.imwrite(
        tmp_path / "ij.tif",
        GREY,
        imagej=True,
        resolution=(1 / 0.0078, 1 / 0.0066),
        metadata={"unit": "um"},
    )
    size = read_recording(tmp_path / "ij.tif").pixel_size_nm
    assert size == pytest.approx((6.6, 7.8), rel=1e-4)
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        GREY,
        metadata={
            "axes": "YX",
            "PhysicalSizeX": 7.8,
            "PhysicalSizeXUnit": "nm",
            "PhysicalSizeY": 0.0066,
        },
    )
    size = read_recording(tmp_path / "a.ome.tif").pixel_size_nm
    assert size == pytest.approx((6.6, 7.8))


@pytest.mark.parametrize(
    ("unit", "more", "size"),
    [
        ("micron", "", (20, 10)),
        ("\\u00B5m", "", (20, 10)),  # so ImageJ escapes µm
        ("nm", "", (0.02, 0.01)),
        ("micron", "yunit=nm\n", (0.02, 10)),
        ("pixel", "", None),
    ],
)
def test_pixel_size_as_imagej_itself_writes_it(tmp_path, unit, more, size):
    # Its own description and tags, big-endian and without a unit of resolution, as in its files.
    tifffile.imwrite(
        tmp_path / "a.tif",
        GREY,
        byteorder=">",
        metadata=None,
        description=f"ImageJ=1.54f\nunit={unit}\n{more}min=0.0\nmax=255.0\n",
        resolution=(100, 50),
        resolutionunit=1,
    )
    found = read_recording(tmp_path / "a.tif").pixel_size_nm
    assert found == (None if size is None else pytest.approx(size))


def test_pixel_size_is_that_of_the_image_read_among_several_of_ome(tmp_path):
    def image(number, side, size):
        return (
            f'<Image ID="Image:{number}"><Pixels ID="Pixels:{number}" DimensionOrder="XYCZT" '
            f'Type="uint8" SizeX="{side}" SizeY="{side}" SizeC="1" SizeZ="1" SizeT="1" '
            f'PhysicalSizeX="{size}" PhysicalSizeY="{size}" PhysicalSizeYUnit="nm" '
            f'PhysicalSizeXUnit="nm"><TiffData IFD="{number}" PlaneCount="1"/></Pixels></Image>'
        )

    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    xml = f'<?xml version="1.0"?><OME xmlns="{schema}">{image(0, 12, 50)}{image(1, 64, 9)}</OME>'
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
        file.write(np.ones((12, 12), np.uint8), description=xml, metadata=None)
        file.write(np.ones((64, 64), np.uint8), metadata=None)
    found = read_recording(tmp_path / "a.ome.tif")
    assert found.pages.shape == (1, 64, 64) and found.pixel_size_nm == (9, 9)


@pytest.mark.parametrize(
    ("tag", "text", "size"),
    [
        (34118, "\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 12.5 nm\r\n", (12.5, 12.5)),
        (34118, "\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 1.5 µm\r\n", (1500, 1500)),
        (34682, "[Scan]\r\nPixelWidth=4e-009\r\nPixelHeight=5e-009\r\n", (5, 4)),
        (34682, "[Scan]\r\nPixelWidth=wide\r\nPixelHeight=5e-009\r\n", None),
    ],
)
def test_pixel_size_from_electron_microscopes_tags(tmp_path, tag, text, size):
    content = text.encode("cp1252")
    tags = [(tag, "s" if tag == 34682 else "B", len(content), content, True)]
    tifffile.imwrite(tmp_path / "a.tif", GREY, extratags=tags, metadata=None)
    found = read_recording(tmp_path / "a.tif")
    assert found.pixel_size_nm == (None if size is None else pytest.approx(size))
    np.testing.assert_array_equal(found.pages[0], GREY)


def test_dots_per_inch_are_no_pixel_size(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, resolution=(72, 72), resolutionunit="INCH")
    assert read_recording(tmp_path / "a.tif").pixel_size_nm is None


@pytest.mark.parametrize(
    ("more", "size"),
    [
        ("spacing=2.0\nunit=\\u00B5m\n", 2000),
        ("spacing=12.0\nunit=nm\n", 12),
        ("spacing=12.0\nunit=pixel\n", None),
        ("unit=nm\n", None),
    ],
)
def test_voxel_size_as_imagej_itself_writes_it(tmp_path, more, size):
    description = f"ImageJ=1.54f\nimages=3\nslices=3\n{more}"
    volume = np.zeros((3, 20, 30), np.uint8)
    how = {"metadata": None, "photometric": "minisblack"}
    tifffile.imwrite(tmp_path / "a.tif", volume, description=description, **how)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff_voxel_size(tiff) == size


def test_sides_of_pixels():
    assert as_pixel_size(6) == (6, 6) and as_pixel_size([6.6, 7.8]) == (6.6, 7.8)
    assert as_pixel_size(None) is None
    assert pixel_side_nm({"pixel_size_nm": [4, 9]}) == pytest.approx(6)
    assert pixel_side_nm({"pixel_size_nm": 5}) == pytest.approx(5)
    assert np.isnan(pixel_side_nm({"pixel_size_nm": None})) and np.isnan(pixel_side_nm({}))
