"""Figures as the report embeds them: in sections, with captions and data."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthwire.io.files import read_json
from synthwire.study.captions import render_caption
from synthwire.study.headlines import image_set_label

EMBEDDED_DATA_LIMIT = 300_000  # bytes; longer tables are named, not embedded


@dataclass(frozen=True)
class Section:
    """Figures that belong together; their title, or the table (2, 3, 4) whose image set is it."""

    title: str
    figures: tuple[str, ...]
    table: int | None = None


SECTIONS = (
    Section("Images and synthesis", ("fig1", "fig2", "fig_gallery_shapes", "fig_gallery_presets")),
    Section("Synthetic validation images", ("fig3", "fig12")),
    Section("", ("fig4", "fig5"), table=2),
    Section("", ("fig6", "fig7"), table=3),
    Section("", ("fig8", "fig9"), table=4),
    Section("Highly attached wires", ("fig_attached", "fig_attached_statistics")),
    Section("Quality of the instances", ("fig_instance_quality", "fig_comparison")),
    Section("Looking into the models", ("fig_diagnosis", "fig_feature_maps")),
    Section("Hyperparameters and training", ("fig_hyperparameters", "fig_training")),
    Section(
        "Supplement",
        (
            *(f"fig_note{number}" for number in range(1, 9)),
            "fig_ablations",
            "fig_peers",
            "fig_calibration",
        ),
    ),
)

# Figures of one kind share a caption; any other has one of its own name.
SHARED_CAPTIONS = {
    **dict.fromkeys(("fig4", "fig6", "fig8", "fig_attached"), "prediction"),
    **dict.fromkeys(("fig_gallery_shapes", "fig_gallery_presets"), "gallery"),
    **dict.fromkeys(("fig_note1", "fig_note8"), "kinds"),
    **dict.fromkeys(("fig_note3", "fig_note4", "fig_ablations"), "comparison"),
    **dict.fromkeys(("fig5", "fig7", "fig9", "fig_attached_statistics"), "particle_statistics"),
}


def collect_sections(folder: Path, config: Mapping, captions: Path) -> list[dict[str, Any]]:
    """Title and figures of each section of the report that has any.

    folder: the run's figures. config: the resolved configuration. captions: the folder with the
    caption templates.
    """
    sections = []
    for section in SECTIONS:
        figures = [_figure(folder / stem, config, captions) for stem in section.figures]
        figures = [figure for figure in figures if figure is not None]
        if figures:
            title = section.title
            if section.table is not None:
                title = image_set_label(config, section.table)
            sections.append({"title": title, "figures": figures})
    return sections


def _figure(stem: Path, config: Mapping, captions: Path) -> dict[str, Any] | None:
    picture = embed_picture(stem)
    if picture is None:
        return None
    facts_path = stem.with_name(stem.name + ".json")
    facts = read_json(facts_path) if facts_path.exists() else {}
    data = stem.with_name(stem.name + ".csv")
    small = data.exists() and data.stat().st_size <= EMBEDDED_DATA_LIMIT
    caption = captions / f"{SHARED_CAPTIONS.get(stem.name, stem.name)}.rst"
    return {
        "id": stem.name,
        "name": figure_name(stem.name),
        "picture": picture,
        "caption": render_caption(caption, config, facts) if caption.exists() else "",
        "text": _plain_text(caption, config, facts),
        "data": data_uri(data, "text/csv") if small else None,
        "data_name": data.name if data.exists() else None,
    }


def _plain_text(caption: Path, config: Mapping, facts: Mapping) -> str:
    """The caption's first sentence without markup: the picture's alternative text."""
    if not caption.exists():
        return ""
    text = re.sub(r"<[^>]+>", "", str(render_caption(caption, config, facts)))
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def figure_name(stem: str) -> str:
    """What people call a figure: "Figure 4" for fig4, "Figure: training" for fig_training."""
    if match := re.fullmatch(r"fig(\d+)", stem):
        return f"Figure {match[1]}"
    return "Figure: " + stem.removeprefix("fig_").replace("_", " ")


def embed_picture(stem: Path) -> str | None:
    """The figure as a data: URI: the SVG when it is all lines, the PNG when it holds pixels."""
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    if svg.exists() and b"<image" not in svg.read_bytes():
        return data_uri(svg, "image/svg+xml")
    if png.exists():
        return data_uri(png, "image/png")
    return None


def data_uri(path: Path, media_type: str) -> str:
    """A file's bytes as a data: URI."""
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
