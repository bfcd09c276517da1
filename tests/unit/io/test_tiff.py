"""TIFF of all kinds."""

import numpy as np
import pytest
import tifffile
from image_cases import GREY, RNG, one_line

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.grey import one_channel
from synthwire.io.recordings import read_image, read_recording


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_tiff_keeps_pixels_of_every_type(tmp_path, dtype):
    pixels = (GREY.astype(float) * 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    found = read_image(tmp_path / "a.tif")
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, pixels)


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


def write(path, pixels, **more):
    tifffile.imwrite(path, pixels, **{"metadata": None, **more})
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_as_zero_is_shown_as_viewers_do(tmp_path, dtype, compression):
    pixels = (GREY.astype(float) * (200 if dtype == "uint16" else 1)).astype(dtype)
    how = {"photometric": "miniswhite", "compression": compression}
    found = read_image(write(tmp_path / "a.tif", pixels, **how))
    assert found.dtype == pixels.dtype
    total = found.astype(float) + pixels.astype(float)
    assert np.ptp(total) == 0
    expected = {"uint8": 255, "uint16": 65535, "int16": -1}
    assert total[0, 0] == expected.get(dtype, pixels.max() + pixels.min())


def test_white_as_zero_of_few_bits(tmp_path):
    twelve = GREY.astype(np.uint16) * 16
    path = write(tmp_path / "a.tif", twelve, photometric="miniswhite", bitspersample=12)
    np.testing.assert_array_equal(read_image(path), 4095 - twelve)
    bits = GREY > 100
    path = write(tmp_path / "b.tif", bits, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(path), ~bits)


def test_white_as_zero_as_imagej_writes_it_and_in_a_stack(tmp_path):
    stack = RNG.integers(0, 60_000, (3, 20, 30), dtype=np.uint16)
    text = "ImageJ=1.54f\nimages=3\nslices=3\nmin=0.0\nmax=60000.0\n"
    path = write(
        tmp_path / "a.tif", stack, photometric="miniswhite", description=text, byteorder=">"
    )
    np.testing.assert_array_equal(read_image(path), 65535 - stack)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("eight", [False, True])
def test_palettes_of_either_direction(tmp_path, back, eight):
    ramp = np.arange(256, dtype=np.uint16) * (1 if eight else 257)
    colours = np.stack([ramp[::-1] if back else ramp] * 3)
    path = write(tmp_path / "a.tif", GREY, photometric="palette", colormap=colours)
    found = read_image(path)
    np.testing.assert_array_equal(found, 255 - GREY if back else GREY)


def test_a_coloured_palette_is_its_colours(tmp_path):
    ramp = np.arange(256, dtype=np.uint16) * 257
    colours = np.stack([np.zeros_like(ramp), ramp, np.zeros_like(ramp)])  # ImageJ's Green
    found = read_image(write(tmp_path / "a.tif", GREY, photometric="palette", colormap=colours))
    np.testing.assert_array_equal(found[..., 1], GREY)
    assert found[..., 0].max() == found[..., 2].max() == 0


# Where the first row and the first column are seen, as TIFF 6.0 has it.
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("turn", ORIENTATIONS)
@pytest.mark.parametrize("colour", [False, True])
def test_orientation_puts_rows_and_columns_where_they_are_seen(tmp_path, turn, colour):
    pixels = np.dstack([GREY, GREY // 2, GREY // 3]) if colour else GREY
    tags = [(274, "H", 1, turn, True)]
    photometric = "rgb" if colour else "minisblack"
    path = write(tmp_path / "a.tif", pixels, extratags=tags, photometric=photometric)
    found = read_image(path)
    first_row, first_column = ORIENTATIONS[turn]
    for row, column in np.ndindex(4, 7):  # each number goes where the tag says
        place = {first_row: row, first_column: column}
        y = place["top"] if "top" in place else found.shape[0] - 1 - place["bottom"]
        x = place["left"] if "left" in place else found.shape[1] - 1 - place["right"]
        np.testing.assert_array_equal(found[y, x], pixels[row, column])
    assert found.shape[:2] == ((30, 20) if turn > 4 else (20, 30))


@pytest.mark.parametrize(("turn", "size"), [(1, (2, 4)), (3, (2, 4)), (6, (4, 2)), (8, (4, 2))])
def test_pixel_sizes_turn_with_the_image(tmp_path, turn, size):
    text = "ImageJ=1.54f\nunit=nm\n"
    how = {"description": text, "resolution": (0.25, 0.5), "resolutionunit": 1}
    path = write(tmp_path / "a.tif", GREY, extratags=[(274, "H", 1, turn, True)], **how)
    assert read_recording(path).pixel_size_nm == pytest.approx(size)


def test_of_lab_colours_the_lightness_is_the_picture(tmp_path):
    shades = RNG.integers(0, 256, (*GREY.shape, 2), dtype=np.uint8)  # signed: 255 is beside 0
    pixels = np.dstack([GREY.astype(np.uint8), shades])
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="cielab")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), pixels[..., 0])


