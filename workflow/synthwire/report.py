"""report.html: the whole study in one file that opens without a network.

The page is made of stored results only: tables (csv, md), figures (svg, png, json), Snakemake's
benchmark files, the configuration and the rule graph. Everything is embedded.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml
from docutils.core import publish_parts
from markupsafe import Markup, escape

from synthwire.errors import InputError
from synthwire.files import json_ready, read_json

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


# -- captions --------------------------------------------------------------------------------


def render_caption(
    template: Path, config: Mapping, facts: Mapping | None = None, output: Sequence[str] = ()
) -> Markup:
    """A caption as HTML: the template sees `snakemake.config` and `snakemake.params["facts"]`.

    facts: the values that the caption states.
    InputError when the template is missing or asks for what is not there.
    """
    try:
        text = template.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{template}: no such caption") from None
    snakemake = SimpleNamespace(
        config=config,
        params={"facts": dict(facts or {})},
        output=list(output),
        input=[],
        wildcards=SimpleNamespace(),
    )
    try:
        restructured = (
            jinja2.Environment(autoescape=False).from_string(text).render(snakemake=snakemake)
        )
    except (jinja2.TemplateError, TypeError, KeyError) as error:
        raise InputError(f"{template}: cannot be filled in: {error}") from error
    return restructured_html(restructured)


def restructured_html(text: str) -> Markup:
    """reStructuredText as an HTML fragment; no files are read and no raw HTML passes."""
    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "initial_header_level": 3,
        "smart_quotes": False,
    }
    parts = publish_parts(text, writer="html5", settings_overrides=settings)
    return Markup(parts["body"])


# -- tables ----------------------------------------------------------------------------------


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


# -- figures ---------------------------------------------------------------------------------


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


# -- run times -------------------------------------------------------------------------------


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Snakemake's benchmark files under `folder`, one row a job.

    The rule is the first part of a file's path below the folder (`{rule}.tsv` or
    `{rule}/{wildcards}.tsv`). Columns: rule, job, seconds, max_rss_mb (NaN where not measured).
    """
    rows = []
    for path in sorted(Path(folder).glob("**/*.tsv")):
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        if "s" not in table:
            raise InputError(f"{path}: column 's' is missing; is this a benchmark of Snakemake?")
        part = path.relative_to(folder).with_suffix("")
        memory = pd.to_numeric(table.get("max_rss", pd.Series(dtype=float)), errors="coerce")
        rows.append(
            {
                "rule": part.parts[0],
                "job": "/".join(part.parts[1:]),
                "seconds": float(pd.to_numeric(table["s"], errors="coerce").mean()),
                "max_rss_mb": float(memory.max()) if memory.notna().any() else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["rule", "job", "seconds", "max_rss_mb"])


def summarise_benchmarks(jobs: pd.DataFrame, order: Sequence[str] = ()) -> pd.DataFrame:
    """One row a rule: jobs, total, median and longest time in s, greatest memory in MB."""
    table = (
        jobs.groupby("rule", sort=False)
        .agg(
            jobs=("seconds", "size"),
            total_s=("seconds", "sum"),
            median_s=("seconds", "median"),
            longest_s=("seconds", "max"),
            max_rss_mb=("max_rss_mb", "max"),
        )
        .reset_index()
    )
    place = {rule: index for index, rule in enumerate(order)}
    return table.sort_values(
        "rule", key=lambda rules: rules.map(lambda rule: place.get(rule, len(place))), kind="stable"
    ).reset_index(drop=True)


def duration(seconds: float) -> str:
    """A time for people: 0.4 s, 12 s, 3 min 05 s, 2 h 04 min."""
    if not np.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


# -- rule graph ------------------------------------------------------------------------------


def parse_dot(text: str) -> list[tuple[str, str]]:
    """Edges (from rule, to rule) of what `snakemake --rulegraph` prints."""
    names = dict(re.findall(r"^\s*(\w+)\s*\[.*?label\s*=\s*\"(.*?)\"", text, flags=re.MULTILINE))
    edges = re.findall(r"^\s*(\w+)\s*->\s*(\w+)", text, flags=re.MULTILINE)
    return [
        tuple(names.get(end, end).split("\\n")[0] for end in edge)  # type: ignore[misc]
        for edge in edges
    ]


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest path from a source to each node; InputError when the graph has a cycle."""
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end in edges:
        before[end].append(start)
    layer: dict[str, int] = {}
    waiting = list(nodes)
    while waiting:
        ready = [node for node in waiting if all(other in layer for other in before[node])]
        if not ready:
            raise InputError(f"the rule graph has a cycle through {', '.join(sorted(waiting))}")
        for node in ready:
            layer[node] = max((layer[other] + 1 for other in before[node]), default=0)
        waiting = [node for node in waiting if node not in layer]
    return layer


def draw_rule_graph(edges: Iterable[tuple[str, str]]) -> Markup:
    """A directed graph as inline SVG, in the page's own colours and font.

    Layered from the top: a rule stands below all that it reads from. Rules with the same
    neighbours share a box. Edges over several layers pass between the boxes; each layer is ordered
    by the mean place of its neighbours. InputError when the graph has a cycle.
    """
    edges = sorted({(str(a), str(b)) for a, b in edges if a != b})
    if not edges:
        return Markup("")
    _layers(sorted({node for edge in edges for node in edge}), edges)  # refuses cycles
    edges = _merge_twins(_reduce(edges))
    nodes = sorted({node for edge in edges for node in edge})
    layer = _layers(nodes, edges)

    # Long edges get an invisible stop on each layer that they cross.
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for node in nodes:
        rows[layer[node]].append(node)
    chains, links = [], []
    for start, end in edges:
        chain = [start]
        for level in range(layer[start] + 1, layer[end]):
            stop = f"\0{start}\0{end}\0{level}"
            rows[level].append(stop)
            chain.append(stop)
        chain.append(end)
        chains.append(chain)
        links += list(itertools.pairwise(chain))
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for start, end in links:
        above.setdefault(end, []).append(start)
        below.setdefault(start, []).append(end)
    for sweep in range(12):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            place = {
                node: index / max(len(line) - 1, 1) if len(line) > 1 else 0.5
                for line in rows
                for index, node in enumerate(line)
            }
            row.sort(
                key=lambda node: (
                    np.mean([place[other] for other in neighbours[node]])
                    if node in neighbours
                    else place[node]
                )
            )
    return _graph_svg(rows, chains)


def _reduce(edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without the edges that a longer path says already (transitive reduction)."""
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)

    def reachable(start: str, end: str) -> bool:
        stack, seen = [other for other in after.get(start, ()) if other != end], set()
        while stack:
            node = stack.pop()
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                stack.extend(after.get(node, ()))
        return False

    return [edge for edge in edges if not reachable(*edge)]


