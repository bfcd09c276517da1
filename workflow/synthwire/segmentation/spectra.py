"""The spectrum of each particle, from a scan over photon energies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.optimize import nnls

from synthwire.datasets.absorption import density_pages
from synthwire.errors import InputError
from synthwire.io.coco import read_coco
from synthwire.io.masks import decode_mask
from synthwire.io.recordings import read_recording

EDGE_PX = 1  # beyond a mask's edge or within it, blur mixes particle and ground
LEAST_OWN_PX = 12  # of a particle's own; with fewer its spectrum is unmixed from overlaps
COMPONENTS = 3
CROSS = ndimage.generate_binary_structure(2, 1)


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
    left out. Optical densities add: those of particles that others cover nearly everywhere come
    from the pixels of their overlaps, less what the others are known to absorb, by non-negative
    least squares.
    """
    order = np.argsort(energies_ev, kind="stable")
    density, energies_ev = density[order], np.asarray(energies_ev, dtype=float)[order]
    inner = np.stack([ndimage.binary_erosion(mask, CROSS, EDGE_PX) for mask in masks])
    near_edge = [
        ndimage.binary_dilation(mask, CROSS, EDGE_PX) & ~core
        for mask, core in zip(masks, inner, strict=True)
    ]
    clean = np.isfinite(density).all(axis=0) & ~np.logical_or.reduce(near_edge)
    cover = inner & clean
    times = cover.sum(axis=0)
    shape = (len(masks), len(energies_ev))
    means, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    own_px, overlap_px = np.zeros(len(masks), int), np.zeros(len(masks), int)
    for number, mask in enumerate(cover):
        own = mask & (times == 1)
        own_px[number], overlap_px[number] = own.sum(), (mask & (times > 1)).sum()
        if own_px[number] >= LEAST_OWN_PX:
            values = density[:, own]
            means[number], spread[number] = values.mean(axis=1), values.std(axis=1, ddof=1)
    unknown = np.flatnonzero(own_px < LEAST_OWN_PX)
    _unmix(density, cover, unknown, means)
    unmixed = np.isin(np.arange(len(masks)), unknown)
    return Spectra(ids, energies_ev, means, spread, own_px, overlap_px, unmixed)


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


def read_density(
    stack: Path, modality: str, incident: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Optical densities (energies, height, width) of a scan, its drift undone, and its energies.

    incident: as `options.Preparation` has it; of transmission alone. InputError where the file
    names no energies.
    """
    recording = read_recording(stack)
    if recording.energies_ev is None or len(recording.pages) < 2:
        raise InputError(f"{stack}: names no photon energies; a scan over energies is expected")
    transmission = modality == "transmission"
    pages = None
    if transmission and "image" in incident:
        pages = read_recording(incident["image"]).pages
    settings = {
        "incident": incident if transmission else "none",
        "align": True,
        **dict.fromkeys(("energy_ev", "ratio_ev", "average_ev")),
    }
    try:
        density = density_pages(
            recording.pages, recording.energies_ev, settings, incident_pages=pages
        )
    except InputError as error:
        raise InputError(f"{stack}: {error}") from None
    return density, np.asarray(recording.energies_ev)


def spectra_of_result(
    stack: Path, result: Path, incident: Mapping[str, Any]
) -> tuple[Spectra, pd.DataFrame, np.ndarray]:
    """Spectra of the particles of a result, its table, and their masks (n, height, width)."""
    for name in ("coco.json", "particles.csv"):
        if not (result / name).is_file():
            raise InputError(f"{result}: no {name}; name the folder of one image's results")
    data, table = read_coco(result / "coco.json"), pd.read_csv(result / "particles.csv")
    if table.empty:
        raise InputError(f"{result}: no particles in it")
    density, energies = read_density(stack, data["info"].get("modality", "od"), incident)
    record = data["images"][0]
    if density.shape[1:] != (record["height"], record["width"]):
        raise InputError(
            f"{stack}: {density.shape[1]} × {density.shape[2]} pixels, but {result} is of "
            f"{record['height']} × {record['width']}: results of another image"
        )
    by_id = {item["id"]: item for item in data["annotations"]}
    masks = np.stack([decode_mask(by_id[number]["segmentation"]) for number in table["id"]])
    return particle_spectra(density, energies, masks, table["id"].to_numpy()), table, masks


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
