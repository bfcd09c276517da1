from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.imaging.microscopes import MICROSCOPES, acquire, draw, signal, striations
from synthwire.imaging.microscopes.ptychography import Ptychography
from synthwire.imaging.microscopes.sem import Sem
from synthwire.imaging.microscopes.stxm import Stxm
from synthwire.imaging.microscopes.tem import Tem
from synthwire.imaging.projection import View, tilt

VOXEL = 10.0


def slab(thickness=10, shape=(30, 64, 80)) -> np.ndarray:
    """Label 1: a slab over the middle; label 2: a rod across it, higher up."""
    labels = np.zeros(shape, np.uint8)
    labels[:thickness, 16:48, 20:60] = 1
    labels[thickness : thickness + 4, 30:36, 5:75] = 2
    return labels


def take(microscope, labels: np.ndarray, *, seed=0, voxel_size_nm=VOXEL) -> np.ndarray:
    return microscope.acquire(View.of(labels), voxel_size_nm, np.random.default_rng(seed))


@pytest.mark.parametrize("sigma", [3.0, 12.5, 40.0, (0.0, 30.0)])
def test_a_wide_blur_on_blocks_is_the_direct_blur(sigma):
    rng = np.random.default_rng(0)
    image = (ndimage.gaussian_filter(rng.standard_normal((150, 131)), 3) > 0.05).astype(float)
    direct = ndimage.gaussian_filter(image, sigma, mode="nearest")
    assert np.abs(signal.gaussian_px(image, sigma) - direct).max() < 0.005


def test_tilt_leaves_the_contrast_in_sem():
    settings = Sem(noise=0, mottle=0, particle_spread=0, charging=0, drift=0)
    labels = np.zeros((4, 120, 400), np.uint8)  # thin: the substrate shines through
    labels[:4, 40:80, 30:70] = 1
    labels[:4, 40:80, 330:370] = 2
    grey = {}
    for angle in (0, 15):
        view = View.of(tilt(labels, angle, azimuth_deg=90))
        image = settings.acquire(view, VOXEL, np.random.default_rng(0)).astype(float)
        grey[angle] = [image[view.top == label].mean() for label in (0, 1, 2)]
    np.testing.assert_allclose(grey[15], grey[0], atol=5)


def test_ptychography_of_a_slab_is_beer_lambert():
    settings = Ptychography(
        resolution_nm=0,
        striation=0,
        haze=0,
        noise=0,
        black_level=0,
        clipped_percent=0,
        gamma=1,
    )
    image = take(settings, slab())
    # optical density is proportional to thickness: 40, 100 and 140 nm
    assert image[32, 30] == 255
    assert image[32, 10] == pytest.approx(255 * 40 / 140, abs=1)
    assert image[20, 30] == pytest.approx(255 * 100 / 140, abs=1)
    assert image[0, 0] == 0


def test_stxm_counts_photons():
    settings = Stxm(
        haze=0,
        striation=0,
        black_level=-0.5,
        clipped_percent=0,
        gamma=1,
        line_noise=0,
    )
    labels = slab()
    spread = []
    for counts in (200.0, 20_000.0):
        grey = take(replace(settings, counts=counts), labels).astype(float)
        spread.append(grey[:12, :].std() / (grey[20, 30] - grey[:12].mean()))
    assert 6 < spread[0] / spread[1] < 15  # Poisson: √100 = 10


def test_stxm_resolution_is_that_of_beam_and_raster():
    labels = np.zeros((10, 60, 120), np.uint8)
    labels[:, :, 60:] = 1
    settings = Stxm(
        haze=0,
        line_noise=0,
        striation=0,
        counts=1e9,
        black_level=0,
        clipped_percent=0,
    )
    fine = replace(settings, beam_nm=10, raster_nm=10, gamma=1)
    coarse = replace(settings, beam_nm=120, raster_nm=35, gamma=1)
    widths = []
    for chosen in (fine, coarse):
        profile = take(chosen, labels)[30] / 255
        widths.append(VOXEL * ((profile > 0.1) & (profile < 0.9)).sum())
    assert widths[0] <= 40 and widths[1] > 100


