"""synthwire app: the web app on this machine."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys

from synthwire.cli.terminal import Commands, add_command
from synthwire.errors import InputError
from synthwire.webapp.assets import SCRIPT

PACKAGES = ("streamlit", "plotly")


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "app",
        "[options]",
        summary="open the web app on this machine",
        description="Open the web app. It is served to this machine alone, and needs no internet.",
        run=run,
    )
    parser.add_argument(
        "--port", type=int, default=8501, help="port to serve on (default: %(default)s)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open a browser; print the address alone"
    )


def run(options: argparse.Namespace) -> int:
    """Serve the app until it is interrupted; its exit code."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"the web app needs {' and '.join(missing)}: pip install 'synthwire[app]' brings them"
        )
    # -P: the folder that it is started in may hold files with the names of packages.
    # That it serves this machine alone stands in the config.toml beside the script.
    command = [
        *(sys.executable, "-P", "-m", "streamlit", "run", str(SCRIPT)),
        f"--server.port={options.port}",
        f"--server.headless={str(options.no_browser).lower()}",
    ]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:  # the server has had it, too
        return 0
