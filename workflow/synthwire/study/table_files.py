"""Tables as files: CSV for programs, Markdown and LaTeX for people, JSON for the report."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from synthwire.errors import InputError
from synthwire.io.files import atomic_path, read_json, write_json, write_text

WIDE = 150  # characters; wider tables lie across the page in LaTeX


@dataclass(frozen=True)
class Table:
    """A table: `frame` holds its numbers, `display` its texts as people read them.

    Texts, caption and footnotes have **bold** and ^superscript^.
    """

    frame: pd.DataFrame
    display: pd.DataFrame
    caption: str
    footnotes: list[str] = field(default_factory=list)


def write_table(table: Table, stem: str | os.PathLike) -> None:
    """Write `stem`.csv (the frame), .json, .md and .tex (what people read), each atomically.

    The JSON file has caption, columns, rows and footnotes. The LaTeX file holds one table
    environment (a longtable when it has more than 40 lines; across the page when it is wide) to be
    \\input; it needs the packages booktabs, longtable, lscape and graphicx.
    """
    stem = Path(stem)
    with atomic_path(stem.with_name(stem.name + ".csv")) as temporary:
        table.frame.to_csv(temporary, index=False, na_rep="NaN", lineterminator="\n")
    cells = table.display.astype(str)
    shown = {
        "caption": table.caption,
        "columns": list(cells.columns),
        "rows": cells.to_numpy().tolist(),
        "footnotes": table.footnotes,
    }
    write_json(stem.with_name(stem.name + ".json"), shown, indent=1)
    write_text(stem.with_name(stem.name + ".md"), to_markdown(table))
    write_text(stem.with_name(stem.name + ".tex"), to_latex(table, label=f"tab:{stem.name}"))


def read_table(stem: str | os.PathLike) -> Table:
    """The table that `write_table` wrote; models are texts ("01"), empty texts of the frame NaN.

    InputError where a file is missing.
    """
    stem = Path(stem)
    shown = read_json(stem.with_name(stem.name + ".json"))
    path = stem.with_name(stem.name + ".csv")
    try:
        frame = pd.read_csv(path, dtype={"model": str})
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    display = pd.DataFrame(shown["rows"], columns=shown["columns"])
    return Table(frame, display, shown["caption"], shown["footnotes"])


def to_markdown(table: Table) -> str:
    """GitHub-flavoured Markdown: caption, table with aligned columns, footnotes."""
    cells = table.display.astype(str).map(_markdown_text).rename(columns=_markdown_text)
    rows = cells.to_markdown(index=False, tablefmt="github", disable_numparse=True)
    notes = [_superscript(note) for note in table.footnotes]
    return "\n\n".join([table.caption, rows, *notes]) + "\n"


def _markdown_text(cell: str) -> str:
    return _superscript(cell).replace("|", "\\|")


def _superscript(text: str) -> str:
    return re.sub(r"\^([^^]+)\^", r"<sup>\1</sup>", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": r"$-$",
    "–": "--",
    "²": r"\textsuperscript{2}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "σ": r"$\sigma$",
    "µ": r"$\mu$",
    "°": r"$^\circ$",
    "…": r"\ldots{}",
    "’": "'",
}


def latex_text(text: str) -> str:
    """Plain text with **bold** and ^superscript^ as LaTeX."""
    escaped = "".join(_LATEX.get(character, character) for character in text)
    escaped = escaped.replace(r" \%", r"~\%")
    escaped = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", escaped)
    # the circumflex of $^\circ$ is LaTeX's own
    return re.sub(r"(?<!\$)\^([^^$]+)\^", r"\\textsuperscript{\1}", escaped)


def to_latex(table: Table, label: str) -> str:
    """A table environment with booktabs rules, or a longtable when it has more than 40 lines."""
    columns = [latex_text(str(column)) for column in table.display.columns]
    body = [
        " & ".join(latex_text(str(cell)) for cell in row) + r" \\"
        for row in table.display.to_numpy().tolist()
    ]
    layout = "l" * len(columns)
    head = " & ".join(columns) + r" \\"
    caption = rf"\caption{{{latex_text(table.caption)}}}"
    notes = [rf"\par\smallskip\raggedright {latex_text(note)}" for note in table.footnotes]
    lines = ["% needs \\usepackage{booktabs,longtable,lscape,graphicx}"]
    if len(body) > 40:
        lines += [
            r"\begin{landscape}\scriptsize\setlength{\tabcolsep}{2pt}",
            rf"\begin{{longtable}}{{@{{}}{layout}@{{}}}}",
            rf"{caption}\label{{{label}}}\\",
            *(r"\toprule", head, r"\midrule", r"\endfirsthead"),
            *(r"\toprule", head, r"\midrule", r"\endhead"),
            *(r"\bottomrule", r"\endfoot"),
            *body,
            r"\end{longtable}",
            *notes,
            r"\end{landscape}",
        ]
    else:
        cells = [table.display.columns, *table.display.astype(str).to_numpy()]
        widths = [max(len(str(row[i])) for row in cells) for i in range(len(columns))]
        across = sum(widths) > WIDE
        lines += [
            *([r"\begin{landscape}"] if across else []),
            r"\begin{table}",
            r"\centering\footnotesize",
            rf"{caption}\label{{{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{@{{}}{layout}@{{}}}}",
            *(r"\toprule", head, r"\midrule"),
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            *notes,
            r"\end{table}",
            *([r"\end{landscape}"] if across else []),
        ]
    return "\n".join(lines) + "\n"
