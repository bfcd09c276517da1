"""The texts that makers of microscopes write beside an image, with the size of its pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from synthwire.io.calibration import hitachi, jeol, tescan
from synthwire.io.calibration.calibration import Calibration, Found, weigh
from synthwire.io.units import decode

# A new maker is a file with recognises(text) and of_text(text), and its name here.
MAKERS = (tescan, jeol, hitachi)
SUFFIXES = (".hdr", ".txt")
LARGEST_BYTES = 2**20  # others' texts may be of any length


def sidecars_of(image: Path) -> list[Path]:
    """The texts of known makers beside an image: wires.txt or wires-tif.hdr of wires.tif."""
    if image.suffix.lower() in SUFFIXES:
        return []
    stems = dict.fromkeys((f"{image.stem}-{image.suffix[1:].lower()}", image.stem, image.name))
    suffixes = [form for suffix in SUFFIXES for form in (suffix, suffix.upper(), suffix.title())]
    beside = (image.with_name(stem + suffix) for stem, suffix in product(stems, suffixes))
    return [path for path in beside if is_sidecar(path)]


def is_sidecar(path: Path) -> bool:
    """Whether a file is such a text, which is no image itself."""
    return path.suffix.lower() in SUFFIXES and _reader(path) is not None


def sidecar_calibration(image: Path, shape: Sequence[int]) -> Calibration:
    """The pixel size that the texts beside an image (height, width) say it has."""
    readers = (_reader(path) for path in sidecars_of(image))
    return weigh((read for read in readers if read is not None), shape)


def _reader(path: Path) -> Callable[[], Found | None] | None:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            return None
        text = decode(path.read_bytes())
    except OSError:
        return None
    maker = next((maker for maker in MAKERS if maker.recognises(text)), None)
    return None if maker is None else partial(maker.of_text, text)
