"""How long a user of the web app waits: python benchmarks/app.py

Starts the app, opens it in headless Chromium, and measures in the page, from the key press or the
navigation to what follows from it: the first result after a start, the first result in a new
window, the score threshold's slider, step by step in both directions, and a particle that is
deleted by hand, until the canvas shows it and until the page's numbers follow. Prints medians,
quartiles and the machine's load. Nothing is asserted: the numbers are the machine's.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "app"))

from running import FLAGS, PATIENCE_S, find_browser, running_app  # noqa: E402

SETTLED_MS = 300  # within which the page begins to run what was asked for

# Promises the milliseconds from the next key press to the end of the run that it starts.
RESPONSE = """() => {
  const app = document.querySelector('[data-test-script-state]');
  document.querySelector('.st-key-threshold input, .st-key-threshold [role=slider]').focus();
  window.answer = new Promise(resolve => {
    let start, ran = false;
    window.addEventListener('keydown', () => { start = performance.now(); },
                            {once: true, capture: true});
    const watcher = new MutationObserver(() => {
      const state = app.dataset.testScriptState;
      if (state === 'running') ran = true;
      if (ran && state === 'notRunning') {
        watcher.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - start));  // it is painted
      }
    });
    watcher.observe(app, {attributes: true});
  });
}"""

# Promises the milliseconds from the next key press to a canvas on which the chosen particle is left
# out, and to that of the page's answer.
CORRECTION = """root => {
  const {editor} = root, [chosen] = editor.chosen, before = editor.data;
  const out = () => editor.data.particles.find(({id}) => id === chosen).out;
  const was = out();
  window.answer = new Promise(resolve => {
    let start, drawn;
    window.addEventListener('keydown', () => { start = performance.now(); },
                            {once: true, capture: true});
    const look = () => {
      if (drawn === undefined && out() !== was) drawn = performance.now() - start;
      if (editor.data !== before) resolve([drawn, performance.now() - start]);
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
CHOICE = """root => {
  const {editor} = root;
  editor.choose([editor.data.particles.find(({out}) => !out).id], false);
}"""


def first_result(page: Page, address: str) -> float:
    """Seconds from the navigation to the particles over their image."""
    start = time.perf_counter()
    page.goto(address)
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(state="attached")
    return time.perf_counter() - start


def slider_steps(page: Page, steps: int) -> list[float]:
    """Milliseconds that each step of the threshold takes, half of them down and half up."""
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    found = []
    for step in range(steps):
        page.evaluate(RESPONSE)
        page.keyboard.press("ArrowLeft" if step < steps // 2 else "ArrowRight")
        found.append(page.evaluate("() => window.answer"))
    return found


def corrections(page: Page, count: int) -> list[list[float]]:
    """Milliseconds until a particle is drawn as deleted, and until the page's numbers follow."""
    page.get_by_text("Correct by hand").click()
    editor = page.locator(".editor")
    editor.locator("canvas[aria-label]").wait_for()
    found = []
    for _ in range(count):
        settle(page)
        editor.evaluate(CHOICE)
        settle(page)
        editor.evaluate(CORRECTION)
        page.keyboard.press("Delete")
        found.append(page.evaluate("() => window.answer"))
    return found


def settle(page: Page) -> None:
    page.wait_for_timeout(SETTLED_MS)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=3, help="windows opened one after another")
    parser.add_argument("--steps", type=int, default=40, help="steps of the slider in each")
    parser.add_argument("--corrections", type=int, default=10, help="particles deleted in each")
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        sys.exit("no Chromium on the PATH, and SYNTHWIRE_CHROMIUM names none")
    opened, steps, corrected = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        for _ in range(options.windows):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(1000 * PATIENCE_S)
            page = context.new_page()
            opened.append(first_result(page, server.address))
            steps += slider_steps(page, options.steps)
            corrected += corrections(page, options.corrections)
            context.close()
        browser.close()
        inferences = server.inferences()
    print(f"first result after the start      {opened[0]:6.2f} s")
    print(f"first result in a new window      {np.median(opened[1:]):6.2f} s (median)")
    drawn, answered = zip(*corrected, strict=True)
    for name, times in (
        ("step of the threshold", steps),
        ("deleted by hand, drawn", drawn),
        ("deleted by hand, numbers follow", answered),
    ):
        low, middle, high = np.percentile(times, [25, 50, 75])
        print(f"{name:33} {middle:6.0f} ms (median of {len(times)}; quartiles")
        print(f"{'':33} {low:.0f} and {high:.0f} ms)")
    print(f"inferences in all                 {inferences:6d}")
    print(f"load of the machine               {os.getloadavg()[0]:6.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
