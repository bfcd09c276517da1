"""The program itself: its help, wrong use, and how fast it answers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from synthwire import cli
from synthwire.segmentation.options import MODALITIES
from synthwire.version import __version__

SLOW = {"torch", "scipy", "matplotlib", "pandas", "numpy", "skimage", "numba", "streamlit"}


@pytest.mark.parametrize(
    "command",
    [[], ["segment"], ["watch"], ["app"], ["adapt"], ["compare"], ["spectra"], ["summary"]],
)
def test_help_names_everything_and_fits_a_page(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([*command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: synthwire {' '.join(command)}".rstrip())
    assert max(map(len, text.splitlines())) <= 100
    if command in (["segment"], ["watch"]):
        assert "examples:" in text
        assert all(meaning in text for meaning in MODALITIES.values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["segment", "a.png"], "the following arguments are required: -o/--out"),
        (["segment", "a.png", "-o", "o", "-p", "6"], "as 6nm, 0.006um, or 6.6x7.8nm"),
        (["segment", "a.png", "-o", "o", "-t", "7"], "'7': a number from 0 to 1 is expected"),
        (["segment", "a.png", "-o", "o", "-t", "nan"], "a number from 0 to 1 is expected"),
        (["segment", "a.png", "-o", "o", "--scale", "0"], "from 0.01 to 100 is expected"),
        (["segment", "a.png", "-o", "o", "--scale", "1e9"], "from 0.01 to 100 is expected"),
        (["adapt", "a.png", "-n", "o", "--seed", "-1"], "a whole number from 0 on is expected"),
        (["segment", "a.png", "-o", "o", "--min-area", "3"], "as 50px or 4000nm2"),
        (["segment", "a.png", "-o", "o", "-m", "xray"], "invalid choice: 'xray'"),
        (["segment", "a.png", "-o", "o", "-m", "transmission", "--i0", "1,2"], "no percentile"),
        (["watch", ".", "--settle", "-1"], "a number from 0 on is expected"),
        (["adapt", "a.png"], "the following arguments are required: -n/--name"),
        (["adapt", "a.png", "-n", "a/b"], "letters, digits, _ . and - are expected"),
        (["adapt", "a.png", "-n", "a", "--minutes", "1"], "a number from 3 on is expected"),
        (["summary"], "the following arguments are required: RUN"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_use_says_what_would_be_right(arguments, says, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_watching_nothing_is_one_line(tmp_path, capsys):
    assert cli.main(["watch", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"synthwire: {tmp_path / 'none'}: no such folder\n"


def test_a_run_is_summed_up_by_its_first_table(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("synthwire.study.summary.summarise", lambda run: f"Table 1 of {run}")
    assert cli.main(["summary", "results/demo"]) == 0
    assert capsys.readouterr().out == "Table 1 of results/demo\n"


def test_a_run_without_tables_is_one_line(tmp_path, capsys):
    assert cli.main(["summary", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"synthwire: {tmp_path}/tables/table1")


def test_the_program_knows_its_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"synthwire {__version__}\n"


def test_help_waits_for_nothing_slow():
    code = (
        "import json, sys; from synthwire import cli; cli.program.make_parser().format_help();"
        "print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert not SLOW & set(json.loads(said))


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, synthwire; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
