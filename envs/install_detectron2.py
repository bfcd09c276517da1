"""Install Detectron2 0.6 into the running interpreter's environment, without a compiler.

Detectron2 has no wheel on the package index. Its source archive there holds the whole Python tree
but none of the C++ sources, so that an ordinary `pip install` fails. Here pip fetches the archive
(and checks its SHA-256 before anything in it runs), and the tree is installed with the packaging
in envs/detectron2-0.6/. A Detectron2 that is already there stays, a user's own compiled one
included. torch and the rest of envs/lock.txt must be installed first.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGING = Path(__file__).resolve().parent / "detectron2-0.6"


def package_names(tree: Path) -> list[str]:
    """Dotted names of all packages below `tree`/detectron2."""
    return sorted(
        ".".join(init.parent.relative_to(tree).parts)
        for init in (tree / "detectron2").rglob("__init__.py")
    )


def run_pip(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True
    )


def install() -> None:
    if importlib.util.find_spec("detectron2") is not None:
        print("Detectron2 is already installed; it stays as it is.")
        return
    with tempfile.TemporaryDirectory(prefix="detectron2-") as scratch:
        scratch = Path(scratch)
        fetched = run_pip(
            "download",
            "--no-deps",
            "--no-binary=:all:",
            "--no-build-isolation",
            "--require-hashes",
            f"--requirement={PACKAGING / 'requirement.txt'}",
            f"--dest={scratch}",
        )
        if fetched.returncode:
            reason = (fetched.stderr.strip() or fetched.stdout.strip()).splitlines()
            errors = [line for line in reason if line.startswith("ERROR")] or reason
            mismatch = any("DO NOT MATCH" in line or "HASH" in line for line in errors)
            sys.exit(
                "Detectron2's source archive (pb1-detectron2 0.6) was refused: "
                + (
                    "its SHA-256 is not the one in envs/detectron2-0.6/requirement.txt."
                    if mismatch
                    else f"{errors[-1] if errors else 'pip gave no reason'}. Check the network or "
                    "pip's index settings, or install a Detectron2 of your own into this "
                    "environment, and run make again."
                )
            )
        archive = next(scratch.glob("*.tar.gz"))
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        tree = next(path for path in scratch.iterdir() if (path / "setup.py").is_file())
        (tree / "setup.py").unlink()
        (tree / "setup.cfg").unlink(missing_ok=True)
        packaging = (PACKAGING / "pyproject.toml").read_text(encoding="utf-8")
        listed = "".join(f'  "{name}",\n' for name in package_names(tree))
        (tree / "pyproject.toml").write_text(
            packaging.replace("packages = [\n", f"packages = [\n{listed}", 1), encoding="utf-8"
        )
        shutil.copy(tree / "LICENSE", tree / "detectron2" / "LICENSE")
        installed = run_pip("install", "--no-deps", "--no-build-isolation", str(tree))
        if installed.returncode:
            sys.exit(f"Installing Detectron2 failed:\n{installed.stderr or installed.stdout}")
    print("Installed Detectron2 0.6.")


if __name__ == "__main__":
    install()
