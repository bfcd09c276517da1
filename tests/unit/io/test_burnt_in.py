"""Data bars, captions and scale bars: found where they are drawn, and nowhere else."""

import io

import numpy as np
import pytest
from drawn_images import KINDS, PLACES, font, picture, with_data_bar, with_scale_bar
from PIL import Image, ImageDraw

from synthwire.errors import InputError
from synthwire.io.burnt_in.data_bar import find_data_bars
from synthwire.io.burnt_in.drawings import find_drawings, mask_of
from synthwire.io.burnt_in.ink import to_bytes
from synthwire.io.burnt_in.label import parse_label
from synthwire.io.burnt_in.scale_bar import BELIEVED, read_scale_bar
from synthwire.io.burnt_in.window import Window, window_by_hand


@pytest.mark.parametrize("kind", ["sem", "tem", "saturated"])
@pytest.mark.parametrize("ground", [0, 40, 200, 255])
@pytest.mark.parametrize("top", [False, True])
def test_a_data_bar_is_found_to_the_row(kind, ground, top):
    rng = np.random.default_rng(ground)
    for rows, rule in ((24, 0), (40, 2), (60, 0)):
        image = with_data_bar(picture(rng, kind), rng, ground=ground, rule=rule, top=top, rows=rows)
        height = 400 + rows
        expected = Window(0, rows, 512, height) if top else Window(0, 0, 512, 400)
        assert find_data_bars(image) == expected
        deep = np.uint16(257) * image
        assert find_data_bars(deep) == expected


@pytest.mark.parametrize(("ground", "quality"), [(0, 80), (255, 75)])
def test_a_data_bar_of_a_jpeg(ground, quality):
    rng = np.random.default_rng(7)
    image = with_data_bar(picture(rng, "sem", (404, 512)), rng, ground=ground)
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    window = find_data_bars(np.asarray(Image.open(content)))
    assert window is not None and abs(window.bottom - 404) <= 1


@pytest.mark.parametrize("kind", ["sem", "tem"])
@pytest.mark.parametrize("ground", [40, 200, 255])
@pytest.mark.parametrize("rows", [20, 48])
@pytest.mark.parametrize("quality", [60, 85])
def test_a_data_bar_with_small_letters_that_jpeg_has_smeared(kind, ground, rows, quality):
    rng = np.random.default_rng(rows)
    image = with_data_bar(picture(rng, kind, (403, 512)), rng, ground=ground, rows=rows)
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    window = find_data_bars(np.asarray(Image.open(content)))
    assert window is not None and window.top == 0 and abs(window.bottom - 403) <= 2


