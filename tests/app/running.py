"""The web app as a process of its own, and a browser for it; the benchmark uses them too."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from synthwire.webapp.assets import SCRIPT

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",  # Chromium refuses root otherwise
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 300  # for machines with much else to do; by itself the app starts in seconds


@dataclass
class Server:
    """The running app: its address, process, output so far, the folder of its temporary files."""

    address: str
    pid: int
    temporary: Path
    lines: list[str] = field(default_factory=list)

    def inferences(self) -> int:
        """How often a network has run."""
        return sum(" took " in line for line in self.lines)


@contextmanager
def running_app(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start the app on a free port of the loopback interface, as users do; stop it in the end.

    folder: empty; the app's home and temporary files are put there. settings: variables of the
    environment.
    """
    home, temporary = folder / "home", folder / "temporary"
    home.mkdir()
    temporary.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"HOME": str(home), "MPLCONFIGDIR": str(home / "matplotlib"), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(SCRIPT)),
            *("--server.headless=true", f"--server.port={port}"),
        ],
        cwd=home,
        env={**os.environ, **own, **(settings or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    server = Server(f"http://127.0.0.1:{port}", process.pid, temporary)
    started = threading.Event()

    def follow() -> None:
        for line in process.stdout:
            server.lines.append(line)
            if "URL:" in line:
                started.set()
        started.set()

    threading.Thread(target=follow, daemon=True).start()
    try:
        if not started.wait(PATIENCE_S) or process.poll() is not None:
            raise RuntimeError("the app did not start: " + "".join(server.lines))
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def find_browser() -> str | None:
    """Path of Chromium: what SYNTHWIRE_CHROMIUM names, or the first on the PATH."""
    found = filter(None, map(shutil.which, BROWSERS))
    return os.environ.get("SYNTHWIRE_CHROMIUM") or next(found, None)
