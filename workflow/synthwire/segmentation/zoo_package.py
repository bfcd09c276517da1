"""A model as a package of bioimage.io, ready for its zoo: description, graph, test tensors.

The format is that of https://bioimage.io/spec, 0.5; its own validator (`bioimageio test`) takes it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import yaml

from synthwire.errors import InputError
from synthwire.io.files import atomic_path
from synthwire.version import __version__

SUFFIX = ".bioimageio.zip"
FORMAT_VERSION = "0.5.4"
LEAST_SIDE = 64  # px
CORNERS = ["x0", "y0", "x1", "y1"]
PAPER_DOI = "10.1038/s41524-022-00767-x"
WHO = [{"name": "The SynthWire developers"}]
OUTPUTS = {
    "boxes": "boxes about the particles in pixels, the surest particle first",
    "scores": "how sure the network is of each particle, 0 to 1",
    "frames": "where each mask lies: the corners of its region in pixels",
    "masks": "probability that a pixel is the particle's, of each region",
}
USE = """\
# {name}

Instance segmentation of wires, rods, fibres and grains in one grey image, as optical density (X-ray
ptychography, STXM), SEM, or TEM turned bright on dark.

## Use

`image` holds grey values of 0 to 255, particles bright on dark{width}.
Its sides are divisible by {step}. Of each particle there are a box, a score, and a soft mask that
fills the region `frames`: enlarge it to the region's size and take what is above 0.5. Particles may
overlap, and so may masks. `pip install synthwire` does all of this, looks at several sizes,
measures the particles, and scores them by their masks as well; scores here are those of the boxes.

## Validation

{validation}

## Training

{training}

## Limits

{limits}
"""


class _Plain(yaml.SafeDumper):
    """Without YAML's anchors: what stands twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_package(
    output: Path,
    graph: bytes,
    step: int,
    card: Mapping[str, Any],
    image: np.ndarray,
    cover: bytes,
    opset: int,
) -> None:
    """Write the package of a model, atomically.

    graph: as `learning.whole_graph` makes it, of operator set `opset`; step: what an image's sides
    must be divisible by; card: as `models.find_model` gives it; image: (height, width), uint8, on
    which the test tensors are made; cover: a PNG. InputError where the model finds nothing in it.
    """
    height, width = (side // step * step for side in image.shape)
    tensors = {"image": image[:height, :width][np.newaxis, np.newaxis].astype(np.float32)}
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_outputs()]
    tensors |= dict(zip(names, session.run(None, tensors), strict=True))
    if not len(tensors["scores"]):
        raise InputError(f"{card['name']}: finds nothing in the test image, so it has no test")
    files = {
        "README.md": _documentation(card, step).encode(),
        "cover.png": cover,
        "model.onnx": graph,
        **{f"test_{name}.npy": _npy(array) for name, array in tensors.items()},
    }
    description = _description(files, tensors, card, step, opset)
    files["bioimageio.yaml"] = yaml.dump(
        description, Dumper=_Plain, allow_unicode=True, sort_keys=False
    ).encode()
    with atomic_path(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _description(
    files: Mapping[str, bytes],
    tensors: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
    step: int,
    opset: int,
) -> dict[str, Any]:
    def source(name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}

    side = {"min": -(-LEAST_SIDE // step) * step, "step": step}
    bins = tensors["masks"].shape[-1]
    particle = {
        "type": "index",
        "id": "index",
        "size": {
            "min": 1,
            "max": card["prediction"]["detections"],
        },  # the format knows no empty one
    }
    corners = {"type": "channel", "channel_names": CORNERS}
    axes: dict[str, list] = {
        "boxes": [particle, corners],
        "scores": [particle],
        "frames": [particle, corners],
        "masks": [particle, *({"type": "space", "id": id, "size": bins} for id in "yx")],
    }
    started = card.get("provenance", {}).get("started")
    return {
        "format_version": FORMAT_VERSION,
        "type": "model",
        "name": card["name"],
        "description": "Finds wires, rods, fibres and grains in grey microscopy images, one by "
        "one: Mask R-CNN that has learnt from synthetic images alone.",
        "version": __version__,
        **({"timestamp": started} if started else {}),
        "authors": WHO,
        "license": "MIT",
        "cite": [{"text": "Lin et al., npj Comput. Mater. 8, 88 (2022)", "doi": PAPER_DOI}],
        "tags": [
            *("instance-segmentation", "mask-rcnn", "nanowires", "materials-science"),
            *("electron-microscopy", "x-ray-microscopy", "synthetic-data", "2d"),
        ],
        "documentation": source("README.md"),
        "covers": ["cover.png"],
        "inputs": [
            {
                "id": "image",
                "description": "grey values, particles bright on dark",
                "axes": [
                    {"type": "batch", "size": 1},
                    {"type": "channel", "channel_names": ["grey"]},
                    *({"type": "space", "id": id, "size": side} for id in "yx"),
                ],
                "data": {"type": "float32", "range": [0, 255]},
                "test_tensor": source("test_image.npy"),
            }
        ],
        "outputs": [
            {
                "id": name,
                "description": text,
                "axes": axes[name],
                "data": {"type": "float32"},
                "test_tensor": source(f"test_{name}.npy"),
            }
            for name, text in OUTPUTS.items()
        ],
        "weights": {"onnx": {**source("model.onnx"), "opset_version": opset}},
        "config": {"synthwire": {"sha256": card["sha256"]}},
    }


def _documentation(card: Mapping[str, Any], step: int) -> str:
    """The page on the model, for people, of what its card holds."""
    width = card.get("particle_width_px")
    metrics = card.get("metrics")
    validation = "Nobody has measured this model; compare it with outlines of your own."
    if metrics:
        rows = [
            f"| {item['label']} ({item['images']}) | {item['particles']} | {item['ap_segm']:.1f} "
            f"| {item['ap50_segm']:.1f} | {item['ap75_segm']:.1f} | {item['accuracy']:.1f} |"
            for item in metrics.values()
        ]
        validation = "\n".join(
            [
                "COCO's mask AP and the accuracy of pixels, in percent, of the whole program "
                "`synthwire`, on images that took no part in the training:",
                "",
                "| images | particles | AP | AP50 | AP75 | accuracy |",
                "|---|---|---|---|---|---|",
                *rows,
            ]
        )
    made = card.get("provenance", {})
    training = "By SynthWire's workflow, from synthetic images."
    if "training_images" in made:
        training = (
            f"By SynthWire's workflow (`{made['rebuild']}`), seed {made['seed']}, on nothing but "
            f"{made['training_images']} images of random structures, seen by virtual microscopes."
        )
    limits = "Particles that lie wholly below others are not found."
    if width is not None:
        limits += (
            f" Particles were mostly some {width:.0f} pixels wide in training: enlarge or shrink "
            "images on which they are much thinner or wider."
        )
    return USE.format(
        name=card["name"],
        width="" if width is None else f" and mostly some {width:.0f} pixels wide",
        step=step,
        validation=validation,
        training=training,
        limits=limits,
    )


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()
