"""How right and how dear the spectra of wires are, on a simulated scan whose spectra are known.

    python benchmarks/spectra.py [--energies 260] [--size 400] [--wires 40] [--photons 192 4000]

Wires of two phases lie over one another at random. A scan over the oxygen K edge counts photons in
each pixel and at each energy; the view drifts from one energy to the next. The measure starts from
the file and ends with the written tables, as `synthwire spectra` does, in a process of its own,
whose processor time and greatest memory are given.

192 photons are the virtual STXM's 50,000 over 260 energies. Deviations are root mean squares over
the energies, as a share of the spectrum's own; noise is what the spread of a wire's pixels alone
gives.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from scipy import ndimage

from synthwire.datasets import absorption
from synthwire.io.masks import encode_mask
from synthwire.io.recordings import read_recording
from synthwire.segmentation.result import CATEGORIES, Segmentation
from synthwire.segmentation.spectra import long_table, spectra_of_result
from synthwire.segmentation.strokes import draw_line

DRIFT_PX = 0.15  # from one energy to the next, standard deviation
BLUR_PX = 0.7


def two_spectra(energies: np.ndarray) -> np.ndarray:
    """Optical densities (2, energies) of two phases over an absorption edge."""
    edge = 0.15 + 0.3 / (1 + np.exp(-(energies - 530) / 0.8))
    peaks = [(529.0, 1.2), (538.0, 2.5)]
    return np.stack([edge + 0.4 * np.exp(-(((energies - at) / wide) ** 2)) for at, wide in peaks])


def specimen(rng: np.random.Generator, size: int, wires: int) -> tuple[np.ndarray, np.ndarray]:
    """Masks (wires, height, width), and which phase each is."""
    masks = []
    while len(masks) < wires:
        middle, angle = rng.uniform(0.1, 0.9, 2) * size, rng.uniform(0, np.pi)
        half = rng.uniform(15, 45) * np.array([np.cos(angle), np.sin(angle)])
        shape = size, size
        if len(masks) % 5:
            masks.append(draw_line([middle - half, middle + half], rng.uniform(7, 14), shape))
        else:  # one that lies wholly on another
            masks.append(draw_line([middle - half, middle + half], 15, shape))
            masks.append(draw_line([middle - half / 2, middle + half / 2], 8, shape))
    return np.stack(masks), rng.integers(0, 2, len(masks))


def write_scan(
    path: Path,
    rng: np.random.Generator,
    masks: np.ndarray,
    spectra: np.ndarray,
    energies: np.ndarray,
    photons: float,
) -> np.ndarray:
    """Write a NeXus file of counts; returns the drift (energies, 2)."""
    drift = np.cumsum(rng.normal(0, DRIFT_PX, (len(energies), 2)), axis=0)
    drift -= drift[0]
    with h5py.File(path, "w") as file:
        group = file.create_group("entry1/counter0")
        file["entry1"].attrs["NX_class"] = "NXentry"
        group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "data"
        group["energy"] = energies
        group["energy"].attrs["units"] = "eV"
        data = group.create_dataset("data", (len(energies), *masks.shape[1:]), np.uint32)
        for number, shift in enumerate(drift):
            density = np.tensordot(spectra[:, number], masks.astype(float), axes=1)
            seen = ndimage.gaussian_filter(np.exp(-density), BLUR_PX)
            seen = ndimage.shift(seen, shift, order=1, mode="nearest")
            data[number] = rng.poisson(photons * seen)
    return drift


def write_result(folder: Path, masks: np.ndarray) -> None:
    """The true masks as a result of the aligned view."""
    found = []
    for mask in masks:
        rows, columns = np.nonzero(mask)
        low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
        box = [float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])]
        rle = encode_mask(mask)
        found.append(
            {"image_id": 1, "category_id": 1, "bbox": box, "score": 1.0, "segmentation": rle}
        )
    image = np.where(masks.any(axis=0), 200, 20).astype(np.uint8)
    info = {"modality": "transmission", "model": "the truth"}
    Segmentation(image, found, (35.0, 35.0), "scan", None, 1.0, CATEGORIES, info).select(
        remove_nested=False
    ).save(folder)


def measure(stack: Path, result: Path, out: Path) -> None:
    """What `synthwire spectra` does, with its cost on standard output."""
    before = time.process_time()
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = spectra_of_result(stack, result, {})
    spectra = found[0]
    long_table(spectra).to_csv(out, index=False)
    cost = {
        "processor_s": time.process_time() - before,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "before_gb": idle / 1e6,
        "unmixed": spectra.unmixed.tolist(),
        "noise": (np.nanmean(spectra.spread**2, axis=1) / spectra.own_px).tolist(),
    }
    print(json.dumps(cost))


def simulate(folder: Path, options: argparse.Namespace, photons: float) -> dict:
    """Simulate one scan, measure it, and say how far the spectra are from the true ones."""
    rng = np.random.default_rng(options.seed)
    energies = np.linspace(508, 560, options.energies)
    masks, phase = specimen(rng, options.size, options.wires)
    true = two_spectra(energies)[phase]
    drift = write_scan(folder / "scan.nxs", rng, masks, true, energies, photons)
    shifts = absorption.drift(read_recording(folder / "scan.nxs").pages)
    # the view that all energies share, as an image that is made of the scan has it
    low = np.ceil(np.maximum(-shifts, 0).max(axis=0)).astype(int)
    high = np.ceil(np.maximum(shifts, 0).max(axis=0)).astype(int)
    rows, columns = (slice(a, options.size - b) for a, b in zip(low, high, strict=True))
    kept = [k for k, mask in enumerate(masks) if mask[rows, columns].sum() > 60]
    write_result(folder / "result", masks[kept][:, rows, columns])
    command = [sys.executable, __file__, "--measure", folder / "scan.nxs", folder / "result"]
    done = subprocess.run([*command, folder / "spectra.csv"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    cost = json.loads(done.stdout.splitlines()[-1])
    table = pd.read_csv(folder / "spectra.csv")
    found = table["optical_density"].to_numpy().reshape(len(kept), len(energies))
    off = np.sqrt(((found - true[kept]) ** 2).mean(axis=1) / (true[kept] ** 2).mean(axis=1))
    unmixed = np.array(cost.pop("unmixed"))
    noise = np.sqrt(np.array(cost.pop("noise")) / (true[kept] ** 2).mean(axis=1))
    return {
        "photons": photons,
        "drift_px": float(np.abs(drift).max()),
        "drift_off_px": float(np.abs(shifts - drift).max()),
        "outside_median": float(np.nanmedian(off[~unmixed])),
        "noise_median": float(np.nanmedian(noise[~unmixed])),
        "outside_greatest": float(np.nanmax(off[~unmixed])),
        "wires": int((~unmixed).sum()),
        "inside_median": float(np.nanmedian(off[unmixed])),
        "inside_greatest": float(np.nanmax(off[unmixed])),
        "unmixed": int(unmixed.sum()),
        "without": int(np.isnan(off).sum()),
        **cost,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--energies", type=int, default=260)
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--wires", type=int, default=40)
    parser.add_argument("--photons", type=float, nargs="+", default=[192.0, 4000.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", type=Path, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(*options.measure)
    for photons in options.photons:
        with tempfile.TemporaryDirectory() as folder:
            row = simulate(Path(folder), options, photons)
        print(
            "  ".join(
                f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in row.items()
            )
        )
    return None


if __name__ == "__main__":
    main()
