"""The page, from top to bottom."""

from __future__ import annotations

import os
from dataclasses import replace

import streamlit as st

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.segmentation.options import Selection
from synthwire.webapp import agreement, inputs
from synthwire.webapp.assets import ICON, WORDMARK
from synthwire.webapp.correct_part import is_checked
from synthwire.webapp.findings import (
    LOG,
    CancelledError,
    Page,
    StoredPage,
    find,
    memory_of,
)
from synthwire.webapp.image_part import show_image_part
from synthwire.webapp.limits import Limits, from_environment
from synthwire.webapp.lower_part import show_lower_part
from synthwire.webapp.messages import show_error
from synthwire.webapp.sidebar import (
    Choice,
    choose_complex_part,
    choose_crop,
    choose_images,
    choose_left_out,
    choose_modality,
    choose_networks,
    choose_outlines,
    choose_pixel_size,
    choose_rules,
    complex_part_of,
    crop_of,
    left_out_of,
    modality_of,
    size_of,
)
from synthwire.webapp.work import current_work

STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[class*="st-key-overlay"][class*="-box"] > div { height: 100%; }
/* the charts' own grey is too pale to read */
.js-plotly-plot :is(.xtick, .ytick, .g-xtitle, .g-ytitle, .legend) text {
  fill: currentColor !important; }
/* as the controls of editor/display say */
[class*="st-key-overlay"] .layer-below image {
  filter: brightness(var(--image-brightness, 1)) contrast(var(--image-contrast, 1)); }
[class*="st-key-overlay"] path.js-fill { fill-opacity: var(--particle-opacity, 0.28) !important; }
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
[data-testid="stCaptionContainer"] { color: inherit !important; opacity: 0.85; }
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
    if not pages:
        return
    number = choose_page(pages)
    page = pages[number]
    with st.sidebar:
        if isinstance(page, Page):
            page = replace(page, modality=choose_modality(page, choice.sample))
            page = replace(page, crop=choose_crop(page), leave_out=choose_left_out(page))
            page = replace(page, complex_part=choose_complex_part(page))
            pages[number] = page
    inspection = page.inspection()
    if inspection.error:
        show_error(inspection.error)
        return
    with st.sidebar:
        choose_pixel_size(page, pages)
        network, second = choose_networks(limits)
        rules = choose_rules(size_of(page), selection_of(page))
        outline_file = choose_outlines(choice.sample)
    place = st.empty()
    try:
        found = find(page, network, size_of(page), place).select(rules)
        other = find(page, second, size_of(page), place).select(rules) if second else None
    except CancelledError as error:
        place.empty()
        show_cancelled(str(error))
        return
    outlines = read_outlines(outline_file, page, found.result.image.shape)
    show_image_part(found, other, outlines, (network, second), page, len(pages))
    show_lower_part(found, other, outlines, (network, second), pages, page, rules)


def pages_of(choice: Choice, limits: Limits) -> list[Page | StoredPage]:
    """Every page of every file that shows something, and every result; a file that cannot be read
    counts as one.
    """
    pages: list[Page | StoredPage] = []
    for file, digest in choice.files:
        first = Page(file, digest, 0, "od", limits.largest_pixels)
        first = replace(first, crop=crop_of(first), leave_out=left_out_of(first))
        first = replace(first, complex_part=complex_part_of(first))
        first = replace(first, number=shown(first)[0])
        first = replace(first, modality=modality_of(first, choice.sample))
        pages += [replace(first, number=number) for number in shown(first)]
    return pages + [StoredPage(item) for item in choice.stored]


def shown(page: Page) -> list[int]:
    """Numbers of the pages of a file that show something; the first where it cannot be read."""
    held = page.inspection()
    return [number for number in range(max(1, held.pages)) if number not in held.empty]


def choose_page(pages: list[Page | StoredPage]) -> int:
    """The place of the image that is shown; how many there are, read, and checked."""
    if len(pages) == 1:
        return 0
    bad = sum(page.inspection().error is not None for page in pages)
    if bad:
        st.warning(
            f"{bad} of {len(pages)} images cannot be read; they are marked ⚠ in the list.",
            icon=":material/warning:",
        )
    checked = current_work().checked
    done = [is_checked(page) for page in pages]
    if checked:
        st.progress(sum(done) / len(pages), f"{sum(done)} of {len(pages)} images checked")
    if st.session_state.get("page", 0) not in range(len(pages)):
        del st.session_state["page"]
    return st.selectbox(
        "Image",
        range(len(pages)),
        format_func=lambda number: ("✓ " if done[number] else "") + pages[number].title,
        key="page",
    )


def selection_of(page: Page | StoredPage) -> Selection:
    return page.stored.found.selection if isinstance(page, StoredPage) else Selection()


def show_cancelled(name: str) -> None:
    st.info(f"The search for particles in {name} was cancelled.", icon=":material/cancel:")
    st.button("Search", type="primary", on_click=st.session_state["cancelled"].clear)


def read_outlines(
    file: MemoryFile | None, page: Page | StoredPage, shape: tuple[int, int]
) -> list[dict] | None:
    """Outlines of the image, or None where there are none; what is wrong with them is shown."""
    if file is None:
        return None
    name = page.image().name
    key = (inputs.digest(file.content), file.name, name, shape)
    try:
        read = memory_of("outlines", 16)(
            key, lambda: agreement.read_outlines_for(file, name, shape)
        )
    except InputError as error:
        show_error(error)
        return None
    if read.remarks:
        title = f"{len(read.remarks)} remarks on {inputs.plain(file.name)}"
        with st.expander(title, expanded=True, icon=":material/info:"):
            st.text("\n".join(read.remarks))
    return read.annotations
