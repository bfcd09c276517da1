"""What jobs have recorded of their results: damage is named, and nothing damaged is used."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthwire import cli
from synthwire.errors import InputError
from synthwire.io.checksums import read_sums, sums_text
from synthwire.runtime.job import job
from synthwire.runtime.records import not_as_written, verify


@pytest.fixture
def run(tmp_path):
    """A run of two jobs: a folder of images, and a table made of it."""
    folder = tmp_path / "results" / "small"
    images, table = folder / "images" / "000", folder / "tables" / "table1.csv"
    with job(folder / "logs" / "compress" / "000.log", (), [images]):
        images.mkdir(parents=True)
        (images / "a.png").write_bytes(b"pixels")
        (images / "coco.json").write_bytes(b"{}")
    with job(folder / "logs" / "make_tables.log", [images], [table]):
        table.parent.mkdir()
        table.write_text("model,ap\n01,30\n")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "any.pth").write_bytes(b"")
    return folder


def test_a_whole_run_is_whole_and_the_tools_of_others_read_the_record(run):
    assert verify(run) == ([], [], [], 3)
    record = run / "checksums" / "compress" / "000.sha256"
    assert record.read_text().endswith("  images/000/coco.json\n")
    done = subprocess.run(["sha256sum", "--check", str(record)], cwd=run, capture_output=True)
    assert done.returncode == 0


def test_what_is_missing_changed_or_foreign_is_named(run, capsys):
    (run / "images" / "000" / "a.png").unlink()
    table = run / "tables" / "table1.csv"
    table.write_text(table.read_text()[:7])
    (run / "tables" / "mine.csv").write_text("1")
    assert list(not_as_written(run)) == [
        ("images/000/a.png", False),
        ("tables/table1.csv", True),
    ]
    assert cli.main(["verify", str(run)]) == 1
    told = capsys.readouterr()
    assert "a.png: missing" in told.err
    assert "table1.csv: changed since it was written" in told.err
    assert "mine.csv: foreign" in told.err
    assert told.out == "1 file as written; 3 problems, named above\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_job_uses_no_input_with_a_single_bit_flipped(run, data):
    path = run / "images" / "000" / data.draw(st.sampled_from(["a.png", "coco.json"]))
    whole = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    path.write_bytes(flipped)
    try:
        with (
            pytest.raises(SystemExit),
            job(run / "logs" / "other.log", [run / "images" / "000"], []),
        ):
            pytest.fail("the job has begun")
    finally:
        path.write_bytes(whole)
    assert f"{path}: not as it was written" in (run / "logs" / "other.log").read_text()


def test_a_job_that_fails_leaves_no_record(run):
    table = run / "tables" / "table1.csv"
    with pytest.raises(ZeroDivisionError), job(run / "logs" / "make_tables.log", (), [table]):
        _ = 1 / 0
    assert not (run / "checksums" / "make_tables.sha256").exists()
    assert verify(run).foreign == ["tables/table1.csv"]


def test_a_folder_without_records_is_no_run(tmp_path):
    with pytest.raises(InputError, match="no folder of a run"):
        verify(tmp_path)


@given(st.dictionaries(st.text("ab/ .é", min_size=1), st.text("0f", min_size=64, max_size=64)))
def test_sums_are_read_as_they_were_written(tmp_path_factory, sums):
    path = tmp_path_factory.getbasetemp() / "sums"
    path.write_text(sums_text(sums), encoding="utf-8")
    assert read_sums(path) == sums
    path.write_text(sums_text(sums) + "half a line", encoding="utf-8")
    assert read_sums(path) == {}
