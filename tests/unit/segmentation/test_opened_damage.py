"""Results from elsewhere that would take a machine's memory, or stop the program."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from tiny_model import wires

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.masks import decode_crop, encode_mask
from synthwire.segmentation.correction import draw_line
from synthwire.segmentation.opened import open_files
from synthwire.segmentation.result import Segmentation
from synthwire.webapp.stored import read_zip

GREY = wires()
MASK = GREY > 60


@pytest.fixture(scope="module")
def files():
    item = {"image_id": 1, "category_id": 1, "score": 0.9, "bbox": [0.0, 0.0, 9.0, 9.0]}
    found = Segmentation(
        GREY,
        [item | {"segmentation": encode_mask(MASK)}],
        *((6.0, 6.0), "a.png", None, 1.0, [{"id": 1, "name": "nanowire"}], {}),
    )
    return {name: found.as_files()[name] for name in ("proposals.json", "image.png")}


def with_mask(files, **mask) -> dict[str, bytes]:
    data = json.loads(files["proposals.json"])
    data["annotations"][0]["segmentation"] |= mask
    return {**files, "proposals.json": json.dumps(data).encode()}


@pytest.mark.parametrize(
    "mask",
    [
        {"counts": "0`eWo0"},  # 16 million pixels in a run
        {"counts": "0" + "o" * 12 + "0"},  # beyond 64 bits
        {"size": [100_000, 100_000]},
        {"size": [-64, 96]},
        {"size": [64]},
        {"counts": "\x00"},
        {"counts": 7},
        {"counts": ""},
    ],
)
def test_masks_that_are_none_of_the_image_are_one_line(files, mask):
    open_files("mine", files)
    try:
        found, _ = open_files("mine", with_mask(files, **mask))
    except InputError as error:
        assert str(error).startswith("mine/proposals.json: ")
    else:  # no pixels at all
        assert found.measures.empty or not found.measures["area_px"].any()


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": None},
        {"counts": "0`eWo0"},
        {"size": None},
        {"size": [32, 96]},
        {"size": -1},
    ],
)
def test_masks_by_hand_that_are_none_of_the_image_are_one_line(files, damage):
    found, correction = open_files("mine", files)
    done = correction.do(draw_line(found, [(5, 5), (40, 9)], 4)).apply(found).as_files()
    assert open_files("mine", done)[1].steps
    data = json.loads(done["proposals.json"])
    data["info"]["correction"]["steps"][0]["added"][0] |= damage
    with pytest.raises(InputError, match=r"^mine/proposals\.json: "):
        open_files("mine", {**done, "proposals.json": json.dumps(data).encode()})


def test_runs_beyond_the_image_are_refused_before_anything_is_allocated():
    with pytest.raises(InputError, match="do not fit into 10 × 10 pixels"):
        decode_crop({"size": [10, 10], "counts": "0`eWo0"})
    crop, top, left = decode_crop(encode_mask(MASK))
    np.testing.assert_array_equal(
        crop, MASK[top : top + crop.shape[0], left : left + crop.shape[1]]
    )


def zipped(files) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"a/{name}", data)
    return content.getvalue()


def test_archives_of_results_are_one_line_whatever_is_wrong_with_them(files):
    large = io.BytesIO()
    Image.new("L", (5_000, 5_000)).save(large, "png")
    with pytest.raises(InputError, match=r"a\.zip/a/image\.png: .* at most 1 megapixels"):
        read_zip(MemoryFile("a.zip", zipped({**files, "image.png": large.getvalue()})), 4 * 10**6)
    assert len(read_zip(MemoryFile("a.zip", zipped(files)), 4 * 10**6)) == 1
    whole = bytearray(zipped(files))
    for place in range(30, len(whole) - 1, max(1, len(whole) // 150)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x55
        try:
            read_zip(MemoryFile("a.zip", bytes(flipped)), 4 * 10**6)
        except InputError as error:
            assert "a.zip" in str(error)
