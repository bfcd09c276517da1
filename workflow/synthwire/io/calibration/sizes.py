"""The forms in which pixel sizes are passed on: (y, x) in nm, one number, words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

_ALIKE = 0.01


def as_pixel_size(value: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(y, x) in nm from a number, a pair [y, x], or None."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value), float(value)
    y, x = value
    return float(y), float(x)


def pixel_side_nm(image: Mapping) -> float:
    """Side of a pixel in nm, the geometric mean of [y, x] where they differ; NaN when unknown.

    image: COCO image record; its pixel_size_nm is a number, a pair, None or missing.
    """
    size = image.get("pixel_size_nm")
    if size is None:
        return math.nan
    return float(np.exp(np.mean(np.log(np.atleast_1d(np.asarray(size, dtype=np.float64))))))


def length_words(length_nm: float) -> str:
    """A length in the unit in which it reads best.

    >>> length_words(0.8), length_words(1250), length_words(2.5e7)
    ('0.8 nm', '1.25 µm', '25 mm')
    """
    for size, unit in ((1e6, "mm"), (1e3, "µm")):
        if length_nm >= size:
            return f"{length_nm / size:.4g} {unit}"
    return f"{length_nm:.4g} nm"


def different_sizes(sizes: Iterable[tuple[float, float] | None]) -> str | None:
    """Why none of the pixel sizes (y, x) in nm of a file's pages is that of all of them.

    None where those that are known agree within 1 %.
    """
    found: list[tuple[float, float]] = []
    for size in sizes:
        if size is not None and not any(np.allclose(size, other, rtol=_ALIKE) for other in found):
            found.append(size)
    if len(found) < 2:
        return None
    said = ", ".join(length_words(across) for _, across in found)
    return (
        f"its pages have pixels of different sizes, {said}, of which none is taken; save each page "
        "in a file of its own"
    )
