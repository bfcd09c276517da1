"""The stream of training images, compared with Detectron2's own loader."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from synthwire.config import models_table
from synthwire.datasets import annotated_images
from synthwire.io.masks import encode_mask
from synthwire.learning.data import (
    RandomScale,
    Share,
    TrainingImages,
    augmentations,
    decode,
    load_batches,
    training_records,
)
from synthwire.runtime.seeds import TrainingStream, sequence

from detectron2.data import DatasetMapper

TRAINING = {
    "min_size_px": [0],
    "max_size_px": 100,
    "augmentation": {
        "brightness": [0.7, 1.2],
        "contrast": [0.7, 1.2],
        "flip_probability": 0.5,
        "scale": None,
        "copy_paste_wires": 0,
    },
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Five images; the last one without particles, the others with more than fit into one byte."""
    folder = tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(1)
    made = []
    for number, particles in enumerate((3, 11, 8, 9, 0)):
        path = folder / f"scene_{number}.png"
        Image.fromarray(draw.integers(0, 256, (40, 56), dtype=np.uint8)).save(path)
        annotations = []
        for index in range(particles):
            x, y = draw.integers(0, 30, 2)
            mask = np.zeros((40, 56), dtype=bool)
            mask[y : y + 9, x : x + 20] = draw.random(mask[y : y + 9, x : x + 20].shape) < 0.7
            annotations.append(
                {
                    "bbox": [float(x), float(y), 20.0, 9.0],
                    "bbox_mode": 1,
                    "category_id": index % 2,
                    "segmentation": encode_mask(mask),
                    "iscrowd": int(index == 2),
                }
            )
        made.append(
            {
                "file_name": str(path),
                "image_id": number,
                "height": 40,
                "width": 56,
                "annotations": annotations,
            }
        )
    return made


@pytest.mark.parametrize("sizes", [[0], [24, 33, 64]])
def test_an_image_is_what_detectron2s_mapper_makes_of_it(records, sizes):
    training = {**TRAINING, "min_size_px": sizes}
    ours = TrainingImages(records, training, seed=3)
    ours._order = lambda epoch: np.arange(len(records))
    stock = DatasetMapper(
        is_train=True,
        augmentations=augmentations(training),
        image_format="BGR",
        use_instance_mask=True,
        instance_mask_format="bitmask",
    )
    for position in range(4 * len(records)):
        made = ours[position]
        state = sequence(ours._seed, TrainingStream.AUGMENTATION, position).generate_state(4)
        np.random.seed(state)  # noqa: NPY002
        expected = stock(records[position % len(records)])
        torch.testing.assert_close(made["image"], expected["image"], atol=0, rtol=0)
        truth = expected["instances"]
        if len(truth) == 0:
            assert len(made["instances"]) == 0
            continue
        assert made["instances"].image_size == truth.image_size
        torch.testing.assert_close(made["instances"].gt_boxes.tensor, truth.gt_boxes.tensor)
        assert made["instances"].gt_classes.tolist() == truth.gt_classes.tolist()
        assert torch.equal(made["instances"].gt_masks.tensor, truth.gt_masks.tensor)


def test_masks_of_a_crowd_are_left_out(records):
    assert len(decode(records[1]).classes) == 10
    assert decode(records[1]).planes.shape == (2, 40, 56)


def test_every_pass_takes_every_image_once_in_another_order(records):
    images = TrainingImages(records, TRAINING, seed=3)
    orders = [tuple(images._order(epoch)) for epoch in range(4)]
    assert all(sorted(order) == list(range(5)) for order in orders)
    assert len(set(orders)) > 1


def test_two_processes_share_what_one_computes():
    whole = list(Share(8, 0, 1, 1).batches(3, 5))
    for processes, parts in ((2, 1), (2, 2), (4, 1), (1, 4)):
        pieces = [list(Share(8, rank, processes, parts).batches(3, 5)) for rank in range(processes)]
        for step, expected in enumerate(whole):
            parted = [batch for piece in pieces for batch in piece[step * parts :][:parts]]
            assert list(itertools.chain(*parted)) == expected


def test_a_restart_and_workers_give_the_same_images(records):
    images = TrainingImages(records, TRAINING, seed=3)
    share = Share(2, 0, 1, 1)
    whole = list(load_batches(images, share, 0, 6, workers=0))
    later = list(load_batches(pickle.loads(pickle.dumps(images)), share, 4, 6, workers=0))
    loaded = list(load_batches(images, share, 4, 6, workers=2))
    for expected, again, by_worker in zip(whole[4:], later, loaded, strict=True):
        for one, two, three in zip(expected, again, by_worker, strict=True):
            for other in (two, three):
                assert torch.equal(one["image"], other["image"])
                assert torch.equal(
                    one["instances"].gt_masks.tensor, other["instances"].gt_masks.tensor
                )


def test_augmentation_keeps_masks_with_their_image():
    """A flip moves image and mask together; brightness and contrast stay within their limits."""
    from detectron2.data import transforms

    chain = transforms.AugmentationList(augmentations(TRAINING))
    assert len(chain.augs) == 4
    image = np.zeros((16, 16), dtype=np.uint8)
    image[2:5, 1:9] = 200
    seen = set()
    for seed in range(40):
        np.random.seed(seed)  # noqa: NPY002
        entry = transforms.AugInput(image.copy())
        transform = chain(entry)
        mask = transform.apply_segmentation((image > 0).astype(np.uint8))
        np.testing.assert_array_equal(entry.image > entry.image.mean(), mask.astype(bool))
        assert 0.7 * 0.7 * 200 - 40 < entry.image.max() <= 255
        seen.add(mask.tobytes())
    assert len(seen) == 4  # all four combinations of flips came up


def test_pasted_wires_are_trained_on(config, data):
    records = training_records(
        json.loads((data / "train.json").read_text()),
        annotated_images.locate_images(
            json.loads((data / "train.json").read_text()), [data / "images"]
        ),
    )
    settings = models_table.with_changes(
        config["training"],
        {"augmentation": {"copy_paste_wires": 4, "flip_probability": 0, "brightness": [1, 1]}},
    )
    settings["augmentation"]["contrast"] = [1, 1]
    plain = TrainingImages(
        records,
        {**settings, "augmentation": {**settings["augmentation"], "copy_paste_wires": 0}},
        1,
    )
    images = TrainingImages(records, settings, 1)
    more = [len(images[n]["instances"]) - len(plain[n]["instances"]) for n in range(12)]
    assert min(more) >= 0
    again = TrainingImages(records, settings, 1)
    for n in range(4):
        assert (again[n]["image"] == images[n]["image"]).all()
        instances = images[n]["instances"]
        for box, mask in zip(instances.gt_boxes.tensor, instances.gt_masks.tensor, strict=True):
            rows, columns = np.nonzero(mask.numpy())
            expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(box, expected, atol=1e-4)


def test_the_random_enlargement_stays_within_its_limits():
    scale = RandomScale(0.5, 2)
    np.random.seed(1)  # noqa: NPY002
    image = np.zeros((40, 60), dtype=np.uint8)
    shapes = [scale.get_transform(image).apply_image(image).shape for _ in range(50)]
    heights = [height for height, _ in shapes]
    assert 20 <= min(heights) < 28
    assert 57 < max(heights) <= 80
    assert all(abs(width / height - 1.5) < 0.05 for height, width in shapes)
