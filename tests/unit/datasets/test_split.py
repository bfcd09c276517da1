from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwire.datasets.annotated_images import locate_images
from synthwire.datasets.split import check_sizes, part_sizes, split_dataset, split_scenes, true_size
from synthwire.errors import InputError
from synthwire.io.coco import make_annotation, read_coco
from synthwire.io.files import write_json
from synthwire.learning.data import training_records

PAPER_SIZES = (250, 500, 750, 1000)


def test_the_papers_split_is_1000_to_250():
    assert part_sizes(1250, 0.2) == (1000, 250)
    subsets, validation = split_scenes(1000, 250, PAPER_SIZES, seed=3)
    assert [len(subsets[size]) for size in PAPER_SIZES] == list(PAPER_SIZES)
    assert len(validation) == 250


@given(
    scenes=st.integers(5, 300),
    fraction=st.floats(0.1, 0.5),
    parts=st.lists(st.floats(0.1, 1), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    drawn=st.booleans(),
)
def test_training_sets_are_nested_and_apart_from_validation(scenes, fraction, parts, seed, drawn):
    training, validation_size = part_sizes(scenes, fraction)
    sizes = sorted({max(1, int(part * training)) for part in parts})
    subsets, validation = split_scenes(training, validation_size, sizes, seed, drawn=drawn)
    for smaller, larger in pairwise(sizes):
        assert set(subsets[smaller]) < set(subsets[larger])
    for size in sizes:
        assert len(subsets[size]) == size
        assert not set(subsets[size]) & set(validation)
    assert len(validation) == validation_size
    assert split_scenes(training, validation_size, [1], seed, drawn=drawn)[1] == validation
    if not drawn:
        assert validation == list(range(training, scenes))


def test_a_data_set_larger_than_the_training_part_names_the_model():
    check_sizes(1000, 250, 1, {"12": 1000}, "1250 scenes")
    with pytest.raises(InputError, match=r"model 12: dataset_size 1000 .* has 960 \(1200 scenes\)"):
        check_sizes(960, 240, 1, {"01": 250, "12": 1000}, "1200 scenes")
    with pytest.raises(InputError, match="2 scenes: leaves 2 training and 0 validation"):
        check_sizes(2, 0, 1, {"01": 1}, "2 scenes")


def test_nominal_sizes_scale():
    assert true_size(1000, 0.32) == 320
    assert true_size(250, 0.001) == 1


def make_shards(folder, scenes, per_shard):
    rle = {"size": [4, 4], "counts": "52203"}
    for first in range(0, scenes, per_shard):
        members = range(first, min(scenes, first + per_shard))
        shard = folder / f"{first // per_shard:03d}"
        write_json(
            shard / "coco.json",
            {
                "images": [
                    {"id": n, "file_name": f"scene_{n:05d}.png", "width": 4, "height": 4}
                    for n in members
                ],
                "categories": [{"id": 1, "name": "nanowire"}],
                "annotations": [make_annotation(n * 100_000 + 1, n, rle) for n in members],
            },
        )
        for n in members:
            (shard / f"scene_{n:05d}.png").touch()
    return sorted(folder.iterdir())


def test_the_split_has_the_same_bytes_for_two_shard_sizes(tmp_path):
    for name, per_shard in (("a", 2), ("b", 5)):
        split_dataset(
            make_shards(tmp_path / name / "images", 10, per_shard),
            {250: tmp_path / name / "train_250.json", 1000: tmp_path / name / "train_1000.json"},
            tmp_path / name / "val.json",
            training=8,
            validation=2,
            size_factor=0.008,
            seed=1,
        )
    for file in ("train_250.json", "train_1000.json", "val.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert len(read_coco(tmp_path / "a" / "train_1000.json")["images"]) == 8


def test_a_missing_scene_and_a_missing_image_are_named(tmp_path):
    shards = make_shards(tmp_path / "images", 4, 2)
    with pytest.raises(InputError, match="scene 4 is in no shard"):
        split_dataset(
            shards,
            {1: tmp_path / "t.json"},
            tmp_path / "v.json",
            training=4,
            validation=1,
            size_factor=1,
            seed=1,
        )
    data = read_coco(shards[0] / "coco.json")
    with pytest.raises(InputError, match="scene_00000.png: in none of the 1 image folders"):
        locate_images(data, shards[1:])


def test_records_number_categories_from_zero(tmp_path):
    shards = make_shards(tmp_path / "images", 2, 2)
    data = read_coco(shards[0] / "coco.json")
    records = training_records(data, locate_images(data, shards))
    assert [record["annotations"][0]["category_id"] for record in records] == [0, 0]
    assert records[1]["file_name"].endswith("scene_00001.png")
