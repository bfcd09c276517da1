"""The command line itself: help, wrong use, the web app's start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from synthwire import cli
from synthwire.segmentation.options import MODALITIES, Preparation, Selection


def options(*arguments):
    return cli._settings(cli._parser().parse_args([*arguments]))


@pytest.mark.parametrize("command", [[], ["segment"], ["watch"], ["app"]])
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
        (["segment", "a.png", "-o", "o", "--scale", "0"], "a number above 0 is expected"),
        (["segment", "a.png", "-o", "o", "--min-area", "3"], "as 50px or 4000nm2"),
        (["segment", "a.png", "-o", "o", "-m", "xray"], "invalid choice: 'xray'"),
        (["segment", "a.png", "-o", "o", "-m", "transmission", "--i0", "1,2"], "no percentile"),
        (["watch", ".", "--settle", "-1"], "a number from 0 on is expected"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_use_says_what_would_be_right(arguments, says, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_options_become_settings(tmp_path):
    plain = options("segment", "a.png", "--out", "o")
    assert (plain.preparation, plain.selection) == (Preparation(), Selection())
    assert (plain.model, plain.scale, plain.device) == (None, None, "auto")
    full = options(
        *("segment", "a.png", "--out", "o", "-m", "transmission", "--i0", "1,2,30,40"),
        *("-p", "6.6x7.8nm", "--energy", "527", "--no-stretch", "-t", "0.5", "--min-area", "9nm2"),
        *("--keep-nested", "--exclude-border", "--model", "m", "--scale", "2", "--device", "cpu"),
    )
    assert full.preparation == Preparation(
        "transmission", (6.6, 7.8), {"region": [1, 2, 30, 40]}, 527.0, stretch=False
    )
    assert full.selection == Selection(
        0.5, min_area_nm2=9.0, remove_nested=False, exclude_border=True
    )
    assert (full.model, full.scale, full.device) == ("m", 2.0, "cpu")
    (tmp_path / "empty.png").write_bytes(b"")
    image = str(tmp_path / "empty.png")
    for text, incident in (("97.5", {"percentile": 97.5}), (image, {"image": image})):
        given = options("segment", "a.png", "-o", "o", "-m", "transmission", "--i0", text)
        assert given.preparation.incident == incident


def test_an_i0_for_images_without_one_is_a_mistake(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"something")
    image, out = str(tmp_path / "a.png"), tmp_path / "out"
    assert cli.main(["segment", image, "--out", str(out), "--i0", "95"]) == 1
    assert "--i0 goes with --modality transmission" in capsys.readouterr().err
    assert not out.exists()


def test_watching_nothing_is_one_line(tmp_path, capsys):
    assert cli.main(["watch", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"synthwire: {tmp_path / 'none'}: no such folder\n"


def test_the_web_app_answers_on_this_machine_alone(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "synthwire", "app", "--no-browser", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        answer = None
        while answer is None:
            assert process.poll() is None, process.communicate()[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as page:
                    answer = page.read()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        assert answer == b"ok"
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
        said = process.communicate()[0]
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}" in said
    assert "Network URL" not in said
    assert "Traceback" not in said
