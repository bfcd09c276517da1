"""SynthWire's web app: synthwire app

What it computes and draws lies beside this script, which lays it out. It runs from top to
bottom whenever a user moves something, so whatever is slow is remembered.
"""

from __future__ import annotations

import functools
import gc
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.masks import union_of_masks
from synthwire.segmentation import MODALITIES, THRESHOLD
from synthwire.segmentation.apply import scale_for, segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.result import Segmentation
from synthwire.webapp import (
    agreement,
    catalogue,
    charts,
    downloads,
    features,
    inputs,
    settings,
    view,
)
from synthwire.webapp.memory import Edits, Remembered

LOG = logging.getLogger("synthwire.app")
if not LOG.handlers:  # the script runs anew with every move of a user, the logger stays
    LOG.addHandler(logging.StreamHandler())
    LOG.setLevel(logging.INFO)
APP = Path(__file__).resolve().parent
MODALITY_NAMES = {
    "od": "X-ray: optical density",
    "transmission": "X-ray: transmission",
    "sem": "SEM",
    "tem": "TEM",
}
ENLARGEMENTS = {"Automatic": None, "¼ ×": 0.25, "½ ×": 0.5, "1 ×": 1.0, "2 ×": 2.0, "4 ×": 4.0}
SMALLEST_AREAS_PX = (0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
NO_OTHER = "None"
VIEWS = {"particles": "Particles", "outlines": "Against outlines", "models": "Two models"}
FILE_LABELS = {
    "overlay.png": ("Overlay", "The image with its particles outlined and numbered (PNG)"),
    "particles.csv": ("Table", "One row a particle, in pixels and nm (CSV)"),
    "coco.json": ("COCO", "All results with scores from 0.05 on: masks, boxes (JSON)"),
    "labels.tif": ("Labels", "Pixels numbered by particle; overlaps on several pages (TIFF)"),
    "rois.zip": ("Fiji ROIs", "Outlines for Fiji and ImageJ (zip)"),
}
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
CHART_CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"filename": "synthwire", "scale": 2},
}


# -- what is remembered ----------------------------------------------------------------------------


@st.cache_resource
def remembered(what: str, most: int) -> Remembered:
    """One memory for each kind of result, for all sessions."""
    return Remembered(most)


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def loaded_model(folder: Path | None) -> Model:
    model = load_model(folder)
    # Streamlit collects garbage after each run of this script, which would look through all that
    # came with torch: a third of a second, every time
    gc.collect()
    gc.freeze()
    return model


@dataclass(frozen=True)
class Page:
    """One image of one file, and how it is to be read."""

    file: MemoryFile
    digest: str
    number: int
    modality: str
    largest_pixels: int

    @property
    def key(self) -> tuple:
        return self.digest, self.file.name, self.number, self.modality

    def inspection(self) -> inputs.Inspection:
        """What the file holds, whatever this page's number."""
        return remembered("inspections", 512)(
            (self.digest, self.file.name, self.modality, self.largest_pixels),
            lambda: inputs.inspect(self.file, self.modality, self.largest_pixels),
        )

    def image(self) -> GreyImage:
        return remembered("images", 8)(
            (*self.key, self.largest_pixels),
            lambda: inputs.read_page(self.file, self.number, self.modality, self.largest_pixels),
        )


@dataclass(frozen=True)
class Found:
    """What a model found in an image; key tells it from all others but those of other sizes."""

    key: tuple
    result: Segmentation

    @property
    def view(self) -> view.View:
        """Shapes to draw; they do not depend on the pixel size or the selection."""
        return remembered("views", 16)(self.key, lambda: view.view_of(self.result))

    @property
    def edits(self) -> Edits:
        return st.session_state.setdefault("edits", {}).get(self.key, Edits())

    def edit(self, edits: Edits) -> None:
        st.session_state.setdefault("edits", {})[self.key] = edits

    @property
    def picked(self) -> int | None:
        """Id of the particle that was clicked."""
        return st.session_state.setdefault("picked", {}).setdefault(self.key, None)

    def pick(self, number: int | None) -> None:
        st.session_state.setdefault("picked", {})[self.key] = number

    def selected(self, rules: dict) -> Found:
        """The particles by the user's rules and edits."""
        edits = self.edits
        result = self.result.select(
            **rules, removed_ids=tuple(edits.removed), kept_ids=tuple(edits.kept)
        )
        return Found(self.key, result)


