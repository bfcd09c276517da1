"""Image sets taken by a virtual microscope of structures of our own, whose truth is known."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwire.datasets.image_sets.content import Content, image_record
from synthwire.errors import InputError
from synthwire.imaging.picture import Domain, is_opaque, take_picture
from synthwire.io.coco import ANNOTATION_IDS_PER_IMAGE, make_annotation
from synthwire.io.masks import encode_mask
from synthwire.io.outlines import Outlines
from synthwire.runtime.seeds import Stage, generator, seed_of
from synthwire.structures.scene import generate_scene


def simulate(
    key: str,
    entry: Mapping,
    seed: int,
    classes: Sequence[str],
    progress: Callable[[Iterable], Iterable] = iter,
) -> Content:
    """Images and truth of an image set of source `simulated`.

    key, entry: of config["image_sets"], defaults filled in.
    """
    pages, records, annotations = [], [], []
    for number in progress(range(entry["scenes"])):
        page = simulate_page(key, entry, seed, number, classes=classes)
        pages.append(page.image)
        records.append(page.record)
        annotations.extend(page.annotations)
    return Content(pages, records, Outlines(annotations))


@dataclass(frozen=True)
class SimulatedPage:
    """One simulated image with its truth.

    image: uint8 (Y, X); record, annotations: COCO, as in annotations.json; particles: the
    structure's particle table (of the untilted structure).
    """

    image: np.ndarray
    record: dict
    annotations: list[dict]
    particles: pd.DataFrame


def simulate_page(
    key: str, entry: Mapping, seed: int, page: int, *, classes: Sequence[str] = ("nanowire",)
) -> SimulatedPage:
    """One image of an image set of source `simulated`; depends on its arguments alone."""
    key_number = zlib.crc32(key.encode())
    # Structures of their own: with the run's seed they would be those that the models learn from.
    own_seed = seed_of(seed, Stage.IMAGE_SETS, key_number)
    scene = generate_scene(entry["structures"], own_seed, page)
    domain = Domain(
        entry["microscope"],
        entry["parameters"],
        entry["ground"],
        entry["caption_share"],
        entry["tilt_deg"],
        invert=entry["invert"],
        minimum_visible=0,
        minimum_contrast=0,
    )
    rng = generator(seed, Stage.IMAGE_SETS, key_number, page)
    picture = take_picture(scene.labels, scene.voxel_size_nm, domain, rng)
    record = image_record(
        page,
        picture.image.shape,
        scene.voxel_size_nm,
        assumed=False,
        tilt_deg=entry["tilt_deg"],
    )
    class_of = dict(zip(scene.particles["particle"], scene.particles["class"], strict=True))
    numbers = {name: number for number, name in enumerate(classes, start=1)}
    opaque = is_opaque(domain.microscope)
    annotations = []
    for label, mask in enumerate(picture.view.masks, start=1):
        if not mask.any():
            continue
        name = class_of[label]
        if name not in numbers:
            raise InputError(
                f"image_sets.{key}.structures: class '{name}' is not among the config's classes "
                f"({', '.join(classes)})"
            )
        # Both truths where the top hides what is below: the mask proper is amodal, as the models
        # are taught; the visible part stands beside it.
        more: dict[str, Any] = {"visible": encode_mask(picture.view.top == label)} if opaque else {}
        annotations.append(
            make_annotation(
                page * ANNOTATION_IDS_PER_IMAGE + label,
                page + 1,
                encode_mask(mask),
                category_id=numbers[name],
                **more,
            )
        )
    return SimulatedPage(picture.image, record, annotations, scene.particles)
