"""synthwire app: the web app on this machine."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from synthwire.cli.terminal import Commands, add_command
from synthwire.errors import InputError, not_installed
from synthwire.webapp.assets import SCRIPT

PACKAGES = ("streamlit", "plotly")


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "app",
        "[options] [RESULT]",
        summary="open the web app on this machine",
        description="Open the web app. It is served to this machine alone, and needs no internet.\n"
        "RESULT: the folder of a result, or of many, to be corrected by hand.",
        run=run,
    )
    parser.add_argument(
        "result", nargs="?", type=Path, metavar="RESULT", help="folder of results to go on with"
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
        raise not_installed(" and ".join(missing), "app")
    environment = dict(os.environ)
    if options.result is not None:
        from synthwire.segmentation.result_files import PROPOSALS  # takes a second to load

        if not any(options.result.rglob(PROPOSALS)):
            raise InputError(f"{options.result}: no result in this folder ({PROPOSALS})")
        environment["SYNTHWIRE_APP_RESULT"] = str(options.result.resolve())
    # -P: the folder that it is started in may hold files with the names of packages.
    # That it serves this machine alone stands in the config.toml beside the script.
    command = [
        *(sys.executable, "-P", "-m", "streamlit", "run", str(SCRIPT)),
        f"--server.port={options.port}",
        f"--server.headless={str(options.no_browser).lower()}",
    ]
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:  # the server has had it, too
        return 0
