"""Outlines that are repaired or left out, and the remarks on them."""

import numpy as np
from outline_cases import SQUARE, masks_of, polygons, read, square

from synthwire.io.files import write_json


def test_bad_outlines_are_repaired_or_left_out_and_named(tmp_path):
    bow_tie = [[20, 5], [30, 15], [30, 5], [20, 15]]
    outside = [[40, 30], [60, 30], [60, 36], [40, 36]]
    nowhere = [[100, 100], [110, 100], [110, 110]]
    flat = [[1, 1], [9, 1], [5, 1]]
    write_json(tmp_path / "a.json", polygons(SQUARE, bow_tie, outside, nowhere, flat, SQUARE))
    found = read(tmp_path / "a.json")
    assert [item["id"] for item in found.annotations] == [1, 2, 3]
    first, second, third = masks_of(found)
    np.testing.assert_array_equal(first, square())
    assert second[10, 22] and second[10, 28] and not second[6, 25]
    assert third.sum() == 60 and third[:, -1].any()
    text = "\n".join(found.remarks)
    for said in (
        "annotation 2: crosses itself",
        "annotation 3: reaches outside",
        "annotation 4: empty or outside",
        "annotation 5: empty",
        "annotation 6: the same as annotation 1",
    ):
        assert said in text


def test_a_star_drawn_in_one_line_is_filled(tmp_path):
    corners = [[25 + 15 * np.sin(a), 20 - 15 * np.cos(a)] for a in 4 * np.pi / 5 * np.arange(5)]
    write_json(tmp_path / "a.json", polygons(corners))
    (mask,) = masks_of(read(tmp_path / "a.json"))
    assert mask[20, 25]
