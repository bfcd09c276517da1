import numpy as np
import pytest
from PIL import Image

from synthwire.datasets import authors_layout
from synthwire.errors import InputError
from synthwire.imaging.shard import image_shard
from synthwire.io.coco import read_coco
from synthwire.structures.shard import generate_shard

SETTINGS = {
    "preset": "paper",
    "scenes": 3,
    "domain": [64, 56, 40],
    "voxel_size_nm": 30,
    "populations": [{"count": 5, "particles": [{"length_nm": 900, "width_nm": 160,
                                                "thickness_nm": 120}]}],
}  # fmt: skip


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    generate_shard(SETTINGS, 3, [0, 1, 2], folder / "structures")
    image_shard(
        folder / "structures",
        folder / "images",
        {"divisor": "projected_thickness", "blur_sigma_px": 1.0},
        ["nanowire"],
    )
    return folder / "images"


def test_export_has_the_authors_names(shard, tmp_path):
    assert authors_layout.export_split([shard], tmp_path / "train") == 3
    assert (tmp_path / "train" / "image_2.png").is_file()
    particles = sum(item["image_id"] == 2 for item in read_coco(shard / "coco.json")["annotations"])
    names = {path.name for path in (tmp_path / "train" / "2" / "mask").iterdir()}
    assert names == {f"image_2_mask_{k}.0.png" for k in range(particles)}


def test_export_and_import_give_the_same_data_set(shard, tmp_path):
    authors_layout.export_split([shard], tmp_path / "train")
    items = authors_layout.list_split(tmp_path / "train")
    authors_layout.import_shard(items, tmp_path / "again")
    first, second = (read_coco(folder / "coco.json") for folder in (shard, tmp_path / "again"))
    assert [item["segmentation"] for item in first["annotations"]] == [
        item["segmentation"] for item in second["annotations"]
    ]
    assert first["images"] == second["images"] and first["categories"] == second["categories"]
    for record in first["images"]:
        np.testing.assert_array_equal(
            np.array(Image.open(shard / record["file_name"])),
            np.array(Image.open(tmp_path / "again" / record["file_name"])),
        )


def test_some_images_only_and_other_numbers(shard, tmp_path):
    assert authors_layout.export_split([shard], tmp_path / "val", image_ids=[2, 0]) == 2
    items = authors_layout.list_split(tmp_path / "val")
    assert [item.number for item in items] == [0, 2]
    authors_layout.import_shard(items, tmp_path / "again", first_scene=10)
    data = read_coco(tmp_path / "again" / "coco.json")
    assert [image["file_name"] for image in data["images"]] == [
        "scene_00010.png",
        "scene_00011.png",
    ]
    with pytest.raises(InputError, match="image 7 is in none"):
        authors_layout.export_split([shard], tmp_path / "test", image_ids=[7])
    assert not (tmp_path / "test").exists()
    with pytest.raises(InputError, match="earlier shard"):
        authors_layout.export_split([shard, shard], tmp_path / "test")


def test_masks_are_ordered_by_number_not_by_name(tmp_path):
    folder = tmp_path / "train" / "5" / "mask"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "train" / "image_5.png")
    for k in (10, 9, 2):
        mask = np.zeros((20, 30), np.uint8)
        mask[k, :] = 1  # any value but zero is inside
        Image.fromarray(mask).save(folder / f"image_5_mask_{k}.0.png")
    (item,) = authors_layout.list_split(tmp_path / "train")
    _, masks = authors_layout.read_layout_image(item)
    assert [int(np.flatnonzero(mask.any(axis=1))[0]) for mask in masks] == [2, 9, 10]


def test_what_is_no_such_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        authors_layout.list_split(tmp_path / "none")
    with pytest.raises(InputError, match=r"no image_<number>\.png"):
        authors_layout.list_split(tmp_path)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "image_0.png")
    with pytest.raises(InputError, match=r"no image_0_mask_<k>\.0\.png"):
        authors_layout.list_split(tmp_path)
    (tmp_path / "0" / "mask").mkdir(parents=True)
    (item,) = authors_layout.list_split(tmp_path)
    assert authors_layout.read_layout_image(item)[1].shape == (0, 20, 30)  # no particles
    Image.fromarray(np.zeros((20, 31), np.uint8)).save(
        tmp_path / "0" / "mask" / "image_0_mask_0.0.png"
    )
    (item,) = authors_layout.list_split(tmp_path)
    with pytest.raises(InputError, match="20 × 31 pixels, but its image has 20 × 30"):
        authors_layout.read_layout_image(item)
