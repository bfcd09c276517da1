"""Which of some names belongs to an image: the one rule by which outlines find their image.

Compared are, in this order: the whole path; the path from its end, the longer the better; the
name; the stem, so that a.json and a.png go with a.tif; for files, the stem without an annotation
program's ending, as in a_masks.png; last, the name without what an upload gives it: a hash
(90fbb0c7-a.tif, a_tif.rf.1b2….jpg), or a_b.tif for "a b.tif". At each step the spelling as it is
goes before one that differs in case, backslashes, Unicode form or URL quotes.

The better match goes first, and a name goes with one image only. Two that are as good are a fault;
so is one that is left over where its folder told it apart from the others of its name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

LISTED = 5  # so many names stand in a message

# What Label Studio puts before the name of an upload, and Roboflow behind it.
_HASH = re.compile(
    r"^[0-9a-f]{8}(?:-|__)(?=.)|[_.](?:tiff?|png|jpe?g|bmp|gif)\.rf\.[0-9a-z]{16,}(?=\.\w+$)",
    re.IGNORECASE,
)
_ODD = re.compile(r"[\W_]+")  # what such programs replace in names, as spaces and brackets
_MINUS = re.compile(r"(?:^|[\W_])-(?=\d)")  # of a number, as tilt_-10 has it
_SUFFIX = re.compile(r"\.(?:\d{3}|[^\W\d]\w{0,9})$")  # none is the end of scan_0.5nm
_IMAGE_SUFFIX = re.compile(
    r"\.(?:ome|tiff?|png|jpe?g|bmp|gif|h5|hdf5|nxs|hdr|mrc|dm[34]|ser|emd|npy)$", re.IGNORECASE
)
_ENDING = re.compile(
    r"[ _.-]+(?:cp[ _-]masks|cp[ _-]outlines|masks?|labels?|seg|segmentation|instances?|rois?"
    r"|roiset|annotations?|outlines?|objects?|simple segmentation|object identities"
    r"|object predictions|gt|ground[ _-]?truth|gtfine[ _]instanceids|lbls?|watershed)$",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"^(?:roiset|masks?|labels?|outlines?)[ _.-]+(?=.)", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """Why an image has no partner although there may be one; `str` gives the line.

    names: the names that fit the image as well; images: those that one name fits as well.
    """

    line: str
    names: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.line


class _Rank(NamedTuple):
    """How well two names fit; the greater the better."""

    kind: int
    depth: int
    as_written: bool


_WHOLE, _NAME, _STEM, _ENDED, _HASHED = 5, 4, 3, 2, 1


def pair(
    images: Sequence[str], names: Sequence[str], *, files: bool = False
) -> list[str | Fault | None]:
    """The name that belongs to each image: None where none does, a Fault where several could.

    images, names: paths or parts of them; each is taken once, however often it stands there.
    files: the names are those of files of outlines, which may end on _masks and the like.

    >>> pair(["in/one/a.tif", "in/two/a.tif"], ["two\\\\A.tif", "one\\\\A.tif"])
    ['one\\\\A.tif', 'two\\\\A.tif']
    >>> print(pair(["a.tif"], ["a.json", "a.png"])[0])
    two for a.tif: a.json, a.png
    """
    ranked: dict[_Rank, set[tuple[str, str]]] = defaultdict(set)
    spellings = {text: _spellings(text) for text in {*images, *names}}
    by_word: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        for word in _words(spellings[name], files):
            by_word[word].append(name)
    for image in dict.fromkeys(images):
        near = {name for word in _words(spellings[image], False) for name in by_word[word]}
        for name in near:
            rank = _rank(spellings[image], spellings[name], files)
            if rank is not None:
                ranked[rank].add((image, name))
    found: dict[str, str | Fault] = {}
    used: set[str] = set()
    for rank in sorted(ranked, reverse=True):
        edges = [(a, b) for a, b in sorted(ranked[rank]) if a not in found and b not in used]
        partners, rivals = defaultdict(list), defaultdict(list)
        for image, name in edges:
            partners[image].append(name)
            rivals[name].append(image)
        for image, fitting in partners.items():
            others = rivals[fitting[0]]
            fitting += [
                b for a, b in ranked[rank] if a == image and b in used and _is_beside(b, fitting[0])
            ]
            if len(fitting) > 1:
                line = f"{_count(fitting)} for {image}: {listed(fitting)}"
                found[image] = Fault(line, names=tuple(fitting))
            elif len(others) > 1:
                line = f"{fitting[0]} fits {_count(others)} images: {listed(others)}"
                found[image] = Fault(line, names=tuple(fitting), images=tuple(others))
            else:
                found[image] = fitting[0]
        used.update(rivals)
    return [found.get(image) for image in images]


def _is_beside(name: str, other: str) -> bool:
    """Whether names differ in their folders alone, which thus tell images apart."""
    one, two = (_spellings(text).forgiven for text in (name, other))
    return len(one) == len(two) > 1 and one[-1] == two[-1]


def files_of_outlines_among(images: Sequence[str]) -> list[str]:
    """Those of some images that annotation programs put beside another one: its masks, its labels.

    >>> files_of_outlines_among(["in/a.tif", "in/a_cp_masks.png", "in/b_masks.tif"])
    ['in/a_cp_masks.png']
    """
    spellings = {image: _spellings(image).forgiven for image in images}
    plain = {
        (*parts[:-1], stem) for parts in spellings.values() for stem in _stems(parts[-1], False)
    }
    found = []
    for image, parts in spellings.items():
        own = _stems(parts[-1], False)
        without = [stem for stem in _stems(parts[-1], True) if stem not in own]
        if any((*parts[:-1], stem) in plain for stem in without):
            found.append(image)
    return found


def listed(names: Sequence[str]) -> str:
    """Names in one line, the first few of many.

    >>> listed(["b", "a"])
    'a, b'
    """
    names = sorted(set(names))
    more = f" … ({len(names)} in all)" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _count(things: Sequence[str]) -> str:
    return "two" if len(things) == 2 else str(len(things))


class _Spelling(NamedTuple):
    raw: str
    written: tuple[str, ...]
    forgiven: tuple[str, ...]


def _spellings(text: str) -> _Spelling:
    """A path's parts as they are written, and with all that is forgiven."""
    path, _, query = text.partition("?")
    if path.endswith("/") and query:  # Label Studio's /data/local-files/?d=folder/a.tif
        path = query.partition("=")[2]
    plain = unicodedata.normalize("NFC", unquote(path).replace("\\", "/")).casefold().strip()
    return _Spelling(text, _parts(text), _parts(plain))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", ".")) or ("",)


