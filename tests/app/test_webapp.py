"""What the web app computes and draws, without Streamlit."""

from __future__ import annotations

import base64
import io
import threading
import zipfile
from dataclasses import replace

import hypothesis
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.coco import make_annotation
from synthwire.io.files import MemoryFile
from synthwire.io.masks import encode_mask
from synthwire.io.recordings import read_recording
from synthwire.segmentation import correction
from synthwire.segmentation.options import Preparation
from synthwire.segmentation.result import Segmentation
from synthwire.webapp import (
    agreement,
    catalogue,
    distribution_charts,
    downloads,
    features,
    inputs,
    layers,
    limits,
    memory,
    particle_charts,
    stored,
)
from synthwire.webapp.assets import SAMPLES, SCRIPT

SHAPE = (40, 60)
few = hypothesis.settings(max_examples=40, deadline=None)


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


# Two wires apart, one inside the first, and one of a low score.
MASKS = [box(4, 5, 6, 40), box(20, 10, 15, 5), box(5, 10, 4, 10), box(30, 30, 4, 20)]
SCORES = [0.95, 0.9, 0.8, 0.3]


def found(masks=MASKS, scores=SCORES, **changes) -> Segmentation:
    image = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)
    results = [
        {
            "image_id": 1,
            "category_id": 1,
            "score": score,
            "bbox": [0.0, 0.0, 1.0, 1.0],
            "segmentation": encode_mask(mask),
        }
        for mask, score in zip(masks, scores, strict=True)
    ]
    categories = [{"id": 1, "name": "nanowire"}]
    result = Segmentation(
        image, results, (6.0, 6.0), "a.png", None, 1.0, categories, {"model_sha256": "0"}
    )
    return replace(result, **changes)


def outlines(masks, **more) -> list[dict]:
    return [
        make_annotation(number, 1, encode_mask(mask), **more)
        for number, mask in enumerate(masks, start=1)
    ]


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="png")
    return content.getvalue()


# -- limits, samples, models ----------------------------------------------------------------------


def test_limits_come_from_the_environment(tmp_path):
    assert limits.from_environment({}) == limits.Limits()
    chosen = limits.from_environment(
        {"SYNTHWIRE_APP_MEGAPIXELS": "2.5", "SYNTHWIRE_APP_MODELS": str(tmp_path)}
    )
    assert (chosen.largest_pixels, chosen.models) == (2_500_000, tmp_path)


@pytest.mark.parametrize("text", ["many", "0", "-3", "inf", "nan"])
def test_limits_of_no_use_are_named(text):
    with pytest.raises(InputError, match=rf"^SYNTHWIRE_APP_MEGAPIXELS: '{text}' is no number"):
        limits.from_environment({"SYNTHWIRE_APP_MEGAPIXELS": text})


def test_samples_are_small_and_their_outlines_fit():
    for sample in catalogue.samples():
        recording = read_recording(sample.image())
        assert recording.pixel_size_nm is not None
        shape = recording.pages.shape[1:3]
        assert agreement.read_outlines_for(sample.outlines(), f"{sample.key}.tif", shape)
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 300_000


def test_nothing_beside_the_script_stands_before_a_package_of_its_name():
    """Streamlit puts the script's folder first on the import path."""
    beside = {path.name for path in SCRIPT.parent.iterdir()} - {"__pycache__"}
    assert beside == {"main.py", ".streamlit"}


