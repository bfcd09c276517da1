"""Training images, decoded once and kept in memory, in an order that starts at any iteration.

Detectron2's own loader reads and decodes image and masks anew at every use and draws from running
random states. Here everything random about an image follows from the seed and from the image's
position in the stream of all images: the stream is the same for any number of processes, workers
and restarts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from synthwire.io.coco import annotations_by_image
from synthwire.io.masks import decode_mask
from synthwire.learning.copy_paste import lay_over
from synthwire.runtime.seeds import TrainingStream, generator, sequence

from detectron2.data import transforms
from detectron2.structures import BitMasks, Boxes, Instances

SMALLEST_BOX_PX = 1e-5  # Detectron2's limit


class RandomScale(transforms.Augmentation):
    """Enlarge an image by a factor between two limits, uniform in its logarithm."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self._limits = np.log([low, high])

    def get_transform(self, image: np.ndarray) -> transforms.Transform:
        factor = np.exp(self._rand_range(*self._limits))
        height, width = image.shape[:2]
        return transforms.ResizeTransform(
            height, width, max(1, round(height * factor)), max(1, round(width * factor))
        )


def augmentations(training: Mapping) -> list[transforms.Augmentation]:
    """The paper's augmentations in Detectron2's classes.

    Random brightness and contrast between the limits of the config (paper: 0.7–1.2), horizontal
    and vertical flips with the config's probability (0.5 each), and a resize to a shortest edge
    drawn from `min_size_px`; 0 there leaves the size. Beyond the paper, a random enlargement where
    the config has `scale`.
    """
    settings = training["augmentation"]
    chain: list[transforms.Augmentation] = []
    sizes = training["min_size_px"]
    if sizes and min(sizes) > 0:
        chain.append(transforms.ResizeShortestEdge(sizes, training["max_size_px"], "choice"))
    if settings["scale"]:
        chain.append(RandomScale(*settings["scale"]))
    chain += [
        transforms.RandomBrightness(*settings["brightness"]),
        transforms.RandomContrast(*settings["contrast"]),
        transforms.RandomFlip(settings["flip_probability"], horizontal=True, vertical=False),
        transforms.RandomFlip(settings["flip_probability"], horizontal=False, vertical=True),
    ]
    return chain


class DecodedImage(NamedTuple):
    image: np.ndarray  # (height, width), uint8
    planes: np.ndarray  # (planes, height, width), uint8: eight masks a plane, one a bit
    boxes: np.ndarray  # (particles, 4), x0 y0 x1 y1 in pixels
    classes: np.ndarray  # (particles,), from 0

    def masks(self) -> np.ndarray:
        """Masks (particles, height, width), bool."""
        return np.unpackbits(self.planes, axis=0, count=len(self.classes)).view(bool)


def decode(record: Mapping) -> DecodedImage:
    """Read the image of a record of `data.training_records` and decode its masks.

    Particles of a crowd are left out, as Detectron2 does.
    """
    particles = [item for item in record["annotations"] if not item["iscrowd"]]
    with Image.open(record["file_name"]) as file:
        image = np.asarray(file.convert("L"))
    masks = np.zeros((len(particles), *image.shape), dtype=bool)
    for mask, item in zip(masks, particles, strict=True):
        mask[:] = decode_mask(item["segmentation"])
    boxes = np.array([item["bbox"] for item in particles], dtype=float).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    classes = np.array([item["category_id"] for item in particles], dtype=np.int64)
    return DecodedImage(image, np.packbits(masks, axis=0), boxes, classes)