@pytest.mark.parametrize("seed", range(3))
def test_the_blocks_of_a_jpeg_are_no_data_bar(seed):
    rng = np.random.default_rng(seed)
    image = picture(rng, "sem")
    dark = np.clip(40 + rng.normal(0, 2.5, (240, 320)), 0, 255).astype(np.uint8)
    dark[170:178, 20:290] += 40
    for page, quality in ((image, 60), (image, 35), (dark, 50), (dark, 80)):
        content = io.BytesIO()
        Image.fromarray(page).save(content, "JPEG", quality=quality)
        assert find_data_bars(np.asarray(Image.open(content))) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_dark_ground_beyond_a_long_wire_is_no_data_bar(seed):
    image = 13 + np.random.default_rng(seed).normal(0, 1.7, (120, 160))
    image[30:40, 10:150] += 40
    assert find_data_bars(image.clip(0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize(
    ("bright", "dtype"), [(200, "uint8"), (20_000, "uint16"), (1.5, "float32")]
)
@pytest.mark.parametrize("seed", range(3))
def test_wires_on_a_ground_of_zeros_are_no_letters(seed, bright, dtype):
    rng = np.random.default_rng(seed)
    image = np.zeros((240, 320), dtype)
    image[185:193, 10:310] = bright
    for top, rows, columns in [(198, 28, 14)] * 7 + [(0, 170, 60)] * 6:
        y, x = top + rng.integers(rows), rng.integers(260)
        image[y : y + 8, x : x + columns] = bright
    assert find_data_bars(image) is None


@pytest.mark.parametrize("factor", [1e-300, 1.0, 1e300])
def test_captions_are_sought_in_numbers_of_any_size(factor):
    image = picture(np.random.default_rng(0), "sem")
    expected = to_bytes(image.astype(np.float64))
    assert np.abs(to_bytes(image * factor).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("rows", [30, 40])
def test_small_letters_of_a_data_bar_are_read(rows):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    image = with_data_bar(np.empty((0, 512), np.uint8), np.random.default_rng(1), rows=rows)
    found = read_scale_bar(find_drawings(image, strip=True))
    assert (found.length_nm, found.length_px) == (500, 120) and found.confidence >= BELIEVED


def strip_of(draw, *, rows=48, ground=0):
    """A data bar 640 pixels wide; draw: is given a pen and a font."""
    strip = Image.new("L", (640, rows), ground)
    draw(ImageDraw.Draw(strip), font("DejaVuSans", 15))
    return np.asarray(strip)


def halves_with_ticks(pen, face):
    """A bar with a tick at either end and its label in the middle, as FEI draws it."""
    for left, right, end in ((430, 480, 430), (545, 595, 595)):
        pen.line((left, 16, right, 16), 255, 2)
        pen.line((end, 10, end, 22), 255)
    pen.text((487, 7), "500 nm", 255, font=face)


def comb(pen, face):
    """Eleven strokes with their label below, as Hitachi draws it."""
    for number in range(11):
        pen.line((430 + 16 * number, 6, 430 + 16 * number, 16), 255)
    pen.text((545, 24), "500nm", 255, font=face)


@pytest.mark.parametrize(("draw", "length"), [(halves_with_ticks, 166), (comb, 161)])
def test_bars_as_makers_draw_them(draw, length):
    found = find_drawings(strip_of(draw), strip=True)
    assert [bar.length for item in found for bar in item.bars] == [length]
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    read = read_scale_bar(found)
    assert (read.length_nm, read.length_px) == (500, length) and read.confidence >= BELIEVED


def grid(pen, face):
    """Rows of text with lines above them that end half way, as TESCAN draws them."""
    for row, words in enumerate(("HV: 10 kV", "View field: 8 µm", "MAG: 25 kx")):
        pen.line((0, 16 * row, 340, 16 * row), 255)
        pen.text((4, 16 * row), words, 255, font=face)
        pen.text((180, 16 * row), words, 255, font=face)


@pytest.mark.parametrize("level", [3, 60])
def test_a_data_bar_with_lines_that_end_half_way(level):
    noise = np.random.default_rng(0).normal(level, 4, (400, 640)).clip(0, 255)
    image = np.vstack([noise.astype(np.uint8), strip_of(grid)])
    assert find_data_bars(image) == (0, 0, 640, 400)
    assert find_data_bars(np.uint16(50) * image) == (0, 0, 640, 400)


def test_a_black_data_bar_below_a_nearly_black_picture():
    rng = np.random.default_rng(0)
    noise = rng.normal(4, 2, (400, 512)).clip(0, 255).astype(np.uint8)
    assert find_data_bars(with_data_bar(noise, rng)) == (0, 0, 512, 400)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_a_plain_picture_has_neither_bar_nor_caption(kind, seed):
    image = picture(np.random.default_rng(seed), kind)
    assert find_data_bars(image) is None
    assert not mask_of(find_drawings(image), image.shape).any()


@pytest.mark.parametrize("place", PLACES[:4])
@pytest.mark.parametrize("ink", ["white", "yellow", "red"])
def test_a_scale_bar_is_found_to_the_pixel(place, ink):
    image = picture(np.random.default_rng(2), "sem")
    drawn = with_scale_bar(image, "500 nm", 122, ink=ink, place=place, boxed=True)
    found = find_drawings(drawn.image)
    boxes = [bar.box for item in found for bar in item.bars]
    assert any(abs(np.subtract(box, drawn.box)).max() <= 2 for box in boxes)
    top, left, bottom, right = drawn.box
    assert mask_of(found, image.shape)[top:bottom, left:right].all()


@pytest.mark.parametrize("length", [100, 160])
def test_a_scale_bar_across_a_bright_wire_is_found(length):
    image = np.random.default_rng(3).normal(60, 8, (400, 512)).clip(0, 250).astype(np.uint8)
    image[250:350, 130:145] = 170  # in its grey as near to white as the smoothed edges of letters
    strip = Image.fromarray(image)
    pen = ImageDraw.Draw(strip)
    pen.rectangle((60, 300, 59 + length, 307), 255)
    pen.text((75, 274), "500 nm", 255, font=font("DejaVuSans", 18))
    bars = [bar for item in find_drawings(np.asarray(strip)) for bar in item.bars]
    assert [bar.length for bar in bars] == [length]


@pytest.mark.parametrize("rows", [(180,), (20, 350), (40, 130, 210, 380)])
def test_saturated_wires_along_the_rows_are_no_scale_bars(rows):
    image = np.random.default_rng(3).normal(60, 8, (400, 512)).clip(0, 250).astype(np.uint8)
    for row in rows:
        image[row : row + 9, 100 + row : 240 + row] = 255
    assert not mask_of(find_drawings(image), image.shape).any()


def test_a_scale_bar_without_a_label_is_one_near_the_end():
    image = np.random.default_rng(3).normal(60, 8, (400, 512)).clip(0, 250).astype(np.uint8)
    image[370:379, 340:480] = 255
    ((bar,),) = [drawing.bars for drawing in find_drawings(image)]
    assert bar.box == (370, 340, 379, 480)


@pytest.mark.parametrize(("text", "nm"), [("500 nm", 500), ("1 µm", 1000), ("0,2 μm", 200)])
def test_a_label_is_read(text, nm):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    image = picture(np.random.default_rng(5), "sem")
    drawn = with_scale_bar(image, text, 140, size=24, boxed=True)
    found = read_scale_bar(find_drawings(drawn.image))
    assert found.confidence >= BELIEVED and abs(found.pixel_nm / (nm / 140) - 1) < 0.02


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        *(("1 μm", 1000), ("0,5 µm", 500), ("200nm", 200), ("1 pm", 1000), ("2 urn", 2000)),
        *(("1 micron", 1000), ("50 microns", 5e4), ("1 000 nm", 1000), ("200 nm,", 200)),
        *(("2 Å", 0.2), ("1 mm", 1e6), ("2O0 nm", 200), ("WD 4.1 mm", None), ("det SE2", None)),
    ],
)
def test_lengths_of_labels(text, nm):
    found = parse_label(text)
    assert (found and found.nm) == (nm if nm is None else pytest.approx(nm))


def test_pm_is_a_micrometre_unless_it_may_be_a_picometre():
    assert parse_label("5 pm").sure * 0.99 > BELIEVED
    unsure = parse_label("200 pm")  # an image of atoms, or of light
    assert unsure.nm == pytest.approx(2e5) and unsure.sure < BELIEVED


def test_windows_by_hand():
    assert window_by_hand({"box": (0, 0, 80, 50)}, 60, 80) == Window(0, 0, 80, 50)
    assert window_by_hand({"bottom": 10}, 60, 80) == Window(0, 0, 80, 50)
    assert window_by_hand({}, 60, 80) is None
    for crop in ({"box": (0, 0, 81, 50)}, {"bottom": 55}, {"left": 90}):
        with pytest.raises(InputError, match="leaves no picture within"):
            window_by_hand(crop, 60, 80)