def test_models_of_all_runs_are_offered_after_the_bundled_one(tmp_path):
    for name in ("demo/models/12", "demo/models/03", "own/models/01"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model_final.pth").touch()
    (tmp_path / "own/models/half-trained").mkdir()
    offered = catalogue.models(tmp_path)
    assert list(offered) == [catalogue.BUNDLED, "demo · 03", "demo · 12", "own · 01"]
    assert offered["demo · 12"] == tmp_path / "demo/models/12"
    assert catalogue.models(tmp_path / "none") == {catalogue.BUNDLED: None}


# -- inputs ---------------------------------------------------------------------------------------

PIXELS = np.random.default_rng(1).integers(0, 255, SHAPE, dtype=np.uint8)


def test_a_file_tells_its_pages_and_pixel_size():
    content = io.BytesIO()
    metadata = {"pixel_size_nm": [6.6, 7.8]}
    tifffile.imwrite(content, np.stack([PIXELS] * 3), photometric="minisblack", metadata=metadata)
    file = MemoryFile("a.tif", content.getvalue())
    assert inputs.inspect(file, Preparation("od"), 10_000) == inputs.Inspection(3, (6.6, 7.8))
    page = inputs.read_page(file, 2, Preparation("tem"), 10_000)
    assert (page.page, page.pixels.shape) == (2, SHAPE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"not an image", "not an image"),
        (png(PIXELS)[:300], "truncated or damaged"),
        (png(np.full(SHAPE, 7, np.uint8)), "every pixel has the same value"),
        (png(np.zeros((100, 101), np.uint8)), "at most 0.01 megapixels"),
        (png(PIXELS[:4]), "at least 8"),
    ],
)
def test_files_of_no_use_say_why_in_one_line(content, says):
    error = inputs.inspect(MemoryFile("my wires.png", content), Preparation(), 10_000).error
    assert error.startswith("my wires.png: ")
    assert says in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("text", "size"),
    [("", None), (" ", None), ("6", (6, 6)), ("6,5 nm", (6.5, 6.5)), ("0.5 µm", (500, 500))],
)
def test_pixel_sizes_as_people_write_them(text, size):
    assert inputs.parse_size_field(text) == size


@pytest.mark.parametrize("text", ["six", "0", "-6 nm", "6 px", "1e9 nm", "1e-9 nm"])
def test_pixel_sizes_of_no_use(text):
    with pytest.raises(InputError, match=r"a length above zero|no microscope has pixels"):
        inputs.parse_size_field(text)


@few
@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_the_field_of_the_pixel_size_reads_what_it_shows(down, across):
    read = inputs.parse_size_field(inputs.pixel_size_text((down, across)))
    assert read == pytest.approx((down, across), rel=1e-5)


@few
@given(st.text())
def test_names_in_archives_lead_nowhere(name):
    stem = inputs.safe_stem(name)
    assert stem
    assert not set(stem) & set("/\\:\0")
    assert stem.strip(".") == stem


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("1. a.png", r"1\. a.png"),
        ("  - a\r\n\n    # b", "\\- a\n\\# b"),
        ("a\n---", "a\n\\---"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("WWW.a.org http://a", "WWW\u2060.a.org http:\u2060//a"),
        (":smile: a@b.org", ":\u2060smile: a@\u2060b.org"),
    ],
)
def test_names_are_no_markup(name, written):
    assert inputs.plain(name) == written


@few
@given(st.lists(st.sampled_from(["a.png", "a.tif", "a_2.png", "b.png"]), max_size=12))
def test_stems_are_distinct(names):
    stems = inputs.distinct_stems(names)
    assert len(set(stems)) == len(names)


# -- layers ---------------------------------------------------------------------------------------


