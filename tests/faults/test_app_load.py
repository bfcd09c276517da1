"""The web app under load: tabs side by side, hostile uploads, and the memory that it keeps.

SYNTHWIRE_UPLOADS says how many uploads there are (16). Needs Chromium, as tests/app does.
"""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import os
import re
import time
import urllib.request
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from PIL import Image
from running import FLAGS, PATIENCE_S, find_browser, running_app
from tiny_model import wires

from synthwire.io.files import MemoryFile
from synthwire.segmentation.options import Preparation
from synthwire.webapp import inputs

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

UPLOADS = int(os.environ.get("SYNTHWIRE_UPLOADS", "16"))
PEOPLE, TABS = 4, 2  # each person's browser is one of its own
IMAGES, OUTLINES = "Your images", "Compare with outlines"  # labels of the uploaders
SAMPLE = "optical-density.tif · 400 × 400 px · 6 nm a pixel"
BALLAST = np.random.default_rng(0).bytes(8 * 2**20)  # behind an image's end, where no reader looks
MARKUP = "<img src=x data-hostile onerror='window.hit=1'><script>window.hit=1</script>"
ALERTS = "[data-testid=stAlert], [data-testid=stException]"
MARKUP_IN_TEXT = "p > *, h1, h2, h3, h4, h5, h6, ol, ul, pre, hr, table, blockquote"


# -- what is uploaded ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Upload:
    """A file, for one of the uploaders; says: the message that it is refused with, if it is."""

    name: str
    content: bytes
    says: str | None = None
    to: str = IMAGES


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="png")
    return content.getvalue()


def tiff(pixels: np.ndarray, **more: object) -> bytes:
    content = io.BytesIO()
    tifffile.imwrite(content, pixels, **more)
    return content.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def npy_head(side: int) -> bytes:
    content = io.BytesIO()
    head = {"descr": "|u1", "fortran_order": False, "shape": (side, side)}
    np.lib.format.write_array_header_1_0(content, head)
    return content.getvalue()


def harmless(number: int) -> Upload:
    """Wires unlike all others, under a name like all others."""
    return Upload("wires.png", png(wires(number, width=96 + number)) + BALLAST)


def hostile(outside: Path) -> list[Upload]:
    """Names, metadata and contents that are out for something; outside: a folder not to reach."""
    image = png(wires(1000))
    lines = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    laugh = f'<!DOCTYPE a [<!ENTITY a0 "ha">{lines}]><annotations>&a9;</annotations>'
    imagej = f"ImageJ=1.54\nunit={MARKUP}\n"
    labelled = {
        "imagePath": MARKUP,
        "shapes": [{"label": MARKUP, "shape_type": MARKUP, "points": [[1, 1], [9, 9]]}],
    }
    many = b"[" + b"{}," * 25_000_000 + b"{}]"
    # the first twelve are in the small campaign
    return [
        Upload("../../../x.png", image),
        Upload(str(outside / "x.png"), image),
        Upload("a\n# b\n\n- c\n    d.png", image),
        Upload("x\0.png", image, "This app has encountered an error"),
        Upload(f"{MARKUP}.png", image),
        Upload(f"{MARKUP}.png", MARKUP.encode(), "not an image"),
        Upload("1. www.hostile.org http://hostile.org me@hostile.org :smile:.png", image),
        Upload("a.tif", tiff(wires(1000), description=MARKUP, software=MARKUP, metadata=None)),
        Upload("large.png", png(np.zeros((10_001, 10_000), np.uint8)), "at most 100 megapixels"),
        Upload("many.zip", zipped({"proposals.json": many, "image.png": image}), "too much"),
        Upload(f"{MARKUP}.json", json.dumps(labelled).encode(), ".json: ", OUTLINES),
        Upload("empty.png", b"", "empty.png: the file is empty"),
        Upload("text.png", b"hello", "text.png: not an image"),
        Upload("..\\..\\x.png", image),
        Upload("- [a](javascript:hostile) ![b](http://hostile/b) **c** `d` $e$ :red[f].png", image),
        Upload("&lt;b&gt;" + "x" * 300 + ":material/bug: \u202egnp.png", image),
        Upload("--- 🦠 ___.PNG", image),
        Upload("imagej.tif", tiff(wires(1000), description=imagej, resolution=(9, 9))),
        Upload("black.png", png(np.zeros((10_000, 10_000), np.uint8)), "every pixel has the same"),
        Upload("head.npy", npy_head(500_000), "head.npy: "),
        Upload("up.zip", zipped({"../../x.png": image, "/x.png": image}), "holds no result"),
        Upload("many.zip", zipped({"a.json": many}), "more than 64 MiB of JSON", OUTLINES),
        Upload("laugh.xml", laugh.encode(), "laugh.xml: ", OUTLINES),
        Upload("gzip.json", gzip.compress(many), "gzip.json: not valid JSON", OUTLINES),
    ]


# -- a tab ----------------------------------------------------------------------------------------


