"""The spectrum of each particle, from a scan over photon energies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage
from scipy.optimize import nnls

from synthwire.datasets import absorption
from synthwire.errors import InputError
from synthwire.io.masks import decode_mask
from synthwire.io.recordings import read_recording
from synthwire.segmentation.saved_table import read_saved
from synthwire.segmentation.scans import CROSS, UNLIKE, density_of, likeness, read_scan

EDGE_PX = 1  # beyond a mask's edge or within it, blur mixes particle and ground
DEEP_PX = 2  # where enough pixels are left: at 1.5 px, 4 % of a blurred pixel is from outside
ENOUGH_OWN_PX = 200  # with fewer, photon noise outweighs that
LEAST_OWN_PX = 12  # of a particle's own; with fewer its spectrum is unmixed from overlaps
COMPONENTS = 3
MOST_DENSITY = 20.0  # one photon in 500 million comes through
MOST_DARK = 0.05  # of the particles' intensities, which may be zero or less


@dataclass(frozen=True)
class Spectra:
    """Spectra of particles.

    ids: (n,). energies_ev: (energies,), increasing. density: (n, energies), mean OD of each; NaN
    where no pixel says anything. spread: (n, energies), standard deviation between pixels; NaN of
    unmixed ones. own_px, overlap_px: (n,), pixels that are one particle's alone, and others'.
    unmixed: (n,), whether a spectrum rests on overlaps.
    """

    ids: np.ndarray
    energies_ev: np.ndarray
    density: np.ndarray
    spread: np.ndarray
    own_px: np.ndarray
    overlap_px: np.ndarray
    unmixed: np.ndarray


def particle_spectra(
    density: np.ndarray, energies_ev: np.ndarray, masks: np.ndarray, ids: np.ndarray
) -> Spectra:
    """Spectra of amodal masks (n, height, width) in optical densities (energies, height, width).

    A particle's spectrum is the mean over the pixels that are its alone, the edges of all masks
    left out, twice as wide ones where enough is left. Optical densities add: those of particles
    that others cover nearly everywhere come from the pixels of their overlaps, less what the others
    are known to absorb, by non-negative least squares.
    """
    finite = np.logical_and.reduce([np.isfinite(page) for page in density])
    cover, deep = (_cores(masks, finite, edge) for edge in (EDGE_PX, DEEP_PX))
    times, deep_times = cover.sum(axis=0), deep.sum(axis=0)
    shape = (len(masks), len(energies_ev))
    means, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    own_px, overlap_px = np.zeros(len(masks), int), np.zeros(len(masks), int)
    for number, mask in enumerate(cover):
        own, deep_own = mask & (times == 1), deep[number] & (deep_times == 1)
        if deep_own.sum() >= ENOUGH_OWN_PX:
            own = deep_own
        own_px[number], overlap_px[number] = own.sum(), (mask & (times > 1)).sum()
        if own_px[number] >= LEAST_OWN_PX:
            values = density[:, own]
            means[number], spread[number] = values.mean(axis=1), values.std(axis=1, ddof=1)
    unknown = np.flatnonzero(own_px < LEAST_OWN_PX)
    _unmix(density, cover, unknown, means)
    unmixed = np.isin(np.arange(len(masks)), unknown)
    energies = np.asarray(energies_ev, dtype=float)
    order = np.argsort(energies, kind="stable")
    means, spread = means[:, order], spread[:, order]
    return Spectra(ids, energies[order], means, spread, own_px, overlap_px, unmixed)


def _cores(masks: np.ndarray, finite: np.ndarray, edge: int) -> np.ndarray:
    """Masks (n, height, width) without what is not finite or within `edge` px of an edge."""
    inner = np.stack([ndimage.binary_erosion(mask, CROSS, edge) for mask in masks])
    near = np.zeros_like(finite)
    for mask, core in zip(masks, inner, strict=True):
        near |= ndimage.binary_dilation(mask, CROSS, edge) & ~core
    return inner & finite & ~near


def _unmix(density: np.ndarray, cover: np.ndarray, unknown: np.ndarray, means: np.ndarray) -> None:
    """Fill the spectra of `unknown` particles from pixels under which each other one is known."""
    places = cover[unknown].any(axis=0)
    if not places.any():
        return
    # pixels that the same particles cover are one equation, weighted by their number
    patterns, which = np.unique(cover[:, places].T, axis=0, return_inverse=True)
    counts = np.bincount(which.ravel(), minlength=len(patterns))
    values = density[:, places]
    sums = np.stack([np.bincount(which.ravel(), page, len(patterns)) for page in values])
    weights = np.sqrt(counts)
    others = patterns.astype(float)
    others[:, unknown] = 0
    rest = sums / counts - (others @ np.nan_to_num(means)).T
    design = patterns[:, unknown] * weights[:, None]
    determined = design.any(axis=0)
    for page, row in enumerate(rest):
        means[unknown, page] = np.where(determined, nnls(design, row * weights)[0], np.nan)


def spectra_of_result(
    stack: Path, result: Path, incident: Mapping[str, Any]
) -> tuple[Spectra, pd.DataFrame, np.ndarray, pd.DataFrame, list[str]]:
    """Spectra of the particles of a result, its table, their masks (n, height, width), the drift,
    and lines on what may be wrong.

    incident: see `density_of`. InputError in one line when the two do not go together.
    """
    for name in ("coco.json", "particles.csv"):
        if not (result / name).is_file():
            raise InputError(f"{result}: no {name}; name the folder of one image's results")
    data, table = read_saved(result)
    if table.empty:
        raise InputError(f"{result}: no particles in it")
    by_id = {item["id"]: item for item in data["annotations"]}
    modality = data["info"].get("modality", "od")
    if incident and modality != "transmission":
        raise InputError(f"{result}: of modality {modality}; --i0 goes with transmission alone")
    scan = read_scan(stack, transmission=modality == "transmission")
    record = data["images"][0]
    width, height = scan.region[2:]
    if (height, width) != (record["height"], record["width"]):
        raise InputError(
            f"{stack}: {height} × {width} pixels, but {result} is of "
            f"{record['height']} × {record['width']}: results of another image"
        )
    masks = np.stack([decode_mask(by_id[number]["segmentation"]) for number in table["id"]])
    try:
        density = density_of(scan, modality, incident, masks)
    except InputError as error:
        raise InputError(f"{stack}: {error}") from None
    found = particle_spectra(density, scan.energies_ev, masks, table["id"].to_numpy())
    doubts = [f"{stack}: {remark}" for remark in scan.remarks]
    doubts += _doubts(stack, result / "image.png", str(record.get("file_name", "")), density)
    if np.nanmax(found.density, initial=0) > MOST_DENSITY:
        doubts.append(
            f"{stack}: optical densities up to {np.nanmax(found.density):.3g}; are they "
            f"intensities? {result} is of modality {modality}"
        )
    if modality == "transmission":
        dark = absorption.crop(scan.pages, scan.region)[:, masks.any(axis=0)] <= 0
        if dark.mean() > MOST_DARK:
            doubts.append(
                f"{stack}: {dark.mean():.0%} of the particles' intensities are zero or less; their "
                "optical density is a lower limit"
            )
    if "image" in incident and len(read_recording(incident["image"]).pages) == 1:
        doubts.append(f"I0 {incident['image']}: one image for all energies, whose light differs")
    return found, table, masks, scan.drift, doubts


def _doubts(stack: Path, picture: Path, name: str, density: np.ndarray) -> list[str]:
    """A line where a scan is not what a result's picture shows; name: of the image it is of."""
    if not picture.is_file():
        return []
    with Image.open(picture) as opened:
        seen = np.asarray(opened.convert("L"), dtype=float)
    mean = density.mean(axis=0)
    if seen.shape != mean.shape or not likeness(np.stack([seen, mean]))[1] < UNLIKE:
        return []
    return [f"{stack}: has little in common with {picture}, of '{name}'; is it the scan of that?"]


