"""Correction by hand: a canvas with tools, what is uncertain first, undo from the keyboard."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from synthwire.errors import InputError
from synthwire.io.burnt_in.window import window_by_hand
from synthwire.segmentation import correction
from synthwire.segmentation.options import parse_pixel_size
from synthwire.webapp.assets import FOLDER
from synthwire.webapp.findings import Findings, Page, StoredPage
from synthwire.webapp.inputs import pixel_size_text
from synthwire.webapp.messages import show_error
from synthwire.webapp.work import current_work

BESIDE = 40  # of what was left out, so many are drawn, the surest first


@st.cache_resource
def component(name: str, *, page: bool = False) -> Any:
    """A component of ours; page: with markup and style of its own."""
    folder = FOLDER / "editor"

    def text(suffix: str) -> str:
        return (folder / f"{name}{suffix}").read_text(encoding="utf-8")

    html, css = (text(".html"), text(".css")) if page else (None, None)
    return st.components.v2.component(f"synthwire_{name}", html=html, css=css, js=text(".js"))


def listen_to_keys(found: Findings) -> None:
    """Ctrl+Z and Ctrl+Y take a step back and forth, wherever on the page they are pressed."""
    history = found.correction
    component("keys")(
        key="keys",
        height=1,
        on_undo_change=functools.partial(found.change, history.undo()),
        on_redo_change=functools.partial(found.change, history.redo()),
    )


def show_editor(found: Findings, page: Page | StoredPage) -> None:
    """The image with its particles, and the tools that change them."""
    key = f"editor {page.digest}"
    refused = st.session_state.pop("refused", None)
    component("editor", page=True)(
        key=key,
        data=drawn(found, searched=isinstance(page, Page)),
        on_step_change=functools.partial(take_step, found, page, key),
    )
    if refused:
        show_error(refused)
    show_scale_bar(page)


def drawn(found: Findings, *, searched: bool) -> dict[str, Any]:
    """What the canvas draws: particles, and dotted what was left out by hand or nearly taken in.

    searched: whether the image is at hand to be searched anew.
    """
    result, layers = found.result, found.layers
    chosen = set(result.ids)
    beside = [number for number in correction.most_uncertain(result) if number not in chosen]
    beside = [*sorted(found.correction.by_hand[0] - chosen), *beside[:BESIDE]]
    if found.picked is not None and found.picked not in chosen:
        beside.append(found.picked)
    height, width = result.image.shape
    return {
        "result": repr(found.key),
        "picture": layers.picture,
        "width": width,
        "height": height,
        "part": result.info.get("window"),
        "searched": searched,
        "picked": found.picked,
        "serial": st.session_state.get("shown", 0),
        # the canvas hears of a step that changed nothing only if something here is new
        "answered": st.session_state.get("answered"),
        "particles": [
            {
                "id": number,
                "colour": layers.colours[number - 1],
                "out": number not in chosen,
                "rings": [np.ravel(ring).tolist() for ring in layers.outlines[number - 1]],
            }
            for number in [*dict.fromkeys(beside), *result.ids]
        ],
    }


def take_step(found: Findings, page: Page | StoredPage, key: str) -> None:
    """Do what the canvas says; what cannot be done changes nothing and is said."""
    step = st.session_state[key]["step"]
    if not step:
        return
    st.session_state["answered"] = step["serial"]
    try:
        do_step(found, page, step)
    except InputError as error:
        st.session_state["refused"] = str(error)


def do_step(found: Findings, page: Page | StoredPage, step: Mapping) -> None:
    kind, result = step["kind"], found.result
    ids = [int(number) for number in step.get("ids", ())]
    points = step.get("points", ())
    if kind == "pick":
        found.pick(ids[-1] if ids else None)
    elif kind in ("next", "previous"):
        go_to(found, 1 if kind == "next" else -1)
    elif kind == "bar":
        (x, y), (x2, y2) = points[0], points[-1]
        st.session_state[f"bar {page.digest}"] = math.hypot(x2 - x, y2 - y)
    elif kind == "crop":
        take_crop(page, points, result.image.shape)
    elif kind == "line":
        found.do(correction.draw_line(result, points, float(step["width"])))
    elif kind == "polygon":
        found.do(correction.draw_polygon(result, points))
    elif kind == "region":
        found.do(correction.leave_out(result, points))
    elif kind == "split":
        found.do(split_one(found, ids, points))
    elif kind == "merge":
        found.do(correction.merge(result, ids))
    elif kind == "end":
        found.do(correction.move_end(result, ids[0], points[0]))
    elif kind == "remove":
        found.do(correction.remove(ids))
    elif kind == "keep":
        found.do(correction.keep(ids))
    if kind in ("merge", "end", "line", "polygon"):
        choose(found, len(result.results) + 1)
    elif kind == "remove":
        go_to(found, 1)


def split_one(found: Findings, ids: list[int], stroke: Any) -> correction.Step:
    """The first of several particles that the stroke splits."""
    refused = InputError("the stroke splits nothing: draw it right across the particle")
    for number in ids:
        try:
            return correction.split(found.result, number, stroke)
        except InputError as error:
            refused = error
    raise refused


def go_to(found: Findings, by: int) -> None:
    """Choose the next of the uncertain particles that was not looked at, or the one before."""
    looked = st.session_state.setdefault("looked", {}).setdefault(found.key, [])
    if by < 0:
        place = looked.index(found.picked) if found.picked in looked else len(looked)
        if place > 0:
            choose(found, looked[place - 1])
        return
    corrected = found.select(found.rules).result
    order = correction.most_uncertain(corrected)
    place = looked.index(found.picked) + 1 if found.picked in looked else len(looked)
    ahead = [number for number in looked[place:] if number in order]
    left = [number for number in order if number not in looked]
    if not ahead and not left:
        st.session_state["refused"] = "Every particle was looked at."
        looked.clear()
        return
    number = (ahead or left)[0]
    if number not in looked:
        looked.append(number)
    choose(found, number)


def choose(found: Findings, number: int) -> None:
    """Choose a particle from here, so that the canvas shows it."""
    found.pick(number)
    st.session_state["shown"] = st.session_state.get("shown", 0) + 1


def show_scale_bar(page: Page | StoredPage) -> None:
    """Where a line was drawn along the scale bar: its length makes the pixel size."""
    length_px = st.session_state.get(f"bar {page.digest}")
    if not length_px:
        return
    st.caption(f"The scale bar is {length_px:.1f} px long.")
    key = f"bar length {page.digest}"
    st.text_input(
        "Its length, as it says",
        placeholder="e.g. 500 nm, 1 µm",
        key=key,
        on_change=functools.partial(take_scale_bar, page, key, length_px),
    )


def take_scale_bar(page: Page | StoredPage, key: str, length_px: float) -> None:
    try:
        size = parse_pixel_size(st.session_state[key])[0] / length_px
    except InputError:
        st.session_state["refused"] = (
            f"'{st.session_state[key]}' is no length with its unit, as 500 nm or 1 µm"
        )
        return
    text = pixel_size_text((size, size))
    say(f"pixel size {page.digest}", text)
    del st.session_state[f"bar {page.digest}"]


def take_crop(page: Page | StoredPage, points: Any, shape: tuple[int, int]) -> None:
    """Put the box that was drawn into the field; InputError where it holds no picture."""
    height, width = shape
    (left, right), (top, bottom) = (
        [min(max(round(side), 0), most) for side in sorted((points[0][axis], points[-1][axis]))]
        for axis, most in ((0, width), (1, height))
    )
    window_by_hand({"box": (left, top, right, bottom)}, height, width)
    say(f"crop {page.digest}", f"{left},{top},{right},{bottom}")


def say(field: str, text: str) -> None:
    """Write into a field of the sidebar."""
    current_work().fields[field] = st.session_state[field] = text


def is_checked(page: Page | StoredPage) -> bool:
    return _name(page) in current_work().checked


def _name(page: Page | StoredPage) -> tuple:
    return page.digest, getattr(page, "number", 0)


def show_progress(found: Findings, page: Page | StoredPage, pages: int) -> None:
    """How far the work is, and where it is kept."""
    if found.folder is not None:
        st.button(
            "Save to the folder",
            icon=":material/save:",
            key="save",
            type="primary",
            help="Steps are written to proposals.json at once; this writes all files anew.",
            on_click=save,
            args=(found,),
        )
        if st.session_state.pop("saved", None):
            st.caption(f"Saved in {found.folder}")
    if pages > 1:
        st.button(
            "Checked, next image",
            icon=":material/task_alt:",
            key="checked",
            on_click=next_image,
            args=(page, pages),
        )


def save(found: Findings) -> None:
    assert found.folder is not None
    try:
        found.result.save(found.folder)
        st.session_state["saved"] = True
    except InputError as error:
        st.session_state["refused"] = str(error)


def next_image(page: Page | StoredPage, pages: int) -> None:
    current_work().checked.add(_name(page))
    st.session_state["page"] = min(st.session_state.get("page", 0) + 1, pages - 1)
