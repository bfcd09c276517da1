"""Tiling with a segmenter whose answer on the whole image is known: bright connected regions."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.draw import line

from synthwire.errors import InputError
from synthwire.inference import tiling
from synthwire.inference.predictor import Place
from synthwire.io.masks import decode_mask, encode_crop, encode_mask


class Regions:
    """Finds the connected bright regions of an image; notes the shapes that it was given."""

    def __init__(self) -> None:
        self.shapes = []

    def __call__(self, image, image_id, scale=1.0, place=None):
        self.shapes.append(image.shape)
        place = place or Place(0, 0, *image.shape)
        labels, _count = ndimage.label(image > 127, structure=np.ones((3, 3)))
        results = []
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            crop = labels[rows, columns] == number
            top, left = rows.start + place.top, columns.start + place.left
            results.append(
                {
                    "image_id": image_id,
                    "category_id": 1,
                    "score": 0.5 + 0.4 * crop.mean(),
                    "bbox": [float(left), float(top), float(crop.shape[1]), float(crop.shape[0])],
                    "segmentation": encode_crop(crop, top, left, place.height, place.width),
                }
            )
        return results


def wires(seed, shape, count):
    """Straight wires, 3 px wide, that do not touch; some are longer than the tiles below."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape, dtype=np.uint8)
    for _ in range(count):
        y0, y1 = rng.integers(0, shape[0], 2)
        x0, x1 = rng.integers(0, shape[1], 2)
        wire = np.zeros(shape, dtype=bool)
        wire[line(y0, x0, y1, x1)] = True
        wire = ndimage.binary_dilation(wire, np.ones((3, 3)))
        if not (ndimage.binary_dilation(wire, np.ones((9, 9))) & (image > 0)).any():
            image[wire] = 255
    return image


def masks(results):
    return sorted(result["segmentation"]["counts"] for result in results)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 260), st.integers(40, 260), st.integers(0, 12))
def test_tiles_find_what_the_whole_image_holds(seed, height, width, count):
    image = wires(seed, (height, width), count)
    whole = Regions()(image, 1)
    tiled = tiling.predict_any(Regions(), image, tile_px=64, overlap_px=24)
    assert masks(tiled) == masks(whole)


def test_a_particle_longer_than_three_tiles_is_one():
    image = np.zeros((70, 400), dtype=np.uint8)
    image[30:36, 5:395] = 255
    finder = Regions()
    (result,) = tiling.predict_any(finder, image, tile_px=100, overlap_px=30)
    assert len(finder.shapes) == 6
    np.testing.assert_array_equal(decode_mask(result["segmentation"]), image > 0)
    assert result["bbox"] == [5.0, 30.0, 390.0, 6.0]


def test_the_tiles_follow_the_scale_and_cover_the_image():
    image = np.zeros((300, 500), dtype=np.uint8)
    for scale, expected in ((1.0, 500), (2.0, 250), (0.2, 2500)):
        finder = Regions()
        tiling.predict_any(finder, image, scale=scale, tile_px=500, overlap_px=100)
        assert max(max(shape) for shape in finder.shapes) <= expected
        assert sum(height * width for height, width in finder.shapes) >= image.size
    finder = Regions()
    tiling.predict_any(finder, image, tile_px=500, overlap_px=20)
    assert finder.shapes == [(300, 500)]  # what is no larger than a tile goes in one piece


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5000), st.integers(5, 700), st.data())
def test_neighbours_overlap_and_no_others_do(length, side, data):
    overlap = data.draw(st.integers(1, 2 * side // 5))
    spans = tiling._spans(length, side, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(end - begin <= max(side, 1) for begin, end in spans)
    for (_, end), (begin, _) in itertools.pairwise(spans):
        assert end - begin >= overlap - 1
    for (_, end), (begin, _) in zip(spans, spans[2:], strict=False):
        assert begin >= end


def test_crossing_wires_stay_two():
    """Parts are compared within the overlap alone, where two crossing wires are little alike."""
    shape = (60, 160)
    first = np.zeros(shape, dtype=bool)
    second = np.zeros(shape, dtype=bool)
    first[line(5, 0, 50, 159)] = second[line(50, 0, 5, 159)] = True
    truth = [ndimage.binary_dilation(mask, np.ones((5, 5))) for mask in (first, second)]

    def both(image, image_id, scale, place):
        rows = slice(place.top, place.top + image.shape[0])
        columns = slice(place.left, place.left + image.shape[1])
        return [
            {
                "image_id": image_id,
                "category_id": 1,
                "score": 0.9,
                "bbox": [float(place.left), float(place.top), 1.0, 1.0],
                "segmentation": encode_crop(
                    mask[rows, columns], place.top, place.left, place.height, place.width
                ),
            }
            for mask in truth
        ]

    found = tiling.predict_any(both, np.zeros(shape, np.uint8), tile_px=100, overlap_px=40)
    assert masks(found) == sorted(encode_mask(mask)["counts"] for mask in truth)


def test_an_overlap_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="at most 40 is expected"):
        tiling.predict_any(Regions(), np.zeros((9, 9), np.uint8), tile_px=100, overlap_px=60)


def test_memory_does_not_grow_with_the_image():
    """Beyond the image itself, a few tiles' worth."""
    image = np.zeros((8000, 4000), dtype=np.uint8)
    image[::100] = 255  # wires across all tiles
    tracemalloc.start()
    found = tiling.predict_any(Regions(), image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 80
    assert peak < 6.5 * tiling.TILE_PX**2
