"""Keep a finished run of `make study` as the project's record: python docs/make_record.py RUN

Copies tables, figures and settings of the run (results/study) to docs/reproduction, and writes the
page and the README's table from these copies. Figures with pixels of the published images stay
behind, since these images are no part of the repository. Without RUN the page and the README's
table are written anew from what is there.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml
from PIL import Image
from snakemake.utils import update_config

from synthwire.config import checks
from synthwire.io.checksums import sums_of, write_sums
from synthwire.io.files import read_json, write_json, write_text
from synthwire.runtime.records import FOLDER, SETTINGS, verify
from synthwire.study.captions import render_caption
from synthwire.study.report import SUPPLEMENT, TABLES
from synthwire.study.report_figures import SHARED_CAPTIONS, figure_name
from synthwire.study.run_times import duration, read_benchmarks, summarise_benchmarks
from synthwire.study.table_files import read_table, to_markdown

ROOT = Path(__file__).parents[1]
CONFIGS = [ROOT / "config" / name for name in ("laptop.yaml", "seeds.yaml")]
RECORD = ROOT / "docs" / "reproduction"
TEMPLATE = ROOT / "docs" / "reproduction.md.jinja"
CAPTIONS = ROOT / "workflow" / "report"
FACTS = "record.json"
PAGE = "index.md"
# In the page's order.
FIGURES = (
    *("fig2", "fig3", "fig5", "fig7", "fig9", "fig12", "fig_attached", "fig_attached_statistics"),
    *("fig_hyperparameters", "fig_training", "fig_instance_quality"),
)
# Table → its images, and what the README calls them.
SETS = {
    1: ("synthetic", "synthetic validation, 250"),
    2: ("ptychography", "ptychography"),
    3: ("stxm", "STXM"),
    4: ("sem", "SEM"),
}
WIDTH_PX = 1600  # of a figure, at most
MARKS = "<!-- record -->", "<!-- end of record -->"  # about the README's table


def collect(run: Path, record: Path = RECORD) -> None:
    """Copy what is kept of a run. Stops where a result of the run is not as it was written."""
    found = verify(run)
    if found.missing or found.changed:
        sys.exit(f"{run}: {', '.join([*found.missing, *found.changed])}: not as written")
    shutil.rmtree(record, ignore_errors=True)
    for folder in ("tables", "figures"):
        (record / folder).mkdir(parents=True)
    for table in TABLES:
        for kind in ("csv", "json"):
            shutil.copyfile(
                run / "tables" / f"{table}.{kind}", record / "tables" / f"{table}.{kind}"
            )
    for figure in FIGURES:
        shutil.copyfile(run / "figures" / f"{figure}.json", record / "figures" / f"{figure}.json")
        picture = Image.open(run / "figures" / f"{figure}.png").convert("RGB")
        picture.thumbnail((WIDTH_PX, picture.height), Image.Resampling.LANCZOS)
        picture.save(record / "figures" / f"{figure}.webp", quality=85, method=6)
    shutil.copyfile(run / SETTINGS, record / SETTINGS)
    write_json(record / FACTS, _facts(run), indent=1)


def _facts(run: Path) -> dict[str, Any]:
    """When, by what and how long the run was computed."""
    trained = [read_json(path) for path in sorted(run.glob("models/*/provenance.json"))]
    times = summarise_benchmarks(read_benchmarks(run / "benchmarks"))
    shown = times[["rule", "jobs", "total_s"]].round(0).to_dict("records")
    return {
        "started": min(model["started"] for model in trained)[:10],
        "commits": sorted({model["git_commit"] for model in trained}),
        "versions": trained[0]["versions"],
        "processor": _processor(),
        "platform": platform.platform(),
        "job_seconds": float(times["total_s"].sum()),
        "times": shown,
        "data_sets": {model["dataset"]: model["identity"]["dataset_sha256"] for model in trained},
        "iterations": {
            model["model"]: model["identity"]["plan"]["iterations"] for model in trained
        },
    }


def _processor() -> str:
    """The processor's name and whether it multiplies 16-bit numbers by itself."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    half = "with" if "avx512_bf16" in text else "without"
    return f"{name[1] if name else platform.machine()} {half} AVX-512 BF16"


def short_table(record: Path = RECORD) -> str:
    """Tables 1 to 4 in short, as the README shows them."""
    whole = read_table(record / "tables" / "supplementary_table1").frame
    columns = ("mask AP, best row", "median of 20", "paper, best row")
    columns += ("mask AP50, best row", "paper", "accuracy, best row", "paper")
    lines = ["| images | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for number, (images, label) in SETS.items():
        table = read_table(record / "tables" / f"table{number}").frame
        own = whole[(whole["images"] == images) & whole["model"].str.fullmatch(r"\d+")]
        best = own.loc[own["ap_segm"].idxmax()]
        cells = [best["ap_segm"], own["ap_segm"].median(), _greatest(table, "paper_ap_segm")]
        cells += [best["ap50_segm"], _greatest(table, "paper_ap50_segm")]
        cells += [best["accuracy"], _greatest(table, "paper_accuracy")]
        texts = ["" if pd.isna(cell) else f"{cell:.1f}" for cell in cells]
        lines.append("| " + " | ".join([f"{label} (Table {number})", *texts]) + " |")
    return "\n".join(lines)


def _greatest(table: pd.DataFrame, column: str) -> float:
    return table[column].max() if column in table else float("nan")


def configuration() -> dict:
    """That of the recorded run, complete."""
    config: dict = {}
    for path in CONFIGS:
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    return checks.resolve(config, str(CONFIGS[0]))


def page(record: Path = RECORD) -> str:
    """The page, from the copies alone."""
    facts = read_json(record / FACTS)
    config = configuration()
    captions = {}
    for figure in FIGURES:
        template = CAPTIONS / f"{SHARED_CAPTIONS.get(figure, figure)}.rst"
        own = read_json(record / "figures" / f"{figure}.json")
        captions[figure] = " ".join(str(render_caption(template, config, own)).split())
    tables = {
        name: to_markdown(read_table(record / "tables" / name))
        for name in TABLES
        if name not in SUPPLEMENT
    }
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.filters["duration"] = duration
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        facts=facts,
        tables=tables,
        figures=FIGURES,
        captions=captions,
        figure_name=figure_name,
        short=short_table(record),
    )


def readme(text: str, record: Path = RECORD) -> str:
    """The README with the record's table in its place."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f"{before}{MARKS[0]}\n\n{short_table(record)}\n\n{MARKS[1]}{after}"


def main() -> None:
    os.chdir(ROOT)
    if len(sys.argv) > 1:
        collect(Path(sys.argv[1]))
    write_text(RECORD / PAGE, page() + "\n")
    kept = {name: RECORD / name for name in ("tables", "figures", FACTS, PAGE)}
    write_sums(RECORD / FOLDER / "record.sha256", sums_of(kept))
    file = ROOT / "README.md"
    write_text(file, readme(file.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
