"""Complex images, as ptychography and holography give them, made real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthwire.errors import InputError

if TYPE_CHECKING:
    import numpy as np

PHASE, AMPLITUDE = "phase", "amplitude"
COMPLEX_PARTS = {
    PHASE: "the phase, of which the mean and a ramp are taken off",
    AMPLITUDE: "the amplitude",
}
_LEAST_GAIN = 0.03  # of how much the pixels agree in phase, 0 … 1; a smaller one hides no particle
_RIM, _LONGEST = 8, 8  # parts of a side: left out at each end; the longest distance compared
_BINS, _NEAR, _STEPS = 1024, 0.4, 6  # of a whole turn; rad
_ENOUGH = 2**17  # pixels
_NO_PHASE = 1e-6  # rad; what is nearer to the mean phase is a rounding error


def without_ramps(pages: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Complex pages (pages, height, width) without linear ramps of the phase, and what is said.

    Ptychography knows the phase but for a constant and a ramp (Guizar-Sicairos et al., Opt. Express
    19, 21345, 2011), which wraps into stripes. The ramp is that of most pixels, so particles with
    edges on all sides do not matter.
    """
    import numpy as np

    level, steepest = pages.copy(), [0.0, 0.0]
    for page in level:
        inner = tuple(slice(side // _RIM, side - side // _RIM) for side in page.shape)
        totals = [
            _slope(np.moveaxis(page[inner], axis, 0)) * (side - 1)
            for axis, side in enumerate(page.shape)
        ]
        down, across = (
            total * np.linspace(-0.5, 0.5, side)
            for total, side in zip(totals, page.shape, strict=True)
        )
        flat = page * np.exp(-1j * np.add.outer(down, across))
        if _agreement(flat[inner]) < _agreement(page[inner]) + _LEAST_GAIN:
            continue
        page[:] = flat
        steepest = max(steepest, totals, key=lambda pair: max(map(abs, pair)))
    if not any(steepest):
        return pages, ()
    return level, (
        f"a ramp of the phase, {steepest[0]:.3g} rad down and {steepest[1]:.3g} rad across, was "
        "taken off",
    )


def _agreement(wave: np.ndarray) -> float:
    """How much pixels agree in phase: 1 where all have the same, 0 where it is any."""
    import numpy as np

    wave = wave[np.isfinite(wave)]
    return float(np.abs(wave.sum()) / max(np.abs(wave).sum(), np.finfo(float).tiny))


def _slope(wave: np.ndarray) -> float:
    """Radians per pixel down a complex image (height, width): the commonest, at growing distances.

    Each distance makes it more precise, and is short enough for what is left not to wrap.
    """
    import numpy as np

    wave = wave[:, :: max(1, wave.size // _ENOUGH)]
    middles = (np.arange(_BINS) + 0.5) * (2 * np.pi / _BINS) - np.pi
    slope, distance = 0.0, 1
    while distance <= max(1, len(wave) // _LONGEST):
        turns = wave[distance:] * wave[:-distance].conj() * np.exp(-1j * slope * distance)
        turns = turns[np.isfinite(turns)]
        counts, _ = np.histogram(np.angle(turns), _BINS, (-np.pi, np.pi), weights=np.abs(turns))
        if not counts.any():
            return slope
        smooth = sum(np.roll(counts, shift) for shift in range(-_BINS // 64, _BINS // 64 + 1))
        left = float(middles[np.argmax(smooth)])
        for _ in range(_STEPS):  # to the middle of those near it
            away = np.angle(np.exp(1j * (middles - left)))
            near = np.where(np.abs(away) < _NEAR, counts, 0)
            left += float((near * away).sum() / near.sum())
        slope += left / distance
        distance *= 2
    return slope


def real_pages(pages: np.ndarray, part: str) -> np.ndarray:
    """Pages (pages, height, width) of real numbers; part: a key of `COMPLEX_PARTS`.

    What is real stays as it is. The phase of a reconstruction is known but for a constant: the one
    taken off is that of the mean of all numbers, so that the phase jumps by 2π as far as can be
    from what most of the image has. Pixels without amplitude have phase 0. InputError when there is
    no such part, or when all pixels have one phase.
    """
    import numpy as np  # here: the command line's --help wants only the names above

    if part not in COMPLEX_PARTS:
        raise InputError(f"complex part '{part}' is none of {', '.join(COMPLEX_PARTS)}")
    if pages.dtype.kind != "c":
        return pages
    if part == AMPLITUDE:
        return np.abs(pages)
    mean = np.where(np.isfinite(pages), pages, 0).mean(axis=(1, 2), keepdims=True)
    phase = np.angle(pages * np.exp(-1j * np.angle(mean)))
    phase[(np.abs(phase) < _NO_PHASE) | (pages == 0)] = 0
    if not np.nan_to_num(phase).any():
        raise InputError(
            "all its complex numbers have one phase; --complex amplitude takes their amplitude"
        )
    return phase