class Tab:
    """A page of the app, with the file that it sends next."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        self.upload: Upload | None = None
        page.route("**/_stcore/upload_file/**", self._put)
        page.goto(address)

    def _put(self, route) -> None:
        """In the browser's place, send an upload's name and content as they stand."""
        asked = route.request
        if asked.method != "PUT":
            route.continue_()
            return
        cookies = (f"{item['name']}={item['value']}" for item in self.page.context.cookies())
        more = {
            "cookie": "; ".join(cookies),
            "content-type": "multipart/form-data; boundary=b",
        }
        name = self.upload.name.replace("\\", "\\\\").replace('"', '\\"')
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + self.upload.content + b"\r\n--b--\r\n"
        headers = {key: value for key, value in asked.headers.items() if key != "content-length"}
        request = urllib.request.Request(asked.url, body, headers | more, method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            route.fulfill(status=answer.status)

    def live(self):
        """What the running script has written, or the last one."""
        return self.page.locator("[data-testid=stElementContainer]:not([data-stale=true])")

    def settle(self) -> None:
        expect(self.page.locator("[data-test-script-state=notRunning]")).to_be_attached()

    def shows_the_sample(self) -> None:
        expect(self.live().get_by_text(SAMPLE)).to_be_visible()
        self.settle()

    def uploader(self):
        return self.live().get_by_test_id("stFileUploader").filter(has_text=self.upload.to)

    def send(self, upload: Upload) -> None:
        self.upload = upload
        name = upload.name.replace("\0", "")
        stub = {"name": name, "mimeType": "", "buffer": b"-"}
        self.uploader().locator("input[type=file]").set_input_files([stub])

    def check(self) -> None:
        """What is shown is this tab's own, and no markup that came with the file."""
        upload = self.upload
        if upload.says is None:
            own = inputs.read_page(
                MemoryFile(upload.name, upload.content), 0, Preparation("od"), 10**6
            ).pixels
            facts = f" · {own.shape[1]} × {own.shape[0]} px · "
            caption = self.live().get_by_test_id("stCaptionContainer").filter(has_text=facts)
            expect(caption).to_be_visible()
            self.settle()
            said = caption.inner_text().replace(inputs.WORD_JOINER, "").partition(facts)[0]
            assert said.split() == upload.name.split()
            assert caption.locator(MARKUP_IN_TEXT).count() == 0, caption.inner_html()
            assert np.array_equal(self.picture(), own)
        else:
            alert = self.page.locator(ALERTS).filter(has_text=upload.says)
            expect(alert).to_be_visible()
            self.settle()
            assert alert.locator(MARKUP_IN_TEXT).count() == 0, alert.inner_html()
        assert self.page.evaluate("window.hit") is None
        assert self.page.locator("[data-hostile], [href*=hostile], img[src*=hostile]").count() == 0

    def picture(self) -> np.ndarray:
        """The image as the page has it."""
        source = self.page.evaluate(
            "() => document.querySelector('.js-plotly-plot').layout.images[0].source"
        )
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))

    def take_away(self) -> None:
        if "\0" in self.upload.name:  # Streamlit itself fails on it
            self.page.reload()
        else:
            self.uploader().get_by_role("button", name=re.compile("Remove|Delete")).click()
        if self.upload.says is not None:
            alert = self.page.locator(ALERTS).filter(has_text=self.upload.says)
            expect(alert).to_have_count(0)
        self.shows_the_sample()


@pytest.fixture
def browser(tiny_bundled):
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on the PATH, and SYNTHWIRE_CHROMIUM names none")
    expect.set_options(timeout=1000 * PATIENCE_S)
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield running
        running.close()


def open_tab(context, address: str) -> Tab:
    context.set_default_timeout(1000 * PATIENCE_S)
    tab = Tab(context.new_page(), address)
    tab.shows_the_sample()
    tab.live().get_by_text("Downloads", exact=True).click()  # quicker to draw than charts
    return tab


def side_by_side(tabs: list[Tab], uploads: Iterator[Upload]) -> None:
    """Upload a file in each tab at once, until there are no more."""
    while batch := list(zip(tabs, uploads, strict=False)):
        for tab, upload in batch:
            tab.send(upload)
        for tab, _ in batch:
            tab.check()
        for tab, _ in batch:
            tab.take_away()


def memory_mib(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 2**20


def test_tabs_side_by_side_with_hostile_uploads(tmp_path, browser):
    outside, folder = tmp_path / "outside", tmp_path / "app"
    outside.mkdir()
    folder.mkdir()
    with running_app(folder) as server:
        screen = {"viewport": {"width": 900, "height": 500}, "reduced_motion": "reduce"}
        people = [browser.new_context(**screen) for _ in range(PEOPLE)]
        tabs = [open_tab(person, server.address) for _ in range(TABS) for person in people]
        numbers = itertools.count()
        side_by_side(tabs, (harmless(next(numbers)) for _ in tabs))
        before, files = memory_mib(server.pid), sorted(tmp_path.rglob("*"))

        bad = deque(hostile(outside))
        mixed = (
            bad.popleft() if number % 4 and bad else harmless(next(numbers))
            for number in range(UPLOADS)
        )
        side_by_side(tabs, mixed)
        for person in people:
            person.close()
        tab = open_tab(browser.new_context(**screen), server.address)
        side_by_side([tab], iter([harmless(next(numbers))]))
        end = time.monotonic() + PATIENCE_S
        while memory_mib(server.pid) > 1.2 * before and time.monotonic() < end:
            time.sleep(1)
        after = memory_mib(server.pid)
        print(
            f"{UPLOADS} uploads, {len(tabs)} sessions: {before:.0f} MiB before, {after:.0f} after"
        )
        assert after <= 1.2 * before
        assert sorted(tmp_path.rglob("*")) == files
        assert not any(server.temporary.iterdir())
        said = "".join(server.lines)
        assert said.count("Traceback") == said.count("Filename cannot contain null bytes"), said
