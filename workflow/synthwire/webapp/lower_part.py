"""Below the image: distributions, tables, files, and all images together."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pandas as pd
import streamlit as st

from synthwire.segmentation.result import Segmentation
from synthwire.webapp import agreement, downloads, features, inputs
from synthwire.webapp.distribution_charts import (
    FIRST,
    SECOND,
    TRUTH,
    Series,
    distribution_figure,
)
from synthwire.webapp.findings import (
    CancelledError,
    Findings,
    Network,
    Page,
    StoredPage,
    find,
    memory_of,
)
from synthwire.webapp.messages import show_error
from synthwire.webapp.sidebar import size_of

FILE_LABELS = {
    "overlay.png": ("Overlay", "The image with its particles outlined and numbered (PNG)"),
    "particles.csv": ("Table", "One row a particle, in pixels and nm (CSV)"),
    "coco.json": ("COCO", "The particles: masks, boxes, what was done by hand (JSON)"),
    "proposals.json": ("Proposals", "All results with scores from 0.05 on, as COCO (JSON)"),
    "image.png": ("Image", "As the model saw it (PNG)"),
    "labels.tif": ("Labels", "Pixels numbered by particle; overlaps on several pages (TIFF)"),
    "rois.zip": ("Fiji ROIs", "Outlines for Fiji and ImageJ (zip)"),
    "centrelines.csv": ("Centre-lines", "One row a point along each wire, with its widths (CSV)"),
    "centrelines.zip": ("Fiji lines", "Centre-lines for Fiji, as wide as the wires (zip)"),
    "intervals.csv": ("Intervals", "Means, medians, densities with their 95 % intervals (CSV)"),
}


def show_lower_part(
    found: Findings,
    other: Findings | None,
    outlines: list[dict] | None,
    networks: tuple[Network, Network | None],
    pages: list[Page | StoredPage],
    page: Page | StoredPage,
    rules: dict,
) -> None:
    """The part that the user chooses: distributions, the table, downloads, or all images."""
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
        show_downloads(found, inputs.safe_stem(page.title))
    elif part == "All images":
        show_all_images(pages, networks[0], rules)
    else:
        tables = {networks[0].name: (result.particles, FIRST)}
        if other and networks[1]:
            tables[networks[1].name] = (other.result.particles, SECOND)
        if outlines is not None:
            measured = agreement.measure(outlines, result)
            tables["Outlines"] = (measured, TRUTH)
        show_distributions(tables, result.pixel_size_nm is not None)


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
            Series(label, table[item.column(in_nm)].dropna().to_numpy(dtype=float), colour)
            for label, (table, colour) in tables.items()
        ]
        with column:
            st.plotly_chart(
                distribution_figure(item, series, in_nm),
                key=f"distribution {name}",
                config={"displayModeBar": False},
                alt=f"Histogram of the {item.label.lower()}",
            )


def show_table(found: Findings) -> None:
    result = found.result
    in_nm = result.pixel_size_nm is not None
    st.dataframe(
        features.display_table(result.particles, in_nm),
        hide_index=True,
        key="table",
        on_select=functools.partial(pick_row, found),
        selection_mode="single-row",
        column_config={"Score": st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption("Choose a row to mark its particle in the image.")
    st.dataframe(features.summarise(result.particles, in_nm))


def pick_row(found: Findings) -> None:
    rows = st.session_state["table"]["selection"]["rows"]
    found.pick(found.result.ids[rows[0]] if rows else None)


def show_downloads(found: Findings, stem: str) -> None:
    result = found.result
    memory = memory_of("files", 16)

    def files() -> dict[str, bytes]:  # made when they are asked for, not when they are offered
        by_hand = json.dumps(result.info.get("correction"))
        key = (found.key, result.pixel_size_nm, result.selection, by_hand)
        return memory(key, result.as_files)

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


def show_all_images(pages: list[Page | StoredPage], network: Network, rules: dict) -> None:
    """Statistics over all images, each with its own pixel size, the same rules, its own edits."""
    results: dict[str, Segmentation] = {}
    stems = inputs.distinct_stems([page.title for page in pages])
    bar, place = st.progress(0.0), st.empty()
    for number, (stem, page) in enumerate(zip(stems, pages, strict=True)):
        bar.progress(
            number / len(pages), f"{inputs.plain(page.title)} ({number + 1} of {len(pages)})"
        )
        error = page.inspection().error
        if error:
            show_error(error)
            continue
        try:
            found = find(page, network, size_of(page), place)
        except CancelledError:
            continue
        results[stem] = found.select(rules).result
    bar.empty()
    place.empty()
    if not results:
        return
    in_nm = all(result.pixel_size_nm is not None for result in results.values())
    table = downloads.pool_particles(results)
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
    show_distributions({"All images": (table, FIRST)}, in_nm)
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