@few
@given(arrays(bool, (17, 23)), st.integers(2, 9))
def test_the_mouse_finds_every_pixel_of_a_mask(mask, cell):
    points = layers.spread_points(mask, cell)
    rows, columns = np.nonzero(mask)
    assert all(mask[int(y), int(x)] for x, y in points)
    assert len(points) <= (17 // cell + 1) * (23 // cell + 1)
    for row, column in zip(rows, columns, strict=True):
        away = np.hypot(points[:, 0] - column - 0.5, points[:, 1] - row - 0.5)
        assert away.min() <= cell * np.sqrt(2)


def test_a_view_has_all_results():
    shown = layers.layers_of(found())
    assert len(shown.outlines) == len(shown.points) == len(shown.colours) == len(MASKS)
    (ring,) = shown.outlines[0]
    assert ring.min(axis=0) == pytest.approx([5, 4], abs=0.6)
    assert ring.max(axis=0) == pytest.approx([45, 10], abs=0.6)
    assert shown.colours[0] != shown.colours[2]  # they overlap


def test_pictures_of_huge_images_are_made_smaller():
    uri = layers.picture_uri(np.zeros((100, 2 * layers.LONGEST_PICTURE_PX), np.uint8))
    assert uri.startswith("data:image/png;base64,")
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200), dtype=np.uint8)
    assert layers.picture_uri(noise).startswith("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))) as picture:
        assert picture.size == (layers.LONGEST_PICTURE_PX, 50)


# -- charts ---------------------------------------------------------------------------------------


def markers(figure) -> set[int]:
    return {item[0] for item in figure.data[-1].customdata or ()}


def test_clicks_lead_to_the_selected_particles_alone():
    result = found()
    figure = particle_charts.particles_figure(layers.layers_of(result), result)
    assert result.ids == (1, 2)  # the third lies in the first, the fourth has too low a score
    assert markers(figure) == {1, 2}
    assert "Length 240\N{NO-BREAK SPACE}nm" in "".join(figure.data[-1].hovertext)


def test_what_was_left_out_can_be_shown_and_clicked():
    result = found()
    figure = particle_charts.particles_figure(
        layers.layers_of(result), result, candidates=[1, 3, 4], picked=4
    )
    assert markers(figure) == {1, 2, 3, 4}
    assert [trace.line.dash for trace in figure.data].count("dot") == 1
    assert figure.data[-2].line.width > 3  # the picked one


def test_no_particle_is_an_image_all_the_same():
    result = found().select(threshold=1.0)
    figure = particle_charts.particles_figure(layers.layers_of(result), result)
    assert len(figure.layout.images) == 1
    assert markers(figure) == set()


def test_a_scale_bar_stands_where_the_pixel_size_is_known():
    result = found()
    figure = particle_charts.particles_figure(layers.layers_of(result), result)
    assert figure.layout.annotations[0].text == "100 nm"
    bar = figure.layout.shapes[0]
    assert (bar.x1 - bar.x0) * 6 == pytest.approx(100)
    bare = found(pixel_size_nm=None, measures=None)
    assert not particle_charts.particles_figure(layers.layers_of(bare), bare).layout.shapes


def test_two_models_share_one_zoom():
    result = found()
    fewer = result.select(threshold=0.95)
    shape = layers.layers_of(result)
    left, right = (particle_charts.particles_figure(shape, item) for item in (result, fewer))
    traces = len(left.data)
    both = particle_charts.side_by_side(left, right)
    assert {trace.xaxis for trace in both.data[:traces]} == {None}
    assert {trace.xaxis for trace in both.data[traces:]} == {"x2"}
    assert both.layout.xaxis2.matches == "x"
    assert both.layout.yaxis2.matches == "y"
    assert both.layout.xaxis.domain[1] < both.layout.xaxis2.domain[0]
    for items in (both.layout.images, both.layout.annotations, both.layout.shapes):
        assert [(item.xref, item.yref) for item in items][1:] == [("x2", "y2")]
    assert markers(both) == set(fewer.ids)
    bare = particle_charts.particles_figure(shape, found(pixel_size_nm=None, measures=None))
    assert not particle_charts.side_by_side(bare, bare).layout.shapes


@pytest.mark.parametrize("name", list(features.FEATURES))
def test_curves_count_the_particles(name):
    item = features.FEATURES[name]
    high = item.period or 1000
    values = np.random.default_rng(2).uniform(item.least, high, 60)
    series = [distribution_charts.Series("wires", values, distribution_charts.FIRST)]
    bars, curve = distribution_charts.distribution_figure(item, series, in_nm=True).data
    assert sum(bars.y) == 60
    inside = np.trapezoid(curve.y, curve.x) / bars.width
    assert inside == pytest.approx(60, rel=0.06)  # but for what lies right of the last bin


@pytest.mark.parametrize("values", [[], [5.0], [5.0, 5.0]])
def test_few_or_equal_values_have_a_distribution_too(values):
    item = features.FEATURES["length"]
    series = [distribution_charts.Series("wires", np.array(values), distribution_charts.FIRST)]
    figure = distribution_charts.distribution_figure(item, series, in_nm=True)
    assert sum(sum(trace.y) for trace in figure.data if trace.type == "bar") == len(values)


# -- measures -------------------------------------------------------------------------------------


def test_measures_are_told_in_the_right_units():
    result = found()
    first = features.describe(result.measures.iloc[0], in_nm=True)
    assert first["Length"] == "240\N{NO-BREAK SPACE}nm"
    assert first["Area"] == "8\N{NARROW NO-BREAK SPACE}640\N{NO-BREAK SPACE}nm²"
    assert (
        features.describe(result.measures.iloc[0], in_nm=False)["Width"]
        == "6.0\N{NO-BREAK SPACE}px"
    )


def test_the_summary_is_that_of_the_particles():
    table = found().select(remove_nested=False, threshold=0.0).particles
    summary = features.summarise(table, in_nm=True)
    lengths = [240, 90, 60, 120]
    assert summary.loc["Length (nm)", "Median"] == np.median(lengths)
    assert summary.loc["Length (nm)", "Mean"] == np.mean(lengths)
    assert summary.loc["Length (nm)", "n"] == 4
    assert features.summarise(table.iloc[:0], in_nm=True)["n"].eq(0).all()


# -- agreement ------------------------------------------------------------------------------------


def test_the_same_outlines_agree_wholly():
    result = found()
    same = agreement.compare(result, outlines(MASKS[:2]))
    assert same.particle_counts == (2, 0, 0, 0)
    assert (same.precision, same.recall, same.f1, same.pixel_accuracy) == (100, 100, 100, 100)


def test_found_missed_and_invented_particles_are_told_apart():
    other = agreement.compare(found(), outlines([MASKS[0], MASKS[3]]))
    assert (other.found, other.invented, other.missed) == ((1,), (2,), (1,))
    assert (other.precision, other.recall) == (50, 50)
    assert other.pixel_counts == (240, 75, 80, 0)
    assert other.pixel_accuracy == pytest.approx(100 * 240 / 395)


def test_doubtful_outlines_count_neither_way():
    doubtful = agreement.compare(found(), outlines(MASKS[:2], iscrowd=1))
    assert doubtful.particle_counts == (0, 0, 0, 2)
    assert np.isnan(doubtful.precision)


@pytest.mark.parametrize("pixels", [False, True])
def test_the_agreement_is_drawn(pixels):
    result = found()
    comparison = agreement.compare(result, outlines([MASKS[0], MASKS[3]]))
    missed = layers.rings_of_all([comparison.outlines[place] for place in comparison.missed])
    figure = particle_charts.agreement_figure(
        layers.layers_of(result), result, comparison, missed, pixels=pixels, picked=2
    )
    assert markers(figure) == {1, 2}
    colours = {trace.line.color for trace in figure.data}
    wanted = {particle_charts.FOUND, particle_charts.INVENTED, particle_charts.MISSED}
    assert (wanted <= colours) is not pixels


def test_outlines_are_measured_as_particles_are():
    result = found()
    table = agreement.measure(outlines(MASKS[:2]), result)
    np.testing.assert_allclose(table["length_nm"], result.particles["length_nm"])


def test_outlines_of_nothing_are_refused():
    empty = MemoryFile("a.json", b'{"images": [{"id": 1}], "annotations": [], "categories": []}')
    with pytest.raises(InputError, match=r"a\.json: no outline"):
        agreement.read_outlines_for(empty, "a.png", SHAPE)


# -- memory and downloads -------------------------------------------------------------------------


def test_only_the_last_values_are_remembered():
    calls = []
    remember = memory.Memory(2)
    for key in "abacab":
        remember(key, lambda key=key: calls.append(key))
    assert calls == ["a", "b", "c", "b"]
    assert "c" not in remember


def test_two_sessions_that_ask_at_once_wait_for_one_making():
    remember, calls, started, go_on = memory.Memory(2), [], threading.Event(), threading.Event()

    def make() -> str:
        calls.append(1)
        started.set()
        assert go_on.wait(10)
        return "made"

    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(remember("key", make))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert answers == ["made"] * 3
    assert len(calls) == 1


def test_a_failed_making_is_tried_again():
    remember = memory.Memory(2)
    with pytest.raises(ZeroDivisionError):
        remember("key", lambda: 1 / 0)
    assert remember("key", lambda: 2) == 2


def test_what_is_added_by_hand_is_drawn_as_the_rest():
    result = found()
    base = layers.layers_of(result)
    step = correction.draw_line(result, [(10, 25), (30, 25)], 4)
    changed = correction.Correction().do(step).apply(result)
    drawn = layers.with_added(base, changed)
    assert layers.with_added(base, result) is base
    assert drawn.colours[: len(MASKS)] == base.colours
    (ring,) = drawn.outlines[-1]
    assert ring.min(axis=0) == pytest.approx([10, 23], abs=0.6)
    assert ring.max(axis=0) == pytest.approx([30, 27], abs=0.6)
    assert len(drawn.points) == len(drawn.colours) == len(MASKS) + 1


def zipped(files: dict[str, bytes]) -> MemoryFile:
    return MemoryFile("work.zip", downloads.archive(files))


def test_a_saved_result_is_opened_again_with_what_was_done(tmp_path):
    result = found()
    history = correction.Correction().do(correction.split(result, 1, [(20, 0), (20, 15)]))
    changed = history.apply(result)
    changed.save(tmp_path / "runs" / "a")
    files = {f"a/{name}": content for name, content in changed.as_files().items()}
    (folder,) = stored.read_folder(tmp_path / "runs")
    (archive,) = stored.read_zip(zipped(files), 10**7)
    for read in (folder, archive):
        assert read.correction == history
        assert read.correction.apply(read.found).as_files() == changed.as_files()
    assert (folder.folder, archive.folder) == (tmp_path / "runs" / "a", None)


def test_results_of_no_use_are_named_in_one_line(tmp_path):
    files = found().as_files()
    pair = {name: files[name] for name in ("proposals.json", "image.png")}
    cases = [
        ({"a.txt": b"1"}, "holds no result of the app"),
        ({**pair, "image.png": png(np.arange(100, dtype=np.uint8).reshape(10, 10))}, "two results"),
        ({**pair, "proposals.json": b"{}"}, "damaged, or no result"),
        ({**pair, "proposals.json": b"[1"}, "damaged, or no result"),
        ({**pair, "proposals.json": b"[" * 100_000}, "damaged, or no result"),
    ]
    for content, says in cases:
        with pytest.raises(InputError, match=says) as caught:
            stored.read_zip(zipped(content), 10**7)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="unpacks to too much"):
        stored.read_zip(zipped(pair), 100)
    many = {f"{number}/{name}": pair[name] for number in range(5) for name in pair}
    pixels = SHAPE[0] * SHAPE[1]
    assert len(stored.read_zip(zipped(many), 5 * pixels)) == 5
    with pytest.raises(InputError, match="its images unpack to too much"):
        stored.read_zip(zipped(many), 4 * pixels)
    with pytest.raises(InputError, match="truncated or damaged"):
        stored.read_zip(MemoryFile("a.zip", b"PK\3\4 no zip"), 100)
    with pytest.raises(InputError, match="no result of synthwire segment"):
        stored.read_folder(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        stored.read_folder(tmp_path / "none")


def test_dark_particles_on_a_bright_ground_are_noticed():
    image = np.full((60, 60), 20, dtype=np.uint8)
    image[10:20, 5:55] = 220
    assert inputs.guess_modality(image) == "od"
    assert inputs.guess_modality(255 - image) == "tem"
    noise = np.random.default_rng(0).normal(0, 45, image.shape)
    noisy = np.clip(70 + 0.5 * image + noise, 0, 255).astype(np.uint8)
    assert inputs.guess_modality(noisy) == "od"
    assert inputs.guess_modality(255 - noisy) == "tem"


def test_an_archive_of_several_images_has_a_folder_each_and_one_table():
    results = {"a": found(), "b": found().select(threshold=0.92)}
    content = downloads.archive(downloads.all_files(results))
    assert content == downloads.archive(downloads.all_files(results))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        table = archive.read("particles.csv").decode()
        summary = archive.read("summary.csv").decode()
    assert {"a/labels.tif", "b/rois.zip", "b/overlay.png", "particles.csv"} <= set(names)
    rows = [line.split(",")[0] for line in table.splitlines()]
    assert rows == ["image", "a", "a", "b"]
    lines = summary.splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        ["image", "particles"],
        ["a", "2"],
        ["b", "1"],
    ]


def test_what_is_said_of_the_pixel_size_ends_where_the_user_says_another():
    content = io.BytesIO()
    tifffile.imwrite(
        content,
        np.arange(64 * 64, dtype=np.uint16).reshape(64, 64),
        metadata={"pixel_size_nm": 1000},
    )
    file = MemoryFile("a.tif", content.getvalue())
    image = inputs.read_page(file, 0, Preparation(), 10_000)
    (doubt,) = inputs.remarks_of(image, (1000.0, 1000.0))
    assert "converters" in doubt
    assert inputs.remarks_of(image, (6.0, 6.0)) == []
    assert inputs.remarks_of(image, None) == []
    assert "is the unit right?" in inputs.remarks_of(image, (6e6, 6e6))[0]
