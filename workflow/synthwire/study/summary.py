"""What a finished run made and where it lies, for the terminal."""

from __future__ import annotations

from pathlib import Path

from synthwire.errors import InputError
from synthwire.study.table_files import read_table, to_markdown


def summarise(run: Path) -> str:
    """Table 1 and the places of tables, figures and report of the run folder results/{name}.

    InputError when the run has no tables yet.
    """
    stem = run / "tables" / "table1"
    if not stem.with_suffix(".json").is_file():
        raise InputError(f"{stem}.json: not there yet; has the run finished?")
    places = [
        ("Tables", run / "tables"),
        ("Figures", run / "figures"),
        ("Report", run / "report.html"),
    ]
    lines = ["Table 1. " + to_markdown(read_table(stem)).rstrip(), ""]
    lines += [f"{name + ':':9}{path}" for name, path in places if path.exists()]
    return "\n".join(lines)
