"""A scan over photon energies, made ready: its drift undone, its intensities optical densities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from synthwire.datasets import absorption
from synthwire.errors import InputError
from synthwire.io.recordings import read_recording
from synthwire.io.recordings.energies import LEAST_EV

GROUND_PX = 4  # from all masks; nearer, the haze about a particle takes from I₀
LEAST_GROUND = 0.05  # of the view; with less there is no ground to speak of
# The mean logarithm of a Poisson count is that of its mean with half a count added, but for terms
# of 1/count²; without, 50 counts are 1 % too dense.
HALF_A_COUNT = 0.5
SAME_ENERGY_EV = 0.05
UNLIKE = 0.3  # correlation of neighbouring pages, below which drift is uncertain
DRIFT_COLUMNS = {
    "energy_ev": "photon energy",
    "down_px": "how far the view has moved since the first page, in pixels",
    "right_px": "the same to the right",
    "contrast": "standard deviation of the page, in its own unit",
    "likeness": "correlation with the page before, the drift undone; empty for the first",
}
CROSS = ndimage.generate_binary_structure(2, 1)  # a pixel and the four beside it


@dataclass(frozen=True)
class Scan:
    """A scan over photon energies, its drift undone.

    pages: (energies, height, width) as measured; energies_ev: (energies,), in the file's order.
    region: (x, y, width, height), what all pages cover. drift: a row an energy, columns of
    `DRIFT_COLUMNS`. remarks: what was read in a way that a person may doubt, one line each.
    """

    pages: np.ndarray
    energies_ev: np.ndarray
    region: tuple[int, int, int, int]
    drift: pd.DataFrame
    remarks: tuple[str, ...] = ()


def read_scan(stack: Path, *, transmission: bool) -> Scan:
    """A scan from its file; InputError where it names no energies.

    transmission: whether whole numbers are counts, to which half a one is added.
    """
    recording = read_recording(stack)
    if recording.energies_ev is None or len(recording.pages) < 2:
        raise InputError(f"{stack}: names no photon energies; a scan over energies is expected")
    energies = np.asarray(recording.energies_ev, dtype=float)
    if not (energies > 0).all():
        page = int(np.argmin(energies > 0))
        raise InputError(
            f"{stack}: page {page + 1} has the photon energy {energies[page]:g} eV; one above zero "
            "is expected for each"
        )
    several = len(np.unique(energies))
    if several < 2:
        raise InputError(f"{stack}: {len(energies)} pages of one energy; a spectrum needs several")
    pages, remarks = np.array(recording.pages, dtype=float), recording.remarks
    if several < len(energies):
        again = f"{len(energies) - several} of {len(energies)} pages repeat an energy"
        remarks = (*remarks, f"{again}; each has rows of its own")
    if energies.max() < LEAST_EV:
        remarks = (*remarks, f"photon energies up to {energies.max():g} eV; are they in keV?")
    if recording.valid is not None:  # lines that the scan did not reach are no intensity
        pages[~recording.valid] = np.nan
    del recording
    if transmission and all((np.mod(page[np.isfinite(page)], 1) == 0).all() for page in pages):
        pages += HALF_A_COUNT
    try:
        shifts = absorption.drift(pages)
        pages, region = absorption.align(pages, shifts)
    except InputError as error:
        raise InputError(f"{stack}: {error}") from None
    shared = absorption.crop(pages, region)
    columns = (energies, shifts[:, 0], shifts[:, 1], _contrasts(shared), likeness(shared))
    table = pd.DataFrame(dict(zip(DRIFT_COLUMNS, columns, strict=True)))
    return Scan(pages, energies, region, table.sort_values("energy_ev", ignore_index=True), remarks)


def _contrasts(pages: np.ndarray) -> np.ndarray:
    return np.array([np.nanstd(page) for page in pages])


def likeness(pages: np.ndarray) -> np.ndarray:
    """Correlation (n,) of each page with the one before it; NaN where one has no contrast."""
    found = np.full(len(pages), np.nan)
    for number in range(1, len(pages)):
        pair = pages[number - 1 : number + 1].reshape(2, -1)
        pair = pair[:, np.isfinite(pair).all(axis=0)]
        if pair.size and (np.ptp(pair, axis=1) > 0).all():
            found[number] = np.corrcoef(pair)[0, 1]
    return found


def density_of(
    scan: Scan, modality: str, incident: Mapping[str, Any], masks: np.ndarray
) -> np.ndarray:
    """Optical densities (energies, height, width) of what all pages of a scan cover.

    incident: of transmission alone, as `options.Preparation` has it, or {} for I₀ from the ground:
    at each energy the median of the pixels that are far from all masks (n, height, width). Where
    there are too few of them it is the 95th percentile, as for images.
    """
    if modality != "transmission":
        return absorption.crop(scan.pages, scan.region)
    if not incident:
        ground = ~ndimage.binary_dilation(masks.any(axis=0), CROSS, GROUND_PX)
        if ground.mean() < LEAST_GROUND:
            incident = {"percentile": 95.0}
        else:
            pages = absorption.crop(scan.pages, scan.region)
            level = np.array([np.nanmedian(page[ground]) for page in pages])
            return absorption.optical_density(pages, level[:, None, None])
    settings = {
        "incident": incident,
        "align": False,
        **dict.fromkeys(("energy_ev", "ratio_ev", "average_ev")),
    }
    reference = _reference(scan, Path(incident["image"])) if "image" in incident else None
    density = absorption.density_pages(
        scan.pages, scan.energies_ev.tolist(), settings, incident_pages=reference
    )
    return absorption.crop(density, scan.region)


def _reference(scan: Scan, path: Path) -> np.ndarray:
    """The pages of a scan without specimen, or one image; InputError where energies differ."""
    recording = read_recording(path)
    given = recording.energies_ev
    if len(recording.pages) > 1 and given is not None and len(given) == len(scan.energies_ev):
        apart = np.abs(np.asarray(given, dtype=float) - scan.energies_ev).max()
        if apart > SAME_ENERGY_EV:
            raise InputError(
                f"I0 {path}: its energies differ from the scan's by up to {apart:g} eV"
            )
    return np.array(recording.pages, dtype=float)
