import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.structures.deposition import Pile, pack_bodies
from synthwire.structures.shapes import SHAPES, make_shape

LENGTH, WIDTH, THICKNESS = 120.0, 24.0, 14.0  # nm, at 1 nm a voxel


def built(kind, seed=0, **options):
    rng = np.random.default_rng(seed)
    return SHAPES[kind](**options).build(LENGTH, WIDTH, THICKNESS, rng)


def voxels_of(particle, azimuth=0.0, size=200, rest="flat"):
    """The particle alone on the ground: (Z, Y, X) labels and how it was deposited."""
    pile = Pile(size, size, 60)
    placed = pile.deposit(
        pack_bodies(particle.bodies, 1.0), size / 2, size / 2, azimuth, 1, rest=rest
    )
    return pile.labels, placed


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_every_shape_is_one_piece_of_its_size(kind, seed):
    particle = built(kind, seed)
    labels, placed = voxels_of(particle)
    assert placed.voxels.min() > 0 and not placed.cut
    pieces, count = ndimage.label(labels > 0, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    assert sizes.max() > 0.99 * sizes.sum(), f"{count} pieces"
    assert labels[0].any()  # it lies on the ground
    z, y, x = np.nonzero(labels)
    extent = np.array([np.ptp(x), np.ptp(y), np.ptp(z)]) + 1
    reported = np.array([particle.length, particle.width, particle.thickness])
    # branches and spikes stick out; rough faces by their roughness
    slack = {"branched": 4.5, "irregular": 1.6, "bundle": 1.4, "curved": 3.0, "nanobelt": 1.5}
    assert np.all(extent <= reported * slack.get(kind, 1.25) + 2), (extent, reported)
    assert np.all(extent >= reported * 0.4), (extent, reported)


@pytest.mark.parametrize(
    ("kind", "options", "volume"),
    [
        ("prism", {}, LENGTH * WIDTH * THICKNESS),
        ("hexagonal", {}, LENGTH * WIDTH**2 * 3 * math.sqrt(3) / 8),
        ("cylinder", {}, LENGTH * math.pi * WIDTH**2 / 4),
        ("sphere", {}, math.pi * WIDTH**3 / 6),
        ("flake", {"corners": 0, "flatness": 1.0}, math.pi / 4 * LENGTH * WIDTH * THICKNESS),
        ("core_shell", {"hollow": True}, 0.75 * math.pi / 4 * LENGTH * WIDTH * THICKNESS),
        ("tapered", {"tip": 1.0, "section": "rectangle"}, LENGTH * WIDTH * THICKNESS),
        ("curved", {"bow": 0.2, "section": "rectangle"}, LENGTH * WIDTH * THICKNESS),
    ],
)
@pytest.mark.parametrize("azimuth", [0.0, 0.5, 1.1, math.pi / 2])
def test_volume_is_right_at_every_azimuth(kind, options, volume, azimuth):
    labels, placed = voxels_of(built(kind, **options), azimuth)
    assert placed.voxels.sum() == np.count_nonzero(labels)
    assert placed.voxels.sum() == pytest.approx(volume, rel=0.05)


@settings(deadline=None, max_examples=25)
@given(
    azimuth=st.floats(0, math.pi),
    height=st.integers(0, 30),
    length=st.floats(60, 160),
    width=st.floats(8, 24),
    thickness=st.floats(6, 20),
)
def test_volume_is_conserved_by_rotation(azimuth, height, length, width, thickness):
    particle = SHAPES["prism"]().build(length, width, thickness, None)
    pile = Pile(240, 240, 100)
    if height:  # something to lean on, at right angles
        ridge = SHAPES["prism"]().build(200.0, 10.0, float(height), None)
        x, y = 120 + 0.3 * length * math.cos(azimuth), 120 - 0.3 * length * math.sin(azimuth)
        pile.deposit(pack_bodies(ridge.bodies, 1.0), x, y, azimuth + math.pi / 2, 1)
    placed = pile.deposit(
        pack_bodies(particle.bodies, 1.0), 120, 120, azimuth, 2, max_tilt=math.radians(75)
    )
    surface = 2 * (length * width + length * thickness + width * thickness)
    assert abs(placed.voxels[0] - length * width * thickness) < 0.5 * surface
    assert placed.voxels[0] == np.count_nonzero(pile.labels == 2)
    if height > 1:
        assert placed.pose.tilt > 0
    assert placed.centre[0, :2] == pytest.approx([120, 120], abs=1)


def test_hexagon_and_cylinder_have_their_sections():
    labels, _ = voxels_of(built("hexagonal"))
    column = labels[:, :, 100].sum(0)  # across the middle
    assert column.max() == round(WIDTH * math.sqrt(3) / 2)
    across = np.arange(200) + 0.5 - 100
    expected = np.sqrt(3) * np.clip(WIDTH / 2 - np.abs(across), 0, WIDTH / 4)
    assert np.abs(column - 2 * expected / 1)[np.abs(across) < WIDTH / 2 - 1].max() <= 1
    labels, _ = voxels_of(built("cylinder"))
    column = labels[:, :, 100].sum(0)
    expected = 2 * np.sqrt(np.maximum((WIDTH / 2) ** 2 - across**2, 0))
    assert np.abs(column - expected)[np.abs(across) < WIDTH / 2 - 1].max() <= 1


def test_core_has_its_own_label_and_tube_its_hole():
    labels, placed = voxels_of(built("core_shell", section="rectangle"))
    core = np.argwhere(labels == 2)
    assert len(placed.voxels) == 2 and len(core) == placed.voxels[1]
    assert np.count_nonzero(labels == 1) == placed.voxels[0]
    assert placed.voxels[1] == pytest.approx(0.25 * LENGTH * WIDTH * THICKNESS, rel=0.05)
    assert labels[0, 100, 100] == 1 and labels[7, 100, 100] == 2  # shell under the core
    tube, placed = voxels_of(built("core_shell", section="rectangle", hollow=True))
    assert tube[0, 100, 100] == 1 and tube[7, 100, 100] == 0 and tube[13, 100, 100] == 1
    assert tube.max() == 1


def test_hole_takes_nothing_from_what_lies_there_already():
    pile = Pile(200, 200, 60)
    flat = SHAPES["prism"]().build(LENGTH, WIDTH, THICKNESS, None)
    pile.deposit(pack_bodies(flat.bodies, 1.0), 100, 100, 0.0, 1)
    before = np.count_nonzero(pile.labels == 1)
    tube = built("core_shell", hollow=True)
    pile.deposit(pack_bodies(tube.bodies, 1.0), 100, 100, 1.0, 2)
    assert np.count_nonzero(pile.labels == 1) == before


def test_curved_axis_keeps_its_arc_length():
    particle = SHAPES["curved"](bow=0.3, swing=0.0).build(200.0, 8.0, 8.0, np.random.default_rng(3))
    body = particle.bodies[0]
    arc = np.hypot(np.diff(body.stations), np.diff(body.offset_v)).sum()
    assert arc == pytest.approx(200, rel=0.01)
    assert np.ptp(body.offset_v) > 10


def test_shapes_are_reproducible_and_random():
    for kind in ("irregular", "bundle", "agglomerate", "branched", "flake"):
        first, again, other = (voxels_of(built(kind, seed))[0] for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("banana", "shape: 'banana' is none of prism, hexagonal"),
        ({"section": "ellipse"}, "shape: None is none of prism"),
        ({"kind": "prism", "bow": 1}, "shape.bow: not an option of prism, which has none"),
        ({"kind": "curved", "bow": 0.9}, "shape.bow: 0.9 should be from 0 to 0.4"),
        ({"kind": "curved", "bow": "big"}, "shape.bow: 'big' should be like 0.15"),
        ({"kind": "bundle", "fewest": 9}, "shape.fewest: 9 and most: 5"),
        ({"kind": "bundle", "fewest": 2.5}, "shape.fewest: 2.5 should be like 2"),
        ({"kind": "core_shell", "hollow": 1}, "shape.hollow: 1 should be like False"),
        ({"kind": "tapered", "section": "star"}, "shape.section: 'star' is none of rectangle"),
        ({"kind": "flake", "corners": 2}, "shape.corners: 2 should be 0 or from 3"),
    ],
)
def test_wrong_shapes_are_named(spec, message):
    with pytest.raises(InputError) as caught:
        make_shape(SHAPES, spec, "shape")
    assert message in str(caught.value)


def test_whole_numbers_serve_as_options():
    assert make_shape(SHAPES, {"kind": "curved", "bow": 0}, "shape").bow == 0.0
