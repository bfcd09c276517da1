"""Tables as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # at the start of a text, what a spreadsheet computes
NUMBER = "%.7g"


def csv_text(table: pd.DataFrame, *, header: bool = True) -> str:
    """A table as CSV with seven digits, in which no text is a formula to a spreadsheet.

    Texts that begin like one are paths, or begin with one: `=a.png` is written as `./=a.png`.
    """
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    safe = table.assign(**{column: table[column].map(_no_formula) for column in texts})
    return safe.to_csv(index=False, header=header, lineterminator="\n", float_format=NUMBER)


def _no_formula(value: Any) -> Any:
    return f"./{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