def test_inks_are_shown_as_colours(tmp_path):
    inks = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    path = write(tmp_path / "a.tif", inks, photometric="separated")
    c, m, y, k = np.moveaxis(inks.astype(float) / 255, 2, 0)
    expected = 255 * np.dstack([(1 - c) * (1 - k), (1 - m) * (1 - k), (1 - y) * (1 - k)])
    assert np.abs(read_image(path) - expected).max() <= 0.5


def write_pages(path, *pages):
    """pages: arrays, or (array, further settings)."""
    with tifffile.TiffWriter(path) as file:
        for page in pages:
            pixels, more = page if isinstance(page, tuple) else (page, {})
            photometric = "rgb" if pixels.ndim == 3 else "minisblack"
            file.write(pixels, **{"metadata": None, "photometric": photometric, **more})
    return path


BURNT = np.dstack([GREY] * 3)
BURNT[-4:, :9] = 255
DEEP = GREY.astype(np.uint16) * 100


@pytest.mark.parametrize(
    "pages",
    [
        (BURNT, DEEP),
        (DEEP, BURNT),
        (GREY, DEEP),
        (BURNT, DEEP.astype(np.float32)),
        (np.pad(BURNT, ((0, 4), (0, 0), (0, 0))), DEEP),
        (BURNT, DEEP, np.ones(GREY.shape, bool)),
        (DEEP, np.ones(GREY.shape, bool)),
    ],
)
def test_the_deepest_grey_page_is_the_image_and_others_its_renderings(tmp_path, pages):
    found = read_recording(write_pages(tmp_path / "a.tif", *pages))
    np.testing.assert_array_equal(found.pages, DEEP[None])
    assert any("are read, not" in remark for remark in found.remarks)


def test_mask_and_thumbnail_pages_are_passed_over(tmp_path):
    mask = (np.ones(GREY.shape, np.uint16), {"extratags": [(254, "I", 1, 4, True)]})
    small = (DEEP[::2, ::2], {"subfiletype": 1})
    found = read_recording(write_pages(tmp_path / "a.tif", GREY, mask, small))
    np.testing.assert_array_equal(found.pages, GREY[None])
    assert found.remarks == ()


def test_several_images_are_asked_for(tmp_path):
    path = write_pages(tmp_path / "a.tif", GREY, RNG.integers(0, 9, (20, 25), dtype=np.uint8))
    with pytest.raises(InputError, match=r"a\.tif: holds 2 images, of shapes \(20, 30\), \(20, 25"):
        read_recording(path)


SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def ome_set(planes):
    """OME metadata of a stack; planes: (page of this file or None, name of the file) of each."""
    own, data = "urn:uuid:11111111-1111-1111-1111-111111111111", ""
    for z, (page, name) in enumerate(planes):
        uuid = own if page is not None else f"urn:uuid:22222222-2222-2222-2222-{z:012d}"
        data += (
            f'<TiffData IFD="{page or 0}" FirstZ="{z}" PlaneCount="1">'
            f'<UUID FileName="{name}">{uuid}</UUID></TiffData>'
        )
    return (
        f'<?xml version="1.0"?><OME xmlns="{SCHEMA}" UUID="{own}"><Image ID="Image:0"><Pixels '
        'ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="30" SizeY="20" SizeC="1" '
        f'SizeZ="{len(planes)}" SizeT="1" PhysicalSizeX="4" PhysicalSizeXUnit="nm" '
        f'PhysicalSizeY="4" PhysicalSizeYUnit="nm">{data}</Pixels></Image></OME>'
    )


