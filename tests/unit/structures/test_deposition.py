import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from synthwire.structures.deposition import (
    NoRest,
    Pile,
    drape,
    pack_bodies,
    stable_plane,
    stable_slope,
)
from synthwire.structures.shapes import SHAPES


def wire(length, width, thickness, kind="prism", **options):
    """Bodies of a particle whose size is given in voxels."""
    particle = SHAPES[kind](**options).build(
        float(length), float(width), float(thickness), np.random.default_rng(0)
    )
    return pack_bodies(particle.bodies, 1.0)


def test_wire_on_the_ground_fills_its_box():
    pile = Pile(100, 80, 30)
    placed = pile.deposit(wire(60, 10, 8), 50, 40, 0.0, 1)
    expected = np.zeros_like(pile.labels)
    expected[:8, 35:45, 20:80] = 1
    assert np.array_equal(pile.labels, expected)
    assert placed.pose.tilt == 0
    assert placed.pose.z == 4
    assert np.allclose(placed.centre, [[50, 40, 4]])


def test_centred_crossing_balances_level():
    pile = Pile(120, 120, 40)
    pile.deposit(wire(80, 10, 8), 60, 60, 0.0, 1)
    placed = pile.deposit(wire(80, 10, 8), 60, 60, math.pi / 2, 2)
    # its centre of mass lies over the supporting wire, on which it touches on both sides
    assert placed.pose.tilt == 0
    assert placed.pose.z == 12
    assert pile.labels[8:16, 20:100, 55:65].min() == 2


def test_wire_off_centre_leans_on_one_and_the_ground():
    pile = Pile(200, 120, 60)
    pile.deposit(wire(80, 10, 20), 100, 60, math.pi / 2, 1)  # ridge from x = 95 to 105, 20 high
    placed = pile.deposit(wire(120, 10, 8), 70, 60, 0.0, 2)
    # lower edge on the ground, bottom on the ridge's near or far edge: solve the triangle exactly
    length, thickness, ridge = 120, 8, 20
    tilt = placed.pose.tilt
    start_x = 70 - length / 2 * math.cos(tilt) + thickness / 2 * math.sin(tilt)
    bottom_at = [math.tan(tilt) * (edge - start_x) for edge in (95, 105)]
    assert tilt > 0
    assert min(abs(value - ridge) for value in bottom_at) < 1
    assert min(bottom_at) > ridge - 1
    columns = pile.labels == 2
    assert columns[0].any()  # touches the ground


def test_three_stacked_and_one_across_two():
    pile = Pile(200, 200, 60)
    pile.deposit(wire(120, 10, 12), 60, 100, math.pi / 2, 1)
    pile.deposit(wire(120, 10, 12), 140, 100, math.pi / 2, 2)
    bridge = pile.deposit(wire(140, 10, 8), 100, 100, 0.0, 3)
    assert bridge.pose.tilt == 0
    assert bridge.pose.z == 12 + 4
    assert not pile.labels[:12, 100, 70:130].any()  # it spans the gap
    top = pile.deposit(wire(60, 10, 8), 100, 100, math.pi / 2, 4)
    assert top.pose.z == 12 + 8 + 4
    assert top.pose.tilt == 0


def test_bridge_between_unequal_supports_has_the_slope_between_them():
    pile = Pile(240, 100, 80)
    pile.deposit(wire(60, 20, 10), 70, 50, math.pi / 2, 1)
    pile.deposit(wire(60, 20, 30), 170, 50, math.pi / 2, 2)
    bridge = pile.deposit(wire(160, 8, 6), 120, 50, 0.0, 3)
    # rests on the lower one's far edge or the higher one's near edge: x 60 or 80, and 160
    slopes = [20 / (160 - edge) for edge in (60, 80)]
    assert min(abs(math.tan(bridge.pose.tilt) - slope) for slope in slopes) < 0.01
    assert not (pile.labels[0] == 3).any()


def test_stable_slope_of_simple_profiles():
    position = np.arange(-50.0, 51.0)
    assert stable_slope(position, np.zeros(101)) == 0
    assert stable_slope(position, 0.25 * position) == pytest.approx(0.25)
    peak = np.where(position == 25, 10.0, 0.0)
    assert stable_slope(position, peak) == pytest.approx(10 / 75)
    two = np.where(np.abs(position) == 20, 10.0, 0.0)
    assert stable_slope(position, two) == 0