def _words(spelling: _Spelling, files: bool) -> set[str]:
    """What two names must have in common, one at least, to fit at all."""
    name = spelling.forgiven[-1]
    words = {*_stems(name, files), name}
    return words | {
        _plain(stem) for text in (name, _HASH.sub("", name)) for stem in _stems(text, files)
    }


def _plain(name: str) -> str:
    """A name without what programs replace when they take a file in."""
    return _ODD.sub("_", name).strip("_")


def _stems(name: str, files: bool) -> list[str]:
    """Stems of a name, nearest first: a.ome and a of a.ome.tif; of a file a of a_masks.png."""
    stem = _SUFFIX.sub("", name) or name
    found = [stem]
    while _IMAGE_SUFFIX.search(found[-1]):
        found.append(_IMAGE_SUFFIX.sub("", found[-1]))
    while files and _ENDING.search(found[-1]):
        found.append(_ENDING.sub("", found[-1]))
        while _IMAGE_SUFFIX.search(found[-1]):  # a.tif_masks.png
            found.append(_IMAGE_SUFFIX.sub("", found[-1]))
    if files and _BEGINNING.search(stem):  # RoiSet_a.zip
        found.append(_BEGINNING.sub("", stem))
    return [stem for stem in dict.fromkeys(found) if stem]


def _rank(image: _Spelling, name: _Spelling, files: bool) -> _Rank | None:
    if image.raw == name.raw:
        return _Rank(_WHOLE, 0, True)
    for as_written in (True, False):
        one, other = (
            (image.written, name.written) if as_written else (image.forgiven, name.forgiven)
        )
        if one[-1] == other[-1]:
            return _Rank(_NAME, _common_end(one, other), as_written)
    folders = 1 + _common_end(image.forgiven[:-1], name.forgiven[:-1])
    if files and _SUFFIX.sub("", name.forgiven[-1]) == image.forgiven[-1]:  # a.tif.json
        return _Rank(_NAME, folders, False)
    for as_written in (True, False):
        stems = [
            set(_stems((spelling.written if as_written else spelling.forgiven)[-1], False))
            for spelling in (image, name)
        ]
        if stems[0] & stems[1]:
            return _Rank(_STEM, folders, as_written)
    if files and set(_stems(image.forgiven[-1], False)) & set(_stems(name.forgiven[-1], True)):
        return _Rank(_ENDED, folders, False)
    given, own = name.forgiven[-1], image.forgiven[-1]
    for bare, whole in ((_HASH.sub("", given), own), (given, _HASH.sub("", own))):
        if bare == whole:
            return _Rank(_HASHED, 2, False)
        if any(_is_replaced(a, b) for a in _stems(bare, files) for b in _stems(whole, False)):
            return _Rank(_HASHED, 1, False)
    return None


def _is_replaced(one: str, other: str) -> bool:
    """Whether names differ in what programs replace alone, and in no sign of a number.

    >>> _is_replaced("a_b", "a b"), _is_replaced("tilt_-10", "tilt_+10")
    (True, False)
    """
    if not _plain(one) or _plain(one) != _plain(other):
        return False
    if len(_MINUS.findall(one)) != len(_MINUS.findall(other)):
        return False
    runs = zip(_ODD.findall(one.strip("_")), _ODD.findall(other.strip("_")), strict=False)
    return all(a == b or {*a} == {"_"} or {*b} == {"_"} or not {*a, *b} >= {*"+-"} for a, b in runs)


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of their last parts are the same."""
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count
