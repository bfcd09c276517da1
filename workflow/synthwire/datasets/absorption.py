"""From measured intensities to optical density, as X-ray microscopes need before segmentation.

Intensities and optical densities are float arrays (height, width) or stacks (pages, height,
width); OD = −ln(I/I₀) (Beer–Lambert) has no unit. Energies are in eV. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft, ndimage
from skimage.registration import phase_cross_correlation
from skimage.transform import resize

from synthwire.errors import InputError
from synthwire.io.grey import filled

Region = tuple[int, int, int, int]

MEMORY = 0.95  # weight of what is remembered of earlier pages, where drift is measured
LEAST_THERE = 0.75  # of a page, of what the fullest one has


def incident_from_region(intensity: np.ndarray, region: Region) -> np.ndarray:
    """I₀ of each page as the mean over an empty region (x, y, width, height) in pixels.

    Gives an array that divides the pages: () for one image, (pages, 1, 1) for a stack.
    InputError when the region leaves the image or holds no finite, positive intensity.
    """
    x, y, width, height = (int(value) for value in region)
    rows, columns = intensity.shape[-2:]
    if width < 1 or height < 1 or x < 0 or y < 0 or x + width > columns or y + height > rows:
        raise InputError(
            f"I0 region {list(region)} (x, y, width, height) lies outside the image of "
            f"{columns} × {rows} pixels"
        )
    patch = intensity[..., y : y + height, x : x + width]
    return _checked(_nan_mean(patch), "in the I0 region")


def incident_from_percentile(intensity: np.ndarray, percentile: float = 95.0) -> np.ndarray:
    """I₀ of each page as a percentile of its intensities: where most of the view is empty.

    Shape as in `incident_from_region`.
    """
    if not 0 < percentile <= 100:
        raise InputError(f"I0 percentile: {percentile} is outside 0…100")
    levels = []
    for page in _pages_of(intensity):  # one by one: a stack of 260 energies is large
        values = page[np.isfinite(page)]
        if not values.size:
            raise InputError("I0: a page has no finite intensity")
        levels.append(np.percentile(values, percentile))
    result = np.reshape(levels, (-1, 1, 1)) if intensity.ndim == 3 else np.asarray(levels[0])
    return _checked(result, f"at percentile {percentile:g}")


def _pages_of(stack: np.ndarray) -> np.ndarray:
    return stack if stack.ndim == 3 else stack[np.newaxis]


def _nan_mean(patch: np.ndarray) -> np.ndarray:
    finite = np.isfinite(patch)
    counts = finite.sum(axis=(-2, -1), keepdims=patch.ndim == 3)
    sums = np.where(finite, patch, 0.0).sum(axis=(-2, -1), keepdims=patch.ndim == 3)
    return np.divide(sums, counts, out=np.zeros_like(sums, dtype=float), where=counts > 0)


def _checked(incident: np.ndarray, where: str) -> np.ndarray:
    if not (np.isfinite(incident) & (incident > 0)).all():
        raise InputError(f"I0: no positive intensity {where}; is this already optical density?")
    return incident


def optical_density(intensity: np.ndarray, incident: np.ndarray | float) -> np.ndarray:
    """OD = −ln(I/I₀) of intensities (height, width) or (pages, height, width).

    `incident` is I₀ in the same unit: a number, one number a page, or an image or stack of its own
    taken without specimen. Where no photon was counted, half a count stands for none (of integer
    intensities; of others half the least positive one), so that OD stays finite. NaN stays NaN.

    >>> optical_density(np.array([[100.0, 36.787944117144235]]), 100.0).round(6) + 0.0
    array([[0., 1.]])
    """
    intensity = np.asarray(intensity, dtype=float)
    incident = np.asarray(incident, dtype=float)
    try:
        shape = np.broadcast_shapes(intensity.shape, incident.shape)
    except ValueError:
        shape = None
    if shape != intensity.shape:
        raise InputError(
            f"I0 of shape {incident.shape} does not fit intensities of shape {intensity.shape}"
        )
    if (incident <= 0).any():
        raise InputError("I0: holds intensities of zero or less")
    density = np.where(intensity > 0, intensity, _half_a_count(intensity))
    density /= incident  # in place: a stack of 260 energies is large
    np.log(density, out=density)
    np.subtract(0.0, density, out=density)
    density[~np.isfinite(intensity)] = np.nan
    return density


def _half_a_count(intensity: np.ndarray) -> float:
    least, whole = np.inf, True
    for page in _pages_of(intensity):
        positive = page[page > 0]
        if positive.size:
            least = min(least, float(positive.min()))
            whole = whole and bool((np.mod(positive, 1) == 0).all())
    if least == np.inf:
        raise InputError("no intensity is above zero; is this already optical density?")
    return 0.5 if whole else least / 2


def page_at(energies_ev: Sequence[float], energy_ev: float, *, tolerance_ev: float = 0.5) -> int:
    """Page nearest to an energy; InputError when none lies within the tolerance."""
    energies = np.asarray(energies_ev, dtype=float)
    page = int(np.argmin(np.abs(energies - energy_ev)))
    if abs(energies[page] - energy_ev) > tolerance_ev:
        raise InputError(
            f"no page within {tolerance_ev:g} eV of {energy_ev:g} eV; the scan runs from "
            f"{energies.min():g} to {energies.max():g} eV"
        )
    return page


def ratio_image(
    density: np.ndarray,
    energies_ev: Sequence[float],
    numerator_ev: float,
    denominator_ev: float,
    *,
    least_density: float = 0.02,
) -> np.ndarray:
    """OD at one energy over OD at another (height, width): a map of composition or orientation.

    The paper's are 527 over 529.8 eV at the oxygen K edge. Where the denominator is below
    `least_density`, which is noise, the ratio is NaN.
    """
    _require_stack(density, energies_ev)
    top = density[page_at(energies_ev, numerator_ev)]
    bottom = density[page_at(energies_ev, denominator_ev)]
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom >= least_density)


def energy_average(
    density: np.ndarray, energies_ev: Sequence[float], low_ev: float, high_ev: float
) -> np.ndarray:
    """Mean OD (height, width) over all pages with low ≤ energy ≤ high; NaN pixels are left out.

    The paper's STXM image is the mean over 508–560 eV in steps of 0.2 eV. Uneven steps are
    weighted by the energy that each page stands for (trapezoidal rule).
    """
    _require_stack(density, energies_ev)
    energies = np.asarray(energies_ev, dtype=float)
    order = np.argsort(energies, kind="stable")
    chosen = order[(energies[order] >= low_ev) & (energies[order] <= high_ev)]
    if not chosen.size:
        raise InputError(
            f"no page between {low_ev:g} and {high_ev:g} eV; the scan runs from "
            f"{energies.min():g} to {energies.max():g} eV"
        )
    weights = np.ones(len(chosen))
    if len(chosen) > 1:
        steps = np.diff(energies[chosen])
        weights = np.r_[steps, 0.0] + np.r_[0.0, steps]
        if not weights.any():  # one energy, measured repeatedly
            weights[:] = 1.0
    values = np.asarray(density, dtype=float)[chosen]
    weights = weights[:, np.newaxis, np.newaxis] * np.isfinite(values)
    total = weights.sum(axis=0)
    sums = (np.where(np.isfinite(values), values, 0.0) * weights).sum(axis=0)
    return np.divide(sums, total, out=np.full(total.shape, np.nan), where=total > 0)


def _require_stack(density: np.ndarray, energies_ev: Sequence[float]) -> None:
    if np.ndim(density) != 3 or len(density) != len(energies_ev):
        raise InputError(
            f"a stack with one energy for each page is expected, not shape {np.shape(density)} "
            f"with {len(energies_ev)} energies"
        )


def drift(stack: np.ndarray, *, upsampling: int = 20) -> np.ndarray:
    """Shift (pages, 2) in pixels (down, right) of each page against the first.

    Each page is compared by cross-correlation with the mean of those before it, their drift undone
    and the latest weighing most: contrast changes over an absorption edge, and from page to page
    alone the errors would add up. A page without any structure, or of which much is missing, as of
    a scan that was stopped, is taken not to have moved.
    """
    if np.ndim(stack) != 3:
        raise InputError(f"a stack of pages is expected, not shape {np.shape(stack)}")
    shifts = np.zeros((len(stack), 2))
    size = np.shape(stack)[1:]
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in size))
    down, right = (-2j * np.pi * fft.fftfreq(side) for side in size)
    reference = None
    there = np.array([np.isfinite(page).mean() for page in stack])
    for number, page in enumerate(stack):
        shifts[number] = shifts[max(number - 1, 0)]
        much = there[number] >= LEAST_THERE * there.max()
        spectrum = _spectrum(np.asarray(page, dtype=float), window) if much else None
        if spectrum is None:
            continue
        if reference is None:
            reference = spectrum
            continue
        back, _, _ = phase_cross_correlation(
            reference, spectrum, space="fourier", upsample_factor=upsampling, normalization=None
        )
        shifts[number] = -back
        spectrum *= np.exp(down * back[0])[:, None].astype(np.complex64)
        spectrum *= np.exp(right * back[1]).astype(np.complex64)
        reference *= MEMORY
        reference += spectrum
    return shifts


def _spectrum(page: np.ndarray, window: np.ndarray) -> np.ndarray | None:
    """Fourier transform of a page, fading towards its edges; None of one without structure."""
    page = filled(page, np.isfinite(page))
    image = np.nan_to_num(page - page.mean()) * window
    return fft.fftn(image.astype(np.float32)) if image.any() else None


def align(stack: np.ndarray, shifts: np.ndarray | None = None) -> tuple[np.ndarray, Region]:
    """Undo the drift of a stack (pages, height, width).

    Returns the shifted pages and the region (x, y, width, height) that all of them cover; outside
    of it the edge is repeated. `shifts` are those of `drift`, measured when not given. InputError
    when the drift leaves nothing in common.
    """
    shifts = drift(stack) if shifts is None else np.asarray(shifts, dtype=float)
    stack = np.asarray(stack, dtype=float)
    if shifts.shape != (len(stack), 2):
        raise InputError(f"one shift (down, right) for each of {len(stack)} pages is expected")
    aligned = np.empty_like(stack)
    for number, (page, shift) in enumerate(zip(stack, shifts, strict=True)):
        aligned[number] = _moved(page, -shift)
    low = np.ceil(np.maximum(-shifts, 0).max(axis=0)).astype(int)
    high = np.ceil(np.maximum(shifts, 0).max(axis=0)).astype(int)
    height, width = np.array(stack.shape[1:]) - low - high
    if min(height, width) < 1:
        raise InputError("the stack drifts further than its field of view is wide")
    return aligned, (int(low[1]), int(low[0]), int(width), int(height))


def _moved(page: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A page shifted by cubic splines; what is not finite goes with it, as NaN, and no further."""
    missing = ~np.isfinite(page)
    if not shift.any() or missing.all():
        return page
    if not missing.any():
        return ndimage.shift(page, shift, order=3, mode="nearest")
    nearest = ndimage.distance_transform_edt(
        missing, return_distances=False, return_indices=True
    )  # a spline takes in all pixels of its line
    moved = ndimage.shift(page[tuple(nearest)], shift, order=3, mode="nearest")
    gone = ndimage.shift(missing.astype(float), shift, order=1, mode="nearest")
    return np.where(gone > 1e-6, np.nan, moved)


