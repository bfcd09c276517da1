"""Centre-lines of wires of known geometry."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from wire_shapes import crossed, wire

from synthwire.imaging.projection import View
from synthwire.io.masks import encode_mask
from synthwire.particles.centrelines import measure_line, trace
from synthwire.particles.line_table import (
    LINE_COLUMNS,
    POINT_COLUMNS,
    line_of,
    line_points,
    line_rows,
)
from synthwire.structures.scene import generate_scene

WIDTHS = (5, 8, 12, 20, 35, 60)


def measured(mask):
    return measure_line(trace(mask))


def assert_right(found, length, width):
    assert found.length == pytest.approx(length, rel=0.02)
    assert abs(found.width - width) <= max(1.0, 0.05 * width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 4, 1.3])
def test_straight_wires(width, angle):
    found = measured(wire(9 * width, width, angle=angle, offset=(0.3, 0.7))[0])
    assert_right(found, 9 * width, width)
    assert found.end_to_end == pytest.approx(9 * width, rel=0.02)
    assert found.tortuosity == pytest.approx(1, abs=0.003)
    assert found.mean_curvature < 0.1 / (9 * width) + 0.003
    assert found.width_sd < 0.6
    assert found.taper < 0.02


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("turn", [0.6, 1.5, np.pi])
def test_bent_wires(width, turn):
    mask, points = wire(9 * width, width, turn=turn)
    found = measured(mask)
    assert_right(found, 9 * width, width)
    assert found.end_to_end == pytest.approx(np.hypot(*(points[-1] - points[0])), rel=0.05)
    assert found.mean_curvature == pytest.approx(turn / (9 * width), rel=0.1, abs=0.005)
    distance = np.abs(trace(mask).points[:, None] - points[None, ::20]).sum(axis=-1).min(axis=1)
    assert distance.max() < 2.5 + 0.1 * width  # everywhere on the true line


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_tapered_wires(width):
    mask, _ = wire(9 * width, width, end_width=width / 2, angle=0.7)
    found = measured(mask)
    assert_right(found, 9 * width, 0.75 * width)
    assert found.taper == pytest.approx(0.5 / 9, rel=0.1)
    widths = trace(mask).widths
    known = widths[np.isfinite(widths)]
    high, low = known[:3].mean(), known[-3:].mean()  # the wide end comes first
    assert low == pytest.approx(0.5 * width, abs=1 + 0.06 * width)
    assert high == pytest.approx(width, abs=1 + 0.06 * width)


@pytest.mark.parametrize("width", [6, 15, 40])
def test_a_crossing_that_bulges_out_or_is_cut_out_changes_little(width):
    mask, points = wire(10 * width, width, turn=0.8)
    across, _ = wire(3 * width, width, angle=2.0)
    bulging, cut = crossed(mask, across, points[len(points) // 3])
    assert ndimage.label(cut)[1] == 2  # the wire is in two parts
    for changed in (bulging, cut):
        assert_right(measured(changed), 10 * width, width)


@pytest.mark.parametrize("width", [8, 15, 40])
@pytest.mark.parametrize("turn", [1.2, -2.8])
@pytest.mark.parametrize("angle", [-1.1, 1.4])
def test_a_crossing_of_a_bent_wire_changes_little(width, turn, angle):
    mask, points = wire(10 * width, width, turn=turn)
    place = points[2 * len(points) // 5]
    across, _ = wire(3 * width, width, angle=0.3 + 0.4 * turn + angle)  # to the wire there
    for changed in crossed(mask, across, place):
        assert_right(measured(changed), 10 * width, width)


def test_noise_changes_little():
    rng = np.random.default_rng(5)
    mask, _ = wire(180, 14, turn=1.0)
    edge = ndimage.binary_dilation(mask) & ~ndimage.binary_erosion(mask)
    noisy = np.where(edge, rng.random(mask.shape) < 0.5, mask)
    noisy &= rng.random(mask.shape) > 0.02  # holes
    noisy[:5, :5] = True  # a speck far off
    assert_right(measured(noisy), 180, 14)


def test_wires_of_a_pile_are_measured_through_their_crossings():
    """Length and width of the generator's own table, from masks as a beam projects them."""
    item = {"shape": "cylinder", "length_nm": 1400, "width_nm": 160, "thickness_ratio": 1.0}
    plan = {
        "preset": "paper",
        "domain": [280, 280, 120],
        "voxel_size_nm": 10,
        "scenes": 1,
        "populations": [{"count": 18, "particles": [item]}],
    }
    tables = []
    for number in range(3):
        scene = generate_scene(plan, 3, number)
        table = scene.particles
        whole = table[~table["touches_border"] & (table["tilt_deg"].abs() < 20)]
        masks = View.of(scene.labels).masks
        for row in whole.to_dict("records"):
            tilt = np.radians(abs(row["tilt_deg"]))
            projected = 140 * np.cos(tilt) + 16 * np.sin(tilt)
            assert_right(measured(masks[row["particle"] - 1]), projected, 16)
        tables.append(whole)
    crossed = pd.concat(tables)["overlap_fraction"] > 0.1
    assert len(crossed) >= 8 and crossed.sum() >= 4


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, np.pi), st.floats(-1.5, 1.5), st.floats(0, 1), st.integers(0, 40), st.booleans()
)
def test_place_and_direction_make_no_difference(angle, turn, offset, shift, mirrored):
    mask, _ = wire(90, 11, angle=angle, turn=turn, offset=(offset, offset))
    found = measured(mask)
    assert_right(found, 90, 11)
    other = np.pad(np.rot90(mask.T if mirrored else mask), ((shift, 0), (0, shift)))
    again = measured(other)
    assert again.length == pytest.approx(found.length, abs=0.8)
    assert again.width == pytest.approx(found.width, abs=0.3)


