"""What the bundled model invents where nothing is, and how pure its finds are where little is.

    python benchmarks/empty_fields.py [--size 1024] [--seed 1] [--threads 2] [--model bundled]
                                      [--out results/benchmarks]

Fields of a virtual microscope without any particle, on each kind of ground (imaging/grounds), with
and without captions; and fields of one to five wires on the same grounds. Segmented as the tool
does it when nobody names a scale or a pixel size, at the default threshold of the score.

Writes empty_fields.csv (a row a field) and empty_fields.json. The last line is the summary; the
exit status is 1 where an empty field has more than 0.1 false particles on average.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.imaging.grounds import GROUNDS
from synthwire.imaging.picture import Domain, take_picture
from synthwire.io.coco import scene_record
from synthwire.io.files import atomic_path, write_json
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.structures.scene import generate_scene
from synthwire.structures.settings import resolve_settings

ROOT = Path(__file__).resolve().parents[1]

FALSE_LIMIT = 0.1  # particles in an empty field
CONTRASTS = (0.05, 0.15, 0.4)
VOXEL_NM = 8.0
# Widths of the few wires in pixels; as in config/bundled.yaml, and beyond it.
FEW = {
    "shape": {"kind": "irregular", "variation": 0.1, "roughness": 0.04, "tip": 0.4},
    "width_nm": {"distribution": "loguniform", "low": 80, "high": 1200},
    "length_nm": {"distribution": "loguniform", "low": 240, "high": 4000},
    "thickness_ratio": {"distribution": "uniform", "low": 0.2, "high": 0.6},
}
PARAMETERS = {
    "sem": {
        "substrate": [0.12, 0.42],
        "particle": [0.5, 0.88],
        "noise": [0.005, 0.08],
        "noise_px": [0.2, 0.9],
        "charging": [0, 0.03],
        "drift": [0, 0.05],
    },
    "tem": {
        "mean_free_path_nm": [100, 600],
        "resolution_nm": [6, 40],
        "film": [0, 0.04],
        "counts": [20, 1000],
    },
    "stxm": {"counts": [2000, 80000], "haze": [0, 0.4]},
    "ptychography": {"haze": [0, 0.5], "noise": [0, 0.03]},
}


def field(
    microscope: str, kind: str, contrast: float, count: int, size: int, seed: int
) -> tuple[np.ndarray, list[dict]]:
    """Picture (size, size) with `count` wires, particles bright, and the outlines."""
    settings = resolve_settings(
        {
            "preset": "paper",
            "domain": [size, size, 200],
            "voxel_size_nm": VOXEL_NM,
            "border": "cut",
            "min_visible": 0.3,
            "populations": [{"count": count, "particles": [FEW]}],
        }
    )
    labels = generate_scene(settings, seed, 0).labels
    ground = {"share": 1.0, "contrast": [contrast, contrast], "kinds": [kind]}
    domain = Domain(
        microscope, PARAMETERS[microscope], ground, 0.25, 0, microscope == "tem", 0.15, 0.03
    )
    picture = take_picture(labels, VOXEL_NM, domain, np.random.default_rng(seed))
    masks = picture.view.masks & picture.learnable[:, np.newaxis, np.newaxis]
    return picture.image, list(scene_record(1, masks, [1] * len(masks))[1])


def measure(model: Model, row: dict, size: int) -> dict:
    """The row of a field with what was found in it."""
    image, truth = field(**row, size=size)
    result = segment_image(GreyImage(image, None, "field"), model)
    hits = result.evaluate(truth)["thresholds"][0] if truth else {}
    found = len(result.particles)
    return {**row, "true": len(truth), "found": found, "matched": hits.get("tp", 0)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default="bundled", help="or the folder of a trained run's")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    stopwatch = Stopwatch()
    model = load_model(options.model, device="cpu")
    rows: list[dict] = []
    seed = 1000 * options.seed
    for microscope in PARAMETERS:
        for kind in GROUNDS:
            for number, contrast in enumerate(CONTRASTS):
                seed += 1
                count = (0, 0, 1 + seed % 5)[number] if seed % 2 else (0, 1 + seed % 5, 0)[number]
                row = {"microscope": microscope, "kind": kind, "contrast": contrast}
                rows.append(measure(model, {**row, "count": count, "seed": seed}, options.size))
                print(*rows[-1].values(), flush=True)
    table = pd.DataFrame(rows)
    empty, few = table[table["true"] == 0], table[table["true"] > 0]
    summary = {
        "model": model.card["name"],
        "size_px": options.size,
        "empty_fields": len(empty),
        "false_particles_a_field": empty["found"].mean(),
        "clean_fields": int((empty["found"] == 0).sum()),
        "fields_of_few": len(few),
        "precision_few": 100 * few["matched"].sum() / max(1, few["found"].sum()),
        "recall_few": 100 * few["matched"].sum() / max(1, few["true"].sum()),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    with atomic_path(options.out / "empty_fields.csv") as temporary:
        table.to_csv(temporary, index=False)
    write_json(options.out / "empty_fields.json", record(stopwatch, **summary), indent=1)
    print(" ".join(f"{key}={value}" for key, value in summary.items()))
    return 0 if summary["false_particles_a_field"] <= FALSE_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
