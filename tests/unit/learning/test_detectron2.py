"""Importing anything of the room makes Detectron2 importable, or says that it is missing."""

from __future__ import annotations

import subprocess
import sys

HIDE = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
PathFinder.find_spec = classmethod(
    lambda cls, name, *rest: None if name.partition(".")[0] == "detectron2" else found(name, *rest)
)
"""


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_missing_detectron2_is_one_line_that_says_what_to_do():
    done = python(
        HIDE + "from synthwire.errors import InputError\n"
        "try:\n    import synthwire.learning.network\n"
        "except InputError as error:\n    print(error)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "Detectron2 is not installed in this environment: run envs/install_detectron2.py with its "
        "python, or install a compiled one\n"
    )


def test_what_needs_no_network_loads_neither_detectron2_nor_torch():
    for module in ("weights", "identity", "plan"):
        loaded = f"import sys, synthwire.learning.{module}\n"
        loaded += "print({'torch', 'detectron2'} & {*sys.modules})"
        for hidden in ("", HIDE):
            done = python(hidden + loaded)
            assert done.stdout == "set()\n", done.stderr


def test_what_reads_names_that_pillow_no_longer_has_can_be_imported():
    done = python("import synthwire.learning, detectron2.data.transforms")
    assert done.returncode == 0, done.stderr