@dataclass(frozen=True)
class Network:
    """A model that the user chose; enlargement is None where the model's card decides."""

    name: str
    folder: Path | None
    enlargement: float | None


def find(page: Page, network: Network, size_nm: tuple[float, float] | None) -> Found:
    """All that a model finds in an image; the network runs once for an image and its settings."""
    model = loaded_model(network.folder)
    scale = network.enlargement or scale_of(page, model, size_nm)
    key = (*page.key, network.name, model.card["sha256"], scale)
    result = remembered("segmentations", 64)(key, lambda: run(page, model, scale))
    if size_nm != result.pixel_size_nm:
        # another pixel size at the same scale is another ruler, and no reason to run the network
        result = remembered("rulers", 64)(
            (key, size_nm), lambda: replace(result, pixel_size_nm=size_nm, measures=None)
        )
    return Found(key, result)


def scale_of(page: Page, model: Model, size_nm: tuple[float, float] | None) -> float:
    """How many times enlarged the model should see the image."""
    size_nm = size_nm if model.card.get("pixel_nm_range") else None  # other models ask for no size
    return remembered("scales", 512)(
        (*page.key, model.card["sha256"], size_nm),
        lambda: scale_for(model, replace(page.image(), pixel_size_nm=size_nm)),
    )


def run(page: Page, model: Model, scale: float) -> Segmentation:
    image = page.image()
    start = time.perf_counter()
    with st.spinner(f"Finding particles in {inputs.plain(page.file.name)} …", show_time=True):
        info = {"modality": page.modality}
        result = segment_image(image, model, scale=scale, info=info, progress=tiles_progress)
    LOG.info("%s: %s took %.2f s", page.file.name, model.name, time.perf_counter() - start)
    return result


def tiles_progress(tiles: Sequence) -> Iterator:
    """A progress bar over the tiles of a large image."""
    bar = st.progress(0.0) if len(tiles) > 1 else None
    for number, tile in enumerate(tiles):
        if bar:
            bar.progress(number / len(tiles), f"Part {number + 1} of {len(tiles)}")
        yield tile
    if bar:
        bar.empty()


def show_error(error: InputError | str) -> None:
    """A message about something that the user gave."""
    st.error(inputs.plain(str(error)), icon=":material/error:")


# -- sidebar ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What the sidebar says, but for the pixel size, which depends on the image."""

    files: list[tuple[MemoryFile, str]]  # with their digests
    sample: catalogue.Sample | None
    modality: str


def choose_images(limits: settings.Settings) -> Choice:
    st.subheader("Image")
    uploads = st.file_uploader(
        "Your images",
        type=inputs.IMAGE_TYPES,
        accept_multiple_files=True,
        key="uploads",
        help="PNG, JPEG, TIFF or HDF5, stacks too. They stay in this computer's memory, are "
        "written nowhere, and are gone when you close the page.",
    )
    sample = None
    if uploads:
        if len(uploads) > limits.images:
            st.warning(
                f"The first {limits.images} of {len(uploads)} images are taken; "
                "`synthwire segment` takes any number."
            )
        files = [
            (MemoryFile(item.name, item.getvalue()), digest_of(item))
            for item in uploads[: limits.images]
        ]
    else:
        sample = st.selectbox(
            "or a sample", catalogue.samples(), format_func=lambda item: item.label, key="sample"
        )
        file = sample.image()
        files = [(file, inputs.digest(file.content))]
    names = list(MODALITY_NAMES)
    modality = st.selectbox(
        "Microscope",
        names,
        index=names.index(sample.modality) if sample else 0,
        format_func=MODALITY_NAMES.get,
        key=f"modality {sample.key if sample else ''}",
        help="\n".join(f"- {MODALITY_NAMES[key]}: {MODALITIES[key]}" for key in names),
    )
    return Choice(files, sample, modality)


def digest_of(upload) -> str:
    """Digest of an upload, computed once: reruns come with every move of a slider."""
    known = st.session_state.setdefault("digests", {})
    if upload.file_id not in known:
        known[upload.file_id] = inputs.digest(upload.getvalue())
    return known[upload.file_id]


def choose_pixel_size(page: Page) -> tuple[float, float] | None:
    """The pixel size (down, across) in nm: the file's own, or what the user says."""
    own = page.inspection().pixel_size_nm
    # images whose files say nothing share one field: they mostly come from one microscope
    key = f"pixel size {page.digest}" if own else "pixel size"
    text = st.text_input(
        "Pixel size",
        value=inputs.pixel_size_text(own),
        placeholder="e.g. 6 nm, 0.006 µm, 6.6 × 7.8 nm",
        key=key,
        help="As the file says, where it does. Without one, lengths are in pixels.",
    )
    try:
        return inputs.parse_size_field(text)
    except InputError as error:
        show_error(error)
        return own