def test_masks_that_are_hardly_wires_have_a_line_too():
    assert trace(np.zeros((5, 5), bool)) is None
    rows, columns = np.indices((60, 60))
    disc = (rows - 30) ** 2 + (columns - 30) ** 2 < 20**2
    found = measured(disc)
    assert found.length == pytest.approx(40, abs=1) and found.width == pytest.approx(40, abs=1)
    single = np.zeros((4, 4), bool)
    single[2, 1] = True
    found = measured(single)
    assert 0.5 <= found.length <= 1.5 and found.tortuosity == 1
    thin = np.zeros((5, 40), bool)
    thin[2, 3:33] = True
    found = measured(thin)
    assert found.length == pytest.approx(30, abs=1) and found.width == pytest.approx(1, abs=0.1)


def test_rows_and_points_are_in_the_images_place_and_in_nm():
    mask, points = wire(100, 10, turn=0.5)
    image = np.zeros(np.add(mask.shape, (30, 70)), np.uint8)
    image[30:, 70:] = 200 * mask
    lines = {7: line_of(encode_mask(image > 0), image), 9: line_of(encode_mask(image < 0))}
    table = line_rows(lines, (6.0, 6.0))
    assert list(table.columns) == list(LINE_COLUMNS) and list(table.index) == [7, 9]
    assert table.loc[7, "line_length_nm"] == pytest.approx(600, rel=0.02)
    assert table.loc[7, "mean_width_nm"] == pytest.approx(60, abs=3)
    assert table.loc[7, "fwhm_nm"] == pytest.approx(60, abs=3)
    assert table.loc[7, "line_curvature_per_um"] == pytest.approx(0.5 / 0.6, rel=0.1)
    assert table.loc[9].isna().all()
    along = line_points(lines, (6.0, 6.0))
    assert list(along.columns) == list(POINT_COLUMNS) and set(along["id"]) == {7}
    ends = along[["x_px", "y_px"]].iloc[[0, -1]].to_numpy() - (70, 30)
    if np.hypot(*(ends[0] - points[0])) > 50:
        ends = ends[::-1]
    assert np.abs(ends - points[[0, -1]]).max() < 2
    unknown = line_rows(lines, None)
    assert unknown.filter(like="_nm").isna().all(axis=None)