@pytest.mark.parametrize(
    "planes",
    [
        [(0, "a.ome.tif"), (None, "b.ome.tif")],
        [(None, "b.ome.tif"), (0, "a.ome.tif")],
        [(0, "a.ome.tif"), (1, "a.ome.tif"), (None, "b.ome.tif"), (None, "c.ome.tif")],
        [(None, "b.ome.tif"), (0, "a.ome.tif"), (None, "c.ome.tif")],
    ],
)
@pytest.mark.parametrize("in_memory", [False, True])
def test_one_file_of_an_ome_set_is_the_pages_that_it_holds(tmp_path, planes, in_memory):
    own = sum(page is not None for page, _ in planes)
    stack = RNG.integers(0, 256, (own, 20, 30), dtype=np.uint8)
    path = tmp_path / "renamed.ome.tif"
    write(path, stack, description=ome_set(planes), photometric="minisblack")
    found = read_recording(MemoryFile(path.name, path.read_bytes()) if in_memory else path)
    np.testing.assert_array_equal(found.pages, stack)
    assert found.pixel_size_nm == pytest.approx((4, 4))
    assert any("files of an OME set" in remark for remark in found.remarks)


def test_a_false_colour_tiff_is_its_values(tmp_path):
    import matplotlib

    jet = (65535 * matplotlib.colormaps["jet"](np.arange(256))[:, :3]).astype(np.uint16)
    path = write(tmp_path / "a.tif", GREY, photometric="palette", colormap=jet.T)
    found = read_recording(path)
    np.testing.assert_array_equal(one_channel(found.pages[0]), GREY)
    assert any("false colours" in remark for remark in found.remarks)


def test_of_two_grey_channels_the_first_is_read_and_said(tmp_path):
    for extra, remarks in (("unspecified", 1), ("unassalpha", 0)):
        tifffile.imwrite(
            tmp_path / "a.tif",
            np.dstack([GREY, GREY[::-1]]),
            photometric="minisblack",
            extrasamples=[extra],
        )
        found = read_recording(tmp_path / "a.tif")
        np.testing.assert_array_equal(found.pages[0], GREY)
        assert len(found.remarks) == remarks


@pytest.mark.parametrize("channels", [3, 4, 6])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_of_many_grey_channels_the_first_is_read_and_said(tmp_path, channels, planar):
    signals = np.stack([GREY, *RNG.integers(0, 256, (channels - 1, 20, 30), dtype=np.uint8)])
    pixels = signals if planar == "separate" else np.moveaxis(signals, 0, 2)
    for photometric, first in (("minisblack", GREY), ("miniswhite", 255 - GREY)):
        how = {"photometric": photometric, "planarconfig": planar}
        found = read_recording(write(tmp_path / "a.tif", pixels, **how))
        np.testing.assert_array_equal(found.pages, [first])
        assert found.remarks == (f"the first of its {channels} channels is read",)


BYTE_ORDERS = {"<": "little", ">": "big"}


def without_tag(path, code):
    """Give a tag of all pages a number that nobody knows."""
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for page in tiff.pages:
            offset = page.tags[code].offset
            content[offset : offset + 2] = (60000).to_bytes(2, BYTE_ORDERS[tiff.byteorder])
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("colours", [False, True])
def test_zero_is_black_where_nothing_is_said_of_it(tmp_path, colours):
    pixels = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8) if colours else GREY
    how = {"photometric": "rgb" if colours else "minisblack"}
    path = without_tag(write(tmp_path / "a.tif", pixels, **how), 262)
    np.testing.assert_array_equal(read_image(path), pixels)


