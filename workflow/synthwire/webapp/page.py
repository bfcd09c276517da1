"""The page, from top to bottom."""

from __future__ import annotations

import os
from dataclasses import replace

import streamlit as st

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.webapp import agreement, inputs
from synthwire.webapp.assets import ICON, WORDMARK
from synthwire.webapp.findings import LOG, Page, find, memory_of
from synthwire.webapp.image_part import show_image_part
from synthwire.webapp.limits import Limits, from_environment
from synthwire.webapp.lower_part import show_lower_part
from synthwire.webapp.messages import show_error
from synthwire.webapp.sidebar import (
    Choice,
    choose_images,
    choose_networks,
    choose_outlines,
    choose_pixel_size,
    choose_rules,
)

STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[class*="st-key-overlay"][class*="-box"] > div { height: 100%; }
.st-key-metrics { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); }
.st-key-metrics [data-testid="stMetric"] { padding: 0.5rem 0.9rem; }
.st-key-metrics [data-testid="stMetric"] > div { padding: 0; }
.st-key-metrics [data-testid="stMetricValue"] { font-size: 1.5rem; }
dl.measures { display: grid; grid-template-columns: auto auto; gap: 0.15rem 1rem; margin: 0;
  font-variant-numeric: tabular-nums; }
dl.measures dt { opacity: 0.7; font-weight: normal; }
dl.measures dd { margin: 0; padding: 0; text-align: right; }
ul.legend { list-style: none; margin: 0; padding: 0; }
ul.legend li { margin: 0.15rem 0; padding: 0; }
ul.legend span { display: inline-block; width: 0.9em; height: 0.9em; border-radius: 0.2em;
  margin-right: 0.5em; vertical-align: -0.08em; }
</style>"""


def show_page() -> None:
    """Show the page, whatever fails."""
    st.set_page_config("SynthWire", page_icon=str(ICON), layout="wide")
    try:
        lay_out(from_environment(os.environ))
    except InputError as error:
        show_error(error)
    except Exception:  # a bug of ours: its traceback is for the log, not for the page
        LOG.exception("the page could not be made")
        st.error(
            "Something in SynthWire failed; what, stands in the app's log. Other images and "
            "settings still work.",
            icon=":material/bug_report:",
        )


def lay_out(limits: Limits) -> None:
    st.logo(str(WORDMARK), size="large")
    st.html(STYLE)
    with st.sidebar:
        choice = choose_images(limits)
    pages = pages_of(choice, limits)
    page = choose_page(pages)
    inspection = page.inspection()
    if inspection.error:
        show_error(inspection.error)
        return
    with st.sidebar:
        size_nm = choose_pixel_size(page)
        network, second = choose_networks(limits)
        rules = choose_rules(size_nm)
        outline_file = choose_outlines(choice.sample)
    found = find(page, network, size_nm).select(rules)
    other = find(page, second, size_nm).select(rules) if second else None
    outlines = read_outlines(outline_file, page, found.result.image.shape)
    show_image_part(found, other, outlines, (network, second))
    show_lower_part(found, other, outlines, (network, second), pages, page, size_nm, rules)


def pages_of(choice: Choice, limits: Limits) -> list[Page]:
    """Every page of every file; a file that cannot be read counts as one."""
    pages = []
    for file, digest in choice.files:
        first = Page(file, digest, 0, choice.modality, limits.largest_pixels)
        count = max(1, first.inspection().pages)
        pages += [replace(first, number=number) for number in range(count)]
    return pages


def choose_page(pages: list[Page]) -> Page:
    if len(pages) == 1:
        return pages[0]
    number = st.selectbox(
        "Image",
        range(len(pages)),
        format_func=lambda number: pages[number].title,
        key="page",
    )
    return pages[number]


def read_outlines(file: MemoryFile | None, page: Page, shape: tuple[int, int]) -> list[dict] | None:
    """Outlines of the image, or None where there are none; what is wrong with them is shown."""
    if file is None:
        return None
    key = (inputs.digest(file.content), file.name, page.file.name, shape)
    try:
        read = memory_of("outlines", 16)(
            key, lambda: agreement.read_outlines_for(file, page.file.name, shape)
        )
    except InputError as error:
        show_error(error)
        return None
    if read.remarks:
        title = f"{len(read.remarks)} remarks on {inputs.plain(file.name)}"
        with st.expander(title, expanded=True, icon=":material/info:"):
            st.text("\n".join(read.remarks))
    return read.annotations
