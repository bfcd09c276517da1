"""Files and arrays made ready for a network."""

import numpy as np
import pytest
from stxm_scans import write_nexus
from tiny_model import wires

from synthwire.errors import InputError
from synthwire.io.stacks import write_stack
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import MODALITIES, Preparation

SIZE_NM = (6.0, 8.0)


def test_tem_is_inverted_and_transmission_becomes_optical_density():
    grey = wires().astype(float)
    (bright,) = read_images(grey, Preparation("od"))
    (dark,) = read_images(255 - grey, Preparation("tem"))
    assert abs(dark.pixels.astype(int) - bright.pixels).max() <= 1  # halves are rounded to even
    counts = 1e4 * np.exp(-grey / 50)
    region = {"region": [0, 0, 96, 64]}
    (density,) = read_images(counts, Preparation("transmission", incident=region))
    assert abs(density.pixels.astype(int) - bright.pixels).max() <= 1


def test_contrast_is_stretched_unless_it_is_to_stay():
    faint = (wires() // 4).astype(np.uint8)
    (stretched,) = read_images(faint, Preparation())
    (as_is,) = read_images(faint, Preparation(stretch=False))
    assert (np.percentile(stretched.pixels, [1, 99]) > np.percentile(faint, [1, 99])).any()
    assert stretched.pixels.max() == 255
    assert (as_is.pixels == faint).all()


def test_colour_images_become_one_channel():
    grey = wires()
    (plain,) = read_images(grey, Preparation("transmission"))
    (colour,) = read_images(np.dstack([grey] * 3), Preparation("transmission"))
    assert (plain.pixels == colour.pixels).all()


def test_a_scan_over_energies_is_one_image_and_a_stack_is_many(tmp_path):
    path = tmp_path / "scan.nxs"
    write_nexus(path)
    (mean,) = read_images(path, Preparation("transmission"))
    (single,) = read_images(path, Preparation("transmission", energy_ev=527.0))
    assert mean.page is None
    assert (mean.pixels != single.pixels).any()
    write_stack(tmp_path / "stack.tif", [wires(0), wires(1)], pixel_size_nm=SIZE_NM)
    pages = read_images(tmp_path / "stack.tif", Preparation())
    assert [(page.page, page.pixel_size_nm) for page in pages] == [(0, SIZE_NM), (1, SIZE_NM)]
    with pytest.raises(InputError, match=r"stack\.tif: the file names no photon energies"):
        read_images(tmp_path / "stack.tif", Preparation(energy_ev=527.0))


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_without_contrast_is_one_line(modality):
    with pytest.raises(InputError, match="every pixel has the same value, [07]; no image"):
        read_images(np.full((20, 20), 7, np.uint8), Preparation(modality))
