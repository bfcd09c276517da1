import json
import math

import hypothesis
import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthwire.errors import InputError
from synthwire.io.volumes import read_volume, write_volume
from synthwire.schema import FOLDER
from synthwire.structures.checks import check_settings
from synthwire.structures.scene import COLUMNS, generate_scene, showcase
from synthwire.structures.settings import categories, presets, resolve_settings, shards
from synthwire.structures.shapes import SHAPES
from synthwire.structures.shard import generate_shard

SMALL = {"preset": "paper", "domain": [64, 64, 40], "voxel_size_nm": 24, "scenes": 4}


def one_class(**particle):
    particle = {"length_nm": 700, "width_nm": 150, "thickness_ratio": 0.6, **particle}
    return {**SMALL, "populations": [{"count": 4, "particles": [particle]}]}


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


def test_shards_hold_the_same_bytes_whatever_their_size(tmp_path):
    generate_shard(SMALL, 7, [0, 1, 2], tmp_path / "a")
    generate_shard(SMALL, 7, [2], tmp_path / "b")
    name = "scene_00002.tif"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    a, b = (pd.read_csv(tmp_path / folder / "particles.csv") for folder in "ab")
    rows = a[a["scene"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, b)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    assert len(list((tmp_path / "a").iterdir())) == 4


def test_failed_shard_leaves_nothing(tmp_path):
    settings = {**one_class(thickness_ratio=1), "domain": [64, 64, 8], "max_attempts": 2}
    settings["populations"][0]["count"] = 40
    with pytest.raises(InputError, match=r"scene 0 .* in 2 tries; .*domain\[2\]"):
        generate_shard(settings, 0, [0], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_shards_cover_all_scenes():
    assert shards({**SMALL, "scenes": 5, "scenes_per_shard": 2}) == {
        "000": [0, 1],
        "001": [2, 3],
        "002": [4],
    }


def test_written_volume_is_read_back(tmp_path):
    made = generate_scene(SMALL, 0, 0)
    path = tmp_path / "scene_00000.tif"
    write_volume(path, made.labels, made.voxel_size_nm, scene=0, seed=0)
    labels, metadata = read_volume(path)
    assert np.array_equal(labels, made.labels)
    assert labels.dtype == made.labels.dtype
    assert metadata["voxel_size_nm"] == 24
    assert metadata["scene"] == 0
    assert path.stat().st_size < made.labels.nbytes / 5
    with tifffile.TiffFile(path) as file:
        assert json.loads(file.pages[0].description)["axes"] == "ZYX"


def test_volumes_of_others_are_read(tmp_path):
    labels = np.zeros((7, 6, 5), dtype=np.int32)
    labels[1:3, 2:4, :] = 700
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, labels)
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and read.dtype == np.uint16
    assert metadata["voxel_size_nm"] is None
    path = tmp_path / "imagej.tif"
    tifffile.imwrite(
        path, labels.astype(np.uint16), imagej=True, metadata={"spacing": 0.5, "unit": "um"}
    )
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and metadata["voxel_size_nm"] == 500
    path = tmp_path / "volume.ome.tif"
    tifffile.imwrite(
        path,
        labels.astype(np.uint16),
        metadata={"axes": "ZYX", "PhysicalSizeX": 7.5, "PhysicalSizeXUnit": "nm"},
    )
    read, metadata = read_volume(path)
    assert np.array_equal(read, labels) and metadata["voxel_size_nm"] == 7.5
    path = tmp_path / "planes.tif"  # four layers are taken for colour planes by many writers
    tifffile.imwrite(path, labels[:4].astype(np.uint8), photometric="rgb", planarconfig="separate")
    assert np.array_equal(read_volume(path)[0], labels[:4].astype(np.uint8))
    path = tmp_path / "float.tif"
    tifffile.imwrite(path, labels.astype(np.float32))
    assert np.array_equal(read_volume(path)[0], labels)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 6), np.uint8), "three dimensions"),
        (np.full((3, 5, 6), 0.5, np.float32), "fractional"),
        (np.full((3, 5, 6), -1, np.int16), "labels start at 0"),
        (np.zeros((16, 16, 3), np.uint8), "three dimensions"),
    ],
)
def test_what_is_no_labelled_volume_is_refused(tmp_path, array, message):
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, array, photometric="rgb" if array.shape[-1] == 3 else "minisblack")
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert "bad.tif" in str(caught.value)


def test_broken_and_missing_volumes_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_volume(tmp_path / "none.tif")
    path = tmp_path / "text.tif"
    path.write_text("no picture")
    with pytest.raises(InputError, match="not a readable TIFF"):
        read_volume(path)
    whole = tmp_path / "whole.tif"
    write_volume(whole, np.ones((9, 64, 64), np.uint8), 6.0)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError, match=r"text\.tif"):
        read_volume(path)


def test_a_field_stands_before_the_presets():
    settings = resolve_settings({"voxel_size_nm": 12})
    assert settings["preset"] == "paper"
    assert settings["voxel_size_nm"] == 12
    assert settings["domain"] == [512, 512, 200]
    assert resolve_settings(settings) == settings


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_complete(name):
    check_settings({"preset": name})
    schema = yaml.safe_load((FOLDER / "structures.schema.yaml").read_text())
    assert name in schema["properties"]["preset"]["enum"]
    assert set(resolve_settings({"preset": name})) == set(schema["properties"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"voxel_size": 6}, "voxel_size"),
        ({"preset": "best"}, r"structures\.preset: 'best' is none of .*paper"),
        ({"domain": [64, 64]}, r"structures\.domain"),
        ({"domain": [64, -64, 40]}, r"structures\.domain\.1: -64"),
        ({"scenes": 0}, r"structures\.scenes"),
        (one_class(shape="banana"), r"particles\[0\]\.shape: 'banana' is none of prism, hex"),
        (one_class(shape={"kind": "prism", "bend": 1}), r"shape\.bend: not an option of prism"),
        (one_class(lenght_nm=3), "lenght_nm"),
        (one_class(length_nm=-3), r"particles\[0\]\.length_nm: can give -3"),
        (one_class(length_nm={"distribution": "normal", "mean": 500, "std": 100}), "not above 0"),
        (one_class(aspect_ratio=5), "give width_nm or aspect_ratio"),
        (one_class(width_nm=20), r"width_nm: half .* narrower than two voxels of 24 nm"),
        ({**one_class(), "voxel_size_nm": 0.1}, r"length_nm: half .* is voxel_size_nm right"),
        (one_class(thickness_ratio=10), r"thickness_ratio: every particle is thicker"),
        (
            {**one_class(length_nm=9000), "border": "inside"},
            r"length_nm: every particle is longer than the domain",
        ),
        ({"populations": [{"particles": [{"length_nm": 500, "width_nm": 99,
          "thickness_nm": 50}]}]}, "give count or count_per_um2"),
        ({**SMALL, "populations": [{"count": 5000, "particles": [{"length_nm": 700,
          "width_nm": 150, "thickness_nm": 100}]}]}, r"count: 5000 particles have about"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused_with_one_line(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        check_settings(settings)
    assert str(caught.value).startswith("structures")
    assert "\n" not in str(caught.value)


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


def test_showcase_has_every_shape_and_preset():
    scenes = showcase()
    assert set(scenes) == {*SHAPES, *presets()}
    for name, settings in scenes.items():
        check_settings(settings)
        if name in SHAPES:
            made = generate_scene(settings, 0, 0)
            assert set(made.particles["shape"]) == {name}


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
