"""Take docs/app.png, the README's picture of the web app: python tests/app/make_screenshot.py

The app shows its first sample, compared with the sample's true outlines.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright
from running import FLAGS, PATIENCE_S, find_browser, running_app

PICTURE = Path(__file__).parents[2] / "docs" / "app.png"


def main() -> None:
    path = find_browser()
    if path is None:
        sys.exit("no Chromium on the PATH, and SYNTHWIRE_CHROMIUM names none")
    expect.set_options(timeout=1000 * PATIENCE_S)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1180})
        page.set_default_timeout(1000 * PATIENCE_S)
        page.goto(server.address)
        expect(page.locator(".js-plotly-plot")).to_have_count(5)
        page.get_by_text("Compare with the sample's true outlines").click()
        expect(page.get_by_text("missed (FN)")).to_be_visible()
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
        page.evaluate("document.activeElement.blur()")
        page.get_by_test_id("stSidebarContent").evaluate("part => { part.scrollTop = 0; }")
        page.mouse.move(1390, 1170)  # over nothing
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        browser.close()
    # 200 colours show it as well, in a third of the bytes
    picture.quantize(200, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(PICTURE)


if __name__ == "__main__":
    main()
