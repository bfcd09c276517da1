"""Simulated fields from which a model learns what its scores are worth (`rescoring`).

Their structures and microscopes are those of the model's training, drawn anew, and seen at many
magnifications: users' images are, and the evidence has to be the same at each. Some fields hold few
particles of a kind that the training shows in crowds, so that few finds alone are no sign of a bare
ground; further ones are bare, and their ground is never even.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.evaluation.calibration import surest_take
from synthwire.imaging.picture import OPTICAL_DENSITY, take_training_picture
from synthwire.io.masks import encode_mask, overlaps
from synthwire.learning.weights import WEIGHTS_VARIABLE
from synthwire.particles.evidence import WEAK, evidence_of
from synthwire.runtime.job import script_hidden
from synthwire.runtime.progress import progress_bar
from synthwire.runtime.seeds import Stage, generator, seed_of
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.options import THRESHOLD
from synthwire.segmentation.rescoring import fit_rescoring, probabilities
from synthwire.structures.scene import generate_scene

SIDE_VOXELS = 400  # of a structure
MAGNIFICATIONS = (0.4, 10.0)  # of its picture
LARGEST_PX = 640  # of what is cut out of that
FEW_SHARE, FEW = 0.3, (1, 8)  # of the fields, to which particles are sown singly; how many
ON_A_PARTICLE = 0.7  # share of the cuts that show one for certain, where there is one
NOISE = (0.0, 12.0)  # grey values, added after the enlargement, which smooths what was there
KNOWN_SIZE_SHARE = 0.3  # of the fields, whose pixel size is told
VAGUE_IOU = 0.3  # with a particle that the picture does not show well: neither right nor wrong


class Fields(NamedTuple):
    """What fields are drawn from: sections of the configuration of the model's training.

    The first `usual` fields are like its images; then come `bare` ones.
    """

    structures: Mapping[str, Any]
    compression: Mapping[str, Any]
    domains: list[Mapping[str, Any]]
    seed: int
    usual: int
    bare: int


class Field(NamedTuple):
    """image: uint8, particles bright; particles, vague: RLEs of what it shows well, and badly."""

    image: GreyImage
    particles: list[dict]
    vague: list[dict]


def draw_field(fields: Fields, number: int) -> Field:
    """One field; depends on the arguments alone."""
    seed = seed_of(fields.seed, Stage.RESCORING)
    rng = generator(fields.seed, Stage.RESCORING, number)
    structures, domains = _structures(fields.structures, rng), fields.domains
    if number >= fields.usual:
        structures["populations"] = [
            _sown(item, 0) for item in fields.structures["populations"][:1]
        ]
        domains = [
            {**item, "ground": {**item["ground"], "share": 1}}
            for item in domains
            if item["microscope"] != OPTICAL_DENSITY
        ]
    scene = generate_scene(structures, seed, number)
    size_nm = scene.voxel_size_nm
    picture = take_training_picture(
        scene.labels, size_nm, fields.compression, domains, seed, number
    )
    larger = float(np.exp(rng.uniform(*np.log(MAGNIFICATIONS))))
    whole = int(larger * SIDE_VOXELS)
    side = min(LARGEST_PX, whole)
    first = rng.integers(0, whole - side + 1, 2)
    masks = picture.view.masks
    there = np.flatnonzero(masks.any(axis=(1, 2)))
    if len(there) and rng.random() < ON_A_PARTICLE:
        points = np.argwhere(masks[rng.choice(there)])
        within = side * rng.uniform(0.25, 0.75, 2)
        first = (larger * points[rng.integers(len(points))] - within).astype(int)
        first = np.clip(first, 0, whole - side)
    # the middles of the cut's pixels, in pixels of the picture
    down, across = (
        np.clip((start + np.arange(side) + 0.5) / larger - 0.5, 0, SIDE_VOXELS - 1)
        for start in first
    )
    smaller = ndimage.gaussian_filter(picture.image.astype(float), max(0.0, 0.5 / larger - 0.5))
    pixels = ndimage.map_coordinates(smaller, np.meshgrid(down, across, indexing="ij"), order=1)
    pixels += rng.normal(0, rng.uniform(*NOISE), pixels.shape)
    masks = masks[:, np.rint(down).astype(int)][:, :, np.rint(across).astype(int)]
    seen = masks.any(axis=(1, 2))
    told = (size_nm / larger,) * 2 if rng.random() < KNOWN_SIZE_SHARE else None
    return Field(
        GreyImage(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), told, f"field {number}"),
        [encode_mask(mask) for mask in masks[seen & picture.learnable]],
        [encode_mask(mask) for mask in masks[seen & ~picture.learnable]],
    )


def _structures(settings: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a field's structure."""
    own = {**settings, "domain": [SIDE_VOXELS, SIDE_VOXELS, settings["domain"][2]]}
    if rng.random() < FEW_SHARE:
        count = int(rng.integers(FEW[0], FEW[1] + 1))
        own["populations"] = [_sown(item, count) for item in settings["populations"]]
    return own


