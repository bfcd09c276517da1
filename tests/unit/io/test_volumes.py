import json

import numpy as np
import pytest
import tifffile
from small_structures import SMALL

from synthwire.errors import InputError
from synthwire.io.volumes import read_volume, write_volume
from synthwire.structures.scene import generate_scene


def test_written_volume_is_read_back(tmp_path):
    made = generate_scene(SMALL, 0, 0)
    path = tmp_path / "scene_00000.tif"
    write_volume(path, made.labels, made.voxel_size_nm, scene=0, seed=0)
    labels, metadata = read_volume(path)
    assert np.array_equal(labels, made.labels)
    assert labels.dtype == made.labels.dtype
    assert metadata["voxel_size_nm"] == 24
    assert metadata["scene"] == 0
    assert path.stat().st_size < made.labels.nbytes / 5
    with tifffile.TiffFile(path) as file:
        assert json.loads(file.pages[0].description)["axes"] == "ZYX"


def test_volumes_of_others_are_read(tmp_path):
    labels = np.zeros((7, 6, 5), dtype=np.int32)
    labels[1:3, 2:4, :] = 700
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, labels)
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and read.dtype == np.uint16
    assert metadata["voxel_size_nm"] is None
    path = tmp_path / "imagej.tif"
    tifffile.imwrite(
        path, labels.astype(np.uint16), imagej=True, metadata={"spacing": 0.5, "unit": "um"}
    )
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and metadata["voxel_size_nm"] == 500
    path = tmp_path / "volume.ome.tif"
    tifffile.imwrite(
        path,
        labels.astype(np.uint16),
        metadata={"axes": "ZYX", "PhysicalSizeX": 7.5, "PhysicalSizeXUnit": "nm"},
    )
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and metadata["voxel_size_nm"] == 7.5
    path = tmp_path / "planes.tif"  # four layers are taken for colour planes by many writers
    tifffile.imwrite(path, labels[:4].astype(np.uint8), photometric="rgb", planarconfig="separate")
    assert np.array_equal(read_volume(path)[0], labels[:4].astype(np.uint8))
    path = tmp_path / "float.tif"
    tifffile.imwrite(path, labels.astype(np.float32))
    assert np.array_equal(read_volume(path)[0], labels)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 6), np.uint8), "three dimensions"),
        (np.full((3, 5, 6), 0.5, np.float32), "fractional"),
        (np.full((3, 5, 6), -1, np.int16), "labels start at 0"),
        (np.zeros((16, 16, 3), np.uint8), "three dimensions"),
    ],
)
def test_what_is_no_labelled_volume_is_refused(tmp_path, array, message):
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, array, photometric="rgb" if array.shape[-1] == 3 else "minisblack")
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert "bad.tif" in str(caught.value)


def test_broken_and_missing_volumes_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_volume(tmp_path / "none.tif")
    path = tmp_path / "text.tif"
    path.write_text("no picture")
    with pytest.raises(InputError, match="not a readable TIFF"):
        read_volume(path)
    whole = tmp_path / "whole.tif"
    write_volume(whole, np.ones((9, 64, 64), np.uint8), 6.0)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError, match=r"text\.tif"):
        read_volume(path)
