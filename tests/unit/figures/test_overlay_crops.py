"""Masks drawn from their own boxes give the pixels that whole masks give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.textpath import TextPath
from pycocotools import mask as coco_mask
from scipy import ndimage

from synthwire.figures.kit import overlay
from synthwire.figures.particles import _centred, _middle, draw_particles
from synthwire.io.masks import decode_crops, encode_mask
from synthwire.io.outlines.geometry import rings_of

SIDES = st.integers(1, 50)


@st.composite
def scenes(draw) -> tuple[np.ndarray, np.ndarray]:
    """A picture (height, width), taller than a band of rows at times, and masks over it."""
    height, width = draw(SIDES) + draw(st.sampled_from([0, 2 * overlay.BAND_ROWS])), draw(SIDES)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    masks = np.zeros((draw(st.integers(0, 5)), height, width), dtype=bool)
    for mask in masks:
        top, left = random.integers(0, height), random.integers(0, width)
        part = mask[top : top + random.integers(1, height + 1), left : left + 20]
        part[:] = random.random(part.shape) < random.choice([0.0, 0.5, 1.0])
    return random.integers(0, 256, (height, width), dtype=np.uint8), masks


def blend_whole(pixels, masks, colours, opacity):
    image = np.repeat(pixels[..., None], 3, axis=2)
    total, count = np.zeros(image.shape), np.zeros(image.shape[:2])
    for mask, colour in zip(masks, colours, strict=True):
        total[mask] += np.asarray(to_rgb(colour)) * 255
        count[mask] += 1
    covered, blended = count > 0, image.astype(float)
    mean = total[covered] / count[covered][:, None]
    blended[covered] = (1 - opacity) * blended[covered] + opacity * mean
    return np.clip(np.rint(blended), 0, 255).astype(np.uint8)


def colours_whole(masks, reach=4):
    grown = [ndimage.binary_dilation(mask, iterations=reach).astype(np.uint8) for mask in masks]
    rles = [coco_mask.encode(np.asfortranarray(mask)) for mask in grown]
    touching = np.asarray(coco_mask.iou(rles, rles, [0] * len(rles))) > 0
    return overlay.spread_colours(touching, [int(mask.sum()) for mask in masks])


@settings(deadline=None)
@given(scenes())
def test_crops_are_drawn_as_whole_masks(scene):
    pixels, masks = scene[0], list(scene[1])
    crops = decode_crops(encode_mask(mask) for mask in masks)
    colours = colours_whole(masks) if len(masks) else []
    assert overlay.choose_colours(crops) == colours == overlay.choose_colours(masks)
    for given_masks in (crops, masks):
        np.testing.assert_array_equal(
            overlay.blend_instances(pixels, given_masks, colours, 0.3),
            blend_whole(pixels, masks, colours, 0.3),
        )
    for crop, mask in zip(crops, masks, strict=True):
        for found, whole in (
            (overlay.contours(crop), overlay.contours(mask)),
            (rings_of(*crop[:3]), rings_of(mask)),
        ):
            assert len(found) == len(whole)
            for one, other in zip(found, whole, strict=True):
                np.testing.assert_array_equal(one, other)
        if mask.any():
            rows, columns = np.nonzero(mask)
            off = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
            nearest = np.argmin(off)
            assert _middle(crop) == (columns[nearest] + 0.5, rows[nearest] + 0.5)


@pytest.mark.parametrize(("width", "shown"), [(200, (100, 1000)), (5000, (16, 4000))])
def test_a_drawn_image_is_magnified_by_a_whole_number_or_made_smaller(width, shown):
    pixels = np.full((20, width), 90, dtype=np.uint8)
    mask = np.zeros((20, width), dtype=bool)
    mask[5:15, 20:180] = True
    drawn = draw_particles(pixels, [mask], ["1*"], ["#ff0000"])
    assert drawn.shape == (*shown, 3)
    factor = shown[1] / width
    outside, inside = drawn[int(2 * factor), -9], drawn[int(7 * factor), int(40 * factor)]
    assert outside.tolist() == [90, 90, 90]
    assert inside[0] > 120 and inside[1] < 90
    assert drawn.min(axis=2).max() > 180  # the name


def test_names_stand_about_their_middle():
    for name in ("1", "23", "4567890*"):
        extents = _centred(TextPath((0, 0), name, size=7)).get_extents()
        assert extents.get_points().sum(axis=0) == pytest.approx([0, 0], abs=1e-9)
