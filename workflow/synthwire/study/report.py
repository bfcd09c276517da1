"""report.html: the whole study in one file that opens without a network.

The page is made of stored results only: tables (csv, md), figures (svg, png, json), Snakemake's
benchmark files, the configuration and the rule graph. Everything is embedded.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml
from markupsafe import Markup, escape

from synthwire.errors import InputError
from synthwire.io.files import json_ready, read_json
from synthwire.study.captions import render_caption
from synthwire.study.rule_graph import draw_rule_graph, parse_dot, rule_order
from synthwire.study.run_times import duration, read_benchmarks, summarise_benchmarks

PAPER = (
    "Lin et al., A deep learned nanowire segmentation model using synthetic data augmentation, "
    "npj Computational Materials 8, 88 (2022)"
)
PAPER_DOI = "10.1038/s41524-022-00767-x"
EMBEDDED_DATA_LIMIT = 300_000  # bytes; longer tables are named, not embedded

TABLES = (
    "verdict",
    "table1",
    "table2",
    "table3",
    "table4",
    "supplementary_table1",
    "published_numbers",
)

SUPPLEMENT = TABLES[-2:]
STATUSES = ("holds", "fails", "undecided", "not tested")  # of a claim, in verdict.md


@dataclass(frozen=True)
class Section:
    """Figures that belong together; `table` (2, 3 or 4) names the image set that they show."""

    title: str
    figures: tuple[str, ...]
    table: int | None = None


SECTIONS = (
    Section("Images and synthesis", ("fig1", "fig2", "fig_gallery_shapes", "fig_gallery_presets")),
    Section("Synthetic validation images", ("fig3", "fig12")),
    Section("{label}", ("fig4", "fig5"), table=2),
    Section("{label}", ("fig6", "fig7"), table=3),
    Section("{label}", ("fig8", "fig9"), table=4),
    Section("Highly attached wires", ("fig_attached", "fig_attached_statistics")),
    Section("Quality of the instances", ("fig_instance_quality", "fig_comparison")),
    Section("Looking into the models", ("fig_diagnosis", "fig_feature_maps")),
    Section("Hyperparameters and training", ("fig_hyperparameters", "fig_training")),
)

# Figures of one kind share a caption; any other has one of its own name.
SHARED_CAPTIONS = {
    **dict.fromkeys(("fig4", "fig6", "fig8", "fig_attached"), "prediction"),
    **dict.fromkeys(("fig_gallery_shapes", "fig_gallery_presets"), "gallery"),
    **dict.fromkeys(("fig5", "fig7", "fig9", "fig_attached_statistics"), "particle_statistics"),
}


def figure_name(stem: str) -> str:
    """What people call a figure: "Figure 4" for fig4, "Figure: training" for fig_training."""
    if match := re.fullmatch(r"fig(\d+)", stem):
        return f"Figure {match[1]}"
    return "Figure: " + stem.removeprefix("fig_").replace("_", " ")


def table_name(stem: str) -> str:
    """What people call a table: "Table 1", "Supplementary Table 1"."""
    words = re.sub(r"(\d+)$", r" \1", stem.replace("_", " "))
    return words.title() if re.search(r"\d", words) else words.capitalize()


@dataclass
class ReportTable:
    """A table as it stands in its Markdown file."""

    name: str
    columns: list[str]
    rows: list[list[str]]
    caption: str = ""
    notes: list[str] = field(default_factory=list)


def read_markdown_table(path: Path) -> ReportTable:
    """The table of a .md file: text before it is the caption, text after it the footnotes."""
    before, table, after = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif line.strip():
            (after if table else before).append(line.strip())
    if len(table) < 2:
        raise InputError(f"{path}: no Markdown table (header, rule and rows) stands in it")
    return ReportTable(
        name=path.stem,
        columns=table[0],
        rows=table[2:],
        caption=" ".join(before),
        notes=after,
    )


def inline_html(text: str) -> Markup:
    """Bold, superscript and links of one Markdown cell or sentence; everything else is text."""
    html = str(escape(text.replace("\\|", "|")))
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"&lt;(/?)(sup|sub)&gt;", r"<\1\2>", html)
    html = html.replace("]/[", "]/<br>[")  # pairs of intervals would make a table twice as wide
    return Markup(html)


def is_number(text: str) -> bool:
    """Whether a cell is set flush right: a number, a pair of them, with or without an interval."""
    text = re.sub(r"<sup>.*?</sup>|\*\*", "", text)
    return bool(re.fullmatch(r"[-−+\[]?(\d|NaN)[-−–+\d.,/eE%\[\] NaN]*|", text))


def data_uri(path: Path, media_type: str) -> str:
    """A file's bytes as a data: URI."""
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def embedded_picture(stem: Path) -> str | None:
    """The figure as a data: URI: the SVG when it is all lines, the PNG when it holds pixels."""
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    if svg.exists() and b"<image" not in svg.read_bytes():
        return data_uri(svg, "image/svg+xml")
    if png.exists():
        return data_uri(png, "image/png")
    return None


