"""Reading outlines of any format: the table of formats, and the right one for a file."""

from __future__ import annotations

from collections.abc import Sequence

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source, as_source
from synthwire.io.outlines import coco, fiji, labelme, labels, via
from synthwire.io.outlines.collector import Collector, Outlines

# The first that recognises a file reads it. A new format is a file with recognises(collector) and
# read(collector), and its name here.
FORMATS = (fiji, labelme, coco, via, labels)


def read_outlines(
    path: Source,
    names: Sequence[str],
    shape: tuple[int, int],
    *,
    classes: Sequence[str] = ("nanowire",),
) -> Outlines:
    """Read the outlines of one image, or of the pages of one image set, from any known format.

    names: file names of the pages (several pages of one file have one name); shape: their height
    and width. A class name of the file that is none of `classes` is taken as the only class there
    is, with a remark; with several classes it is an error. InputError in one line when the file
    is of no known format, belongs to other images, or is of another size.
    """
    path = as_source(path)
    if not isinstance(path, MemoryFile) and not path.is_file():
        raise InputError(f"{path}: no such file")
    collector = Collector(path, list(names), (shape[0], shape[1]), tuple(classes))
    reader = next((item for item in FORMATS if item.recognises(collector)), None)
    if reader is None:  # only a JSON file can be of no format
        raise InputError(
            f"{path}: neither COCO, nor VGG Image Annotator, nor LabelMe JSON with outlines"
        )
    reader.read(collector)
    return collector.outlines()
