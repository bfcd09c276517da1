"""The running web app in a real browser.

The browser is Chromium: the one that the variable SYNTHWIRE_CHROMIUM names, or the first on the
PATH. Without one these tests are skipped.
"""

from __future__ import annotations

import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from running import FLAGS, PATIENCE_S, Server, find_browser, running_app

from synthwire.segmentation.result_files import FILES
from synthwire.webapp import catalogue

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

IMAGES, OUTLINES = "Your images", "Compare with outlines"  # labels of the uploaders

WIRES = np.zeros((120, 160), dtype=np.uint8)
WIRES[30:40, 20:140] = 200
WIRES[70:110, 60:70] = 150


@pytest.fixture(scope="module")
def server(weights_folder, tmp_path_factory) -> Iterator[Server]:
    """The app with small limits and the untrained model."""
    folder = tmp_path_factory.mktemp("app")
    settings = {
        "SYNTHWIRE_WEIGHTS": str(weights_folder),
        "SYNTHWIRE_APP_MODELS": str(folder / "runs"),
        "SYNTHWIRE_APP_MEGAPIXELS": "4",
        "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "1",
    }
    with running_app(folder, settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on the PATH, and SYNTHWIRE_CHROMIUM names none")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser, server):
    """Opens the app in a window of its own, with nothing remembered from others."""
    contexts = []

    def open_(width: int = 1280, height: int = 900, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(1000 * PATIENCE_S)
        contexts.append(context)
        page = context.new_page()
        page.hosts = set()
        page.on("request", lambda request: page.hosts.add(urlsplit(request.url).hostname))
        page.goto(server.address)
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        return page

    expect.set_options(timeout=1000 * PATIENCE_S)
    yield open_
    for context in contexts:
        context.close()


def live(page):
    """What the running script has written, or the last one wrote when none runs.

    While a script runs, what the one before has left stands beside it. Ask the page itself, and
    not this, whether something is gone: before a script has written anything, nothing is live.
    """
    return page.locator("[data-testid=stElementContainer]:not([data-stale=true])")


def metric(page, label: str):
    found = live(page).get_by_test_id("stMetric").filter(has_text=label)
    return found.get_by_test_id("stMetricValue")


def picked(page):
    """The heading over the measures of the particle that is chosen."""
    return live(page).get_by_role("strong").filter(has_text=re.compile(r"^Particle \d+$"))


def button(page, name: str | re.Pattern[str]):
    return live(page).get_by_role("button", name=name)


def text(page, says: str | re.Pattern[str]):
    return live(page).get_by_text(says)


def alert(page, says: str = ""):
    return live(page).get_by_test_id("stAlert").filter(has_text=says)


def choose(page, label: str) -> None:
    """Choose a view, a part, or how to compare, once the page stands still."""
    settle(page)
    live(page).get_by_text(label, exact=True).click()


def settle(page) -> None:
    """Wait until the script has run to its end."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()


def particles(page) -> int:
    settle(page)
    return int(metric(page, "Particles").inner_text())


def uploader(page, label: str):
    return live(page).get_by_test_id("stFileUploader").filter(has_text=label)


def send(page, *files: tuple[str, bytes], to: str = IMAGES) -> None:
    settle(page)
    uploader(page, to).locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "", "buffer": content} for name, content in files]
    )


def take_away(page, label: str) -> None:
    """The one file of an uploader."""
    settle(page)
    uploader(page, label).get_by_role("button", name=re.compile("Remove|Delete")).click()


def download(page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        button(page, name).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    content = io.BytesIO()
    if kind == "tif":
        tifffile.imwrite(content, pixels, metadata={"pixel_size_nm": [5, 5]})
    elif kind == "h5":
        with h5py.File(content, "w") as file:
            file["scan"] = pixels.astype(np.float32)
    else:
        Image.fromarray(pixels).save(content, format={"jpg": "jpeg"}.get(kind, kind))
    return content.getvalue()


def test_it_starts_offline_on_this_machine_alone(open_page, server):
    page = open_page()
    expect(text(page, "optical-density.tif · 400 × 400 px · 6 nm a pixel")).to_be_visible()
    assert particles(page) > 0
    assert page.hosts <= {"127.0.0.1", None, ""}  # data: and blob: have no host
    port = urlsplit(server.address).port
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=5):
        pass


def test_the_threshold_moves_the_particles_without_an_inference(open_page, server):
    page = open_page()
    before, inferences = particles(page), server.inferences()
    slider = live(page).get_by_role("slider", name="Score threshold")
    slider.focus()
    slider.press("End")
    expect(metric(page, "Particles")).to_have_text("0")
    expect(text(page, "No particle at these settings")).to_be_visible()
    slider.press("Home")
    expect(metric(page, "Particles")).not_to_have_text("0")
    assert particles(page) > before
    assert server.inferences() == inferences


CENTRE_OF_A_PARTICLE = """() => {
  const plot = document.querySelector('.js-plotly-plot'), layout = plot._fullLayout;
  const points = plot.calcdata.at(-1), point = points[Math.floor(points.length / 2)];
  const box = plot.getBoundingClientRect();
  return [box.left + layout.xaxis._offset + layout.xaxis.l2p(point.x),
          box.top + layout.yaxis._offset + layout.yaxis.l2p(point.y)];
}"""


def point_at_a_particle(page) -> tuple[float, float]:
    """Move the mouse to a particle until the plot, which may still be growing, notices it."""
    settle(page)
    label = page.locator(".hoverlayer .hovertext")
    for _ in range(60):
        x, y = page.evaluate(CENTRE_OF_A_PARTICLE)
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y, steps=3)
        try:
            label.wait_for(timeout=PATIENCE_S * 1000 / 60)
        except playwright.TimeoutError:
            continue
        return x, y
    raise AssertionError("no particle answers to the mouse")


def test_a_click_shows_a_particle_which_can_be_removed(open_page):
    page = open_page()
    before = particles(page)
    x, y = point_at_a_particle(page)
    expect(page.locator(".hoverlayer .hovertext")).to_contain_text("score")
    page.mouse.click(x, y)
    expect(live(page).locator("dl.measures")).to_contain_text("Aspect ratio")
    expect(picked(page)).to_be_visible()
    live(page).and_(page.locator(".st-key-remove")).get_by_role("button").click()
    expect(metric(page, "Particles")).to_have_text(str(before - 1))
    button(page, "Undo").click()
    expect(metric(page, "Particles")).to_have_text(str(before))


def test_all_formats_are_downloaded(open_page):
    page = open_page()
    count = particles(page)
    choose(page, "Downloads")
    name, content = download(page, "All files (zip)")
    assert name == "optical-density.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {Path(item).name: archive.read(item) for item in archive.namelist()}
    assert set(files) == set(FILES)
    name, table = download(page, "Table")
    assert name == "optical-density_particles.csv"
    assert table == files["particles.csv"]
    assert len(table.splitlines()) == count + 1
    with zipfile.ZipFile(io.BytesIO(files["rois.zip"])) as rois:
        assert len(rois.namelist()) == count
    for label, key in (("Overlay", "overlay.png"), ("COCO", "coco.json"), ("Labels", "labels.tif")):
        assert download(page, label)[1] == files[key]


def test_images_of_each_format_are_taken_and_stay_in_memory(open_page, server):
    page = open_page()
    kinds = ("png", "jpg", "tif", "h5")
    send(page, *((f"wires.{kind}", encoded(WIRES, kind)) for kind in kinds))
    expect(text(page, "wires.png · 160 × 120 px · no pixel size")).to_be_visible()
    expect(metric(page, "Median length")).to_contain_text("px")
    choose(page, "All images")
    expect(text(page, re.compile(r"\d+ particles in 4 images"))).to_be_visible()
    _, content = download(page, "All files of all images")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    tables = {"particles.csv", "summary.csv"}
    assert folders == {"wires", "wires_2", "wires_3", "wires_4", *tables}
    assert list(server.temporary.iterdir()) == []


def test_each_bad_upload_has_its_message(open_page):
    page = open_page()
    for name, content, says in (
        ("text.png", b"hello", "text.png: not an image"),
        ("cut.png", encoded(WIRES, "png")[:100], "cut.png: truncated or damaged"),
        ("nothing.tif", b"", "nothing.tif: the file is empty"),
        ("broken.h5", b"\x89HDF\r\n\x1a\n", "broken.h5: truncated or damaged"),
        ("grey.png", encoded(np.full((64, 64), 9, np.uint8), "png"), "has the same value"),
        ("huge.png", encoded(np.zeros((2100, 2000), np.uint8), "png"), "at most 4 megapixels"),
    ):
        send(page, (name, content))
        expect(alert(page, says)).to_be_visible()
        expect(alert(page)).to_have_count(1)
        take_away(page, IMAGES)
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
    send(page, ("large.png", bytes(1_100_000)))
    expect(page.get_by_text(re.compile(r"1(\.0)? ?MB or smaller"))).to_be_visible()
    assert "Traceback" not in page.content()


def test_outlines_are_compared_or_refused(open_page):
    page = open_page()
    truth = catalogue.samples()[0].outlines().content
    send(page, ("truth.json", truth), to=OUTLINES)
    expect(text(page, "missed (FN)")).to_be_visible()
    expect(metric(page, "Pixel accuracy")).to_contain_text("%")
    choose(page, "Pixels")
    expect(page.get_by_text(re.compile(r"\d found \(TP\)"))).to_be_visible()
    take_away(page, OUTLINES)
    expect(page.get_by_text("missed (FN)")).to_have_count(0)
    send(page, ("truth.json", b"[1, 2]"), to=OUTLINES)
    expect(alert(page, "truth.json: neither COCO, nor VGG")).to_be_visible()
    assert particles(page) > 0


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_it_fits_narrow_and_wide_windows_in_both_themes(open_page, width, scheme):
    page = open_page(width, 900, scheme)
    overflow = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    page.wait_for_function(  # drawn as the image is, which is square
        """() => {
            const box = document.querySelector(".js-plotly-plot").getBoundingClientRect();
            return Math.abs(box.width / box.height - 1) < 0.1;
        }"""
    )
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert box["width"] > 0.4 * min(width, 900)
    colour = page.evaluate(
        "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    )
    lightness = np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]])
    assert (lightness < 80) == (scheme == "dark")


def canvas(page):
    return live(page).locator(".editor canvas")


def drag(page, *points: tuple[float, float]) -> None:
    """Draw through points of the image, as shares of its width and height."""
    box = canvas(page).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def correct_by_hand(page) -> None:
    """Open the canvas and wait until its script, which is loaded by itself, has drawn on it."""
    choose(page, "Correct by hand")
    expect(canvas(page)).to_have_attribute("aria-label", re.compile("particles over the image"))
    settle(page)


def take_tool(page, key: str, label: str) -> None:
    page.keyboard.press(key)
    tool = live(page).locator(".editor .tools").get_by_role("button", name=label)
    expect(tool).to_have_attribute("aria-pressed", "true")


def click(page, x: float, y: float, *keys: str) -> None:
    box = canvas(page).bounding_box()
    place = {"x": x * box["width"], "y": y * box["height"]}
    canvas(page).click(position=place, modifiers=list(keys))


def test_a_whole_correction_by_hand(open_page, tmp_path):
    page = open_page()
    before = particles(page)
    correct_by_hand(page)

    def shows(count: int, where=page) -> None:
        expect(metric(where, "Particles")).to_have_text(str(count))
        settle(where)

    take_tool(page, "l", "Line")
    drag(page, (0.6, 0.9), (0.95, 0.9))
    shows(before + 1)
    take_tool(page, "s", "Split")
    drag(page, (0.05, 0.05), (0.1, 0.05))  # across nothing
    expect(alert(page, "splits nothing")).to_be_visible()
    drag(page, (0.8, 0.85), (0.8, 0.95))
    shows(before + 2)
    take_tool(page, "v", "Select")
    click(page, 0.7, 0.9)
    expect(picked(page)).to_be_visible()
    click(page, 0.9, 0.9, "Shift")
    settle(page)
    page.keyboard.press("m")
    shows(before + 1)
    page.keyboard.press("Control+z")
    shows(before + 2)
    page.keyboard.press("Control+z")
    shows(before + 1)
    page.keyboard.press("Control+y")
    shows(before + 2)
    page.keyboard.press("n")  # the least sure is chosen, which need not be among those counted
    expect(picked(page)).to_be_visible()
    settle(page)
    said = picked(page).inner_text()
    take_tool(page, "v", "Select")
    click(page, 0.7, 0.9)
    expect(picked(page)).not_to_have_text(said)
    settle(page)
    page.keyboard.press("Delete")
    shows(before + 1)
    # the field that was written to last keeps what stands in it
    expect(live(page).get_by_role("textbox", name="Pixel size")).to_have_value("6 nm")
    page.reload()
    shows(before + 1)
    choose(page, "Downloads")
    _, content = download(page, "All files (zip)")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        coco = json.loads(archive.read("optical-density/coco.json"))
    kinds = [item.get("attributes", {}).get("by_hand") for item in coco["annotations"]]
    assert len(kinds) == before + 1
    assert kinds.count("split") == 1  # the other half is deleted
    # another window, another day: the zip is gone on with
    other = open_page()
    send(other, ("work.zip", content))
    expect(text(other, "3 steps by hand")).to_be_visible()
    shows(before + 1, other)
    other.keyboard.press("Control+z")
    expect(metric(other, "Particles")).to_have_text(str(before + 2))


def test_the_canvas_shows_a_step_before_python_answers(open_page):
    page = open_page()
    before = particles(page)
    correct_by_hand(page)
    editor = live(page).locator(".editor")
    drawn = editor.evaluate(  # in one go, so that no answer can come between
        """({editor}) => {
            const {particles} = editor.data, particle = particles.find(({out}) => !out);
            editor.choose([particle.id], false);
            const press = new KeyboardEvent("keydown", {key: "Delete", bubbles: true});
            document.dispatchEvent(press);
            editor.take("split");
            editor.finish([[1, 1], [9, 1]]);
            return [particle.out, editor.data.particles === particles, editor.sent];
        }"""
    )
    assert drawn == [True, True, {"tool": "split", "points": [[1, 1], [9, 1]]}]
    expect(alert(page, "splits nothing")).to_be_visible()
    settle(page)
    assert editor.evaluate("({editor}) => editor.sent") is None  # what was refused is not there
    assert particles(page) == before


def test_the_part_that_is_picture_is_drawn_and_outlines_stand_alone(open_page):
    page = open_page()
    settle(page)
    text(page, "Display").click()
    live(page).get_by_label("Outlines only").check()
    opacity = "() => getComputedStyle(document.querySelector('path.js-fill')).fillOpacity"
    assert page.evaluate(opacity) == "0"
    live(page).locator(".display").get_by_role("button").click()
    assert page.evaluate(opacity) == "0.28"
    correct_by_hand(page)
    take_tool(page, "c", "Crop")
    drag(page, (0.1, 0.1), (0.6, 0.5))
    field = live(page).get_by_role("textbox", name="Picture")
    expect(field).to_have_value(re.compile(r"^(39|40|41),(39|40|41),(239|240|241),(199|200|201)$"))
    expect(text(page, "picture: columns")).to_be_visible()


def test_no_old_numbers_stand_there_while_another_image_is_searched(open_page):
    page = open_page()
    particles(page)
    noise = np.random.default_rng(0).integers(0, 40, WIRES.shape, dtype=np.uint8)
    large = np.tile(WIRES + noise, (14, 12))  # so large that Cancel is there long enough
    send(page, ("large.png", encoded(large, "png")))
    expect(button(page, "Cancel")).to_be_visible()
    old = page.get_by_test_id("stMetric").filter(visible=True)
    expect(old).to_have_count(0)
    button(page, "Cancel").click()
    expect(text(page, "large.png was cancelled")).to_be_visible()
    button(page, "Search").click()
    expect(metric(page, "Particles")).to_be_visible()
