import numpy as np
import pytest
from PIL import Image

from synthwire.errors import InputError
from synthwire.imaging.shard import image_shard
from synthwire.io.coco import read_coco
from synthwire.io.volumes import write_volume
from synthwire.schema import validate_section

DENSITY = {"divisor": "projected_thickness", "blur_sigma_px": 0}


def crossing_bars() -> np.ndarray:
    """Bar 1, two voxels thick, along x on the ground; bar 2, one voxel thick, along y on top."""
    labels = np.zeros((6, 8, 10), dtype=np.uint8)
    labels[0:2, 3:5, :] = 1
    labels[2, :, 4:6] = 2
    return labels


def test_a_shard_of_anyones_volumes_without_a_particle_table(tmp_path):
    (tmp_path / "volumes").mkdir()
    write_volume(tmp_path / "volumes" / "scene_00003.tif", crossing_bars(), 6.0)
    image_shard(
        tmp_path / "volumes",
        tmp_path / "images",
        DENSITY,
        ["nanowire"],
    )
    data = read_coco(tmp_path / "images" / "coco.json")
    assert [item["id"] for item in data["annotations"]] == [300_001, 300_002]
    image = np.asarray(Image.open(tmp_path / "images" / "scene_00003.png"))
    assert image.dtype == np.uint8
    assert image[3, 4] == 255


def test_a_class_follows_its_far_apart_label(tmp_path):
    (tmp_path / "volumes").mkdir()
    far = crossing_bars().astype(np.uint16) * 9_000
    write_volume(tmp_path / "volumes" / "scene_00000.tif", far, 6.0)
    (tmp_path / "volumes" / "particles.csv").write_text(
        "scene,particle,class\n0,9000,nanowire\n0,18000,sphere\n"
    )
    image_shard(tmp_path / "volumes", tmp_path / "images", DENSITY, ["nanowire", "sphere"])
    data = read_coco(tmp_path / "images" / "coco.json")
    assert [(item["id"], item["category_id"]) for item in data["annotations"]] == [(1, 1), (2, 2)]


def test_a_class_that_the_config_lacks_is_named(tmp_path):
    (tmp_path / "volumes").mkdir()
    write_volume(tmp_path / "volumes" / "scene_00000.tif", crossing_bars(), 6.0)
    (tmp_path / "volumes" / "particles.csv").write_text(
        "scene,particle,class\n0,1,nanowire\n0,2,sphere\n"
    )
    with pytest.raises(InputError, match="class 'sphere' is not among"):
        image_shard(tmp_path / "volumes", tmp_path / "images", DENSITY, ["nanowire"])
    assert not (tmp_path / "images").exists()
    image_shard(tmp_path / "volumes", tmp_path / "images", DENSITY, ["nanowire", "sphere"])
    data = read_coco(tmp_path / "images" / "coco.json")
    assert [item["category_id"] for item in data["annotations"]] == [1, 2]


def test_a_folder_without_volumes_is_refused(tmp_path):
    with pytest.raises(InputError, match="no scene_"):
        image_shard(tmp_path, tmp_path / "images", {}, ["nanowire"])


def test_the_domain_stands_in_the_record_and_hidden_particles_have_no_annotation(tmp_path):
    labels = np.zeros((12, 40, 40), np.uint8)
    labels[0:4, 10:14, 5:25] = 1
    labels[4:12, 5:35, 2:30] = 2
    (tmp_path / "volumes").mkdir()
    write_volume(tmp_path / "volumes" / "scene_00000.tif", labels, 20.0)
    image_shard(
        tmp_path / "volumes",
        tmp_path / "images",
        DENSITY,
        ["nanowire"],
        domains=validate_section("imaging", {"domains": [{"microscope": "sem"}]}, "")["domains"],
        seed=3,
    )
    data = read_coco(tmp_path / "images" / "coco.json")
    assert data["images"][0]["domain"] == "sem"
    assert [item["id"] for item in data["annotations"]] == [2]
