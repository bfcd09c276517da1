"""Grounds, captions, and how the virtual microscopes show them."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.imaging.captions import draw_captions
from synthwire.imaging.grounds import GROUNDS, draw_ground, standardise
from synthwire.imaging.grounds.fields import band
from synthwire.imaging.microscopes import MICROSCOPES, acquire
from synthwire.imaging.picture import take_training_picture
from synthwire.imaging.projection import View
from synthwire.schema import FOLDER, validate_section
from synthwire.structures.scene import generate_scene

DENSITY = {"divisor": "projected_thickness", "blur_sigma_px": 0}
EVERYWHERE = {"share": 1, "contrast": [0.3, 0.3], "kinds": list(GROUNDS)}


def test_the_schema_knows_every_kind():
    schema = yaml.safe_load((FOLDER / "image_set.schema.yaml").read_text(encoding="utf-8"))
    ground = schema["$defs"]["ground"]["properties"]["kinds"]
    assert ground["items"]["enum"] == ground["default"] == list(GROUNDS)


@pytest.mark.parametrize("kind", GROUNDS)
@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(8, 90), st.integers(8, 90)),
    voxel=st.floats(0.5, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_ground_is_finite_and_comes_from_its_seed_alone(kind, shape, voxel, seed):
    first, second = (
        standardise(GROUNDS[kind](shape, voxel, np.random.default_rng(seed))) for _ in range(2)
    )
    assert first.shape == shape and np.isfinite(first).all()
    assert np.array_equal(first, second)
    assert first.std() <= 1 + 1e-9 and np.abs(first).max() <= 2.5


@pytest.mark.parametrize("kind", GROUNDS)
def test_a_ground_is_uneven(kind):
    rng = np.random.default_rng(3)
    spreads = [standardise(GROUNDS[kind]((96, 96), 8.0, rng)).std() for _ in range(10)]
    assert np.median(spreads) > 0.3


def test_contrast_and_share_are_as_asked():
    rng = np.random.default_rng(1)
    drawn = [draw_ground((64, 64), 8.0, {**EVERYWHERE, "share": 0.5}, rng) for _ in range(200)]
    there = [ground for ground in drawn if ground is not None]
    assert 80 < len(there) < 120
    assert max(ground.std() for ground in there) <= 0.3 + 1e-9
    before = rng.bit_generator.state
    assert draw_ground((64, 64), 8.0, {"share": 0}, rng) is None
    assert rng.bit_generator.state == before  # data sets without grounds stay what they were


def test_a_band_holds_its_periods():
    field = band((512, 512), 16, 64, 0.0, np.random.default_rng(2))
    power = np.abs(np.fft.rfft2(field * np.hanning(512) * np.hanning(512)[:, None])) ** 2
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(512))
    within = (frequency > 1 / 130) & (frequency < 1 / 12)
    assert power[within].sum() / power.sum() > 0.9


@pytest.mark.parametrize("microscope", MICROSCOPES)
def test_a_bare_ground_shows_as_every_microscope_would(microscope):
    """Without noise the image follows the ground: where that shows more, all are brighter."""
    labels = np.zeros((4, 64, 64), dtype=np.uint8)
    steps = np.zeros((64, 64))
    steps[:, 32:] = 0.5
    quiet = {
        "sem": {"noise": 0, "drift": 0, "charging": 0},
        "tem": {"counts": 1e7, "film": 0},
        "stxm": {"counts": 1e9, "line_noise": 0, "haze": 0},
        "ptychography": {"noise": 0, "haze": 0},
    }[microscope]
    rng = np.random.default_rng(0)
    view = replace(View.of(labels), ground=steps - steps.mean())
    image = acquire(microscope, view, 8.0, rng, quiet)
    assert image[:, 48:].mean() > image[:, :16].mean() + 10
    assert np.ptp(image[20:44, 48:].astype(int)) <= 3


def test_what_lies_on_top_hides_the_ground_from_an_electron_microscope_of_surfaces():
    labels = np.zeros((40, 64, 64), dtype=np.uint8)
    labels[:30, 16:48, 16:48] = 1
    steps = np.zeros((64, 64))
    steps[:, 32:] = 0.5
    quiet = {"noise": 0, "drift": 0, "charging": 0, "mottle": 0, "striation_nm": 0, "blur_nm": 0}
    view = replace(View.of(labels), ground=steps)
    image = acquire("sem", view, 8.0, np.random.default_rng(0), quiet).astype(int)
    assert abs(image[32, 28] - image[32, 36]) <= 4
    assert image[4, 60] - image[4, 4] > 30


def test_a_scene_without_particles_is_made_imaged_and_learnt_from():
    plan = {
        "preset": "paper",
        "domain": [64, 64, 20],
        "voxel_size_nm": 8,
        "populations": [{"count": 0, "particles": [{"length_nm": 300, "width_nm": 80,
                                                    "thickness_ratio": 1}]}],
    }  # fmt: skip
    scene = generate_scene(plan, 1, 0)
    assert not scene.labels.any() and scene.particles.empty
    domains = validate_section(
        "imaging",
        {"domains": [{"microscope": "sem", "ground": {"share": 1}, "caption_share": 1}]},
        "",
    )["domains"]
    picture = take_training_picture(scene.labels, 8, DENSITY, domains, 1, 0)
    assert picture.image.shape == (64, 64) and len(picture.learnable) == 0
    assert np.ptp(picture.image) > 0


@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(st.integers(24, 200), st.integers(24, 200)), seed=st.integers(0, 2**32 - 1))
def test_captions_change_a_copy_and_only_a_part_of_it(shape, seed):
    image = np.full(shape, 120, dtype=np.uint8)
    drawn = draw_captions(image, np.random.default_rng(seed))
    assert (image == 120).all() and drawn.shape == shape and drawn.dtype == np.uint8
    if min(shape) >= 64:
        assert (drawn != 120).mean() < 0.95


def test_hardly_any_captions_fall_outside_of_the_picture():
    image = np.full((128, 128), 120, dtype=np.uint8)
    drawn = [draw_captions(image, np.random.default_rng(seed)) for seed in range(60)]
    assert np.mean([(picture != 120).any() for picture in drawn]) > 0.9
