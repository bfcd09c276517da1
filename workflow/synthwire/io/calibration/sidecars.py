"""The texts that makers of microscopes write beside an image, with the size of its pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from synthwire.io.calibration import hitachi, jeol, tescan
from synthwire.io.calibration.calibration import Calibration, Found, weigh
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.units import decode

# A new maker is a file with recognises(text) and of_text(text), and its name here.
MAKERS = (tescan, jeol, hitachi)
SUFFIXES = (".hdr", ".txt")
LARGEST_BYTES = 2**20  # others' texts may be of any length


def sidecars_of(image: Path) -> list[Path]:
    """The texts of known makers beside an image: wires.txt or wires-tif.hdr of wires.tif."""
    beside = (image.with_name(name) for name in _names(image))
    return [path for path in beside if is_sidecar(path)]


def sidecars_among(image: MemoryFile, files: Sequence[MemoryFile]) -> list[MemoryFile]:
    """Those of some files in memory that are such texts of an image."""
    names = _names(Path(image.name))
    return [file for file in files if Path(file.name).name in names and is_sidecar(file)]


def is_sidecar(path: Path | MemoryFile) -> bool:
    """Whether a file is such a text, which is no image itself."""
    return path.suffix.lower() in SUFFIXES and _reader(path) is not None


def sidecar_calibration(image: Path | MemoryFile, shape: Sequence[int]) -> Calibration:
    """The pixel size that the texts beside an image (height, width) say it has."""
    if isinstance(image, MemoryFile):
        texts: Sequence[Path | MemoryFile] = sidecars_among(image, image.beside)
    else:
        texts = sidecars_of(image)
    readers = (_reader(text) for text in texts)
    return weigh((read for read in readers if read is not None), shape)


def _names(image: Path) -> list[str]:
    """How a text beside an image may be called."""
    if image.suffix.lower() in SUFFIXES:
        return []
    stems = dict.fromkeys((f"{image.stem}-{image.suffix[1:].lower()}", image.stem, image.name))
    suffixes = [form for suffix in SUFFIXES for form in (suffix, suffix.upper(), suffix.title())]
    return [stem + suffix for stem, suffix in product(stems, suffixes)]


def _reader(path: Path | MemoryFile) -> Callable[[], Found | None] | None:
    try:
        if isinstance(path, Path) and not path.is_file():  # whoever reads a pipe may wait for ever
            return None
        with open_binary(path) as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError:
        return None
    if len(content) > LARGEST_BYTES:
        return None
    text = "\n".join(
        decode(content).splitlines()
    )  # some end their lines on a carriage return alone
    maker = next((maker for maker in MAKERS if maker.recognises(text)), None)
    return None if maker is None else partial(maker.of_text, text)
