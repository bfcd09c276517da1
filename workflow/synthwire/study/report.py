"""report.html: the whole study in one file that opens without a network.

The page is made of stored results only: tables (csv, json), figures (svg, png, json), Snakemake's
benchmark files, the configuration and the rule graph. Everything is embedded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup, escape

from synthwire.errors import InputError
from synthwire.io.files import json_ready
from synthwire.study.claims import STATUSES
from synthwire.study.headlines import headlines
from synthwire.study.report_figures import collect_sections
from synthwire.study.rule_graph import draw_rule_graph, parse_dot, rule_order
from synthwire.study.run_times import duration, read_benchmarks, summarise_benchmarks
from synthwire.study.table_files import read_table

PAPER = (
    "Lin et al., A deep learned nanowire segmentation model using synthetic data augmentation, "
    "npj Computational Materials 8, 88 (2022)"
)
PAPER_DOI = "10.1038/s41524-022-00767-x"


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
NOTES = (
    *(f"note{number}" for number in range(1, 9)),
    "ablations",
    "peers",
    "peers_elsewhere",
    "calibration",
)


def table_name(stem: str) -> str:
    """What people call a table: "Table 1", "Supplementary Table 1"."""
    words = re.sub(r"(\d+)$", r" \1", stem.replace("_", " "))
    return words.title() if re.search(r"\d", words) else words.capitalize()


def inline_html(text: str) -> Markup:
    """**Bold** and ^superscript^ of a cell or sentence; everything else is text."""
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)))
    html = re.sub(r"\^([^^]+)\^", r"<sup>\1</sup>", html)
    html = html.replace("]/[", "]/<br>[")  # pairs of intervals would make a table twice as wide
    return Markup(html)


def is_number(text: str) -> bool:
    """Whether a cell is set flush right: a number, a pair of them, with or without an interval."""
    text = re.sub(r"\^.*?\^|\*\*", "", text)
    return bool(re.fullmatch(r"[-−+\[]?[\d–][-−–+\d.,/eE%\[\] ]*|", text))


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
    tables = {
        name: read_table(results / "tables" / name)
        for name in (*TABLES, *NOTES)
        if (results / "tables" / f"{name}.json").exists()
    }
    sections = collect_sections(results / "figures", config, captions)
    if not tables and not sections:
        raise InputError(f"{results}: no tables and no figures; there is nothing to report")

    jobs = read_benchmarks(results / "benchmarks")
    edges = parse_dot(rule_graph) if isinstance(rule_graph, str) else list(rule_graph)
    times = summarise_benchmarks(jobs, rule_order(edges))
    items: list[dict[str, Any]] = [
        {"id": name, "name": table_name(name), "table": table} for name, table in tables.items()
    ]
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
        name=config["name"],
        config=config,
        config_text=yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=88),
        image_sets=[{"key": key, **entry} for key, entry in config["image_sets"].items()],
        headlines=headlines({name: table.frame for name, table in tables.items()}, config),
        verdict=[item for item in items if item["id"] == "verdict"],
        tables=[item for item in items if re.fullmatch(r"table\d", item["id"])],
        notes=[item for item in items if item["id"] in NOTES],
        supplement=[item for item in items if item["id"] in SUPPLEMENT],
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
