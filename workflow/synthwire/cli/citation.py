"""What to cite, for people and for BibTeX: CITATION.cff of a checkout or an installation."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from synthwire.version import __version__

FILE = "CITATION.cff"


def read_citation() -> dict[str, Any]:
    """The Citation File Format's fields (https://citation-file-format.github.io)."""
    root = Path(__file__).resolve().parents[3]
    if (root / FILE).is_file():  # a checkout
        text: str | None = (root / FILE).read_text(encoding="utf-8")
    else:
        text = metadata.distribution("synthwire").read_text(f"licenses/{FILE}")
    if text is None:
        raise FileNotFoundError(f"{FILE} is not part of this installation")
    return yaml.safe_load(text)


def citation() -> str:
    """A sentence, and a BibTeX entry each for this version of the software and for the paper."""
    cited = read_citation()
    software = {
        "title": f"{{{cited['title']}}}",
        "author": _names(cited["authors"]),
        "version": __version__,
        "year": str(cited.get("date-released", ""))[:4],
    }
    (paper,) = cited["references"]
    article = {
        "title": f"{{{paper['title']}}}",
        "author": _names(paper["authors"]),
        "journal": paper["journal"],
        "volume": str(paper["volume"]),
        "pages": str(paper["start"]),
        "year": str(paper["year"]),
        "doi": paper["doi"],
    }
    key = f"{paper['authors'][0]['family-names'].lower()}{paper['year']}"
    return "\n\n".join(
        [
            cited["message"],
            _entry("software", "synthwire", software),
            _entry("article", key, article),
        ]
    )


def _names(people: list[dict[str, str]]) -> str:
    return " and ".join(
        f"{{{person['name']}}}"  # of a group: braces keep BibTeX from taking it apart
        if "name" in person
        else f"{person['family-names']}, {person['given-names']}"
        for person in people
    )


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
