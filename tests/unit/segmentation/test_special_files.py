"""What lies among images and is no image: pipes; links of HDF5 that lead elsewhere."""

import os

import h5py
import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.io import recordings
from synthwire.segmentation.places import find_images

PIXELS = np.arange(1200, dtype=np.uint8).reshape(30, 40)


def test_pipes_are_no_images_and_nobody_waits_for_them(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "a.png").write_bytes(b"any")
    assert find_images([tmp_path], tmp_path / "out") == ([tmp_path / "a.png"], [])
    found, problems = find_images([tmp_path / "pipe.png"], tmp_path / "out")
    assert not found
    assert "pipe.png: a pipe or a device" in problems[0]
    with pytest.raises(InputError, match=r"pipe\.png: a pipe or a device"):
        recordings.read_recording(tmp_path / "pipe.png")


@pytest.mark.parametrize("kind", ["external", "storage", "virtual"])
def test_hdf5_may_draw_on_files_beside_it_and_on_no_others(tmp_path, kind):
    folder = tmp_path / "mine"
    folder.mkdir()

    def link_to(target: str) -> None:
        with h5py.File(folder / "a.h5", "w") as file:
            if kind == "external":
                file["scan"] = h5py.ExternalLink(target, "scan")
            elif kind == "storage":
                file.create_dataset("scan", (30, 40), np.uint8, external=[(target, 0, 1200)])
            else:
                layout = h5py.VirtualLayout((30, 40), dtype=np.uint8)
                layout[:] = h5py.VirtualSource(target, "scan", shape=(30, 40))
                file.create_virtual_dataset("scan", layout)

    for place in (folder, tmp_path):
        with h5py.File(place / "data.h5", "w") as file:
            file["scan"] = PIXELS
    for target in (str(tmp_path / "data.h5"), "../data.h5"):
        link_to(target)
        with pytest.raises(InputError, match=r"a\.h5: 'scan' lies in a file outside"):
            recordings.read_recording(folder / "a.h5")
    (folder / "link.h5").symlink_to(tmp_path / "data.h5")
    link_to("link.h5")
    with pytest.raises(InputError, match=r"a\.h5: 'scan' lies in a file outside"):
        recordings.read_recording(folder / "a.h5")
    if kind == "virtual":
        link_to("data.h5")
        np.testing.assert_array_equal(recordings.read_image(folder / "a.h5"), PIXELS)
