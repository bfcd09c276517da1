"""The lock, the conda environments and Detectron2's packaging agree with one another."""

import re
import subprocess
import sys
from importlib import metadata

import pytest
import yaml


def pins(text: str) -> dict[str, str]:
    """Package → version of the lines name==version that hold for this Python."""
    found = {}
    for name, version, marker in re.findall(
        r"^([\w.-]+)==([^\s;\\]+)(?: ; ([^\\\n]+))?", text, re.M
    ):
        if ">= '3.12'" not in marker:
            found[name.lower()] = version
    return found


@pytest.fixture(scope="module")
def lock(root):
    return (root / "envs" / "lock.txt").read_text()


def test_the_lock_pins_every_direct_dependency_with_hashes_and_names_no_host(root, lock):
    locked = pins(lock)
    for line in (root / "envs" / "requirements.in").read_text().splitlines():
        name = re.match(r"[\w-]*", line).group().lower()
        if name:
            assert name in locked, name
    assert lock.count("--hash=sha256:") >= len(locked)
    assert "://" not in lock


@pytest.mark.parametrize("name", ["generation", "learning", "analysis"])
def test_conda_environments_pin_what_the_lock_pins(root, lock, name):
    environment = yaml.safe_load((root / "envs" / f"{name}.yaml").read_text())
    (from_pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    locked = pins(lock)
    for line in from_pip:
        package, version = line.split("==")
        assert locked[package] == version


def test_what_is_installed_is_what_the_lock_says(lock):
    locked = pins(lock)
    for package in ("torch", "torchvision", "numpy", "pandas", "snakemake", "pycocotools"):
        assert metadata.version(package).split("+")[0] == locked[package]


def test_detectron2_is_whole_and_trains_without_compiled_operators():
    from synthwire.learning import network

    assert metadata.version("detectron2") == "0.6"
    assert network.model_zoo.get_config_file(network.MODEL_ZOO_CONFIG).endswith(".yaml")


def test_installing_detectron2_again_leaves_the_one_that_is_there(root):
    done = subprocess.run(
        [sys.executable, str(root / "envs" / "install_detectron2.py")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "stays as it is" in done.stdout


def test_a_refused_download_of_detectron2_is_one_clear_line(root, tmp_path):
    """With an empty folder as its only source, pip finds no archive."""
    program = (
        "import importlib.util, sys; sys.path.insert(0, sys.argv[1]);"
        "find = importlib.util.find_spec;"
        "importlib.util.find_spec = lambda name: None if name == 'detectron2' else find(name);"
        "import install_detectron2; install_detectron2.install()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(root / "envs")],
        capture_output=True,
        text=True,
        env={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"},
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "source archive (pb1-detectron2 0.6) was refused" in done.stderr
