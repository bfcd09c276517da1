"""Masks changed by strokes, on shapes whose answers are known and on any shapes."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthwire.errors import InputError
from synthwire.segmentation.strokes import draw_line, draw_polygon, merge, move_end, split

SHAPE = (80, 120)
few = hypothesis.settings(max_examples=60, deadline=None)
points_of_the_image = st.tuples(
    st.floats(-20, 140, allow_nan=False), st.floats(-20, 100, allow_nan=False)
)


def bar(top: int = 30, left: int = 20, height: int = 10, width: int = 80) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


# -- drawing --------------------------------------------------------------------------------------


def test_a_line_along_the_pixels_is_a_rectangle():
    np.testing.assert_array_equal(draw_line([(20, 35), (100, 35)], 10, SHAPE), bar())


@pytest.mark.parametrize("angle", np.radians([0, 17, 45, 63, 90, 142]))
@pytest.mark.parametrize("width", [3, 8, 15])
def test_a_line_has_its_length_and_width_whatever_its_direction(angle, width):
    along = 25 * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([60, 40])
    mask = draw_line([middle - along, middle + along], width, SHAPE)
    assert mask.sum() == pytest.approx(50 * width, abs=50 * np.sqrt(0.5))  # of a diagonal row
    rows, columns = np.nonzero(mask)
    part = (np.column_stack([columns, rows]) + 0.5 - middle) @ along / 25
    assert np.abs(part).max() <= 25
    assert np.abs(part).max() > 24


def test_a_bent_line_has_no_gap_at_its_bends():
    mask = draw_line([(20, 20), (60, 60), (100, 20)], 9, SHAPE)
    assert mask[59, 59]
    assert mask.sum() == pytest.approx(2 * 9 * np.hypot(40, 40), rel=0.05)


def test_a_line_that_leaves_the_image_ends_at_its_border():
    mask = draw_line([(100, 40), (400, 40)], 10, SHAPE)
    np.testing.assert_array_equal(mask, bar(35, 100, 10, 20))


def test_a_polygon_covers_the_pixels_within_it():
    np.testing.assert_array_equal(
        draw_polygon([(20, 30), (100, 30), (100, 40), (20, 40)], SHAPE), bar()
    )


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: draw_line([(5, 5)], 4, SHAPE), "two points apart"),
        (lambda: draw_line([(5, 5), (5, 5)], 4, SHAPE), "two points apart"),
        (lambda: draw_line([(5, 5), (9, 9)], 0, SHAPE), "a width above zero"),
        (lambda: draw_line([(-50, -5), (-9, -9)], 4, SHAPE), "the line lies outside"),
        (lambda: draw_line([(5, np.nan), (9, 9)], 4, SHAPE), "finite numbers"),
        (lambda: draw_polygon([(5, 5), (9, 9)], SHAPE), "at least three points"),
        (lambda: draw_polygon([(-5, -5), (-9, -5), (-9, -9)], SHAPE), "the polygon lies outside"),
        (lambda: merge([bar()]), "at least two particles"),
    ],
)
def test_what_draws_nothing_says_why(draw, says):
    with pytest.raises(InputError, match=says) as caught:
        draw()
    assert "\n" not in str(caught.value)


# -- splitting ------------------------------------------------------------------------------------


def test_a_stroke_across_a_bar_splits_it_there():
    left, right = sorted(split(bar(), [(50, 20), (50, 60)]), key=lambda part: part.nonzero()[1][0])
    assert abs(int(left.sum()) - 300) <= 10
    assert abs(int(right.sum()) - 500) <= 10
    np.testing.assert_array_equal(left | right, bar())


def test_a_zigzag_stroke_splits_a_bar_in_many():
    stroke = [(30, 20), (30, 60), (50, 60), (50, 20), (70, 20), (70, 60)]
    assert len(split(bar(), stroke)) == 4


@pytest.mark.parametrize(
    "stroke",
    [
        [(0, 0), (100, 10)],  # beside it
        [(50, 20), (50, 35)],  # half across
        [(25, 35), (90, 35)],  # along it, within
        [(20.5, 20), (20.5, 60)],  # along its end: nothing is left of one side
        [(500, 500), (600, 600)],
    ],
)
def test_a_stroke_that_splits_nothing_says_so(stroke):
    with pytest.raises(InputError, match="the stroke splits nothing"):
        split(bar(), stroke)


def test_parts_that_the_stroke_does_not_touch_stay_with_the_nearest():
    mask = bar() | bar(60, 90, 5, 10)
    parts = split(mask, [(50, 20), (50, 50)])
    assert len(parts) == 2
    assert parts[0][62, 95]


@few
@given(arrays(bool, (24, 30)), st.lists(points_of_the_image, min_size=2, max_size=6))
def test_parts_are_disjoint_and_make_up_the_mask(mask, stroke):
    try:
        parts = split(mask, stroke)
    except InputError:
        return
    assert len(parts) >= 2
    assert all(part.any() for part in parts)
    np.testing.assert_array_equal(np.sum(parts, axis=0), mask)


@few
@given(st.floats(0, np.pi), st.floats(4, 20), st.floats(-12, 12))
def test_what_is_split_is_merged_again(angle, width, where):
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    middle = np.array([60, 40])
    mask = draw_line([middle - 30 * along, middle + 30 * along], width, SHAPE)
    cut = middle + where * along
    parts = split(mask, [cut - 20 * across, cut + 20 * across])
    assert len(parts) == 2
    np.testing.assert_array_equal(merge(parts), mask)
    sizes = np.array([30 + abs(where), 30 - abs(where)]) * mask.sum() / 60
    assert [part.sum() for part in parts] == pytest.approx(sizes, abs=1.5 * width)


# -- ends -----------------------------------------------------------------------------------------


def test_an_end_is_drawn_out():
    longer = move_end(bar(), (112, 35))
    np.testing.assert_array_equal(longer[:, :100], bar()[:, :100])
    assert longer[35, 111]
    assert not longer[35, 112:].any()
    assert abs(longer[:, 106].sum() - 10) <= 1


def test_an_end_is_cut_off():
    np.testing.assert_array_equal(move_end(bar(), (90, 35)), bar(width=70))
    np.testing.assert_array_equal(move_end(bar(), (30, 33)), bar(left=30, width=70))


def test_an_end_is_drawn_out_at_an_angle():
    longer = move_end(bar(), (110, 60))
    assert longer[58, 108]
    assert longer.sum() > bar().sum() + 150


def test_no_end_goes_beyond_the_other():
    with pytest.raises(InputError, match="nothing of the particle"):
        move_end(bar(30, 20, 2, 2), (20, 31))


@few
@given(st.floats(0, np.pi), st.floats(4, 12), st.floats(6, 28), st.booleans())
def test_moved_ends_lie_where_they_were_put(angle, width, reach, first):
    along = np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([60, 40])
    mask = draw_line([middle - 20 * along, middle + 20 * along], width, SHAPE)
    sign = 1 if first else -1
    moved = move_end(mask, middle + sign * reach * along)
    rows, columns = np.nonzero(moved)
    part = (np.column_stack([columns, rows]) + 0.5 - middle) @ along * sign
    assert part.max() == pytest.approx(reach, abs=1.6)
    assert part.min() == pytest.approx(-20, abs=1.1)
    assert moved.sum() == pytest.approx((20 + reach) * mask.sum() / 40, rel=0.15)