def _merge_twins(edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Nodes with the same predecessors and the same successors become one, its names in lines."""
    before: dict[str, set[str]] = {}
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)
        before.setdefault(end, set()).add(start)
    groups: dict[tuple, list[str]] = {}
    for node in sorted(before.keys() | after.keys(), key=_natural):
        key = (frozenset(before.get(node, ())), frozenset(after.get(node, ())))
        groups.setdefault(key, []).append(node)
    name = {node: "\n".join(group) for group in groups.values() for node in group}
    return sorted({(name[start], name[end]) for start, end in edges})


def _natural(name: str) -> list:
    """Sorting key with which figure 9 comes before figure 12."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _graph_svg(rows: Sequence[Sequence[str]], chains: Sequence[Sequence[str]]) -> Markup:
    line, padding, gap, between = 15.0, 13.0, 18.0, 32.0

    def is_stop(node: str) -> bool:
        return node.startswith("\0")

    def width_of(node: str) -> float:
        return 14.0 if is_stop(node) else 24 + 7.1 * max(map(len, node.split("\n")))

    def height_of(node: str) -> float:
        return 0.0 if is_stop(node) else padding + line * len(node.split("\n"))

    widths = [sum(map(width_of, row)) + gap * (len(row) - 1) for row in rows]
    total = max(widths) + 20
    heights = [max(map(height_of, row)) for row in rows]
    top = 10.0
    box: dict[str, tuple[float, float, float, float]] = {}  # centre x, top y, bottom y, width
    for row, width, height in zip(rows, widths, heights, strict=True):
        x = (total - width) / 2
        for node in row:
            own = height if is_stop(node) else height_of(node)
            box[node] = (
                x + width_of(node) / 2,
                top + (height - own) / 2,
                top + (height + own) / 2,
                width_of(node),
            )
            x += width_of(node) + gap
        top += height + between
    parts = []
    for chain in chains:
        x, _, y, _ = box[chain[0]]
        path = f"M{x:.1f},{y:.1f}"
        for node in chain[1:]:
            x1, y1, y2, _ = box[node]
            end = y1 if is_stop(node) else y1 - 5  # room for the arrow's head
            bend = (y + end) / 2
            path += f" C{x:.1f},{bend:.1f} {x1:.1f},{bend:.1f} {x1:.1f},{end:.1f}"
            if is_stop(node):
                path += f" V{y2:.1f}"
            x, y = x1, y2
        parts.append(f'<path class="edge" d="{path}" marker-end="url(#arrow)"/>')
    for node, (x, y, bottom, width) in box.items():
        if is_stop(node):
            continue
        names = "".join(
            f'<text x="{x:.1f}" y="{y + 17.5 + line * number:.1f}">{escape(name)}</text>'
            for number, name in enumerate(node.split("\n"))
        )
        parts.append(
            f'<g class="node"><rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{bottom - y:.1f}" rx="6"/>{names}</g>'
        )
    height = top - between + 10
    return Markup(
        f'<svg class="graph" viewBox="0 0 {total:.0f} {height:.0f}" width="{total:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="Rule graph">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="6" '
        'markerHeight="6" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


# -- the page --------------------------------------------------------------------------------


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
    times = summarise_benchmarks(jobs, _rule_order(edges))
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


def _rule_order(edges: Sequence[tuple[str, str]]) -> list[str]:
    nodes = sorted({node for edge in edges for node in edge})
    layer = _layers(nodes, list(edges)) if edges else {}
    return sorted(nodes, key=lambda node: (layer[node], node))


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