def test_refused_particle_leaves_the_pile_as_it_was():
    pile = Pile(60, 60, 20)
    pile.deposit(wire(40, 10, 15), 30, 30, 0.0, 1)
    before = [array.copy() for array in (pile.labels, pile.heights, pile.top, pile.cover)]
    with pytest.raises(NoRest, match="height"):
        pile.deposit(wire(40, 10, 15), 30, 30, math.pi / 2, 2)
    with pytest.raises(NoRest, match="steep"):
        pile.deposit(wire(20, 10, 5), 30, 36, math.pi / 2, 2, max_tilt=math.radians(10))
    with pytest.raises(NoRest, match="inside"):
        pile.deposit(wire(80, 10, 5), 10, 10, 0.0, 2, inside=True)
    with pytest.raises(NoRest, match="hidden"):
        pile.deposit(wire(20, 10, 5), -30, 10, 0.0, 2)
    for old, new in zip(before, (pile.labels, pile.heights, pile.top, pile.cover), strict=True):
        assert np.array_equal(old, new)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 40), min_size=5, max_size=30), st.floats(0.1, 0.9))
def test_stable_slope_is_the_lowest_rest(heights, share):
    """Against the linear programme: lowest height at the centre of mass above all supports."""
    support = np.array(heights)
    position = np.arange(len(support)) - share * (len(support) - 1)
    slope = stable_slope(position, support)
    rest = np.max(support - slope * position)
    bounds = [(None, None), (None, None)]
    constraints = np.column_stack([-np.ones(len(support)), -position])
    best = linprog([1, 0], A_ub=constraints, b_ub=-support, bounds=bounds)
    assert rest == pytest.approx(best.fun, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(12, 200))
def test_stable_plane_is_the_lowest_rest(seed, count):
    rng = np.random.default_rng(seed)
    p, q = rng.uniform(-30, 30, (2, count))
    corners = np.array([[-30, -30], [30, -30], [30, 30], [-30, 30]])
    p, q = np.concatenate([[p, q], corners.T], axis=1)
    support = np.round(rng.uniform(0, 30, count + 4) * (rng.uniform(size=count + 4) < 0.3))
    along, across = stable_plane(p, q, support)
    rest = np.max(support - along * p - across * q)
    constraints = -np.column_stack([np.ones(len(p)), p, q])
    best = linprog([1, 0, 0], A_ub=constraints, b_ub=-support, bounds=[(None, None)] * 3)
    assert rest == pytest.approx(best.fun, abs=1e-4)