def crop(image: np.ndarray, region: Region) -> np.ndarray:
    """The region (x, y, width, height) of an image or of all pages of a stack."""
    x, y, width, height = region
    return image[..., y : y + height, x : x + width]


def rescale(
    image: np.ndarray, shape: tuple[int, int], pixel_size_nm: tuple[float, float] | None = None
) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Resample an image to `shape` (height, width); returns it with its new pixel size (y, x).

    Cubic splines, with a Gaussian before them where the image shrinks. The paper enlarged its STXM
    image from 100 × 100 to 531 × 449 pixels; steps of 35 nm became 6.6 nm down and 7.8 nm across.
    """
    image = np.asarray(image, dtype=float)
    if image.ndim != 2 or min(shape) < 1:
        raise InputError(f"an image {image.shape} cannot be rescaled to {tuple(shape)}")
    smaller = shape[0] < image.shape[0] or shape[1] < image.shape[1]
    result = resize(image, shape, order=3, mode="edge", anti_aliasing=smaller)
    if pixel_size_nm is None:
        return result, None
    y, x = (
        size * old / new for size, old, new in zip(pixel_size_nm, image.shape, shape, strict=True)
    )
    return result, (y, x)


def density_pages(
    pages: np.ndarray,
    energies_ev: Sequence[float] | None,
    settings: dict,
    *,
    incident_pages: np.ndarray | None = None,
) -> np.ndarray:
    """Optical-density images (images, height, width) of a scan (pages, height, width).

    settings: `absorption` of an image set of kind `file` (schema/
    image_set.schema.yaml), defaults filled in. In this order: alignment of the intensities, I₀ and
    OD, then the page, ratio or average over energies. incident_pages: the pages of
    settings["incident"]["image"], when that is given. With neither energy, ratio nor average each
    page is an image of its own.
    """
    incident = settings["incident"]
    pages = np.asarray(pages, dtype=float)
    if incident_pages is not None:
        incident_pages = np.asarray(incident_pages, dtype=float)
    region = None
    if settings["align"] and len(pages) > 1:
        pages, region = align(pages)
    if incident == "none":  # optical density already
        density = pages
    elif incident_pages is not None:
        density = optical_density(
            pages, incident_pages[0] if len(incident_pages) == 1 else incident_pages
        )
    elif "region" in incident:
        density = optical_density(pages, incident_from_region(pages, incident["region"]))
    else:
        density = optical_density(pages, incident_from_percentile(pages, incident["percentile"]))
    if region is not None:
        density = crop(density, region)
    wanted = {
        key: settings[key] for key in ("energy_ev", "ratio_ev", "average_ev") if settings[key]
    }
    if len(wanted) > 1:
        raise InputError(f"absorption: {' and '.join(wanted)} exclude each other")
    if not wanted:
        return density
    if energies_ev is None:
        raise InputError("absorption: the file names no energies; give them as energies_ev")
    if settings["energy_ev"]:
        density = density[[page_at(energies_ev, settings["energy_ev"])]]
    elif settings["ratio_ev"]:
        density = ratio_image(density, energies_ev, *settings["ratio_ev"])[np.newaxis]
    else:
        density = energy_average(density, energies_ev, *settings["average_ev"])[np.newaxis]
    return density
