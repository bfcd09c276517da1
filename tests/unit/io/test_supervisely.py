"""Outlines of Supervisely."""

import base64
import io
import json
import zipfile
import zlib

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, masks_of, read, square
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.files import write_json
from synthwire.io.outlines.reading import read_outlines

HEIGHT, WIDTH = SHAPE


def item(kind: str, *rings, **more) -> dict:
    points = {"exterior": rings[0], "interior": list(rings[1:])} if rings else None
    return {"geometryType": kind, "classTitle": "nanowire", "points": points, **more}


def bitmap(content: bytes, origin=(25, 6), **more) -> dict:
    code = base64.b64encode(content).decode()
    return item("bitmap", bitmap={"data": code, "origin": list(origin)}, **more)


def png(picture: Image.Image, **more) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", **more)
    return buffer.getvalue()


def as_supervisely(mask: np.ndarray) -> bytes:
    """A palette of black, which is transparent, and white; packed by zlib."""
    picture = Image.fromarray(mask.astype(np.uint8))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    return zlib.compress(png(picture, transparency=0))


def saved(folder, *objects, **more):
    path = folder / "a.png.json"
    data = {"description": "", "tags": [], "size": {"height": HEIGHT, "width": WIDTH}}
    write_json(path, {**data, "objects": list(objects), **more})
    return path


RING = np.ones((8, 9), bool)
RING[3:5, 3:6] = False


def test_bitmaps_of_every_make(tmp_path):
    opaque = np.zeros((8, 9, 4), np.uint8)
    opaque[..., 3] = 255 * RING
    makes = [
        as_supervisely(RING),
        zlib.compress(png(Image.fromarray(opaque))),
        zlib.compress(png(Image.fromarray((255 * RING).astype(np.uint8)))),
        png(Image.fromarray(opaque)),  # not packed
    ]
    objects = [bitmap(make, (4 + 10 * number, 6)) for number, make in enumerate(makes)]
    found = masks_of(read(saved(tmp_path, *objects)))
    for number, mask in enumerate(found):
        left = 4 + 10 * number
        np.testing.assert_array_equal(mask[6:14, left : left + 9], RING)
        assert mask.sum() == RING.sum()
    assert len(found) == len(makes)


def test_whole_numbers_are_pixels_and_others_places(tmp_path):
    """A rectangle's last pixel is within it; a polygon's corners are the centres of pixels."""
    objects = [
        item("rectangle", [[5, 6], [14, 19]]),
        item("rectangle", [[20.25, 6.25], [29.75, 19.75]]),
        item("polygon", [[5, 25], [15, 25], [15, 35], [5, 35]]),
        item("polygon", np.add(SQUARE, (25.25, 18.25)).tolist()),
    ]
    whole, parts, polygon, shifted = masks_of(read(saved(tmp_path, *objects)))
    np.testing.assert_array_equal(whole, square())
    assert parts.sum() == 140 and parts[6, 20] and parts[19, 29]
    rows, columns = np.nonzero(polygon)
    assert polygon.sum() == pytest.approx(100, abs=21)
    assert (rows.mean(), columns.mean()) == pytest.approx((30, 10), abs=0.51)
    np.testing.assert_array_equal(shifted[18:, 25:], square()[:-18, :-25])


def test_holes_and_instances(tmp_path):
    hole = [[8.25, 9.25], [12.25, 9.25], [12.25, 15.25], [8.25, 15.25]]
    objects = [
        item("polygon", np.add(SQUARE, 0.25).tolist(), hole),
        item("rectangle", [[0, 30], [4, 34]], instance="9f3a"),
        item("rectangle", [[10, 30], [14, 34]], instance="9f3a"),
    ]
    found = read(saved(tmp_path, *objects))
    holed, pair = masks_of(found)
    assert holed.sum() == 140 - 24 and not holed[12, 10]
    assert pair.sum() == 50 and pair[32, 2] and pair[32, 12] and not pair[32, 7]
    assert "one particle of 2 shapes" in "\n".join(found.remarks)


def test_what_is_bad_is_left_out_by_name(tmp_path):
    objects = [
        item("rectangle", [[5, 6], [14, 19]]),
        item("line", [[1, 1], [30, 30]]),
        item("point", [[1, 1]]),
        item("polygon", [[1, 1], [2, 2]]),
        item("polygon"),
        item("rectangle", []),
        bitmap(b"no zlib"),
        bitmap(zlib.compress(b"no picture")),
        bitmap(as_supervisely(RING), origin=(5,)),
        item("bitmap"),
        {},
        None,
    ]
    found = read(saved(tmp_path, *objects))
    np.testing.assert_array_equal(masks_of(found)[0], square())
    said = "\n".join(found.remarks)
    assert len(found.annotations) == 1 and len(found.remarks) == len(objects) - 1
    assert "object 1: a line encloses nothing" in said
    assert "object 6: its bitmap cannot be unpacked" in said
    assert all(f"object {number}: " in said for number in range(1, len(objects)))


def test_no_bitmap_takes_more_memory_than_the_image(tmp_path):
    empty = Image.new("L", (4000, 4000))
    objects = [
        item("rectangle", [[5, 6], [14, 19]]),
        bitmap(zlib.compress(bytes(2**26))),
        bitmap(zlib.compress(png(empty))),
    ]
    remarks = read(saved(tmp_path, *objects)).remarks
    assert "object 1: its bitmap unpacks to more than the image" in remarks[0]
    assert "object 2: a mask of 4000 × 4000 pixels, far larger than the image" in remarks[1]


def test_an_image_of_another_size_and_a_video_are_refused(tmp_path):
    with pytest.raises(InputError, match="40 × 51 pixels there"):
        read(saved(tmp_path, size={"height": HEIGHT, "width": WIDTH + 1}))
    with pytest.raises(InputError, match="Supervisely's JSON of no image"):
        read(saved(tmp_path, frames=[]))


def test_an_exported_project(tmp_path):
    """Its images and masks of classes, in colours or not, are no outlines of particles."""
    content = saved(tmp_path, item("rectangle", [[5, 6], [14, 19]])).read_bytes()
    picture = png(Image.fromarray(square().astype(np.uint8)[::-1] * 200))
    with zipfile.ZipFile(tmp_path / "project.zip", "w") as archive:
        archive.writestr("project/meta.json", json.dumps({"classes": [], "tags": []}))
        archive.writestr("project/ds0/ann/a.png.json", content)
        for folder in ("img", "masks_machine", "masks_human"):
            archive.writestr(f"project/ds0/{folder}/a.png", picture)
    (mask,) = masks_of(read_outlines(tmp_path / "project.zip", ["in/a.png"], SHAPE))
    np.testing.assert_array_equal(mask, square())