def test_of_brightness_and_colour_differences_the_brightness_is_the_picture(tmp_path):
    others = RNG.integers(0, 256, (20, 30, 2), dtype=np.uint8)
    how = {"photometric": "ycbcr", "subsampling": (1, 1), "compression": "lzw"}
    path = write(tmp_path / "a.tif", np.dstack([GREY, others]), **how)
    np.testing.assert_array_equal(read_image(path), GREY)


def test_strips_that_were_never_written_are_said(tmp_path):
    path = write(tmp_path / "a.tif", GREY, photometric="minisblack", rowsperstrip=2)
    assert read_recording(path).remarks == ()
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for code in (273, 279):  # where the strips lie, and how long they are
            tag = tiff.pages.first.tags[code]
            size = tag.valuebytecount // tag.count
            third = tag.valueoffset + 3 * size
            content[third : third + size] = bytes(size)
    path.write_bytes(content)
    assert "1 of its 10 strips or tiles are not in the file, and count as 0" in (
        read_recording(path).remarks
    )


def test_half_of_an_odd_side_is_a_thumbnail(tmp_path):
    large = RNG.integers(0, 256, (41, 63), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(large, metadata=None)
        tiff.write(np.ascontiguousarray(large[::2, ::2]), metadata=None)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), large)


def test_pages_of_a_stack_have_palettes_of_their_own(tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
    red = ramp * np.array([[1], [0], [0]], dtype=np.uint16)
    for others, second in (
        (ramp[:, ::-1], 255 - GREY),
        (red, np.dstack([GREY, 0 * GREY, 0 * GREY])),
    ):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for colours in (ramp, others):
                file.write(GREY, photometric="palette", colormap=colours, metadata=None)
        pages = read_recording(tmp_path / "a.tif").pages
        first = GREY if second.ndim == 2 else np.dstack([GREY] * 3)
        np.testing.assert_array_equal(pages, [first, second])


def test_pages_of_a_stack_are_turned_one_by_one(tmp_path):
    square = GREY[:, :20]
    for pixels, turns, right in (
        (GREY, (1, 3), [GREY, GREY[::-1, ::-1]]),
        (GREY, (3, 1), [GREY[::-1, ::-1], GREY]),
        (square, (6, 1), [np.rot90(square, -1), square]),
    ):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for turn in turns:
                tag = (274, "H", 1, turn, True)
                file.write(pixels, photometric="minisblack", metadata=None, extratags=[tag])
        np.testing.assert_array_equal(read_recording(tmp_path / "a.tif").pages, right)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for turn in (1, 6):
            tag = (274, "H", 1, turn, True)
            file.write(GREY, photometric="minisblack", metadata=None, extratags=[tag])
    with pytest.raises(InputError, match="turned in different ways") as error:
        read_recording(tmp_path / "a.tif")
    one_line(error)


@pytest.mark.parametrize("extra", [["unassalpha", "unspecified"], ["unspecified"] * 3])
def test_of_colours_and_several_more_samples_the_colours_are_read(tmp_path, extra):
    samples = RNG.integers(0, 256, (20, 30, 3 + len(extra)), dtype=np.uint8)
    path = write(tmp_path / "a.tif", samples, photometric="rgb", extrasamples=extra)
    found = read_recording(path)
    np.testing.assert_array_equal(found.pages[0], samples[..., :3])
    assert found.remarks[0] == f"of its {3 + len(extra)} samples the three colours are read"
    inks = write(tmp_path / "b.tif", samples, photometric="separated")
    with pytest.raises(InputError, match="colour channels; 1, 3 or 4 are expected"):
        read_recording(inks)


def test_a_fourth_sample_without_a_meaning_is_left_out(tmp_path):
    colours = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, colours, photometric="rgb", extrasamples=["unspecified"], metadata=None)
    found = read_recording(path)
    np.testing.assert_array_equal(found.pages[0], colours[..., :3])
    assert found.remarks[0] == "its fourth sample, of which it says nothing, is left out"
