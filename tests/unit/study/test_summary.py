"""What a finished run made, for the terminal."""

from __future__ import annotations

import pandas as pd
import pytest

from synthwire.errors import InputError
from synthwire.study.summary import summarise
from synthwire.study.table_files import Table, write_table


def test_the_summary_shows_table_1_and_where_the_rest_is(tmp_path):
    with pytest.raises(InputError, match="has the run finished"):
        summarise(tmp_path)
    (tmp_path / "tables").mkdir()
    display = pd.DataFrame({"No.": ["01"]})
    write_table(Table(display, display, "Hyperparameters."), tmp_path / "tables" / "table1")
    text = summarise(tmp_path)
    assert text.startswith("Table 1. Hyperparameters.\n\n| No.")
    assert f"Tables:  {tmp_path / 'tables'}" in text
    assert "Report" not in text