def _sown(population: Mapping[str, Any], count: int) -> dict[str, Any]:
    """A population of which there are so many particles."""
    dropped = ("count", "count_per_um2", "clusters")
    kept = {key: value for key, value in population.items() if key not in dropped}
    return {**kept, "count": count}


def evidence_in_field(model: Model, fields: Fields, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Evidence (N, columns) of what a model finds in a field, and whether it is a particle (N,).

    model: without a rescoring. What lies on a particle that shows badly is left out.
    """
    field = draw_field(fields, number)
    result = segment_image(field.image, model)
    found = [item for item in result.results if item["score"] >= WEAK]
    known = model.card["particle_width_px"] / result.scale
    evidence = evidence_of(field.image.pixels, found, known)
    masks = [item["segmentation"] for item in found]
    true = surest_take(overlaps(masks, field.particles))
    clear = true | (overlaps(masks, field.vague).max(axis=1, initial=0) < VAGUE_IOU)
    return evidence[clear], true[clear]


def learn_rescoring(folder: Path, fields: Fields, processes: int) -> dict[str, Any]:
    """What the scores of the bundled model in a folder are worth; see `rescoring`.

    Each field counts the same. InputError where the model finds only particles in them, or none.
    """
    count = fields.usual + fields.bare
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_prepare, initargs=(folder, fields)
    )
    with script_hidden(), pool:
        shown = progress_bar(pool.map(_of_field, range(count)), description="fields", total=count)
        images = list(shown)
    right = np.concatenate([true for _, true in images])
    if not right.any() or right.all():
        raise InputError(
            f"{folder}: of {len(right)} finds in {count} simulated fields none is right, or none "
            "wrong; nothing can be learnt of what the scores are worth"
        )
    fitted = fit_rescoring(images)
    # By fields that took no part, since those that did look clearer than new ones; by the usual
    # ones, since more is bare here than in users' images.
    judged = []
    for half in (0, 1):
        other = fit_rescoring(images[1 - half :: 2])
        judged += [
            (probabilities(evidence, other), true)
            for evidence, true in images[half : fields.usual : 2]
        ]
    fitted["exponent"] = _exponent(judged)
    fitted["fields"], fitted["finds"] = count, len(right)
    return fitted


def _exponent(judged: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Power of the probabilities that lays the best F1 score upon the default threshold.

    judged: of each field how likely its finds are, and which are right. Each field counts the same.
    """
    likely, true = (np.concatenate(parts) for parts in zip(*judged, strict=True))
    weights = np.concatenate([np.full(len(own), 1 / max(len(own), 1)) for own, _ in judged])
    order = np.argsort(-likely)
    right = np.cumsum((weights * true)[order])
    f1 = 2 * right / (np.cumsum(weights[order]) + right[-1])
    return round(float(np.log(THRESHOLD) / np.log(likely[order][f1.argmax()])), 3)


def _prepare(folder: Path, fields: Fields) -> None:
    import torch

    torch.set_num_threads(1)
    os.environ[WEIGHTS_VARIABLE] = str(folder)
    model = load_model(device="cpu")
    card = {name: value for name, value in model.card.items() if name != "rescoring"}
    _STATE.update(model=replace(model, card=card), fields=fields)


_STATE: dict[str, Any] = {}  # of a process of the pool


def _of_field(number: int) -> tuple[np.ndarray, np.ndarray]:
    return evidence_in_field(_STATE["model"], _STATE["fields"], number)
