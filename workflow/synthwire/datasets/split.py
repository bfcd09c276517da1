"""Splitting the synthetic images into nested training sets and one validation set.

The paper (section "Synthetic dataset generation"): 1250 images, 80 % for training and 20 % for
validation; trainings use 250, 500, 750 or all 1000 of the training part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.io.files import write_json
from synthwire.runtime import seeds


def true_size(nominal: int, factor: float) -> int:
    """Number of images behind a nominal data set size of the paper's Table 1, at least 1."""
    return max(1, round(nominal * factor))


def part_sizes(scenes: int, validation_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation images of `scenes` images.

    >>> part_sizes(1250, 0.2)
    (1000, 250)
    """
    validation = round(scenes * validation_fraction)
    return scenes - validation, validation


def check_sizes(
    training: int,
    validation: int,
    size_factor: float,
    nominal_sizes: Mapping[str, int],
    origin: str,
) -> None:
    """InputError when a model's data set is larger than the training part, or a part is empty.

    training, validation: images in each part. nominal_sizes: the data set size of each model (row
    of the model table). origin: where the numbers of images come from, for the message.
    """
    if training < 1 or validation < 1:
        raise InputError(
            f"{origin}: leaves {training} training and {validation} validation images; each part "
            "needs at least 1"
        )
    for model, nominal in nominal_sizes.items():
        size = true_size(nominal, size_factor)
        if size > training:
            raise InputError(
                f"model {model}: dataset_size {nominal} × dataset.size_factor {size_factor} = "
                f"{size} images, but the training part has {training} ({origin})"
            )


def split_scenes(
    training: int, validation: int, sizes: Iterable[int], seed: int, *, drawn: bool = True
) -> tuple[dict[int, list[int]], list[int]]:
    """Scene numbers of each training set and of the validation set.

    Training sets are nested (the smaller is part of the larger) and disjoint from the validation
    set, which does not depend on `sizes`. drawn: the validation scenes are drawn from all; else
    they are the last ones, as in a data set that came with its own split. All lists are sorted.
    """
    generator = seeds.generator(seed, seeds.Stage.SPLIT)
    scenes = training + validation
    order = generator.permutation(scenes if drawn else training)
    last = order[training:].tolist() if drawn else range(training, scenes)
    subsets = {size: sorted(order[:size].tolist()) for size in sizes}
    return subsets, sorted(last)


def split_dataset(
    shards: Sequence[Path],
    outputs: Mapping[int, Path],
    validation_output: Path,
    *,
    training: int,
    validation: int,
    size_factor: float,
    seed: int,
    drawn: bool = True,
) -> None:
    """Write dataset/train_{nominal size}.json and dataset/val.json from the shards' coco.json.

    training, validation, drawn: as in `split_scenes`. The files' bytes do not depend on how the
    scenes are spread over shards.
    """
    images: dict[int, dict] = {}
    annotations: dict[int, list[dict]] = {}
    categories: list[dict] = []
    for shard in shards:
        data = read_coco(shard / "coco.json")
        categories = categories or data["categories"]
        if data["categories"] != categories:
            raise InputError(f"{shard}/coco.json: other categories than in the shards before it")
        annotations.update(annotations_by_image(data))
        images.update({image["id"]: image for image in data["images"]})
    missing = sorted(set(range(training + validation)) - set(images))
    if missing:
        raise InputError(f"{shards[0].parent}: scene {missing[0]} is in no shard's coco.json")
    sizes = {nominal: true_size(nominal, size_factor) for nominal in outputs}
    subsets, held_out = split_scenes(training, validation, sizes.values(), seed, drawn=drawn)

    def write(path: Path, members: list[int]) -> None:
        write_json(
            path,
            {
                "images": [images[scene] for scene in members],
                "categories": categories,
                "annotations": [item for scene in members for item in annotations[scene]],
            },
        )

    for nominal, path in outputs.items():
        write(path, subsets[sizes[nominal]])
    write(validation_output, held_out)
