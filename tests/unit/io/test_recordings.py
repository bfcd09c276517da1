import numpy as np
import pytest
import tifffile
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.grey import to_grey8
from synthwire.io.recordings import read_image, read_recording
from synthwire.io.stacks import read_stack, write_stack

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_png_and_jpeg_are_told_by_content_not_by_name(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), GREY)
    flat = np.full((20, 30), 77, np.uint8)
    Image.fromarray(flat).save(tmp_path / "b.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "b.jpg").astype(int) - 77).max() <= 2


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_tiff_keeps_pixels_of_every_type(tmp_path, dtype):
    pixels = (GREY.astype(float) * 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    found = read_image(tmp_path / "a.tif")
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, pixels)


def test_16_bit_png(tmp_path):
    pixels = GREY.astype(np.uint16) * 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels)


def test_pages_and_colour_are_told_apart(tmp_path):
    stack = RNG.integers(0, 256, (4, 20, 30), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "pages.tif", stack, photometric="minisblack")
    colour = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "colour.tif", colour, photometric="rgb")
    planar = np.moveaxis(colour, 2, 0)
    tifffile.imwrite(tmp_path / "planar.tif", planar, photometric="rgb", planarconfig="separate")
    assert read_recording(tmp_path / "pages.tif").pages.shape == (4, 20, 30)
    np.testing.assert_array_equal(read_image(tmp_path / "colour.tif"), colour)
    np.testing.assert_array_equal(read_image(tmp_path / "planar.tif"), colour)


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


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_file_is_one_line(tmp_path, name, kept):
    path = tmp_path / name
    noise = RNG.integers(0, 256, (200, 300), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError) as error:
        read_image(path)
    assert str(path) in one_line(error)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_truncated_tiff_is_one_line(tmp_path, compression):
    path = tmp_path / "a.tif"
    noise = RNG.integers(0, 65536, (100, 300), dtype=np.uint16)
    tifffile.imwrite(path, noise, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as error:
        read_image(path)
    assert str(path) in one_line(error)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"hello, I am a text", "not an image"), (b"\x89PNG\r\n\x1a\n", "")],
)
def test_no_image_is_one_line(tmp_path, content, says):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_image(path)
    assert says in one_line(error)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="a folder"):
        read_image(tmp_path)


def test_tiny_and_huge_images_are_refused(tmp_path):
    Image.fromarray(GREY[:3]).save(tmp_path / "tiny.png")
    with pytest.raises(InputError, match="at least 8"):
        read_image(tmp_path / "tiny.png")
    bomb = bytearray()
    Image.fromarray(GREY).save(tmp_path / "huge.png")
    bomb += (tmp_path / "huge.png").read_bytes()
    bomb[16:24] = (200_000).to_bytes(4, "big") * 2  # width and height in the PNG's header
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    (tmp_path / "huge.png").write_bytes(bomb)
    with pytest.raises(InputError, match="megapixels"):
        read_image(tmp_path / "huge.png")
    tifffile.memmap(tmp_path / "huge.tif", shape=(70_000, 70_000), dtype=np.uint8)  # sparse file
    with pytest.raises(InputError, match="GiB"):
        read_image(tmp_path / "huge.tif")


def test_grey8_leaves_8_bit_grey_alone():
    np.testing.assert_array_equal(to_grey8(GREY), GREY)
    np.testing.assert_array_equal(to_grey8(np.dstack([GREY] * 3)), GREY)
    opaque = np.dstack([GREY] * 3 + [np.full_like(GREY, 255)])
    np.testing.assert_array_equal(to_grey8(opaque), GREY)


def test_grey8_of_colour_is_luminance():
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[..., 1] = 200
    np.testing.assert_array_equal(to_grey8(pixels), np.full((10, 10), 117))


def test_grey8_refuses_transparency():
    with pytest.raises(InputError, match="transparent"):
        to_grey8(np.dstack([GREY] * 4))


def test_grey8_stretches_wide_types_between_percentiles():
    ramp = np.linspace(-3.0, 5.0, 10_001).reshape(73, 137)
    grey = to_grey8(ramp)
    assert grey.min() == 0 and grey.max() == 255
    expected = np.clip((ramp + 3 - 0.008) / (8 - 0.016), 0, 1) * 255
    assert np.abs(grey - expected).max() <= 0.6


def test_grey8_of_nan_infinity_and_constants():
    values = np.linspace(0, 1, 400).reshape(20, 20)
    values[0, 0], values[5, 5], values[6, 6] = np.nan, np.inf, -np.inf
    grey = to_grey8(values)
    assert (grey[0, 0], grey[5, 5], grey[6, 6]) == (0, 255, 0)
    assert grey[10, 10] == pytest.approx(255 * values[10, 10], abs=2)
    assert not to_grey8(np.full((20, 20), 4.2)).any()
    with pytest.raises(InputError, match="finite"):
        to_grey8(np.full((20, 20), np.nan))
    with pytest.raises(InputError, match="shape"):
        to_grey8(np.zeros((3, 20, 20, 20)))


def test_stack_round_trip_and_same_bytes(tmp_path):
    pages = RNG.integers(0, 256, (3, 20, 30), dtype=np.uint8)
    write_stack(tmp_path / "a.tif", list(pages), pixel_size_nm=[6.6, 7.8])
    write_stack(tmp_path / "b.tif", pages, pixel_size_nm=[6.6, 7.8])
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif"), pages)
    assert read_recording(tmp_path / "a.tif").pixel_size_nm == (6.6, 7.8)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    write_stack(tmp_path / "one.tif", pages[:1])
    assert tifffile.imread(tmp_path / "one.tif").shape == (20, 30)
    np.testing.assert_array_equal(read_stack(tmp_path / "one.tif"), pages[:1])
    with pytest.raises(InputError, match="one shape"):
        write_stack(tmp_path / "c.tif", [GREY, GREY[:10]])
    assert not (tmp_path / "c.tif").exists()
