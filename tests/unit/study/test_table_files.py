"""The formats of tables."""

from __future__ import annotations

import shutil
import subprocess

import pandas as pd
import pytest

from synthwire.study.table_files import latex_text, to_markdown, write_table


def test_written_files(tables, tmp_path):
    for name, table in tables.items():
        write_table(table, tmp_path / name)
        read = pd.read_csv(tmp_path / f"{name}.csv", dtype={"model": str})
        pd.testing.assert_frame_equal(read, table.frame, check_dtype=False)
        lines = (tmp_path / f"{name}.md").read_text().splitlines()
        bars = {line.count("|") for line in lines if line.startswith("|")}
        assert bars == {len(table.display.columns) + 1}
        assert "^" not in (tmp_path / f"{name}.md").read_text()
    names = {f"{name}.{suffix}" for name in tables for suffix in ("csv", "json", "md", "tex")}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_markdown_marks(tables):
    text = to_markdown(tables["table4"])
    assert "<sup>" in text and "**" in text and "–" in text


def test_latex_text():
    assert latex_text("**12.3**^a^ 50 % of_x ≥ 32²") == (
        r"\textbf{12.3}\textsuperscript{a} 50~\% of\_x $\geq$ 32\textsuperscript{2}"
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tables, tmp_path):
    for name, table in tables.items():
        write_table(table, tmp_path / name)
    inputs = "\n".join(rf"\input{{{name}.tex}}" for name in tables)
    (tmp_path / "all.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs,longtable,lscape,graphicx}"
        rf"\begin{{document}}{inputs}\end{{document}}"
    )
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
