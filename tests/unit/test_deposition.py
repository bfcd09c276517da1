import math

import numpy as np
import pytest
from synthwire.deposition import NoRest, Pile, pack_bodies, stable_slope
from synthwire.shapes import SHAPES


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