def choose_networks(limits: settings.Settings) -> tuple[Network, Network | None]:
    offered = remembered_models(limits.models)
    with st.expander("Model"):
        name = st.selectbox("Model", list(offered), key="model")
        others = [NO_OTHER, *(item for item in offered if item != name)]
        other = st.selectbox(
            "Compare with", others, key="other model", help="A second model, side by side."
        )
        enlargement = ENLARGEMENTS[
            st.selectbox(
                "Enlarge for the model",
                list(ENLARGEMENTS),
                key="enlargement",
                help="Models know particles of a certain width in pixels. Enlarge images whose "
                "particles are only a few pixels wide; make those smaller whose particles are "
                "wider than about 50.",
            )
        ]
    first = Network(name, offered[name], enlargement)
    second = None if other == NO_OTHER else Network(other, offered[other], enlargement)
    return first, second


@st.cache_data(ttl=30, show_spinner=False)
def remembered_models(runs: Path) -> dict[str, Path | None]:
    return catalogue.models(runs)


def choose_rules(size_nm: tuple[float, float] | None) -> dict:
    """Which results count as particles, as fields of `segmentation.Selection`."""
    st.subheader("Particles")
    threshold = st.slider(
        "Score threshold",
        0.05,
        1.0,
        THRESHOLD,
        0.01,
        key="threshold",
        help="How sure the model must be. The paper draws and counts instances from 0.7 on.",
    )
    per_pixel = None if size_nm is None else size_nm[0] * size_nm[1]
    area = features.FEATURES["area"]

    def text(pixels: int) -> str:
        if not pixels:
            return "any"
        return area.text(pixels * (per_pixel or 1), in_nm=per_pixel is not None)

    smallest = st.select_slider(
        "Smallest area", SMALLEST_AREAS_PX, format_func=text, key="smallest area"
    )
    nested = st.toggle(
        "Remove nested masks",
        value=True,
        key="nested",
        help="Leave out what lies within a particle of a better score, or is its double.",
    )
    border = st.toggle(
        "Leave out particles cut by the edge",
        key="border",
        help="Their lengths are too short; without them, long particles count too rarely.",
    )
    return {
        "threshold": threshold,
        "min_area_px": smallest,
        "remove_nested": nested,
        "exclude_border": border,
    }


def choose_outlines(sample: catalogue.Sample | None) -> MemoryFile | None:
    st.subheader("Known outlines")
    upload = st.file_uploader(
        "Compare with outlines",
        type=inputs.OUTLINE_TYPES,
        key="outlines",
        help="COCO, VGG or LabelMe JSON, Fiji ROIs (.roi, .zip) or a label image.",
    )
    if upload is not None:
        return MemoryFile(upload.name, upload.getvalue())
    if sample is not None and st.toggle(
        "Compare with the sample's true outlines", key=f"truth {sample.key}"
    ):
        return sample.outlines()
    return None


# -- main part -------------------------------------------------------------------------------------


def pages_of(choice: Choice, limits: settings.Settings) -> list[Page]:
    """Every page of every file; a file that cannot be read counts as one."""
    pages = []
    for file, digest in choice.files:
        first = Page(file, digest, 0, choice.modality, limits.largest_pixels)
        count = max(1, first.inspection().pages)
        pages += [replace(first, number=number) for number in range(count)]
    return pages


def title(page: Page) -> str:
    """Name of an image for people."""
    inspection = page.inspection()
    if inspection.error:
        return f"⚠ {page.file.name}"
    return f"{page.file.name}, page {page.number + 1}" if inspection.pages > 1 else page.file.name


def choose_page(pages: list[Page]) -> Page:
    if len(pages) == 1:
        return pages[0]
    number = st.selectbox(
        "Image",
        range(len(pages)),
        format_func=lambda number: title(pages[number]),
        key="page",
    )
    return pages[number]