def _figure(stem: Path, config: Mapping, captions: Path) -> dict[str, Any] | None:
    picture = embedded_picture(stem)
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


def build_report(
    results: Path,
    config: Mapping,
    *,
    captions: Path,
    rule_graph: str | Iterable[tuple[str, str]] = (),
    provenance: Mapping[str, Any] | None = None,
) -> str:
    """The report of one run as one self-contained HTML page.

    results: results/{name}; its tables, figures and benchmarks that exist are shown.
    config: the resolved configuration (name, seed, image_sets, tables, …).
    captions: the folder with report.html.j2 and the caption templates.
    rule_graph: edges (from, to), or the DOT text of `snakemake --rulegraph`.
    provenance: further facts for the section on provenance (versions, commit, platform, …).
    InputError when there is nothing to report.
    """
    results, captions = Path(results), Path(captions)
    config = json_ready(dict(config))
    tables = []
    for name in TABLES:
        path = results / "tables" / f"{name}.md"
        if path.exists():
            table = read_markdown_table(path)
            tables.append({"id": name, "name": table_name(name), "table": table})
    sections = []
    for section in SECTIONS:
        figures = [
            _figure(results / "figures" / stem, config, captions) for stem in section.figures
        ]
        figures = [figure for figure in figures if figure is not None]
        if figures:
            title = section.title
            if section.table is not None:
                title = _label(config, section.table)
            sections.append({"title": title, "figures": figures})
    if not tables and not sections:
        raise InputError(f"{results}: no tables and no figures; there is nothing to report")

    jobs = read_benchmarks(results / "benchmarks")
    edges = parse_dot(rule_graph) if isinstance(rule_graph, str) else list(rule_graph)
    times = summarise_benchmarks(jobs, rule_order(edges))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(captions),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["inline"] = inline_html
    environment.filters["duration"] = duration
    environment.tests["numeric"] = is_number
    return environment.get_template("report.html.j2").render(
        name=config.get("name", results.name),
        config=config,
        config_text=yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=88),
        image_sets=[
            {"key": key, **entry} for key, entry in (config.get("image_sets") or {}).items()
        ],
        headlines=headlines(results, config),
        verdict=[table for table in tables if table["id"] == "verdict"],
        tables=[table for table in tables if re.fullmatch(r"table\d", table["id"])],
        supplement=[table for table in tables if table["id"] in SUPPLEMENT],
        statuses=STATUSES,
        sections=sections,
        times=times.to_dict("records"),
        longest=float(times["total_s"].max()) if len(times) else 0.0,
        total_time=float(times["total_s"].sum()),
        graph=draw_rule_graph(edges),
        provenance=json_ready(dict(provenance or {})),
        paper=PAPER,
        paper_doi=PAPER_DOI,
    )


def _label(config: Mapping, table: int) -> str:
    key = (config.get("tables") or {}).get(f"table{table}")
    entry = (config.get("image_sets") or {}).get(key) or {}
    return entry.get("label") or str(key or f"Table {table}")


def headlines(results: Path, config: Mapping) -> list[dict[str, Any]]:
    """The best model of each shown image set by mask AP, the paper's best beside it, and the model
    that the synthetic validation images alone would choose.

    From tables/table{1…4}.csv; empty where they are missing.
    """
    rows = []
    for number in (1, 2, 3, 4):
        path = Path(results) / "tables" / f"table{number}.csv"
        if not path.exists():
            continue
        table = pd.read_csv(path, dtype={"model": str})
        table = table[table["ap_segm"].notna()]
        if "epochs" in table:  # the shared base model is no row of the study
            table = table[table["epochs"].notna()]
        if table.empty:
            continue
        best = table.loc[table["ap_segm"].idxmax()]
        chosen = table[table.get("selection", pd.Series("", index=table.index)) == "validation"]
        rows.append(
            {
                "table": number,
                "label": "Synthetic validation" if number == 1 else _label(config, number),
                "model": best["model"],
                "ap_segm": float(best["ap_segm"]),
                "interval": _numbers(best, "ap_segm_low", "ap_segm_high"),
                "ap_bbox": float(best["ap_bbox"]),
                "accuracy": (_numbers(best, "accuracy") or [None])[0],
                "chosen": chosen["model"].iloc[0] if len(chosen) else None,
                "chosen_ap_segm": float(chosen["ap_segm"].iloc[0]) if len(chosen) else None,
                "paper_ap_segm": _greatest(table, "paper_ap_segm"),
            }
        )
    return rows


def _numbers(row: pd.Series, *columns: str) -> list[float] | None:
    """The values of a row in some columns; None unless all are there."""
    values = [row.get(column, np.nan) for column in columns]
    return None if any(pd.isna(value) for value in values) else [float(value) for value in values]


def _greatest(table: pd.DataFrame, column: str) -> float | None:
    known = table[column].dropna() if column in table else []
    return float(max(known)) if len(known) else None
