"""Pixel sizes in the tags and descriptions of each program and maker."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from synthwire.io.calibration import tiff_calibration, tiff_voxel_size
from synthwire.io.recordings import read_recording

GREY = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)


def found(path):
    with tifffile.TiffFile(path) as tiff:
        return tiff_calibration(tiff)


def with_tag(path, code, content, kind="s", pixels=GREY, **more):
    data = content if isinstance(content, bytes) else content.encode("cp1252")
    tags = [(code, kind, len(data), data, True)]
    tifffile.imwrite(path, pixels, metadata=None, extratags=tags, **more)
    return path


def zeiss(path, *pairs, width=1024):
    lines = ["0", "0", "0", "2e-009", *(line for pair in pairs for line in pair)]
    grey = np.resize(GREY, (width * 3 // 4, width))
    return with_tag(path, 34118, "\r\n".join(lines) + "\r\n", "B", grey)


SCREEN = ("AP_PIXEL_SIZE", "Pixel Size = 2.500 nm")


@pytest.mark.parametrize(
    ("pairs", "width", "size", "remark"),
    [
        ([SCREEN, ("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 833.3 pm")], 3072, 0.8333, None),
        ([("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 5.0 nm"), SCREEN], 512, 5, None),
        ([("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size : 1.25 \u00b5m")], 1024, 1250, None),
        ([("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 2,5 nm")], 1024, 2.5, None),
        ([("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 0.000 nm"), SCREEN], 1024, 2.5, None),
        ([SCREEN], 1024, 2.5, None),
        ([SCREEN], 2048, 1.25, "screen 1024 pixels wide"),
        ([SCREEN], 512, 5, "screen 1024 pixels wide"),
        ([("AP_MAG", "Mag = 10.00 K X")], 1024, 2, None),  # the number without a name, in m
    ],
)
def test_zeiss(tmp_path, pairs, width, size, remark):
    calibration = found(zeiss(tmp_path / "a.tif", *pairs, width=width))
    assert calibration.size_nm == pytest.approx((size, size))
    assert calibration.doubt is None
    assert (remark is None and not calibration.remarks) or remark in calibration.remarks[0]


def test_zeiss_of_an_image_that_was_resized_since(tmp_path):
    size = ("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 3.0 nm")
    store = ("DP_IMAGE_STORE", "Store resolution = 2048 * 1536")
    calibration = found(zeiss(tmp_path / "a.tif", size, store))
    assert calibration.size_nm == (3, 3)
    assert "2048 pixels wide, this one has 1024" in calibration.doubt
    assert found(zeiss(tmp_path / "b.tif", size, store, width=2048)).doubt is None


FEI = "[User]\r\nDate=1\r\n[Beam]\r\nScan=IScan\r\n"


@pytest.mark.parametrize(
    ("tag", "text", "size"),
    [
        (34682, "[Scan]\r\nPixelWidth=4e-009\r\nPixelHeight=5e-009\r\n", (5, 4)),
        (34680, "[Scan]\r\nPixelWidth=4e-009\r\nPixelHeight=4e-009\r\n", (4, 4)),
        (34680, "[EScan]\r\nHorFieldsize=1e-6\r\nPixelWidth=3e-9\r\nPixelHeight=3e-9\r\n", (3, 3)),
        (34680, "[EScan]\r\nPixelWidth=3e-9\r\n" + FEI + "[IScan]\r\nPixelWidth=7e-9\r\n", (7, 7)),
        (34682, "[Scan]\r\nHorFieldsize=1.28e-006\r\n", (10, 10)),  # 128 pixels across
        (34682, "[Scan]\r\nPixelWidth=\r\nHorFieldsize=1.28e-006\r\n", (10, 10)),
        (34682, "[Scan]\r\nPixelWidth=0\r\nHorFieldsize=1.28e-006\r\n", (10, 10)),
        (34682, "[Scan]\r\nPixelWidth=\r\n", None),
        (34682, "[Vacuum]\r\nChPressure=1e-4\r\n", None),
    ],
)  # fmt: skip
def test_fei(tmp_path, tag, text, size):
    assert found(with_tag(tmp_path / "a.tif", tag, text)).size_nm == size


def test_fei_of_an_image_that_was_resized_since(tmp_path):
    text = "[Scan]\r\nPixelWidth=4e-9\r\nPixelHeight=4e-9\r\n[Image]\r\nResolutionX={}\r\n"
    assert found(with_tag(tmp_path / "a.tif", 34682, text.format(128))).doubt is None
    assert "256 pixels wide" in found(with_tag(tmp_path / "b.tif", 34682, text.format(256))).doubt


@pytest.mark.parametrize("widths", [(2, 4, 8), (2, 2, 2), (2, None, 2)])
def test_pages_of_several_magnifications_have_no_size_in_common(tmp_path, widths):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for width in widths:
            text = f"[Scan]\r\nPixelWidth={width}e-009\r\n" if width else "[User]\r\n"
            tags = [(34682, "s", len(text), text, True)]
            tiff.write(GREY, metadata=None, extratags=tags)
    read = read_recording(tmp_path / "a.tif")
    assert len(read.pages) == 3
    if len({*widths} - {None}) == 1:
        assert read.pixel_size_nm == (2, 2) and not read.pixel_size_remarks
    else:
        assert read.pixel_size_nm is None
        assert "different sizes, 2 nm, 4 nm, 8 nm" in read.pixel_size_remarks[0]


@pytest.mark.parametrize("tag", [34680, 34682, 34683])
@pytest.mark.parametrize("more", ["", "\0"])
def test_helios_dictionaries(tmp_path, tag, more):
    def item(key, value):
        inner = f"<MementoItemUnit>MementoItemUnitMeter</MementoItemUnit>{value}"
        return f"<item><key><string>{key}</string></key><value>{inner}</value></item>"

    def metres(value):
        return f'<anyType d:type="q1:double">{value}\r\n </anyType>'

    field = item("Width", metres("1.6E-05")) + item("Height", metres("1.2E-05"))
    pixel = item("Width", metres("1.5E-08")) + item("Height", metres("1.6E-08"))
    xml = f"<Memento>{item('Field', field)}{item('PixelSize', pixel)}</Memento>{more}"
    assert found(with_tag(tmp_path / "a.tif", tag, xml)).size_nm == pytest.approx((16, 15))


@pytest.mark.parametrize(
    ("xml", "size"),
    [
        (
            '<?xml version="1.0"?><FeiImage><pixelWidth unit="nm">25.5</pixelWidth>'
            '<pixelHeight unit="nm">25.0</pixelHeight></FeiImage>',
            (25, 25.5),
        ),
        ('<FeiImage><pixelWidth unit="um">0.5</pixelWidth></FeiImage>', (500, 500)),
        (
            '<Metadata><StageSettings><X unit="m">0.01</X></StageSettings><PixelSize>'
            '<X unit="m" unitPrefixPower="1">1.5E-08</X><Y unit="m">1.6E-08</Y></PixelSize>'
            "</Metadata>",
            (16, 15),
        ),
        ('<FeiImage><pixelWidth unit="px">25.0</pixelWidth></FeiImage>', None),
        ("<FeiImage/>", None),
        ("<FeiImage><pixelWidth", None),
    ],
)
def test_phenom_and_thermo_fisher_xml(tmp_path, xml, size):
    assert found(with_tag(tmp_path / "a.tif", 34683, xml)).size_nm == size


@pytest.mark.parametrize(
    "text",
    [
        "[MAIN]\r\nPixelSizeX=1.5e-07\r\nPixelSizeY=1.6e-07\r\n[SEM]\r\nHV=15000\r\n",
        "\0\1\2\xff[MAIN]\r\nMagnification=2000\r\nPixelSizeX=1.5e-07\r\nPixelSizeY=1.6e-07\r\n",
        "[MAIN]\nPixelSizeX = 1,5e-07\nPixelSizeY = 1,6e-07\n",
        "\xff\xd8" + "\0" * 200 + "\r\n[MAIN]\r\nPixelSizeX=1.5e-07\r\nPixelSizeY=1.6e-07\r\n",
    ],
)
def test_tescan(tmp_path, text):
    path = with_tag(tmp_path / "a.tif", 50431, text.encode("latin-1"), "B")
    assert found(path).size_nm == pytest.approx((160, 150))


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (50431, "[MAIN]\r\nPixelSizeX=4e-09\r\nPixelSizeY=4e-09\r\nImageStripSize=16\r\n"),
        (34682, "[Scan]\nPixelWidth=4e-9\n[Image]\nResolutionX=128\nResolutionY=80\n"),
        (34682, "[Scan]\nPixelWidth=4e-9\n[PrivateFei]\nDatabarHeight=16\n"),
        (
            34683,
            '<FeiImage><databarHeight>16</databarHeight><pixelWidth unit="nm">4</pixelWidth>'
            "</FeiImage>",
        ),
    ],
)
def test_the_rows_of_the_picture(tmp_path, tag, text):
    """Makers tell them, but what they were not drawn into is picture to its end."""
    drawn = np.vstack([GREY[:80], np.zeros((16, 128), np.uint8)])
    path = with_tag(tmp_path / "a.tif", tag, text, pixels=drawn)
    assert found(path).picture_rows == 80
    assert read_recording(path).window == (0, 0, 128, 80)
    cut = with_tag(tmp_path / "cut.tif", tag, text, pixels=GREY)
    assert read_recording(cut).window is None


FIBICS = (
    "<Fibics><Application><Version>4</Version></Application><Image><Width>{}</Width><Height>96"
    "</Height></Image><Scan><Dwell units='ns'>100</Dwell>{}</Scan></Fibics>"
)


@pytest.mark.parametrize(
    "field",
    [
        '<FOV_X units="um">0.64</FOV_X><FOV_Y units="um">0.384</FOV_Y>',
        "<FOV_X>0.64</FOV_X><FOV_Y>0.384</FOV_Y>",
        "<FOV_X><value>640</value><units>nm</units></FOV_X>"
        "<FOV_Y><value>384</value><units>nm</units></FOV_Y>",
    ],
)
def test_zeiss_atlas(tmp_path, field):
    calibration = found(with_tag(tmp_path / "a.tif", 51023, FIBICS.format(128, field)))
    assert calibration.size_nm == pytest.approx((4, 5)) and calibration.doubt is None
    calibration = found(with_tag(tmp_path / "b.tif", 51023, FIBICS.format(256, field)))
    assert "256 pixels wide" in calibration.doubt


def test_zeiss_orion(tmp_path):
    xml = "<ImageTags><ScalingX>{}</ScalingX><ScalingY>{}</ScalingY></ImageTags>"
    sides = ("5e-010", "<Value>5E-10</Value><Units>m</Units>")
    for number, side in enumerate(sides):
        path = with_tag(tmp_path / f"{number}.tif", 65000, xml.format(side, side))
        assert found(path).size_nm == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    ("per_unit", "unit", "size"),
    [("65.569", "micron", 1000 / 65.569), ("0.5", "nm", 2), ("2520.415000", "um", 0.39676)],
)
@pytest.mark.parametrize("between", ["\r\n", ""])
def test_amt_cameras(tmp_path, per_unit, unit, size, between):
    lines = (f"XpixCal={per_unit}", f"YpixCal={per_unit}", f"Unit={unit}", "##fv3")
    text = "AMT Camera System\r\n11/18/09\r\n14:12" + between.join(lines)
    path = with_tag(tmp_path / "a.tif", 270, text, resolution=(300, 300), resolutionunit=2)
    assert found(path).size_nm == pytest.approx((size, size), rel=1e-4)


def test_jeols_tem_of_magnified_prints(tmp_path):
    xml = (
        "<TemReporter><Eos><EosMode>eosTEM</EosMode></Eos><ImageFormingSystem><ModeString>{}"
        "</ModeString><SelectorValue>20000</SelectorValue></ImageFormingSystem></TemReporter>"
    )
    more = {"resolution": (1000, 1250), "resolutionunit": 3}
    path = with_tag(tmp_path / "a.tif", 270, xml.format("MAG"), **more)
    assert found(path).size_nm == pytest.approx((0.4, 0.5))  # 10 µm of the print, 20000 times less
    calibration = found(with_tag(tmp_path / "b.tif", 270, xml.format("DIFF"), **more))
    assert calibration.size_nm is None and "diffraction" in calibration.remarks[0]


def test_phenoms_jpeg(tmp_path):
    drawn = np.vstack([GREY[:80], np.zeros((16, 128), np.uint8)])
    Image.fromarray(drawn).save(tmp_path / "a.jpg", quality=95)
    xml = (
        b'<?xml version="1.0"?><FeiImage><databarHeight>16</databarHeight>'
        b'<pixelWidth unit="um">0.0125</pixelWidth></FeiImage>'
    )
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes() + xml)
    recording = read_recording(tmp_path / "a.jpg")
    assert recording.pixel_size_nm == (12.5, 12.5) and recording.window == (0, 0, 128, 80)


def sis_block(at, size_m, exponent):
    head = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 42, 19, 15, 10, 118, b"", 1)
    offset = at + len(head) + 8
    y, x = (side / 10.0**exponent for side in size_m)
    body = struct.pack("<10xhdd8xd2x34s32s", exponent, x, y, 60000.0, b"CAM", b"")
    return head + struct.pack("<hhI", 1, 1, offset) + body


def with_sis(path, size_m, pages):
    """A TIFF whose last page has an Olympus SIS block."""
    mark = 0x7A7A7A7A
    with tifffile.TiffWriter(path) as tiff:
        for page in pages[:-1]:
            tiff.write(page, metadata=None)
        tiff.write(pages[-1], metadata=None, extratags=[(33560, "I", 1, mark, True)])
    data = bytearray(path.read_bytes())
    where = data.index(struct.pack("<HHII", 33560, 4, 1, mark)) + 8
    data[where : where + 4] = struct.pack("<I", len(data))
    path.write_bytes(bytes(data) + sis_block(len(data), size_m, -9))
    return path


def test_sis(tmp_path):
    path = with_sis(tmp_path / "a.tif", (2.5e-10, 2.4e-10), [GREY])
    assert found(path).size_nm == pytest.approx((0.25, 0.24))
    assert found(with_sis(tmp_path / "b.tif", (0, 0), [GREY])).size_nm is None


def test_jeols_16_bit_page_behind_a_burnt_in_one(tmp_path):
    burnt_in = np.dstack([GREY] * 3)
    path = with_sis(tmp_path / "a.tif", (2.4e-10, 2.4e-10), [burnt_in, GREY.astype(np.uint16)])
    recording = read_recording(path)
    assert recording.pages.shape == (1, 96, 128) and recording.pages.dtype == np.uint16
    assert recording.pixel_size_nm == pytest.approx((0.24, 0.24))


def gatan(path, units, scales):
    tags = []
    for number, (unit, scale) in enumerate(zip(units, scales, strict=True)):
        data = unit + b"\0"
        tags += [
            (65003 + number, "s", len(data), data, True),
            (65006 + number, "d", 1, 0.0, True),
            (65009 + number, "d", 1, scale, True),
        ]
    tifffile.imwrite(path, GREY, metadata=None, extratags=tags)
    return path


@pytest.mark.parametrize(
    ("units", "scales", "size"),
    [
        ((b"nm", b"nm"), (0.35, 0.36), (0.36, 0.35)),
        ((b"\xb5m", b"\xb5m"), (0.002, 0.002), (2, 2)),
        (("\u00b5m".encode(),) * 2, (0.002, 0.002), (2, 2)),
        ((b"", b""), (1.0, 1.0), None),
    ],
)
def test_digital_micrograph(tmp_path, units, scales, size):
    calibration = found(gatan(tmp_path / "a.tif", units, scales))
    assert calibration.size_nm == (None if size is None else pytest.approx(size))


def test_a_diffraction_pattern_has_no_pixel_size(tmp_path):
    calibration = found(gatan(tmp_path / "a.tif", (b"1/nm", b"1/nm"), (0.02, 0.02)))
    assert calibration.size_nm is None
    assert "1/nm" in calibration.remarks[0]


MICRO_MANAGER = '{"PixelSizeUm": %s, "Camera": "X"}'


@pytest.mark.parametrize(("size", "expected"), [("0.65", (650, 650)), ("0.0", None)])
def test_micro_manager(tmp_path, size, expected):
    path = with_tag(tmp_path / "a.tif", 51123, MICRO_MANAGER % size)
    assert found(path).size_nm == expected


METAMORPH = """<MetaData><PlaneInfo>
<prop id="spatial-calibration-state" type="bool" value="{}"/>
<prop id="spatial-calibration-x" type="float" value="0.32"/>
<prop id="spatial-calibration-y" type="float" value="0.33"/>
<prop id="spatial-calibration-units" type="string" value="{}"/>
</PlaneInfo></MetaData>"""


@pytest.mark.parametrize(
    ("state", "unit", "size"),
    [("on", "um", (330, 320)), ("off", "um", None), ("on", "pixel", None)],
)
def test_metamorph(tmp_path, state, unit, size):
    text = METAMORPH.format(state, unit).replace("\n", "")
    how = {"metadata": None, "software": "MetaSeries"}
    tifffile.imwrite(tmp_path / "a.tif", GREY, description=text, **how)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.is_metaseries
    assert found(tmp_path / "a.tif").size_nm == size


def test_slide_scanners(tmp_path):
    text = "Aperio Image Library v11.2.1 \r\n128x96 (tile)|AppMag = 40|MPP = 0.2525"
    tifffile.imwrite(tmp_path / "a.svs", GREY, metadata=None, description=text)
    assert found(tmp_path / "a.svs").size_nm == (252.5, 252.5)
    resolution = {"resolution": (43957, 43957), "resolutionunit": 3}
    with_tag(tmp_path / "b.tif", 65420, b"\1\0\0\0", "B", **resolution)
    assert found(tmp_path / "b.tif").size_nm == pytest.approx((1e7 / 43957,) * 2)


IMAGEJ = [
    (b"um", 100, 10), (b"micron", 100, 10), (b"microns", 100, 10), (b"\\u00B5m", 100, 10),
    (b"\xb5m", 100, 10), ("\u00b5m".encode(), 100, 10), ("\u03bcm".encode(), 100, 10),
    ("\u00c2\u00b5m".encode(), 100, 10), (b"micrometers", 100, 10), (b"micrometre", 100, 10),
    (b"UM", 100, 10), (b"Microns", 100, 10), (b"um ", 100, 10), (b"nm", 0.5, 2),
    (b"nanometers", 0.5, 2), (b"nanometer", 0.5, 2), (b"NM", 0.5, 2), (b"\\u00C5", 0.5, 0.2),
    (b"angstrom", 0.5, 0.2), (b"Angstroms", 0.5, 0.2), (b"mm", 1e5, 10), (b"cm", 1e6, 10),
    (b"pm", 1e-3, 1), (b"pixel", 1, None), (b"pixels", 1, None), (b"", 100, None),
    (b"sec", 100, None),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "per_unit", "size"), IMAGEJ)
def test_imagej_in_any_spelling(tmp_path, unit, per_unit, size):
    calibration = found(imagej(tmp_path / "a.tif", unit, per_unit))
    assert calibration.size_nm == (None if size is None else pytest.approx((size, size)))
    assert calibration.doubt is None and not calibration.remarks


def imagej(path, unit, per_unit):
    text = b"ImageJ=1.54f\nunit=" + unit + b"\nmin=0.0\nmax=255.0\n"
    how = {"resolution": (per_unit, per_unit), "resolutionunit": 1}
    with tifffile.TiffWriter(path, byteorder=">") as tiff:
        tiff.write(GREY, metadata=None, description=text, **how)
    return path


@pytest.mark.parametrize(
    ("unit", "per_unit", "dpi"),
    [
        (b"cm", 28.346, 72), (b"cm", 118.11, 300), (b"cm", 100, 254), (b"inch", 72, 72),
        (b"inch", 300, 300), (b"inch", 1, 1), (b"cm", 1, 2.54), (b"mm", 11.811, 300),
        (b"mm", 2.8346, 72), (b"um", 300 / 25400, 300),
    ],
)  # fmt: skip
def test_resolutions_of_prints_are_no_pixel_size(tmp_path, unit, per_unit, dpi):
    calibration = found(imagej(tmp_path / "a.tif", unit, per_unit))
    assert calibration.size_nm is None
    assert f"{dpi} dots per inch" in calibration.remarks[0]


@pytest.mark.parametrize(("unit", "per_unit"), [(2, 72), (2, 300), (3, 118.11), (1, 100)])
def test_plain_resolution_tags_say_nothing_worth_a_word(tmp_path, unit, per_unit):
    how = {"resolution": (per_unit, per_unit), "resolutionunit": unit}
    tifffile.imwrite(tmp_path / "a.tif", GREY, metadata=None, **how)
    calibration = found(tmp_path / "a.tif")
    assert calibration.size_nm is None and not calibration.remarks


@pytest.mark.parametrize(("unit", "per_unit", "says"), [(3, 4e6, "2.5 nm"), (2, 2.54e5, "100 nm")])
def test_a_resolution_that_no_print_has_is_suggested(tmp_path, unit, per_unit, says):
    how = {"resolution": (per_unit, per_unit), "resolutionunit": unit}
    tifffile.imwrite(tmp_path / "a.tif", GREY, metadata=None, **how)
    calibration = found(tmp_path / "a.tif")
    assert calibration.size_nm is None
    assert f"say {says} per pixel" in calibration.remarks[0] and len(calibration.remarks) == 1
    fei = with_tag(tmp_path / "b.tif", 34682, "[Scan]\r\nPixelWidth=4e-009\r\n", **how)
    assert found(fei).size_nm == (4, 4) and not found(fei).remarks


def ome(path, x=None, y=None, x_unit=None, y_unit=None):
    sides = {
        "PhysicalSizeX": x, "PhysicalSizeXUnit": x_unit,
        "PhysicalSizeY": y, "PhysicalSizeYUnit": y_unit,
    }  # fmt: skip
    attributes = " ".join(f'{key}="{value}"' for key, value in sides.items() if value is not None)
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/'
        'OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" '
        'Type="uint8" SizeX="128" SizeY="96" SizeC="1" SizeZ="1" SizeT="1" '
        f'{attributes}><TiffData IFD="0" PlaneCount="1"/></Pixels></Image></OME>'
    )
    tifffile.imwrite(path, GREY, metadata=None, description=xml.encode())
    return path


@pytest.mark.parametrize(
    ("step", "unit", "size"),
    [
        (0.005, None, 5), (0.005, "\u00b5m", 5), (0.005, "\u03bcm", 5), (0.005, "um", 5),
        (5, "nm", 5), (3.5, "\u00c5", 0.35), (3.5, "\u212b", 0.35), (800, "pm", 0.8),
        (5e-6, "mm", 5), (5e-7, "cm", 5), (5e-9, "m", 5), (2e-7, "in", 5.08),
        (1, "pixel", None), (1, "reference frame", None), (0, None, None), (-1, None, None),
        ("NaN", None, None), ("INF", None, None), ("wide", None, None),
    ],
)  # fmt: skip
def test_ome_in_any_unit(tmp_path, step, unit, size):
    calibration = found(ome(tmp_path / "a.ome.tif", step, step, unit, unit))
    assert calibration.size_nm == (None if size is None else pytest.approx((size, size)))
    assert calibration.doubt is None


def test_ome_with_one_side_or_two_that_differ(tmp_path):
    one = found(ome(tmp_path / "a.ome.tif", x=0.005))
    assert one.size_nm == (5, 5) and "across alone" in one.remarks[0]
    two = found(ome(tmp_path / "b.ome.tif", 7.8, 0.0066, "nm", "\u00b5m"))
    assert two.size_nm == (6.6, 7.8)
    assert two.remarks == ("pixels are not square: 6.6 nm down, 7.8 nm across",)


@pytest.mark.parametrize(("step", "unit"), [(352.7778, "\u00b5m"), (0.0846667, "mm"), (0.01, "cm")])
def test_ome_of_a_converter_that_took_the_print_resolution(tmp_path, step, unit):
    calibration = found(ome(tmp_path / "a.ome.tif", step, step, unit, unit))
    assert calibration.size_nm is None
    assert "dots per inch" in calibration.remarks[0]


def test_a_fillers_doubt_gives_way_to_a_makers_tag(tmp_path):
    path = ome(tmp_path / "a.ome.tif", 1, 1)
    filled = found(path)
    assert filled.size_nm == (1000, 1000) and "1 \u00b5m per pixel exactly" in filled.doubt
    text = b"[Scan]\r\nPixelWidth=4e-9\r\nPixelHeight=4e-9\r\n"
    with tifffile.TiffFile(path) as tiff:
        description = tiff.pages.first.description
    tags = [(34682, "s", len(text), text, True)]
    tifffile.imwrite(path, GREY, metadata=None, description=description.encode(), extratags=tags)
    both = found(path)
    assert both.size_nm == (4, 4) and both.doubt is None


def test_a_voxel_size_that_is_no_number_is_none(tmp_path):
    text = '{"axes": "ZYX", "voxel_size_nm": "wide"}'
    volume = np.zeros((3, 20, 30), np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", volume, description=text, metadata=None, photometric="minisblack"
    )
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff_voxel_size(tiff) is None


@pytest.mark.parametrize("own", [0, 1])
@pytest.mark.parametrize("identified", [True, False])
def test_ome_set_whose_images_have_pixels_of_their_own(tmp_path, own, identified):
    uuids = [f"urn:uuid:{number}1111111-1111-1111-1111-111111111111" for number in (1, 2)]
    images = "".join(
        f'<Image ID="Image:{number}"><Pixels ID="Pixels:{number}" DimensionOrder="XYZCT" '
        'Type="uint8" SizeX="128" SizeY="96" SizeC="1" SizeZ="1" SizeT="1" '
        f'PhysicalSizeX="{size}" PhysicalSizeY="{size}"><TiffData IFD="0" PlaneCount="1">'
        f'<UUID FileName="{number}.ome.tif">{uuid}</UUID></TiffData></Pixels></Image>'
        for number, (uuid, size) in enumerate(zip(uuids, (0.005, 0.01), strict=True))
    )
    this = f' UUID="{uuids[own]}"' if identified else ""
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    xml = f'<?xml version="1.0"?><OME xmlns="{schema}"{this}>{images}</OME>'
    path = tmp_path / f"{own}.ome.tif"
    tifffile.imwrite(path, GREY, metadata=None, description=xml)
    assert read_recording(path).pixel_size_nm == (5 + 5 * own,) * 2
