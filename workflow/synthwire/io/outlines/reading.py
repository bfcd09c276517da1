"""Reading the outlines of one image, or of several of one size, from whatever holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.coco import ANNOTATION_IDS_PER_IMAGE
from synthwire.io.files import MemoryFile, Source, as_source
from synthwire.io.outlines.archives import is_archive_of_files
from synthwire.io.outlines.collector import Collector, Outlines
from synthwire.io.outlines.formats import read_into
from synthwire.io.outlines.sources import OutlineSource


def read_outlines(
    path: Source,
    names: Sequence[str],
    shape: tuple[int, int],
    *,
    classes: Sequence[str] = ("nanowire",),
    beside: Mapping[str, MemoryFile] | None = None,
) -> Outlines:
    """Read the outlines of one image, or of the pages of one image set, from any known format.

    path: a file, an archive of files, or a folder. names: paths or names of the pages' files
    (several pages of one file have one name); shape: their height and width. beside: other files
    of an archive that the file comes from. What is wrong with a single outline leaves it out, with
    a remark. A class name of the file that is none of `classes` is taken as the only class there
    is, with a remark; with several classes it is an error. InputError in one line when the file is
    of no known format, belongs to other images, is of another size, or has no outline that is good.
    """
    path = as_source(path)
    names, shape = list(names), (int(shape[0]), int(shape[1]))
    if not isinstance(path, MemoryFile) and not path.exists():
        raise InputError(f"{path}: no such file")
    if is_archive_of_files(path) or (isinstance(path, Path) and path.is_dir()):
        return _read_members(path, names, shape, tuple(classes))
    collector = Collector(path, names, shape, tuple(classes), beside)
    read_into(collector)
    return collector.outlines()


def _read_members(
    path: Path | MemoryFile, names: list[str], shape: tuple[int, int], classes: tuple[str, ...]
) -> Outlines:
    """The outlines of each image from its own file of a folder or an archive."""
    source = OutlineSource(path, names)
    whole = Outlines()
    for name in dict.fromkeys(names):
        claim = source.require(name)
        pages = [page for page, given in enumerate(names) if given == name]
        known = [claim.name or name] * len(pages)
        found = read_outlines(claim.file, known, shape, classes=classes, beside=claim.beside)
        for item in found.annotations:
            page = pages[item["image_id"] - 1]
            number = item["id"] % ANNOTATION_IDS_PER_IMAGE
            identity = page * ANNOTATION_IDS_PER_IMAGE + number
            whole.annotations.append({**item, "id": identity, "image_id": page + 1})
        whole.remarks += found.remarks
    whole.annotations.sort(key=lambda item: item["id"])
    return whole
