"""The image with its particles, and what is to be read beside it."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from synthwire.io.masks import decode_mask, union_of_masks
from synthwire.segmentation import correction
from synthwire.segmentation.result import Segmentation
from synthwire.webapp import agreement, features, inputs, particle_charts
from synthwire.webapp.correct_part import component, listen_to_keys, show_editor, show_progress
from synthwire.webapp.findings import Findings, Network, Page, StoredPage
from synthwire.webapp.layers import rings_of_all
from synthwire.webapp.messages import show_remark

VIEWS = {
    "particles": "Particles",
    "correct": "Correct by hand",
    "outlines": "Against outlines",
    "models": "Two models",
}
CHART_CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"filename": "synthwire", "scale": 2},
}


def show_image_part(
    found: Findings,
    other: Findings | None,
    outlines: list[dict] | None,
    networks: tuple[Network, Network | None],
    page: Page | StoredPage,
    pages: int,
) -> None:
    """The image in the view that the user chooses; other: what a second model found."""
    result = found.result
    height, width = result.image.shape
    size = inputs.pixel_size_text(result.pixel_size_nm)
    facts = [
        inputs.plain(result.name),
        f"{width} × {height} px",
        f"{size} a pixel" if size else "no pixel size",
    ]
    if "window" in result.info:
        left, top, right, bottom = result.info["window"]
        facts.append(f"picture: columns {left} to {right}, rows {top} to {bottom}")
    if "left_out" in result.info:
        share = decode_mask(result.info["left_out"]).mean()
        facts.append(f"{share:.0%} left out by the mask")
    if result.scale != 1:
        facts.append(f"shown to the model at {result.scale:.2g} × its size")
    st.caption(" · ".join(facts))
    if doubts := list(result.doubts):
        if any(doubt.startswith("packed") for doubt in doubts):
            doubts.append("Was the ground taken for particles? Then choose another microscope.")
        show_remark("\n".join(doubts))
    offered = (
        ["particles", "correct"] + ["outlines"] * (outlines is not None) + ["models"] * bool(other)
    )
    shown = st.segmented_control(
        "View",
        offered,
        default=offered[-1] if len(offered) > 2 else offered[0],
        format_func=VIEWS.__getitem__,
        required=True,
        key=f"view {' '.join(offered)}",
        label_visibility="collapsed",
    )
    component("display", page=True)(key="display")
    if outlines is not None and shown == "outlines":
        show_agreement(found, outlines)
    elif other and shown == "models":
        show_models(found, other, [network for network in networks if network])
    elif shown == "correct":
        left, right = st.columns([0.64, 0.36], gap="medium")
        with right:
            show_metrics(found.result)
        with left:
            show_editor(found, page)
        with right:
            show_progress(found, page, pages)
            show_particle(found)
    else:
        show_particles(found)
    listen_to_keys(found)  # shows nothing


def show_metrics(result: Segmentation) -> None:
    in_nm = result.pixel_size_nm is not None
    table = result.particles
    rles = [item["segmentation"] for item in result.selected]
    picture_px = result.info.get("picture_px") or result.image.size
    covered = union_of_masks(rles, *result.image.shape).sum() / picture_px
    with st.container(key="metrics", gap="small"):
        st.metric("Particles", len(table), border=True)
        for name in ("length", "width"):
            item = features.FEATURES[name]
            centre = item.centre(table[item.column(in_nm)].to_numpy())
            st.metric(f"Median {item.label.lower()}", item.text(centre, in_nm), border=True)
        st.metric("Covered area", f"{100 * covered:.1f} %", border=True)


def show_overlay(
    figure: go.Figure,
    found: Findings,
    key: str,
    other: Findings | None = None,
    split: int | None = None,
) -> None:
    """A figure over the image, as wide as there is room, in the image's proportions.

    other: what a second model found, shown at the right of it; its traces start at `split`.
    """
    height, width = found.result.image.shape
    names = f"{len(found.result.ids)} particles"
    if other is not None:
        width = 2 * width / (1 - particle_charts.GUTTER)
        names += f" and {len(other.result.ids)} by another model"
    key = f"overlay {key}".replace(" ", "-")
    st.html(f"<style>.st-key-{key}-box {{ aspect-ratio: {width} / {height}; }}</style>")
    with st.container(key=f"{key}-box"):
        st.plotly_chart(
            figure,
            height="stretch",
            key=key,
            on_select=functools.partial(pick_clicked, found, key, other, split),
            selection_mode="points",
            config=CHART_CONFIG,
            alt=f"{names} over the image {found.result.name}",
        )


def pick_clicked(found: Findings, key: str, other: Findings | None, split: int | None) -> None:
    """Pick the particle of a click; a click beside all of them picks none."""
    points = st.session_state[key]["selection"]["points"]
    if not points:
        for item in (found, other):
            if item:
                item.pick(None)
        return
    clicked = other if other and points[0]["curve_number"] >= split else found
    clicked.pick(points[0]["customdata"][0])


def show_particle(found: Findings) -> None:
    """Measures of the particle that was chosen, and what can be done with it by hand."""
    result, number = found.result, found.picked
    if number is None:
        st.caption(
            "Point at a particle to read its measures; click it, or go from one to the next, to "
            "keep them here, and to remove it or keep it by hand."
        )
    else:
        inside = number in result.ids
        st.markdown(f"**Particle {number}**" + ("" if inside else " · :gray[left out]"))
        measures = features.describe(
            result.measures.set_index("id").loc[number], result.pixel_size_nm is not None
        )
        rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in measures.items())
        st.html(f"<dl class='measures'>{rows}</dl>")
        key, label, icon, step = (
            ("remove", "Remove", ":material/delete:", correction.remove([number]))
            if inside
            else ("keep", "Keep", ":material/add_circle:", correction.keep([number]))
        )
        with st.container(horizontal=True):
            st.button(label, icon=icon, key=key, on_click=found.do, args=(step,))
            st.button("Done", key="done", on_click=found.pick, args=(None,))
    show_history(found)


def show_walk(found: Findings) -> None:
    """Buttons from particle to particle, for those who use no mouse."""
    with st.container(horizontal=True):
        for by, label in ((-1, "Previous"), (1, "Next")):
            st.button(
                label,
                icon=f":material/chevron_{'left' if by < 0 else 'right'}:",
                key=label.lower(),
                disabled=not found.result.ids,
                on_click=walk,
                args=(found, by),
            )


def walk(found: Findings, by: int) -> None:
    """Choose the next particle by its number, or the one before; after the last comes the first."""
    ids = found.result.ids
    if found.picked in ids:
        found.pick(ids[(ids.index(found.picked) + by) % len(ids)])
    else:
        found.pick(ids[0 if by > 0 else -1])


def show_history(found: Findings) -> None:
    """Undo and redo, one step at a time."""
    history = found.correction
    if not history.steps and not history.undone:
        return
    count = len(history.steps)
    st.caption(f"{count} step{'' if count == 1 else 's'} by hand")
    with st.container(horizontal=True):
        for key, label, changed, there in (
            ("undo", "Undo", history.undo(), history.steps),
            ("redo", "Redo", history.redo(), history.undone),
        ):
            st.button(
                label,
                icon=f":material/{key}:",
                key=key,
                disabled=not there,
                help={"undo": "Ctrl+Z", "redo": "Ctrl+Y"}[key],
                on_click=found.change,
                args=(changed,),
            )


def show_particles(found: Findings) -> None:
    left, right = st.columns([0.64, 0.36], gap="medium")
    with right:
        show_metrics(found.result)
        everything = st.toggle(
            "Show what was left out",
            key="left out",
            help="Dotted: what the model proposes but the rules leave out. Click one to keep it.",
        )
        show_walk(found)
        show_particle(found)
    result = found.result
    if not result.ids:
        with right:
            st.info(
                "No particle at these settings. Lower the score threshold, check the kind of "
                "microscope, or enlarge the image for the model (under Model).",
                icon=":material/search_off:",
            )
    candidates = set(found.correction.by_hand[0])
    if found.picked is not None:
        candidates.add(found.picked)
    if everything:
        candidates |= set(result.measures["id"][result.measures["area_px"] > 0])
    with left:
        figure = particle_charts.particles_figure(
            found.layers, result, picked=found.picked, candidates=sorted(candidates)
        )
        show_overlay(figure, found, "particles")


def show_agreement(found: Findings, outlines: list[dict]) -> None:
    comparison = agreement.compare(found.result, outlines)
    left, right = st.columns([0.64, 0.36], gap="medium")
    with right:
        pixels = (
            st.segmented_control(
                "Compare",
                ["Particles", "Pixels"],
                default="Particles",
                required=True,
                key="compare by",
                label_visibility="collapsed",
            )
            == "Pixels"
        )
        show_legend(comparison, pixels)
        with st.container(key="metrics", gap="small"):
            for name, value in (
                ("Precision", comparison.precision),
                ("Recall", comparison.recall),
                ("F1", comparison.f1),
                ("Pixel accuracy", comparison.pixel_accuracy),
            ):
                text = "–" if math.isnan(value) else f"{value:.1f} %"
                st.metric(name, text, border=True)
        st.caption(
            "A particle is right when its IoU with an outline is at least 0.5. Pixel accuracy is "
            "TP / (TP + FP + FN), as in the paper."
        )
        show_walk(found)
        show_particle(found)
    with left:
        missed = rings_of_all([outlines[place] for place in comparison.missed])
        figure = particle_charts.agreement_figure(
            found.layers, found.result, comparison, missed, pixels=pixels, picked=found.picked
        )
        show_overlay(figure, found, "agreement")


def show_legend(comparison: agreement.Agreement, pixels: bool) -> None:
    """What the colours mean, with how many particles or pixels have them."""
    names = ("found (TP)", "invented (FP)", "missed (FN)", "doubtful, not counted")
    counts = comparison.pixel_counts if pixels else comparison.particle_counts
    rows = [
        (colour, f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"), name)
        for colour, count, name in zip(
            particle_charts.PIXEL_COLOURS.values(), counts, names, strict=True
        )
        if count or "not counted" not in name
    ]
    items = "".join(
        f"<li><span style='background:{colour}'></span>{count} {name}</li>"
        for colour, count, name in rows
    )
    st.html(f"<ul class='legend'>{items}</ul>")


def show_models(found: Findings, other: Findings, networks: Sequence[Network]) -> None:
    figures = []
    for column, item, network in zip(
        st.columns(2, gap="small"), (found, other), networks, strict=True
    ):
        count = len(item.result.ids)
        column.markdown(
            f"**{inputs.plain(network.name)}** · {count} particle{'' if count == 1 else 's'}"
        )
        figures.append(
            particle_charts.particles_figure(item.layers, item.result, picked=item.picked)
        )
    both = particle_charts.side_by_side(*figures)
    show_overlay(both, found, "models", other, len(figures[0].data))