def long_table(spectra: Spectra) -> pd.DataFrame:
    """A row a particle and energy."""
    count = len(spectra.energies_ev)
    return pd.DataFrame(
        {
            "id": np.repeat(spectra.ids, count),
            "energy_ev": np.tile(spectra.energies_ev, len(spectra.ids)),
            "optical_density": spectra.density.ravel(),
            "sd": spectra.spread.ravel(),
        }
    )


def components(spectra: Spectra) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Principal components of the spectra's shapes.

    Each spectrum is divided by its mean, so that thickness counts for nothing. Returns a row a
    component and energy (component 0 is the mean; `share` of the variance), and a row a particle:
    id, mean_od, own_px, overlap_px, unmixed, and the loadings component_1 …
    """
    level = np.nanmean(np.where(np.isfinite(spectra.density), spectra.density, np.nan), axis=1)
    known = np.isfinite(spectra.density).all(axis=1) & (level > 0)
    shapes = spectra.density[known] / level[known, None]
    middle = shapes.mean(axis=0) if len(shapes) else np.full(len(spectra.energies_ev), np.nan)
    left, sizes, right = np.linalg.svd(shapes - middle, full_matrices=False)
    number = min(COMPONENTS, max(int(known.sum()) - 1, 0))
    total = max(float((sizes**2).sum()), 1e-30)
    parts = [pd.DataFrame({"component": 0, "energy_ev": spectra.energies_ev, "value": middle})]
    table = pd.DataFrame(
        {
            "id": spectra.ids,
            "mean_od": level,
            "own_px": spectra.own_px,
            "overlap_px": spectra.overlap_px,
            "unmixed": spectra.unmixed,
        }
    )
    for k in range(number):
        sign = 1.0 if right[k][np.argmax(np.abs(right[k]))] > 0 else -1.0
        parts.append(
            pd.DataFrame(
                {
                    "component": k + 1,
                    "energy_ev": spectra.energies_ev,
                    "value": sign * right[k],
                    "share": sizes[k] ** 2 / total,
                }
            )
        )
        loadings = np.full(len(known), np.nan)
        loadings[known] = sign * left[:, k] * sizes[k]
        table[f"component_{k + 1}"] = loadings
    return pd.concat(parts, ignore_index=True), table
