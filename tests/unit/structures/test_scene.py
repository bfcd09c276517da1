import math

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_structures import SMALL, one_class

from synthwire.figures.gallery import shape_settings
from synthwire.structures.checks import check_settings
from synthwire.structures.scene import COLUMNS, generate_scene
from synthwire.structures.settings import categories, resolve_settings
from synthwire.structures.shapes import SHAPES


def test_scene_depends_on_settings_seed_and_number_only():
    first = generate_scene(SMALL, 3, 5)
    generate_scene(SMALL, 4, 1)
    again = generate_scene(resolve_settings(SMALL), 3, 5)
    other = generate_scene(SMALL, 3, 6)
    assert np.array_equal(first.labels, again.labels)
    pd.testing.assert_frame_equal(first.particles, again.particles)
    assert not np.array_equal(first.labels, other.labels)


def test_table_describes_the_volume():
    for scene in range(6):
        made = generate_scene(SMALL, 0, scene)
        assert tuple(made.particles.columns) == COLUMNS
        assert list(made.particles["particle"]) == list(range(1, len(made.particles) + 1))
        counts = np.bincount(made.labels.ravel(), minlength=len(made.particles) + 1)[1:]
        assert list(counts) == list(made.particles["voxels"])
        cover = np.zeros(made.labels.shape[1:], dtype=int)
        masks = [(made.labels == k).any(0) for k in made.particles["particle"]]
        for mask in masks:
            cover += mask
        z_top = np.where(
            cover > 0, made.labels.shape[0] - 1 - np.argmax(made.labels[::-1] > 0, axis=0), 0
        )
        top = np.take_along_axis(made.labels, z_top[None], 0)[0]
        for row, mask in zip(made.particles.itertuples(), masks, strict=True):
            z, y, x = np.nonzero(made.labels == row.particle)
            centre = (np.array([x.mean(), y.mean(), z.mean()]) + 0.5) * made.voxel_size_nm
            assert np.allclose(centre, [row.x_nm, row.y_nm, row.z_nm], atol=1e-2)
            assert row.projected_area_px == mask.sum()
            assert row.visible_area_px == (top == row.particle).sum()
            assert row.overlap_fraction == pytest.approx((cover[mask] > 1).mean(), abs=1e-6)
            edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).any()
            assert row.touches_border == edge
            assert row.thickness_nm <= row.width_nm <= row.length_nm


def gaps_below(labels, row, voxel_size):
    """Least empty distance below a particle, before and behind its centre of mass."""
    occupied = labels == row.particle
    rows, columns = np.nonzero(occupied.any(0))
    lowest = occupied[:, rows, columns].argmax(0)
    below = (np.arange(len(labels))[:, None] < lowest) & (labels[:, rows, columns] > 0)
    support = np.where(below.any(0), len(labels) - below[::-1].argmax(0), 0)
    azimuth = math.radians(row.azimuth_deg)
    along = (columns + 0.5 - row.x_nm / voxel_size) * math.cos(azimuth)
    along -= (rows + 0.5 - row.y_nm / voxel_size) * math.sin(azimuth)
    gap = lowest - support
    return gap[along >= -1].min(), gap[along <= 1].min()


@pytest.mark.parametrize(
    "kind", ["prism", "cylinder", "irregular", "bundle", "branched", "flake", "sphere"]
)
def test_every_particle_rests_on_both_sides_of_its_centre(kind):
    settings = one_class(shape=kind)
    settings = {**settings, "domain": [80, 80, 80], "border": "inside"}
    settings["populations"][0]["count"] = 12
    settings["populations"][0]["particles"][0]["length_nm"] = 900
    if kind == "flake":  # broad enough to have two directions at this resolution
        settings["populations"][0]["particles"][0]["width_nm"] = 600
    touching = []
    for scene in range(4):
        made = generate_scene(settings, 1, scene)
        for row in made.particles.itertuples():
            gaps = gaps_below(made.labels, row, made.voxel_size_nm)
            assert max(gaps) <= 1, row
            touching.append(gaps == (0, 0))
        if kind != "sphere":
            assert (made.particles["tilt_deg"].abs() > 2).any()
    assert np.mean(touching) > 0.9


