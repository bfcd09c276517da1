"""The web app's start from the command line."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from synthwire import cli


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


def test_without_streamlit_it_says_how_to_get_it(monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "streamlit" else find(name)
    )
    assert cli.main(["app"]) == 1
    assert "streamlit is not installed: pip install 'synthwire[app]'" in capsys.readouterr().err
