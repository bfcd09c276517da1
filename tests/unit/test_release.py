"""What `make release` writes before it builds, and what it refuses."""

from __future__ import annotations

import importlib.util

import pytest
import yaml

DAY = "2031-02-03"


@pytest.fixture(scope="module")
def release(root):
    spec = importlib.util.spec_from_file_location("release", root / "envs" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts(release, root) -> dict[str, str]:
    """The project's own files, with a version that is not released yet."""
    found = {
        name: (root / name).read_text(encoding="utf-8")
        for name in (release.VERSION, release.CHANGELOG, release.CITATION)
    }
    heading = "# Changelog\n\n## [9.8.0] - unreleased\n"
    return {**found, release.CHANGELOG: f"{heading}\n## [0.1.0] - 2026-01-01\n"}


def test_one_version_stands_everywhere(release, texts):
    once = release.released(texts, "9.8.0", DAY)
    assert once[release.VERSION].endswith('\n__version__ = "9.8.0"\n')
    assert f"\n## [9.8.0] - {DAY}\n" in once[release.CHANGELOG]
    cited = yaml.safe_load(once[release.CITATION])
    assert cited["version"] == "9.8.0"
    assert str(cited["date-released"]) == DAY
    earlier = yaml.safe_load(texts[release.CITATION])
    assert {name: cited[name] for name in earlier} == earlier
    again = release.released({**once, release.CHANGELOG: texts[release.CHANGELOG]}, "9.8.0", DAY)
    assert again == once


@pytest.mark.parametrize(
    ("version", "words"),
    [("9.8", "no version; a number like"), ("9.9.0", "calls [9.8.0] unreleased, not [9.9.0]")],
)
def test_what_it_refuses_is_one_line(release, texts, version, words):
    with pytest.raises(SystemExit) as refused:
        release.released(texts, version, DAY)
    assert words in refused.value.code
    assert "\n" not in refused.value.code