def test_draped_wire_sags_as_a_beam_on_two_supports():
    n, spacing, stiffness, deep = 201, 1.0, 4e4, -1e4
    support = np.full(n, deep)
    support[[0, -1]] = 0.0
    z = drape(support, spacing, stiffness)
    sag = 5 * (n - 1) ** 4 / (384 * stiffness)
    assert z[0] == pytest.approx(0, abs=1e-3)
    assert -z[n // 2] == pytest.approx(sag, rel=0.01)


def test_draped_wire_lies_on_flat_ground_and_clears_an_obstacle():
    assert np.allclose(drape(np.zeros(50), 2.0, 1e4), 0, atol=1e-3)
    support = np.zeros(101)
    support[50] = 20.0
    soft, stiff = drape(support, 2.0, 1e3), drape(support, 2.0, 1e5)
    for z in (soft, stiff):
        assert np.all(z >= support)
        assert np.allclose(z, z[::-1], atol=1e-3)
        assert z[50] == pytest.approx(20, abs=1e-3)  # no higher than it must
        assert np.allclose(z[[0, 100]], 0, atol=1e-3)  # its ends lie on the ground,
    assert np.count_nonzero(soft > 1) < np.count_nonzero(stiff > 1)  # and the stiff one spans more


def test_very_stiff_wire_lies_straight():
    support = np.zeros(121)
    support[80] = 30.0
    z = drape(support, 3.0, 1e18)
    line = 30 * np.arange(121) / 80  # from the end on the ground over the ridge
    assert np.allclose(z, line, atol=0.5)


def test_particle_too_short_to_bend_is_laid_flat():
    pile = Pile(40, 40, 40)
    pile.deposit(wire(30, 10, 6), 20, 20, 0.3, 1)
    placed = pile.deposit(wire(2, 2, 2), 20, 20, 1.0, 2, rest="flexible", stiffness=10.0)
    assert placed.pose.z == pytest.approx(7, abs=0.5)


def test_flexible_wire_bends_over_what_lies_below():
    pile = Pile(240, 100, 60)
    pile.deposit(wire(60, 4, 12), 120, 50, math.pi / 2, 1)
    placed = pile.deposit(wire(200, 10, 6), 120, 50, 0.0, 2, rest="flexible", stiffness=3e3)
    columns = pile.labels[:, 50, :] == 2
    lowest = np.where(columns.any(0), columns.argmax(0), -1)
    assert lowest[120] in (12, 13)
    assert lowest[30] == 0 and lowest[210] == 0  # both ends reach the ground
    assert np.all(columns.sum(0)[columns.any(0)] >= 6)
    assert placed.voxels[0] == pytest.approx(200 * 10 * 6, rel=0.1)
    used = np.flatnonzero(columns.any(0))
    assert 185 <= np.ptp(used) + 1 < 200  # its arc, not its shadow, has the length


def test_rolling_sphere_leaves_a_wire_for_the_ground():
    pile = Pile(150, 150, 80)
    pile.deposit(wire(120, 30, 10, kind="cylinder"), 75, 75, 0.0, 1)
    placed = pile.deposit(wire(20, 20, 20, kind="sphere"), 75, 70, 0.0, 2, rest="rolling")
    assert (pile.labels[0] == 2).any()
    assert placed.pose.z == pytest.approx(10, abs=1)


@pytest.mark.parametrize("turn", [0.0, 0.4, 0.8, 1.3])
def test_flake_leans_on_both_sides_along_and_across(turn):
    pile = Pile(200, 200, 90)
    pile.deposit(wire(120, 10, 20), 125, 110, 0.7, 1)
    flake = wire(90, 80, 8, kind="flake", corners=0)
    placed = pile.deposit(flake, 100, 100, turn, 2, rest="leaning")
    tilt, roll = placed.pose.tilt, placed.pose.roll
    assert math.hypot(tilt, roll) > 0.1
    lowest = np.where((pile.labels == 2).any(0), (pile.labels == 2).argmax(0), 99)
    rows, columns = np.nonzero(lowest < 99)
    support = np.where(pile.labels == 1, np.arange(90)[:, None, None] + 1, 0).max(0)
    gap = (lowest - support)[rows, columns]
    x, y = columns + 0.5 - 100, rows + 0.5 - 100
    along = x * math.cos(turn) - y * math.sin(turn)
    across = x * math.sin(turn) + y * math.cos(turn)
    for position in (along, across):
        assert gap[position >= -1].min() <= 1
        assert gap[position <= 1].min() <= 1
    # its plane is the lowest that clears all supports: a linear programme in height and slopes
    need = support[rows, columns] + 4 / math.cos(math.hypot(tilt, roll))  # of its mid plane
    constraints = -np.column_stack([np.ones(len(rows)), along, across])
    best = linprog([1, 0, 0], A_ub=constraints, b_ub=-need, bounds=[(None, None)] * 3)
    assert placed.pose.z == pytest.approx(best.fun, abs=1.5)


def test_periodic_particle_enters_at_the_opposite_side():
    pile = Pile(100, 80, 30, periodic=True)
    placed = pile.deposit(wire(60, 10, 8), 90, 2, 0.0, 1)
    rows, columns = np.nonzero(pile.labels[0])
    assert set(rows) == {77, 78, 79, 0, 1, 2, 3, 4, 5, 6}
    assert set(columns) == {*range(60, 100), *range(20)}
    assert placed.voxels[0] == 60 * 10 * 8
    assert placed.cut and placed.touches_border
    assert np.allclose(placed.centre, [[90, 2, 4]])
    above = pile.deposit(wire(60, 10, 8), 10, 2, math.pi / 2, 2)
    assert above.pose.z == 12  # it lies on the part that came in


def test_periodic_particle_must_not_run_into_itself():
    pile = Pile(60, 60, 30, periodic=True)
    with pytest.raises(NoRest, match="inside"):
        pile.deposit(wire(80, 10, 8), 30, 30, 0.0, 1)
    assert not pile.labels.any()


def test_cut_particles_rest_on_one_another_outside_too():
    piles = [Pile(100, 100, 60, margin=margin) for margin in (0, 100)]
    tilts = []
    for pile in piles:
        pile.deposit(wire(80, 10, 10), -20, 50, 0.9, 1)  # only its tip shows, at x = 5, y = 19
        tilts.append(pile.deposit(wire(120, 10, 8), 30, 50, 0.0, 2).pose.tilt)
    assert tilts[0] == 0
    assert tilts[1] < -0.05
