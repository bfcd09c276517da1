"""The tables of formats in docs/images.md name what the readers read, and nothing else."""

from __future__ import annotations

import re

import pytest

from synthwire.io.calibration import sidecars, tiff
from synthwire.io.outlines.formats import FORMATS as OUTLINE_FORMATS
from synthwire.io.recordings import sdf
from synthwire.io.recordings.formats import FORMATS
from synthwire.webapp import inputs

OURS = {"ours": "synthwire"}
COMPANIONS = {".xim"}  # of a format's own files


@pytest.fixture(scope="module")
def tables(root) -> dict[str, list[list[str]]]:
    """The page's tables, each a list of rows of cells, by the name of their first column."""
    found: dict[str, list[list[str]]] = {}
    rows = None
    for line in (root / "docs" / "images.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else None
        if cells is None:
            rows = None
        elif rows is None:
            rows = found[cells[0]] = []
        elif not set(line) <= set("|-"):
            rows.append(cells)
    return found


def plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def test_every_suffix_stands_in_the_table_of_formats_and_no_other(tables):
    rows = [set(re.findall(r"`(\.\w+)`", row[1])) - COMPANIONS for row in tables["format"]]
    assert len(rows) >= len(FORMATS)
    documented = [suffix for row in rows for suffix in sorted(row)]
    assert sorted(documented) == sorted(suffix for item in FORMATS for suffix in item.SUFFIXES)


def test_the_app_takes_what_is_documented_but_pillow_s_rarer_formats():
    documented = {suffix[1:] for item in FORMATS for suffix in item.SUFFIXES}
    assert documented - set(inputs.IMAGE_TYPES) == {"gif", "webp", "jp2", "pgm", "ppm"}
    assert {suffix[1:] for suffix in (*sidecars.SUFFIXES, *sdf.SUFFIXES)} <= {
        *inputs.IMAGE_TYPES,
        *inputs.BESIDE_TYPES,
    }


def test_every_place_of_a_pixel_size_stands_in_the_table_of_its_writers(tables):
    table = plain(" ".join(cell for row in tables["written by"] for cell in row))
    for read in (*tiff.OF_FILES, *tiff.OF_PAGES):
        name = read.__name__.removesuffix("pixel_size").strip("_")
        module = read.__module__.rpartition(".")[2]
        maker = module if name in ("", "xml") else name
        assert plain(OURS.get(maker, maker)) in table, maker
    for maker in sidecars.MAKERS:
        assert plain(maker.__name__.rpartition(".")[2]) in table


def test_every_tag_of_the_table_is_read(tables, root):
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (root / "workflow" / "synthwire" / "io" / "calibration").glob("*.py")
    )
    tags = {tag for row in tables["written by"] for tag in re.findall(r"\b\d{5}\b", row[1])}
    assert len(tags) > 10
    assert {tag for tag in tags if tag not in source} == set()


def test_every_format_of_outlines_stands_in_the_table(tables):
    table = plain(" ".join(cell for row in tables["made with"] for cell in row))
    for item in OUTLINE_FORMATS:
        assert plain(item.__name__.rpartition(".")[2]) in table
