"""At which sizes a network should look at an image: fixed ones beside the choice by evidence.

    python benchmarks/scales.py [--size 512] [--seed 101] [--threads 1] [--model bundled]
                                [--out results/benchmarks]

The bundled model on scenes of known truth from the virtual electron microscopes, wires of one width
from 4 to 200 px, and thin and thick ones in one image, on grainy grounds. No pixel size is given.
Scenes 1 to 20 shaped what the choice follows; those from 101 on did not.
Each scene is segmented at fixed scales, and as the tool does it when nobody names one. AP50 is
measured as the tool reports it, without what is nested. Cost is counted in the pixels that the
network sees, so that other work on the machine does not change it.

Writes scales.csv (every segmentation), scales_compared.csv (a row a scene) and scales.json. The
last line is the summary; the exit status is 1 where the mean over the scenes lies more than 5
points below the best fixed scale of each scene, or one costs more than 2.5 times one look.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.imaging.microscopes import acquire
from synthwire.imaging.projection import View
from synthwire.inference.predictor import Place
from synthwire.io.coco import categories_of, scene_record
from synthwire.io.files import atomic_path, write_json
from synthwire.io.grey import invert, to_grey8
from synthwire.learning.predict import Predictor
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.result import Segmentation
from synthwire.structures.scene import generate_scene
from synthwire.structures.settings import resolve_settings

ROOT = Path(__file__).resolve().parents[1]

DIFFERENCE_LIMIT, COST_LIMIT = 5.0, 2.5
FIXED = (2.0, 1.0, 0.5, 0.25, 0.125)
MOST_SEEN_PX = 80  # no scene is shown at a scale at which its thinnest wires are wider than this
SEED = 2022
TRAINED_NM, TRAINED_PX = 124.0, 15.5  # width of the wires that the bundled network knows
WIDTHS = (4, 8, 16, 32, 64, 128, 200)
MIXTURES = ((5, 40), (8, 80), (16, 160))
ASPECT_RATIO = 6
COVERED = 0.3  # of the image, by all wires of one width
# As in config/bundled.yaml, where they are not the microscopes' own.
PARAMETERS = {
    "sem": {
        "substrate": [0.12, 0.42],
        "particle": [0.48, 0.88],
        "opacity_nm": [20, 150],
        "mottle": [0, 0.1],
        "striation_nm": [0, 45],
        "blur_nm": [6, 20],
        "noise": [0.01, 0.08],
        "noise_px": [0.2, 0.9],
        "drift": [0, 0.05],
    },
    "tem": {
        "resolution_nm": [6, 30],
        "film": [0.01, 0.06],
        "film_nm": [20, 80],
        "counts": [15, 300],
    },
}


def lognormal(median: float, sigma: float) -> dict:
    return {"distribution": "lognormal", "median": median, "sigma": sigma}


def scene(
    microscope: str, widths: tuple[int, ...], size: int, seed: int
) -> tuple[np.ndarray, dict]:
    """Picture (size × size, particles bright) of wires of these widths in pixels, and its truth."""
    # a pixel shows what the network knows, but thin wires are thin because pixels are large
    voxel_nm = max(TRAINED_NM / TRAINED_PX, TRAINED_NM / min(widths))
    counts = [
        max(4, min(80, COVERED / len(widths) * size**2 / (ASPECT_RATIO * width**2)))
        for width in widths
    ]
    particles = [
        {
            "share": count,
            "shape": {"kind": "irregular", "variation": 0.1, "roughness": 0.04, "tip": 0.4},
            "length_nm": lognormal(ASPECT_RATIO * width * voxel_nm, 0.4),
            "width_nm": lognormal(width * voxel_nm, 0.2),
            "thickness_ratio": {"distribution": "uniform", "low": 0.3, "high": 0.6},
        }
        for width, count in zip(widths, counts, strict=True)
    ]
    settings = resolve_settings(
        {
            "preset": "paper",
            "domain": [size, size, int(60 + 1.5 * max(widths))],
            "voxel_size_nm": voxel_nm,
            "border": "cut",
            "min_visible": 0.15,
            "populations": [{"count": round(sum(counts)), "particles": particles}],
        }
    )
    labels = generate_scene(settings, SEED, seed).labels
    rng = np.random.default_rng([SEED, seed])
    view = View.of(labels)
    parameters = dict(PARAMETERS[microscope])
    if microscope == "tem":
        # thin wires show, and thick ones beside them are nearly black
        parameters["mean_free_path_nm"] = [min(widths) * voxel_nm, 3 * min(widths) * voxel_nm]
    pixels = to_grey8(acquire(microscope, view, voxel_nm, rng, parameters).astype(float))
    image, annotations = scene_record(1, view.masks, [1] * len(view.masks))
    truth = {
        "images": [image],
        "annotations": list(annotations),
        "categories": categories_of(["nanowire"]),
    }
    return invert(pixels) if microscope == "tem" else pixels, truth


class Counter:
    """A predictor that counts the pixels that its network sees."""

    def __init__(self, predictor: Predictor, scales: Sequence[float]) -> None:
        self._predictor, self._scales = predictor, scales
        self.pixels = 0.0

    def __call__(self, image: np.ndarray, *arguments) -> list[dict]:
        return self._count(self._predictor, self._scales, image, *arguments)

    def at_one_size(self, image: np.ndarray, *arguments) -> list[dict]:
        return self._count(self._predictor.at_one_size, (1.0,), image, *arguments)

    def _count(
        self,
        predict: Callable[..., list[dict]],
        scales: Sequence[float],
        image: np.ndarray,
        image_id: int,
        scale: float,
        place: Place,
    ) -> list[dict]:
        self.pixels += sum(image.size * (scale * relative) ** 2 for relative in scales)
        return predict(image, image_id, scale, place)


def assess(result: Segmentation, truth: dict) -> dict[str, float]:
    """AP50, and precision and recall at the default threshold, in percent."""
    evaluation = result.evaluate(truth["annotations"])
    hits = evaluation["thresholds"][0]
    return {
        "ap50": evaluation["segm"]["ap50"],
        "precision": hits["precision"],
        "recall": hits["recall"],
    }


def measure(
    model: Model, counter: Counter, microscope: str, widths: tuple[int, ...], size: int, seed: int
) -> list[dict]:
    """A row for each fixed scale, and one for the choice by evidence."""
    pixels, truth = scene(microscope, widths, size, seed)
    image = GreyImage(pixels, None, "scene")
    rows = []
    for scale in [
        *(scale for scale in FIXED if scale <= 1 or scale * min(widths) <= MOST_SEEN_PX),
        None,
    ]:
        counter.pixels = 0.0
        result = segment_image(image, model, scale=scale)
        rows.append(
            {
                "microscope": microscope,
                "widths_px": "+".join(map(str, widths)),
                "seed": seed,
                "scale": "evidence" if scale is None else scale,
                "network_px": counter.pixels,
                **assess(result, truth),
            }
        )
    return rows


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """A row an image: its best fixed scale, the choice by evidence, and what that costs.

    cost: network pixels over those of one look at the best fixed scale, or at 1 where that is
    larger, since nobody knows beforehand that a smaller one is enough.
    """
    rows = []
    for key, group in table.groupby(["microscope", "widths_px", "seed"], sort=False):
        fixed = group[group["scale"] != "evidence"].astype({"scale": float})
        best = fixed.loc[fixed["ap50"].idxmax()]
        plain = fixed[fixed["scale"] == 1].iloc[0]
        chosen = group[group["scale"] == "evidence"].iloc[0]
        rows.append(
            {
                **dict(zip(("microscope", "widths_px", "seed"), key, strict=True)),
                "best_scale": best["scale"],
                "best_ap50": best["ap50"],
                "plain_ap50": plain["ap50"],
                "ap50": chosen["ap50"],
                "difference": chosen["ap50"] - best["ap50"],
                "cost": chosen["network_px"] / max(best["network_px"], plain["network_px"]),
                "best_precision": best["precision"],
                "precision": chosen["precision"],
                "best_recall": best["recall"],
                "recall": chosen["recall"],
            }
        )
    return pd.DataFrame(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", default="bundled", help="or the folder of a trained run's")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    stopwatch = Stopwatch()
    model = load_model(options.model, device="cpu")
    counter = Counter(model.predictor, model.card["prediction"]["scales"])
    model = replace(model, predictor=counter)
    rows, seed = [], options.seed
    for microscope in PARAMETERS:
        for widths in (*((width,) for width in WIDTHS), *MIXTURES):
            rows += measure(model, counter, microscope, widths, options.size, seed)
            found = compare(pd.DataFrame(rows)).iloc[-1]
            print(found.to_frame().T.to_string(header=seed == options.seed), flush=True)
            seed += 1
    table = pd.DataFrame(rows)
    compared = compare(table)
    summary = {
        "model": model.card["name"],
        "size_px": options.size,
        "mean_difference": compared["difference"].mean(),
        "worst_difference": compared["difference"].min(),
        "images_beyond_limit": int((compared["difference"] < -DIFFERENCE_LIMIT).sum()),
        "images": len(compared),
        "mean_ap50": compared["ap50"].mean(),
        "mean_precision": compared["precision"].mean(),
        "mean_recall": compared["recall"].mean(),
        "worst_cost": compared["cost"].max(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, frame in (("scales", table), ("scales_compared", compared)):
        with atomic_path(options.out / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False)
    write_json(options.out / "scales.json", record(stopwatch, **summary), indent=1)
    print(" ".join(f"{key}={value}" for key, value in summary.items()))
    good = summary["mean_difference"] >= -DIFFERENCE_LIMIT and summary["worst_cost"] <= COST_LIMIT
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
