"""Wrong model tables: accepted and planned, or refused in one line with the path."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_run import ROOT

from synthwire.config import checks
from synthwire.config.models_table import read_models
from synthwire.errors import InputError
from synthwire.learning.plan import plan_row

CONFIG = checks.resolve(yaml.safe_load((ROOT / "config" / "test.yaml").read_text()))
TABLE = [line.split("\t") for line in (ROOT / "config" / "models.tsv").read_text().splitlines()]
COLUMNS = [
    *("weights_of", "training", "training.", "training.schedule", "training.augmentation"),
    *("training.augmentation.scale", "architecture.depth", "prediction.x", "paper", "", "a.b.c"),
]
CELLS = [
    *("", "0", "-1", "2.5", "1e400", "nan", "-inf", "9" * 5000, "01", "07", "wide", "[1, 2", "{}"),
    *("[0.5, 2]", "2020-13-45", "!!python/name:os.system", "&a [*a]", "'", '"', "\x00", "é", "#"),
]


def mutated(data: st.DataObject) -> bytes:
    """The paper's table with one to four cells, rows or columns changed, or its bytes."""
    table = [list(row) for row in TABLE[: data.draw(st.integers(0, 5))]]
    for _ in range(data.draw(st.integers(1, 4))):
        what = data.draw(st.sampled_from(["cell", "column", "remove", "twice", "name"]))
        if what == "column":
            values = [data.draw(st.sampled_from(CELLS)) for _ in table[1:]]
            name = data.draw(st.sampled_from(COLUMNS))
            for row, value in zip(table, [name, *values], strict=False):
                row.append(value)
        elif table:
            row = data.draw(st.sampled_from(table))
            if what == "twice":
                table.append(list(row))
            elif row:
                place = data.draw(st.integers(0, len(row) - 1))
                if what == "remove":
                    for other in table:
                        del other[place : place + 1]
                else:
                    choices = CELLS if what == "cell" else COLUMNS
                    row[place] = data.draw(st.sampled_from(choices))
    text = "\n".join("\t".join(row) for row in table)
    coding = data.draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "latin-1", "cp037"]))
    return text.encode(coding, "replace")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_in_process_every_table_is_planned_or_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "mine.tsv"
    path.write_bytes(mutated(data))
    try:
        table = read_models(path)
    except InputError as error:
        assert str(path) in str(error)
        return
    try:
        checks.check_models(CONFIG, table)
        checks.check_changes(CONFIG, table)
    except InputError as error:
        assert "model" in str(error)
        return
    for _, row in table.iterrows():
        assert plan_row(row, CONFIG["training"]).iterations > 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"model\tweights_of\n01", "line 2"),
        (b"weights_of\n01", "model"),
        (b"\xff\xfe\x00", "mine.tsv"),
    ],
)
def test_tables_that_were_once_a_traceback(tmp_path: Path, content, said):
    path = tmp_path / "mine.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_models(path)
    assert str(path) in str(error.value)