@hypothesis.settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    border=st.sampled_from(["cut", "inside", "periodic"]),
    rest=st.sampled_from(["tilted", "leaning", "flat", "flexible", "rolling"]),
    kind=st.sampled_from(["prism", "irregular", "bundle", "agglomerate", "core_shell"]),
)
def test_no_voxel_is_lost_or_taken(seed, border, rest, kind):
    """What each particle set when it was deposited is what the finished volume holds of it."""
    settings = one_class(shape=kind, rest=rest, length_nm=600)
    settings = {**settings, "border": border, "domain": [64, 48, 60]}
    made = generate_scene(settings, seed, 0)
    counts = np.bincount(made.labels.ravel(), minlength=len(made.particles) + 1)[1:]
    assert list(counts) == list(made.particles["voxels"])
    wholes = made.particles[made.particles["part_of"] == 0]  # a thin wire's core may have no voxel
    assert (wholes["voxels"] > 0).all()
    areas = [np.count_nonzero((made.labels == k).any(0)) for k in made.particles["particle"]]
    assert areas == list(made.particles["projected_area_px"])
    if border == "inside":
        assert not made.particles["cut"].any()


def test_classes_populations_and_parts_reach_the_table():
    base = {"length_nm": 600, "width_nm": 120, "thickness_ratio": 0.8}
    settings = {
        **SMALL,
        "populations": [
            {"name": "a", "count": 6, "particles": [{**base, "class": "wire"},
                {**base, "class": "ball", "shape": "sphere"}]},
            {"name": "b", "count": 3, "share": 3,
             "particles": [{**base, "class": "coated", "shape": "core_shell"}]},
        ],
    }  # fmt: skip
    assert categories(settings) == ["wire", "ball", "coated", "coated-core"]
    scenes = [generate_scene(settings, 0, n).particles for n in range(24)]
    table = pd.concat(scenes)
    kinds = table.groupby("scene")["population"].agg(["nunique", "first"])
    assert (kinds["nunique"] == 1).all()
    assert 0.5 < (kinds["first"] == "b").mean() < 0.95
    names = dict(enumerate(categories(settings), start=1))
    assert (table["category_id"].map(names) == table["class"]).all()
    cores = table[table["class"] == "coated-core"]
    assert len(cores) == (table["class"] == "coated").sum()
    assert (cores["part_of"] == cores["particle"] - 1).all()
    assert set(table["class"]) == set(names.values())


def test_texture_and_clusters():
    settings = one_class(azimuth_deg={"distribution": "normal", "mean": 30, "std": 2})
    settings["populations"][0]["count"] = 30
    settings["domain"] = [200, 200, 100]
    azimuths = generate_scene(settings, 0, 0).particles["azimuth_deg"]
    assert abs(azimuths.mean() - 30) < 2 and azimuths.std() < 4
    spread = generate_scene(settings, 0, 1).particles
    settings["populations"][0] |= {"clusters": 1, "cluster_share": 1, "cluster_radius_nm": 200}
    heap = generate_scene(settings, 0, 1).particles
    assert heap["x_nm"].std() < 0.5 * spread["x_nm"].std()
    assert heap["overlap_fraction"].mean() > spread["overlap_fraction"].mean()


def test_many_particles_get_wider_labels():
    settings = one_class(length_nm=200, width_nm=60, thickness_ratio=0.5)
    settings = {**settings, "domain": [300, 300, 60]}
    settings["populations"][0]["count"] = 300
    made = generate_scene(settings, 0, 0)
    assert made.labels.dtype == np.uint16 and made.labels.max() == 300


def test_scene_that_cannot_be_packed_is_begun_anew_with_a_recorded_seed():
    settings = one_class(thickness_ratio=1.0, width_nm=150)
    settings["populations"][0]["count"] = {"distribution": "uniform", "low": 4, "high": 120}
    settings["domain"] = [64, 64, 12]
    settings["max_attempts"] = 50
    attempts = [generate_scene(settings, 0, n).particles["attempt"].unique() for n in range(6)]
    assert all(len(values) == 1 for values in attempts)
    assert max(values[0] for values in attempts) > 0


@pytest.mark.parametrize("name", SHAPES)
def test_the_gallery_makes_every_shape(name):
    settings = shape_settings(name)
    check_settings(settings)
    assert set(generate_scene(settings, 0, 0).particles["shape"]) == {name}
