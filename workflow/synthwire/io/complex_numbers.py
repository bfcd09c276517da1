"""Complex images, as ptychography and holography give them, made real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthwire.errors import InputError

if TYPE_CHECKING:
    import numpy as np

PHASE, AMPLITUDE = "phase", "amplitude"
COMPLEX_PARTS = {
    PHASE: "the phase, of which the mean is taken off",
    AMPLITUDE: "the amplitude",
}


def real_pages(pages: np.ndarray, part: str) -> np.ndarray:
    """Pages (pages, height, width) of real numbers; part: a key of `COMPLEX_PARTS`.

    What is real stays as it is. The phase of a reconstruction is known but for a constant: the one
    taken off is that of the mean of all numbers, so that the phase jumps by 2π as far as can be
    from what most of the image has. InputError when there is no such part.
    """
    import numpy as np  # here: the command line's --help wants only the names above

    if part not in COMPLEX_PARTS:
        raise InputError(f"complex part '{part}' is none of {', '.join(COMPLEX_PARTS)}")
    if pages.dtype.kind != "c":
        return pages
    if part == AMPLITUDE:
        return np.abs(pages)
    mean = np.where(np.isfinite(pages), pages, 0).mean(axis=(1, 2), keepdims=True)
    return np.angle(pages * np.exp(-1j * np.angle(mean)))