def show_metrics(result: Segmentation) -> None:
    in_nm = result.pixel_size_nm is not None
    table = result.particles
    rles = [item["segmentation"] for item in result.selected]
    covered = union_of_masks(rles, *result.image.shape).mean()
    with st.container(key="metrics", gap="small"):
        st.metric("Particles", len(table), border=True)
        for name in ("length", "width"):
            item = features.FEATURES[name]
            centre = item.centre(table[item.column(in_nm)].to_numpy())
            st.metric(f"Median {item.label.lower()}", item.text(centre, in_nm), border=True)
        st.metric("Covered area", f"{100 * covered:.1f} %", border=True)


def show_overlay(
    figure: go.Figure, found: Found, key: str, other: Found | None = None, split: int | None = None
) -> None:
    """A figure over the image, as wide as there is room, in the image's proportions.

    other: what a second model found, shown at the right of it; its traces start at `split`.
    """
    height, width = found.result.image.shape
    names = f"{len(found.result.ids)} particles"
    if other is not None:
        width = 2 * width / (1 - charts.GUTTER)
        names += f" and {len(other.result.ids)} by another model"
    key = f"overlay {key}".replace(" ", "-")
    st.html(f"<style>.st-key-{key}-box {{ aspect-ratio: {width} / {height}; }}</style>")
    with st.container(key=f"{key}-box"):
        st.plotly_chart(
            figure,
            height="stretch",
            key=key,
            on_select=functools.partial(clicked, found, key, other, split),
            selection_mode="points",
            config=CHART_CONFIG,
            alt=f"{names} over the image {found.result.name}",
        )


def clicked(found: Found, key: str, other: Found | None, split: int | None) -> None:
    points = st.session_state[key]["selection"]["points"]
    if not points:
        for item in filter(None, (found, other)):
            item.pick(None)
        return
    right = other is not None and points[0]["curve_number"] >= split
    (other if right else found).pick(points[0]["customdata"][0])


def show_particle(found: Found) -> None:
    """Measures of the particle that was clicked, and what can be done with it by hand."""
    result, number = found.result, found.picked
    if number is None:
        st.caption(
            "Point at a particle to read its measures; click it to keep them here, and to remove "
            "it or keep it by hand."
        )
    else:
        inside = number in result.ids
        st.markdown(f"**Particle {number}**" + ("" if inside else " · :gray[left out]"))
        measures = features.describe(
            result.measures.set_index("id").loc[number], result.pixel_size_nm is not None
        )
        rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in measures.items())
        st.html(f"<dl class='measures'>{rows}</dl>")
        edits = found.edits
        key, label, icon, changed = (
            ("remove", "Remove", ":material/delete:", edits.removing(number))
            if inside
            else ("keep", "Keep", ":material/add_circle:", edits.keeping(number))
        )
        with st.container(horizontal=True):
            st.button(label, icon=icon, key=key, on_click=found.edit, args=(changed,))
            st.button("Done", key="done", on_click=found.pick, args=(None,))
    if found.edits:
        count = len(found.edits)
        st.button(
            f"Undo {count} change{'s' if count > 1 else ''} by hand",
            icon=":material/undo:",
            key="undo",
            on_click=found.edit,
            args=(Edits(),),
        )


def show_particles(found: Found) -> None:
    left, right = st.columns([0.64, 0.36], gap="medium")
    with right:
        show_metrics(found.result)
        everything = st.toggle(
            "Show what was left out",
            key="left out",
            help="Dotted: what the model proposes but the rules leave out. Click one to keep it.",
        )
        show_particle(found)
    result = found.result
    if not result.ids:
        with right:
            st.info(
                "No particle at these settings. Lower the score threshold, check the kind of "
                "microscope, or enlarge the image for the model (under Model).",
                icon=":material/search_off:",
            )
    candidates = set(found.edits.removed) | ({found.picked} - {None})
    if everything:
        candidates |= set(result.measures["id"][result.measures["area_px"] > 0])
    with left:
        figure = charts.particles_figure(
            found.view, result, picked=found.picked, candidates=sorted(candidates)
        )
        show_overlay(figure, found, "particles")


def show_agreement(found: Found, outlines: list[dict]) -> None:
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
        show_particle(found)
    with left:
        missed = view.rings_of_all([outlines[place] for place in comparison.missed])
        figure = charts.agreement_figure(
            found.view, found.result, comparison, missed, pixels=pixels, picked=found.picked
        )
        show_overlay(figure, found, "agreement")