def test_sem_shows_the_top_only():
    settings = Sem(
        noise=0,
        mottle=0,
        striation_nm=0,
        particle_spread=0,
        charging=0,
        drift=0,
        blur_nm=5,
        edge=0.3,
        rounding_nm=10,
        shadow=0,
    )
    labels = slab()
    image = take(settings, labels)
    hidden = labels.copy()
    hidden[2:5, 28:40, 30:50] = 0  # a cave below the surface
    np.testing.assert_array_equal(image, take(settings, hidden))
    assert image[24, 40] > image[4, 4]  # particles shine on the substrate
    assert image[16, 40] > image[24, 40]  # and edges shine on particles


def test_thin_particles_let_the_substrate_through_in_sem():
    settings = Sem(noise=0, mottle=0, particle_spread=0, charging=0, drift=0)
    grey = []
    for layers in (2, 6, 20):
        labels = np.zeros((20, 60, 60), np.uint8)
        labels[:layers, 10:50, 10:50] = 1
        image = take(settings, labels)
        grey.append(image[28:32, 28:32].mean())
    assert grey[0] + 5 < grey[1] < grey[2] - 5


def test_striations_run_along_the_particle():
    labels = np.zeros((4, 120, 160), np.uint8)
    y, x = np.mgrid[:120, :160]
    angle = np.deg2rad(30)
    u = (x - 80) * np.cos(angle) + (y - 60) * np.sin(angle)
    v = -(x - 80) * np.sin(angle) + (y - 60) * np.cos(angle)
    labels[:, (abs(u) < 70) & (abs(v) < 15)] = 1
    ((label, box, field, voxels),) = striations.striations(
        View.of(labels), 40.0, VOXEL, np.random.default_rng(0)
    )
    assert label == 1 and voxels.sum() == np.count_nonzero(labels)
    rows, columns = np.gradient(field)
    inside = labels[0][box] > 0
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = -columns * np.sin(angle) + rows * np.cos(angle)
    assert 5 * np.abs(along[inside]).mean() < np.abs(across[inside]).mean()


def test_striated_thickness_keeps_the_mean():
    labels = np.zeros((10, 200, 200), np.uint8)
    labels[:, 10:190, 10:190] = 1
    thickness = striations.striated_thickness_nm(
        View.of(labels), VOXEL, 0.2, 30.0, np.random.default_rng(0)
    )
    inside = thickness[10:190, 10:190]
    assert inside.mean() == pytest.approx(100, rel=0.05)
    assert inside.std() == pytest.approx(20, rel=0.4)
    assert not thickness[:10].any()


def test_sem_shadows_the_ground_beside_tall_particles():
    settings = Sem(noise=0, mottle=0, striation_nm=0, particle_spread=0, charging=0, drift=0)
    image = take(settings, slab(28))
    assert int(image[10, 40]) < int(image[0, 0])


def test_tem_is_dark_on_bright_with_shot_noise():
    image = take(Tem(), slab())
    ground, particle = image[:12], image[18:28, 25:55]
    assert ground.mean() > particle.mean() + 30
    settings = Tem(film=0, counts=400.0)
    flat = take(settings, np.zeros((2, 128, 128), np.uint8))
    assert flat.std() / flat.mean() == pytest.approx(1 / 20, rel=0.1)


@pytest.mark.parametrize("name", list(MICROSCOPES))
def test_every_microscope_is_deterministic_and_survives_emptiness(name):
    microscope = MICROSCOPES[name]()
    images = [take(microscope, slab(), seed=seed) for seed in (3, 3, 4)]
    assert images[0].dtype == np.uint8 and images[0].shape == (64, 80)
    np.testing.assert_array_equal(images[0], images[1])
    assert (images[0] != images[2]).any()
    empty = take(microscope, np.zeros((4, 33, 47), np.uint8), voxel_size_nm=6.0)
    assert empty.shape == (33, 47)


def test_parameters_override_and_ranges_are_drawn():
    rng, view = np.random.default_rng(0), View.of(slab())
    ground = [acquire("tem", view, VOXEL, rng, {"ground": [0.2, 0.9]})[:8].mean() for _ in range(6)]
    assert np.ptp(ground) > 30 and min(ground) > 45 and max(ground) < 235
    with pytest.raises(InputError, match="no 'blurr'"):
        acquire("tem", view, VOXEL, rng, {"blurr": 1})
    with pytest.raises(InputError, match="microscope"):
        acquire("afm", view, VOXEL, rng, {})


def test_a_range_is_drawn_within_its_ends_and_a_number_stays():
    rng = np.random.default_rng(1)
    values = [draw([2.0, 3.0], rng) for _ in range(50)]
    assert 2 <= min(values) < max(values) <= 3
    assert draw(7, rng) == 7.0