class TrainingImages(Dataset):
    """The endless stream of augmented training images; item n is the n-th image of the training.

    Each pass over the records has a random order of its own.
    """

    def __init__(self, records: Sequence[Mapping], training: Mapping, seed: int) -> None:
        """records: of `data.training_records`; training: config["training"]."""
        self._images = [decode(record) for record in records]
        self._augmentations = transforms.AugmentationList(augmentations(training))
        self._pasted = training["augmentation"]["copy_paste_wires"]
        self._seed = seed
        self._order = lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return generator(self._seed, TrainingStream.ORDER, epoch).permutation(len(self._images))

    def __getstate__(self) -> dict:
        return {key: value for key, value in self.__dict__.items() if key != "_order"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._order = lru_cache(maxsize=2)(self._draw_order)

    def __getitem__(self, position: int) -> dict:
        """What Detectron2's models take for one image: {"image", "instances"}."""
        epoch, place = divmod(position, len(self._images))
        decoded = self._images[self._order(epoch)[place]]
        if self._pasted:
            decoded = self._with_wires_of_another(decoded, position)
        # Detectron2's augmentations draw from numpy's global state
        branch = sequence(self._seed, TrainingStream.AUGMENTATION, position)
        np.random.seed(branch.generate_state(4))  # noqa: NPY002
        entry = transforms.AugInput(decoded.image)
        transform = self._augmentations(entry)
        return {
            "image": torch.from_numpy(entry.image.copy()).expand(3, -1, -1),
            "instances": _instances(decoded, transform, entry.image.shape),
        }

    def _with_wires_of_another(self, decoded: DecodedImage, position: int) -> DecodedImage:
        rng = generator(self._seed, TrainingStream.COPY_PASTE, position)
        donor = self._images[rng.integers(len(self._images))]
        image, masks, numbers = lay_over(
            decoded.image, decoded.masks(), donor.image, donor.masks(), self._pasted, rng
        )
        rows, columns = (np.any(masks[len(decoded.boxes) :], axis=axis) for axis in (2, 1))
        corners = [
            (x.argmax(), y.argmax(), len(x) - x[::-1].argmax(), len(y) - y[::-1].argmax())
            for x, y in zip(columns, rows, strict=True)
        ]
        return DecodedImage(
            image,
            np.packbits(masks, axis=0),
            np.concatenate([decoded.boxes, np.array(corners, dtype=float).reshape(-1, 4)]),
            np.concatenate([decoded.classes, donor.classes[numbers]]),
        )


def _instances(
    decoded: DecodedImage, transform: transforms.Transform, size: tuple[int, int]
) -> Instances:
    height, width = size
    boxes = transform.apply_box(decoded.boxes).reshape(-1, 4)
    boxes = np.clip(boxes, 0, [width, height, width, height]).astype(np.float32)
    # Masks are never mixed, only moved (nearest neighbour), so eight in a byte move as one.
    planes = np.empty((len(decoded.planes), height, width), dtype=np.uint8)
    for moved, plane in zip(planes, decoded.planes, strict=True):
        moved[:] = transform.apply_segmentation(plane)
    masks = np.unpackbits(planes, axis=0, count=len(decoded.classes))
    sides = boxes[:, 2:] - boxes[:, :2]
    keep = masks.any(axis=(1, 2)) & (sides > SMALLEST_BOX_PX).all(axis=1)
    return Instances(
        size,
        gt_boxes=Boxes(torch.from_numpy(boxes[keep])),
        gt_classes=torch.from_numpy(decoded.classes[keep]),
        gt_masks=BitMasks(torch.from_numpy(masks[keep].view(bool))),
    )


class Share(NamedTuple):
    """What one of several processes computes of each iteration."""

    images: int  # of one iteration, over all processes
    rank: int
    processes: int
    parts: int  # batches whose gradients are added up

    def batches(self, start: int, stop: int) -> Iterator[list[int]]:
        """Positions in the stream of each batch, from iteration `start` to before `stop`."""
        own = self.images // self.processes
        size = own // self.parts
        for iteration in range(start, stop):
            first = iteration * self.images + self.rank * own
            for part in range(self.parts):
                yield list(range(first + part * size, first + (part + 1) * size))


def load_batches(
    images: TrainingImages, share: Share, start: int, stop: int, *, workers: int
) -> Iterator[list[dict]]:
    """The batches of one process from iteration `start` on, loaded ahead by `workers` processes."""
    loader = DataLoader(
        images,
        batch_sampler=share.batches(start, stop),
        num_workers=workers,
        collate_fn=list,
    )
    return iter(loader)


def training_records(data: dict, located: Mapping[int, Path]) -> list[dict]:
    """Detectron2's standard records of a COCO data set; masks stay compressed RLE."""
    grouped = annotations_by_image(data)
    contiguous = {category["id"]: index for index, category in enumerate(data["categories"])}
    return [
        {
            "file_name": str(located[image["id"]]),
            "image_id": image["id"],
            "height": image["height"],
            "width": image["width"],
            "annotations": [
                {
                    "bbox": item["bbox"],
                    "bbox_mode": 1,  # detectron2.structures.BoxMode.XYWH_ABS
                    "category_id": contiguous[item["category_id"]],
                    "segmentation": item["segmentation"],
                    "iscrowd": item["iscrowd"],
                }
                for item in grouped[image["id"]]
            ],
        }
        for image in data["images"]
    ]