def show_legend(comparison: agreement.Agreement, pixels: bool) -> None:
    """What the colours mean, with how many particles or pixels have them."""
    names = ("found (TP)", "invented (FP)", "missed (FN)", "doubtful, not counted")
    counts = comparison.pixel_counts if pixels else comparison.particle_counts
    rows = [
        (colour, f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"), name)
        for colour, count, name in zip(charts.PIXEL_COLOURS.values(), counts, names, strict=True)
        if count or "not counted" not in name
    ]
    items = "".join(
        f"<li><span style='background:{colour}'></span>{count} {name}</li>"
        for colour, count, name in rows
    )
    st.html(f"<ul class='legend'>{items}</ul>")


def show_models(found: Found, other: Found, networks: Sequence[Network]) -> None:
    figures = []
    for column, item, network in zip(
        st.columns(2, gap="small"), (found, other), networks, strict=True
    ):
        count = len(item.result.ids)
        column.markdown(
            f"**{inputs.plain(network.name)}** · {count} particle{'' if count == 1 else 's'}"
        )
        figures.append(charts.particles_figure(item.view, item.result, picked=item.picked))
    both = charts.side_by_side(*figures)
    show_overlay(both, found, "models", other, len(figures[0].data))


# -- below the image -------------------------------------------------------------------------------


def show_distributions(tables: dict[str, tuple[pd.DataFrame, str]], in_nm: bool) -> None:
    """Histograms with kernel densities; tables: particles and colour of each series by its name."""
    names = st.multiselect(
        "Measures",
        list(features.FEATURES),
        default=list(features.DISTRIBUTIONS),
        format_func=lambda name: features.FEATURES[name].label,
        key="measures",
        label_visibility="collapsed",
        placeholder="Choose measures",
    )
    columns = [column for _ in names[::2] for column in st.columns(2, gap="medium")]
    for column, name in zip(columns, names, strict=False):
        item = features.FEATURES[name]
        series = [
            charts.Series(label, table[item.column(in_nm)].dropna().to_numpy(dtype=float), colour)
            for label, (table, colour) in tables.items()
        ]
        with column:
            st.plotly_chart(
                charts.distribution_figure(item, series, in_nm),
                key=f"distribution {name}",
                config={"displayModeBar": False},
                alt=f"Histogram of the {item.label.lower()}",
            )


def show_table(found: Found) -> None:
    result = found.result
    in_nm = result.pixel_size_nm is not None
    st.dataframe(
        features.display_table(result.particles, in_nm),
        hide_index=True,
        key="table",
        on_select=functools.partial(row_chosen, found),
        selection_mode="single-row",
        column_config={"Score": st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption("Choose a row to mark its particle in the image.")
    st.dataframe(features.summarise(result.particles, in_nm))


def row_chosen(found: Found) -> None:
    rows = st.session_state["table"]["selection"]["rows"]
    found.pick(found.result.ids[rows[0]] if rows else None)


def show_downloads(found: Found, stem: str) -> None:
    result = found.result
    memory = remembered("files", 16)

    def files() -> dict[str, bytes]:  # made when they are asked for, not when they are offered
        return memory((found.key, result.pixel_size_nm, result.selection), result.as_files)

    st.download_button(
        "All files (zip)",
        lambda: downloads.archive({f"{stem}/{name}": data for name, data in files().items()}),
        file_name=f"{stem}.zip",
        mime="application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key="download zip",
    )
    with st.container(horizontal=True):
        for name, (label, hint) in FILE_LABELS.items():
            st.download_button(
                label,
                functools.partial(lambda name: files()[name], name),
                file_name=f"{stem}_{name}",
                mime=downloads.MEDIA_TYPES[Path(name).suffix],
                icon=":material/download:",
                on_click="ignore",
                key=f"download {name}",
                help=hint,
            )


def show_all_images(
    pages: list[Page], network: Network, size_nm: tuple[float, float] | None, rules: dict
) -> None:
    """Statistics over all images, each with its own pixel size, the same rules, its own edits."""
    results: dict[str, Segmentation] = {}
    stems = inputs.distinct_stems([title(page) for page in pages])
    bar = st.progress(0.0)
    for number, (stem, page) in enumerate(zip(stems, pages, strict=True)):
        bar.progress(
            number / len(pages), f"{inputs.plain(title(page))} ({number + 1} of {len(pages)})"
        )
        if page.inspection().error:
            show_error(page.inspection().error)
            continue
        own = page.inspection().pixel_size_nm
        results[stem] = find(page, network, own or size_nm).selected(rules).result
    bar.empty()
    if not results:
        return
    in_nm = all(result.pixel_size_nm is not None for result in results.values())
    table = downloads.pooled(results)
    rows = {
        stem: {
            "Particles": len(result.ids),
            **{
                f"Median {item.axis(in_nm)}": item.centre(result.particles[item.column(in_nm)])
                for item in (features.FEATURES[name] for name in ("length", "width"))
            },
        }
        for stem, result in results.items()
    }
    st.markdown(f"**{len(table)} particles in {len(results)} images**")
    if not in_nm and any(result.pixel_size_nm for result in results.values()):
        st.caption("In pixels, since the pixel size of some images is not known.")
    show_distributions({"All images": (table, charts.FIRST)}, in_nm)
    st.dataframe(pd.DataFrame.from_dict(rows, orient="index"))
    st.download_button(
        "All files of all images (zip)",
        lambda: downloads.archive(downloads.all_files(results)),
        file_name="synthwire.zip",
        mime="application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key="download all",
    )


# -- the page -------------------------------------------------------------------------------------


def lay_out(limits: settings.Settings) -> None:
    st.logo(str(APP / "wordmark.svg"), size="large")
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
    found = find(page, network, size_nm).selected(rules)
    other = find(page, second, size_nm).selected(rules) if second else None
    outlines = read_outlines(outline_file, page, found.result.image.shape)
    show_image_part(found, other, outlines, (network, second))
    show_lower_part(found, other, outlines, (network, second), pages, page, size_nm, rules)


def read_outlines(file: MemoryFile | None, page: Page, shape: tuple[int, int]) -> list[dict] | None:
    """Outlines of the image, or None where there are none; what is wrong with them is shown."""
    if file is None:
        return None
    key = (inputs.digest(file.content), file.name, page.file.name, shape)
    try:
        read = remembered("outlines", 16)(
            key, lambda: agreement.read_outlines_for(file, page.file.name, shape)
        )
    except InputError as error:
        show_error(error)
        return None
    if read.remarks:
        with st.expander(f"{len(read.remarks)} remarks on {inputs.plain(file.name)}"):
            st.text("\n".join(read.remarks))
    return read.annotations


def show_image_part(found, other, outlines, networks) -> None:
    result = found.result
    height, width = result.image.shape
    size = inputs.pixel_size_text(result.pixel_size_nm)
    facts = [
        inputs.plain(result.name),
        f"{width} × {height} px",
        f"{size} a pixel" if size else "no pixel size",
    ]
    if result.scale != 1:
        facts.append(f"shown to the model at {result.scale:.2g} × its size")
    st.caption(" · ".join(facts))
    offered = ["particles"] + ["outlines"] * (outlines is not None) + ["models"] * bool(other)
    shown = offered[-1]
    if len(offered) > 1:
        shown = st.segmented_control(
            "View",
            offered,
            default=offered[-1],
            format_func=VIEWS.get,
            required=True,
            key=f"view {' '.join(offered)}",
            label_visibility="collapsed",
        )
    if shown == "outlines":
        show_agreement(found, outlines)
    elif shown == "models":
        show_models(found, other, networks)
    else:
        show_particles(found)


def show_lower_part(found, other, outlines, networks, pages, page, size_nm, rules) -> None:
    parts = ["Distributions", "Table", "Downloads"] + ["All images"] * (len(pages) > 1)
    part = st.segmented_control(
        "Part",
        parts,
        default=parts[0],
        required=True,
        key="part",
        label_visibility="collapsed",
    )
    result = found.result
    if part == "Table":
        show_table(found)
    elif part == "Downloads":
        show_downloads(found, inputs.safe_stem(title(page)))
    elif part == "All images":
        show_all_images(pages, networks[0], size_nm, rules)
    else:
        tables = {networks[0].name: (result.particles, charts.FIRST)}
        if other:
            tables[networks[1].name] = (other.result.particles, charts.SECOND)
        if outlines is not None:
            measured = agreement.measure(outlines, result)
            tables["Outlines"] = (measured, charts.TRUTH)
        show_distributions(tables, result.pixel_size_nm is not None)


def main() -> None:
    st.set_page_config("SynthWire", page_icon=str(APP / "icon.svg"), layout="wide")
    try:
        lay_out(settings.from_environment(os.environ))
    except InputError as error:
        show_error(error)
    except Exception:  # a bug of ours: its traceback is for the log, not for the page
        LOG.exception("the page could not be made")
        st.error(
            "Something in SynthWire failed; what, stands in the app's log. Other images and "
            "settings still work.",
            icon=":material/bug_report:",
        )


main()
