"""Make a release: its version, wheel and source archive, tried in an empty environment.

    python envs/release.py 0.2.0

Writes the version into the library, and the day into the changelog and CITATION.cff; builds both
archives into dist/; has twine check them; installs the wheel into an empty environment, with its
real dependencies from the package index, and runs tests/installation.py there. Nothing leaves this
machine: what to type to publish stands at the end. Where a step fails, the files are as before.
"""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION, CHANGELOG, CITATION = "workflow/synthwire/version.py", "CHANGELOG.md", "CITATION.cff"


def released(texts: dict[str, str], version: str, day: str) -> dict[str, str]:
    """The files that name a version (path → text), for one and its day (2026-01-31).

    Exits in one line where the version is none, is not later than the last, or is not the one that
    the changelog calls unreleased.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"release: {version!r} is no version; a number like 0.2.0 is expected")
    found = re.search(r"^## \[(.+)\] - unreleased$", texts[CHANGELOG], re.MULTILINE)
    if not found or found[1] != version:
        named = f"[{found[1]}]" if found else "no version"
        sys.exit(f"release: {CHANGELOG} calls {named} unreleased, not [{version}]")
    changelog = texts[CHANGELOG].replace(found[0], f"## [{version}] - {day}")
    citation = re.sub(r"^(version|date-released): .*\n", "", texts[CITATION], flags=re.MULTILINE)
    citation = citation.replace(
        "type: software\n", f"type: software\nversion: {version}\ndate-released: {day}\n", 1
    )
    code = re.sub(r'(?<=^__version__ = ").*(?="$)', version, texts[VERSION], flags=re.MULTILINE)
    return {VERSION: code, CHANGELOG: changelog, CITATION: citation}


def run(*command: str | Path, folder: Path = ROOT) -> None:
    """Run a step; SystemExit names one that fails."""
    print("+", *command, flush=True)
    if subprocess.run(command, cwd=folder).returncode:
        sys.exit(f"release: {Path(command[0]).name} failed; nothing is released")


def git(*arguments: str) -> str:
    """What git says."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def environment(folder: Path) -> Path:
    """An empty environment; its python."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def build_and_try(scratch: Path) -> None:
    """Archives into dist/, checked, and the wheel tried."""
    tools = environment(scratch / "tools")
    run(tools, "-m", "pip", "install", "--quiet", "build", "twine")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # from a copy: what an earlier build has left beside the library would get in
    for name in git("ls-files", "-z").split("\0")[:-1]:
        (scratch / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, scratch / "source" / name, follow_symlinks=False)
    run(tools, "-m", "build", "--outdir", ROOT / "dist", scratch / "source")
    archives = sorted((ROOT / "dist").iterdir())
    run(tools, "-m", "twine", "check", "--strict", *archives)
    (wheel,) = (path for path in archives if path.suffix == ".whl")
    empty = environment(scratch / "empty")
    elsewhere = scratch / "elsewhere"
    for extra, part in (("", "tool"), ("[app]", "app")):
        run(empty, "-m", "pip", "install", "--quiet", f"{wheel}{extra}")
        elsewhere.mkdir()
        run(empty, "-I", ROOT / "tests" / "installation.py", part, folder=elsewhere)
        shutil.rmtree(elsewhere)


def main(version: str) -> None:
    """Make the release."""
    if git("status", "--porcelain"):
        sys.exit("release: there are changes that are not committed; commit them first")
    before = {name: (ROOT / name).read_text("utf-8") for name in (VERSION, CHANGELOG, CITATION)}
    after = released(before, version, datetime.date.today().isoformat())
    done = False
    try:
        for name, text in after.items():
            (ROOT / name).write_text(text, "utf-8")
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            build_and_try(Path(scratch))
        done = True
    finally:
        if not done:
            for name, text in before.items():
                (ROOT / name).write_text(text, "utf-8")
    print(
        f"dist/ holds {version}. To publish it:\n"
        f"  git commit --all --message 'Version {version}'\n"
        f"  git tag v{version}\n"
        "  python -m twine upload dist/*\n"
        "Then give the next version to version.py and to a heading in CHANGELOG.md."
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python envs/release.py 0.2.0")
    main(sys.argv[1])
