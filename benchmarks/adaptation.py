"""Does `synthwire adapt` help on microscopes and specimens that the bundled model has not met?

    python benchmarks/adaptation.py [--kinds hair,logs] [--minutes 30] [--images 20] [--seed 4242]
                                    [--out results/benchmarks]

Twelve kinds with truth, from outside of what the bundled model was trained on:
hair-thin or thick wires, crowds, bundles, strong grounds, few electrons. To each a model is adapted
from five images without their truth, as a user would by the command line, and both models read
others of the kind at the command line's own choice of scales.

Writes adaptation.csv (a row an image), adaptation_kinds.csv (a row a kind) and adaptation.json. The
last line is the summary; the exit status is 1 where the mean gain in mask AP is below 8 points, its
95 % interval over kinds reaches 0, or a kind is worse by more than 2. Kinds that are there already
are taken up, so that it may be run in parts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from synthwire.datasets.image_sets.simulated import simulate_page
from synthwire.io.files import atomic_path, write_json
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.schema import validate
from synthwire.segmentation.apply import segment
from synthwire.segmentation.models import load_model

ROOT = Path(__file__).resolve().parents[1]

GAIN, WORST = 8.0, -2.0
UNLABELLED = 5
SIDE = 512


def lognormal(median: float, sigma: float) -> dict:
    return {"distribution": "lognormal", "median": median, "sigma": sigma}


def uniform(low: float, high: float) -> dict:
    return {"distribution": "uniform", "low": low, "high": high}


def wires(width, spread, ratio, shape="irregular", thickness=(0.3, 0.8)) -> dict:
    """A class of particles, sizes in nm at 8 nm a pixel."""
    return {
        "shape": shape,
        "width_nm": lognormal(width, spread),
        "length_nm": lognormal(width * ratio, 0.4),
        "thickness_ratio": uniform(*thickness),
    }


def ground(kind: str, contrast: float) -> dict:
    return {"share": 1, "kinds": [kind], "contrast": [0.8 * contrast, 1.2 * contrast]}


EVEN: dict = {"share": 0}
BENT = {"kind": "curved", "bow": 0.4, "swing": 0.2}
# name: microscope, modality, particles in an image, their class, height in voxels, ground, settings
KINDS = {
    "hair": (
        *("tem", "tem", (60, 90), wires(36, 0.2, 40, "curved"), 300, ground("grain", 0.12)),
        {"mean_free_path_nm": [60, 90], "resolution_nm": [25, 35], "counts": [15, 25]},
    ),
    "logs": (
        *("sem", "sem", (6, 12), wires(420, 0.25, 3.5, "cylinder"), 500, ground("cells", 0.35)),
        {"substrate": [0.4, 0.5], "particle": [0.6, 0.7], "noise": [0.07, 0.1]},
    ),
    "crowd": (
        *("sem", "sem", (220, 300), wires(80, 0.25, 10, "cylinder"), 500, EVEN),
        {"substrate": [0.05, 0.1], "particle": [0.5, 0.65], "edge": [0.25, 0.4]},
    ),
    "bundles": (
        *("stxm", "od", (25, 40), wires(240, 0.3, 8, {"kind": "bundle", "most": 7, "skew": 8})),
        *(400, ground("shading", 0.3)),
        {"counts": [200, 500], "haze": [0.4, 0.6], "gamma": [1.2, 1.5], "raster_nm": [40, 60]},
    ),
    "few electrons": (
        *("tem", "tem", (30, 50), wires(110, 0.3, 8), 300, ground("holey_film", 0.2)),
        {"mean_free_path_nm": [150, 250], "counts": [4, 8], "resolution_nm": [20, 30]},
    ),
    "curls": (
        *("ptychography", "od", (25, 40), wires(90, 0.2, 20, BENT), 300, ground("specks", 0.15)),
        {"noise": [0.06, 0.1], "haze": [0.5, 0.7], "attenuation_length_nm": [400, 600]},
    ),
    "curtains": (
        *("sem", "sem", (20, 35), wires(130, 0.3, 7), 300, ground("curtains", 0.5)),
        {"substrate": [0.3, 0.4], "particle": [0.5, 0.6], "charging": [0.05, 0.08]},
    ),
    "mesh": (
        *("stxm", "od", (90, 130), wires(60, 0.3, 25, "cylinder"), 400, ground("grain", 0.2)),
        {"counts": [400, 900], "beam_nm": [60, 80], "raster_nm": [40, 50]},
    ),
    "dark wires": (
        *("sem", "sem", (25, 45), wires(120, 0.3, 9), 300, ground("pores", 0.3)),
        {"substrate": [0.35, 0.45], "particle": [0.42, 0.55], "edge": [0.3, 0.45]},
    ),
    "needles": (
        *("tem", "tem", (120, 160), wires(48, 0.3, 7, {"kind": "tapered"}), 300),
        *(ground("grain", 0.3), {"mean_free_path_nm": [80, 140], "counts": [60, 120]}),
    ),
    "blurred": (
        *("ptychography", "od", (30, 50), wires(140, 0.4, 6), 300, ground("shading", 0.4)),
        {"resolution_nm": [110, 150], "noise": [0.04, 0.07], "gamma": [1.3, 1.6]},
    ),
    "slabs": (
        *("stxm", "od", (80, 110), wires(150, 0.15, 5, "cylinder", (0.9, 1.0)), 700, EVEN),
        {"attenuation_length_nm": [900, 1300], "counts": [3000, 6000], "haze": [0.3, 0.5]},
    ),
}


def page_of(kind: str, number: int, seed: int):
    """One image of a kind, with its truth."""
    microscope, _, count, particles, height, own_ground, parameters = KINDS[kind]
    entry = validate(
        {
            "source": "simulated",
            "microscope": microscope,
            "label": kind,
            "kind": microscope,
            "structures": {
                "preset": "paper",
                "domain": [SIDE, SIDE, height],
                "voxel_size_nm": 8,
                "border": "cut",
                "min_visible": 0.15,
                "max_tilt_deg": 60,
                "populations": [{"count": uniform(*count), "particles": [particles]}],
            },
            "ground": own_ground,
            "parameters": parameters,
        },
        "image_set.schema.yaml",
        kind,
    )
    return simulate_page(kind, entry, seed, number)


def adapt(kind: str, folder: Path, minutes: float, seed: int) -> float:
    """Adapt to five images of a kind in `folder`; the seconds that it took."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for number in range(UNLABELLED):
        Image.fromarray(page_of(kind, number, seed).image).save(images / f"{number}.png")
    began = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "synthwire", "adapt", str(images), "--name", "adapted"),
            *("--modality", KINDS[kind][1], "--minutes", str(minutes)),
        ],
        cwd=folder,
        check=True,
    )
    return time.monotonic() - began


