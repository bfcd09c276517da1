"""The configuration of a run of the workflow that learns from what a fit has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from synthwire.adaptation.candidates import VOXEL_NM, structures
from synthwire.adaptation.fit import TRAINED_SIDE as SIDE_PX
from synthwire.adaptation.fit import Fit

ROW = "adapted"  # of the model table
SETS = {  # of images on which both models are compared: key and name
    "fitted": "Held-out images of the fitted kind",
    "synthetic": "Held-out images as in training",
}
RATE = 0.01  # of learning, scaled by learning_rate_factor below
BARE_SHARE = 0.12  # of the scenes without any particle: what the ground shows is none
SPREAD = 0.04  # of each value about a candidate's, of its whole range to both sides
VALIDATION_IMAGES, FITTED_IMAGES, FITTED_SIDE = 20, 12, 1.5  # side: of SIDE_PX
REHEARSED = 0.33  # of the training: what the bundled model knows already, and is not to forget
IMAGES_PER_STEP = 2
FEWEST_STEPS, MOST_STEPS = 100, 20_000

HEAD = """\
# Written by `synthwire adapt`: synthetic images like {images} that were given, of which no pixel
# stands here. Change it, and train again, here or on a cluster:
#     snakemake {target} --cores all --configfile {path}
# Lengths are told as if a pixel were {voxel:g} nm wide. The images were seen {scale:.3g} times
# enlarged{real}.
# The {candidates} kinds of structure and microscope are what a fit left of {evaluations} tried
# (distance {distance:.2f} of the images' own scatter; {before:.2f} before the fit).
"""


def model_table(steps: int) -> str:
    """The model table of one row, whose training takes so many steps."""
    columns = ("model", "epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms")
    row = (ROW, 2, training_images(steps), RATE, 256, 0.7, 0.7)
    return "\t".join(columns) + "\n" + "\t".join(map(str, row)) + "\n"


def training_images(steps: int) -> int:
    """Images of a training of so many steps: each is seen twice."""
    return steps * IMAGES_PER_STEP // 2


def run_configuration(
    name: str,
    found: Fit,
    card: Mapping[str, Any],
    known: Mapping[str, Any],
    *,
    start: str,
    steps: int,
    seed: int,
) -> dict[str, Any]:
    """The run's configuration.

    card: of the model from which the training goes on, start: its weights, or bundled; known: the
    configuration that the bundled model was trained by, from which a part of the scenes and of the
    microscopes is; steps: of the training.
    """
    space = found.space
    populations = [
        {**space.population(candidate, f"wires {number}"), "share": _share(weight)}
        for number, (candidate, weight) in enumerate(
            zip(found.candidates, found.weights, strict=True), start=1
        )
    ]
    domains = [
        {**space.domain(candidate, SPREAD), "share": _share(weight), "caption_share": 0.03}
        for candidate, weight in zip(found.candidates, found.weights, strict=True)
    ]
    total = sum(item["share"] for item in populations)
    bare = {
        "name": "bare ground",
        "share": _share(BARE_SHARE / (1 - BARE_SHARE) * total),
        "count": 0,
        "particles": [{"length_nm": 1000, "width_nm": 100, "thickness_ratio": 1}],
    }
    images = training_images(steps)
    best = domains[0]
    return {
        "name": name,
        "seed": seed,
        "models": {
            "table": f"results/{name}/models.tsv",
            "evaluated": {"bundled": {"weights": "bundled"}},
        },
        "structures": {
            **structures(
                [*populations, bare, *_part_of(known["structures"]["populations"], total)], SIDE_PX
            ),
            "scenes": images + VALIDATION_IMAGES,
        },
        "imaging": {"domains": [*domains, *_part_of(known["imaging"]["domains"], total)]},
        "compression": dict(known["compression"]),
        "dataset": {
            "validation_fraction": VALIDATION_IMAGES / (images + VALIDATION_IMAGES),
        },
        "architecture": dict(card["architecture"]),
        "training": {
            "initial_weights": start,
            "images_per_batch": IMAGES_PER_STEP,
            "iterations_factor": 16,  # an epoch is a pass at 2 images a step, not the paper's 32
            "learning_rate_factor": 0.5,
            "roi_factor": 0.25,
            "schedule": "cosine",
            "mixed_precision": True,
            "warmup_iterations": 50,
            "min_size_px": [round(SIDE_PX * factor) for factor in (0.75, 0.875, 1, 1.125, 1.25)],
            "max_size_px": 640,
            "gpus": 1,
            "loader_workers": 0,
            "checkpoint_period": 100,
        },
        "prediction": dict(card["prediction"]),
        "image_sets": {
            "fitted": {
                "source": "simulated",
                "microscope": best["microscope"],
                "label": "Larger fields of the fitted kind",
                "kind": best["microscope"],
                "scenes": FITTED_IMAGES,
                "invert": best["invert"],
                "ground": best["ground"],
                "parameters": best["parameters"],
                "structures": structures(
                    [space.population(found.candidates[0], area=FITTED_SIDE**2)],
                    round(FITTED_SIDE * SIDE_PX),
                ),
            }
        },
        "tables": dict.fromkeys(("table2", "table3", "table4"), "fitted"),
    }


def as_text(config: Mapping[str, Any], found: Fit, **facts: Any) -> str:
    """The configuration as YAML, with a head for people; facts: path, target, images, scale and,
    where it is known, pixel_nm, the real side of a pixel of the fields.
    """
    pixel_nm = facts.pop("pixel_nm", None)
    head = HEAD.format(
        voxel=VOXEL_NM,
        real="" if pixel_nm is None else f", where a pixel is {pixel_nm:.3g} nm",
        candidates=len(found.candidates),
        evaluations=found.evaluations,
        distance=found.distance,
        before=found.before,
        **facts,
    )
    return head + yaml.dump(
        dict(config), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    )


class _Plain(yaml.SafeDumper):
    """YAML without anchors: a person changes one place and means one."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _part_of(entries: Sequence[Mapping[str, Any]], total: float) -> list[dict[str, Any]]:
    """Populations or domains whose shares together are REHEARSED beside others of `total`."""
    factor = REHEARSED / (1 - REHEARSED) * total / sum(item["share"] for item in entries)
    return [{**item, "share": _share(factor * item["share"])} for item in entries]


def _share(weight: float) -> float:
    return max(0.001, float(f"{weight:.3g}"))
