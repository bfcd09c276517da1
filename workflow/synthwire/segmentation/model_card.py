"""The bundled model's files: weights in half precision, and its card for programs and for people.

The form of the card for people follows Mitchell et al., Model Cards for Model Reporting (2019),
arXiv:1810.03993.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import torch

from synthwire.errors import InputError
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_directory, read_json, sha256, write_json, write_text
from synthwire.learning.learnt_widths import learnt_widths
from synthwire.learning.weight_files import read_weights, write_weights

LARGEST_BYTES = 30_000_000  # the file travels with every clone of the repository
TEMPLATE = "model_card.md.jinja"
REPORTED = ("ap", "ap50", "ap75")


def to_half_precision(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A network's state with all floating-point numbers in half precision.

    InputError names a parameter that half precision cannot hold.
    """
    reduced = {}
    for name, value in state.items():
        tensor = torch.as_tensor(value)
        if tensor.is_floating_point():
            tensor = tensor.half()
            if not torch.isfinite(tensor).all():
                raise InputError(f"the parameter {name} is too large for half precision")
        reduced[name] = tensor
    return reduced


def pixel_range_nm(
    pixel_size_nm: float, domain: Sequence[int], training: Mapping[str, Any]
) -> list[float]:
    """Least and greatest pixel size in nm that the network saw in its training.

    pixel_size_nm: of the training images; domain: their structures' width, depth and height in
    voxels; training: its settings, of which `min_size_px` enlarged and shrank the images.
    """
    shortest = min(domain[:2])
    sizes = [size or shortest for size in training["min_size_px"]]
    return [round(pixel_size_nm * shortest / size, 2) for size in (max(sizes), min(sizes))]


def metrics_of(evaluations: Mapping[str, Mapping], labels: Mapping[str, str]) -> dict[str, dict]:
    """What the card reports of each image set, from evaluation/{model}/{images}.json."""
    return {
        images: {
            "label": labels.get(images, images),
            "images": result["counts"]["images"],
            "particles": result["counts"]["ground_truth"],
            "accuracy": result["accuracy"],
            **{
                f"{measure}_{kind}": result[kind][measure]
                for kind in ("bbox", "segm")
                for measure in REPORTED
            },
        }
        for images, result in evaluations.items()
    }


def export_model(
    weights: Path,
    provenance: Mapping[str, Any],
    *,
    name: str,
    prediction: Mapping[str, Any],
    pixel_size_nm: float,
    domain: Sequence[int],
    dataset: Path,
    evaluations: Mapping[str, Path],
    labels: Mapping[str, str],
    initial_weights: str,
    rebuild: str,
    template: Path,
    output: Path,
) -> None:
    """Write bundled.pth, bundled.json and README.md to the folder `output`, whole or not at all.

    weights, provenance: models/{model}/model_final.pth and provenance.json. prediction:
    config["prediction"]. pixel_size_nm, domain: as in `pixel_range_nm`. dataset: a COCO file of
    images like those that were learnt from, whose masks tell how wide particles are. evaluations:
    evaluation/{model}/{images}.json by image set. labels: names of the image sets for people.
    initial_weights: where the training began, as in the config. rebuild: the command that makes all
    this anew. InputError when the weights are larger than
    LARGEST_BYTES, or not to be held in half precision.
    """
    identity = provenance["identity"]
    state = read_weights(weights)["model"]
    with atomic_directory(output) as folder:
        path = folder / "bundled.pth"
        write_weights(path, {"model": to_half_precision(state)})
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(
                f"{weights}: {size / 1e6:.1f} MB in half precision; at most "
                f"{LARGEST_BYTES / 1e6:.0f} MB are shipped, so take a smaller architecture"
            )
        card = {
            "name": name,
            "architecture": identity["architecture"],
            "prediction": dict(prediction),
            "nms_threshold": identity["plan"]["nms_threshold"],
            "categories": provenance["categories"],
            "trained_pixel_nm": pixel_size_nm,
            "pixel_nm_range": pixel_range_nm(pixel_size_nm, domain, identity["training"]),
            **learnt_widths(read_coco(dataset), identity["training"]),
            "bytes": size,
            "sha256": sha256(path),
            "metrics": metrics_of(
                {images: read_json(file) for images, file in evaluations.items()}, labels
            ),
            "provenance": {
                "rebuild": rebuild,
                "training_images": provenance["dataset_images"],
                "training": identity["training"],
                **{
                    field: provenance[field]
                    for field in ("seed", "started", "duration_s", "versions", "git_commit")
                },
                **{field: identity["plan"][field] for field in ("iterations", "learning_rate")},
                "initial_weights": initial_weights,
            },
        }
        write_json(folder / "bundled.json", card, indent=1)
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        text = environment.from_string(template.read_text(encoding="utf-8")).render(card=card)
        write_text(folder / "README.md", text.rstrip() + "\n")