def compare(kind: str, folder: Path, images: int, seed: int) -> pd.DataFrame:
    """Mask AP, AP50 and F1 of both models on further images of a kind, a row an image and model."""
    rows = []
    models = {
        "bundled": load_model(device="cpu"),
        "adapted": load_model(folder / "results/adapted/model", device="cpu"),
    }
    for number in range(UNLABELLED, UNLABELLED + images):
        page = page_of(kind, number, seed)
        truth = [
            {**item, "image_id": 1, "id": place}
            for place, item in enumerate(page.annotations, start=1)
        ]
        for name, model in models.items():
            result = segment(page.image, model=model, modality=KINDS[kind][1])
            found = result.evaluate(truth)
            rows.append(
                {
                    "kind": kind,
                    "image": number,
                    "model": name,
                    "ap": found["segm"]["ap"],
                    "ap50": found["segm"]["ap50"],
                    "f1": found["thresholds"][0]["f1"],
                }
            )
    return pd.DataFrame(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--seed", type=int, default=4242)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    stopwatch = Stopwatch()
    tables, kinds = [], []
    for kind in options.kinds.split(","):
        folder = options.out / "adaptation" / kind.replace(" ", "_")
        stored = folder / "compared.csv"
        if not stored.is_file():
            seconds = adapt(kind, folder, options.minutes, options.seed)
            table = compare(kind, folder, options.images, options.seed).assign(seconds=seconds)
            with atomic_path(stored) as temporary:
                table.to_csv(temporary, index=False)
        tables.append(pd.read_csv(stored))
        means = tables[-1].groupby("model")[["ap", "ap50", "f1"]].mean()
        kinds.append(
            {
                "kind": kind,
                **{f"{name}_{key}": means.loc[name, key] for name in means.index for key in means},
                "gain": means.loc["adapted", "ap"] - means.loc["bundled", "ap"],
                "minutes": tables[-1]["seconds"].iloc[0] / 60,
            }
        )
        print(" ".join(f"{key}={value}" for key, value in kinds[-1].items()), flush=True)
    summary = pd.DataFrame(kinds)
    gains = summary["gain"].to_numpy()
    rng = np.random.default_rng(0)
    means = rng.choice(gains, (10_000, len(gains))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    for name, table in (("adaptation", pd.concat(tables)), ("adaptation_kinds", summary)):
        with atomic_path(options.out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.4g")
    facts = {
        "kinds": len(gains),
        "mean_gain": float(gains.mean()),
        "low": float(low),
        "high": float(high),
        "worst_gain": float(gains.min()),
        "median_minutes": float(summary["minutes"].median()),
    }
    write_json(options.out / "adaptation.json", record(stopwatch, **facts), indent=1)
    print(" ".join(f"{key}={value:.4g}" for key, value in facts.items()))
    return 0 if facts["mean_gain"] >= GAIN and low > 0 and facts["worst_gain"] >= WORST else 1


if __name__ == "__main__":
    sys.exit(main())
