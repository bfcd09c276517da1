from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.imaging import projection
from synthwire.imaging.microscopes import ptychography, registry, sem, signal, striations, stxm, tem

VOXEL = 10.0


def slab(thickness=10, shape=(30, 64, 80)) -> np.ndarray:
    """Label 1: a slab over the middle; label 2: a rod across it, higher up."""
    labels = np.zeros(shape, np.uint8)
    labels[:thickness, 16:48, 20:60] = 1
    labels[thickness : thickness + 4, 30:36, 5:75] = 2
    return labels


def test_thickness_height_and_top_of_a_slab():
    labels = slab()
    thickness = projection.thickness_nm(labels, VOXEL)
    height = projection.height_nm(labels, VOXEL)
    top = projection.top_labels(labels)
    assert thickness[20, 30] == 100 and thickness[32, 30] == 140 and thickness[32, 10] == 40
    assert height[20, 30] == 100 and height[32, 10] == 140 and height[0, 0] == 0
    assert top[20, 30] == 1 and top[32, 30] == 2 and top[0, 0] == 0


def test_a_view_counts_what_numpy_counts():
    labels = slab()
    labels[labels == 2] = 3
    view = projection.View.of(labels)
    np.testing.assert_array_equal(view.thickness, np.count_nonzero(labels, axis=0))
    occupied = labels != 0
    highest = np.where(occupied, np.arange(1, len(labels) + 1)[:, None, None], 0).max(axis=0)
    np.testing.assert_array_equal(view.height, highest)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        expected = [0] * 6 if box is None else [n for s in box for n in (s.start, s.stop)]
        assert view.boxes[label - 1].tolist() == expected


@pytest.mark.parametrize("sigma", [3.0, 12.5, 40.0, (0.0, 30.0)])
def test_a_wide_blur_on_blocks_is_the_direct_blur(sigma):
    rng = np.random.default_rng(0)
    image = (ndimage.gaussian_filter(rng.standard_normal((150, 131)), 3) > 0.05).astype(float)
    direct = ndimage.gaussian_filter(image, sigma, mode="nearest")
    assert np.abs(signal.gaussian_px(image, sigma) - direct).max() < 0.005


def test_no_tilt_is_the_volume_itself_and_tilt_shifts_by_height():
    labels = np.zeros((60, 40, 100), np.uint8)
    labels[0:2, 15:25, 50] = 1
    labels[58:60, 15:25, 50] = 2
    assert projection.tilt(labels, 0) is labels
    for angle in (-30, 20):
        # about the y axis: the top moves along x against the bottom by height × sin(angle)
        turned = projection.tilt(labels, angle, azimuth_deg=90)
        x = [np.flatnonzero((turned == k).any(axis=(0, 1))).mean() for k in (1, 2)]
        assert abs(abs(x[1] - x[0]) - 58 * abs(np.sin(np.deg2rad(angle)))) <= 1.5
        y = np.flatnonzero((turned == 2).any(axis=(0, 2)))
        assert (y[0], y[-1]) == (15, 24)
    first = projection.tilt(labels, 20, 90)
    second = projection.tilt(labels, -20, 90)
    assert (first == 2).any(axis=(0, 1)).argmax() != (second == 2).any(axis=(0, 1)).argmax()


def test_tilt_lengthens_the_beams_path_through_a_slab():
    labels = np.zeros((20, 100, 100), np.uint8)
    labels[:20, :, :] = 1
    turned = projection.tilt(labels, 40, 0)
    path = np.count_nonzero(turned, axis=0)[40:60, 40:60].mean()
    assert path == pytest.approx(20 / np.cos(np.deg2rad(40)), rel=0.04)
    with pytest.raises(InputError, match="tilt_deg"):
        projection.tilt(labels, 85)


@pytest.mark.parametrize(("angle", "azimuth"), [(15, 90), (-30, 0), (45, 30)])
def test_tilt_keeps_the_substrate_below_everything(angle, azimuth):
    labels = np.zeros((12, 200, 220), np.uint8)
    for label, (y, x) in enumerate([(40, 40), (40, 170), (150, 40), (150, 170)], start=1):
        labels[:8, y : y + 20, x : x + 20] = label
    turned = projection.tilt(labels, angle, azimuth)
    heights = projection.height_nm(turned, VOXEL)
    for label in range(1, 5):
        # the same height everywhere, though one end of the field is far above the other
        top = heights[projection.top_labels(turned) == label].max()
        assert top == pytest.approx(8 * VOXEL / np.cos(np.deg2rad(angle)), abs=1.01 * VOXEL)
        assert (turned[0] == label).any()


def test_tilt_leaves_the_contrast_in_sem():
    settings = replace(sem.Sem(), noise=0, mottle=0, particle_spread=0, charging=0, drift=0)
    labels = np.zeros((4, 120, 400), np.uint8)  # thin: the substrate shines through
    labels[:4, 40:80, 30:70] = 1
    labels[:4, 40:80, 330:370] = 2
    grey = {}
    for angle in (0, 15):
        turned = projection.tilt(labels, angle, azimuth_deg=90)
        image = sem.sem(turned, VOXEL, np.random.default_rng(0), settings).astype(float)
        covered = projection.top_labels(turned)
        grey[angle] = [image[covered == label].mean() for label in (0, 1, 2)]
    np.testing.assert_allclose(grey[15], grey[0], atol=5)


def test_ptychography_of_a_slab_is_beer_lambert():
    settings = ptychography.Ptychography(
        resolution_nm=0,
        striation=0,
        haze=0,
        noise=0,
        black_level=0,
        clipped_percent=0,
        gamma=1,
    )
    image = ptychography.ptychography(slab(), VOXEL, np.random.default_rng(0), settings)
    # optical density is proportional to thickness: 40, 100 and 140 nm
    assert image[32, 30] == 255
    assert image[32, 10] == pytest.approx(255 * 40 / 140, abs=1)
    assert image[20, 30] == pytest.approx(255 * 100 / 140, abs=1)
    assert image[0, 0] == 0


def test_stxm_counts_photons():
    settings = replace(
        stxm.Stxm(),
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
        grey = stxm.stxm(
            labels, VOXEL, np.random.default_rng(0), replace(settings, counts=counts)
        ).astype(float)
        spread.append(grey[:12, :].std() / (grey[20, 30] - grey[:12].mean()))
    assert 6 < spread[0] / spread[1] < 15  # Poisson: √100 = 10


def test_stxm_resolution_is_that_of_beam_and_raster():
    labels = np.zeros((10, 60, 120), np.uint8)
    labels[:, :, 60:] = 1
    settings = replace(
        stxm.Stxm(),
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
        profile = stxm.stxm(labels, VOXEL, np.random.default_rng(0), chosen)[30] / 255
        widths.append(VOXEL * ((profile > 0.1) & (profile < 0.9)).sum())
    assert widths[0] <= 40 and widths[1] > 100


def test_sem_shows_the_top_only():
    settings = replace(
        sem.Sem(),
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
    image = sem.sem(labels, VOXEL, np.random.default_rng(0), settings)
    hidden = labels.copy()
    hidden[2:5, 28:40, 30:50] = 0  # a cave below the surface
    np.testing.assert_array_equal(image, sem.sem(hidden, VOXEL, np.random.default_rng(0), settings))
    assert image[24, 40] > image[4, 4]  # particles shine on the substrate
    assert image[16, 40] > image[24, 40]  # and edges shine on particles


def test_thin_particles_let_the_substrate_through_in_sem():
    settings = replace(sem.Sem(), noise=0, mottle=0, particle_spread=0, charging=0, drift=0)
    grey = []
    for layers in (2, 6, 20):
        labels = np.zeros((20, 60, 60), np.uint8)
        labels[:layers, 10:50, 10:50] = 1
        image = sem.sem(labels, VOXEL, np.random.default_rng(0), settings)
        grey.append(image[28:32, 28:32].mean())
    assert grey[0] + 5 < grey[1] < grey[2] - 5


def test_striations_run_along_the_particle():
    labels = np.zeros((4, 120, 160), np.uint8)
    y, x = np.mgrid[:120, :160]
    angle = np.deg2rad(30)
    u = (x - 80) * np.cos(angle) + (y - 60) * np.sin(angle)
    v = -(x - 80) * np.sin(angle) + (y - 60) * np.cos(angle)
    labels[:, (abs(u) < 70) & (abs(v) < 15)] = 1
    boxes = projection.View.of(labels).boxes
    ((label, box, field, voxels),) = striations.striations(
        labels, boxes, 40.0, VOXEL, np.random.default_rng(0)
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
    thickness = striations.striated_thickness_nm(labels, VOXEL, 0.2, 30.0, np.random.default_rng(0))
    inside = thickness[10:190, 10:190]
    assert inside.mean() == pytest.approx(100, rel=0.05)
    assert inside.std() == pytest.approx(20, rel=0.4)
    assert not thickness[:10].any()


def test_sem_shadows_the_ground_beside_tall_particles():
    settings = replace(
        sem.Sem(), noise=0, mottle=0, striation_nm=0, particle_spread=0, charging=0, drift=0
    )
    image = sem.sem(slab(28), VOXEL, np.random.default_rng(0), settings)
    assert int(image[10, 40]) < int(image[0, 0])


def test_tem_is_dark_on_bright_with_shot_noise():
    image = tem.tem(slab(), VOXEL, np.random.default_rng(0))
    ground, particle = image[:12], image[18:28, 25:55]
    assert ground.mean() > particle.mean() + 30
    settings = replace(tem.Tem(), film=0, counts=400.0)
    flat = tem.tem(np.zeros((2, 128, 128), np.uint8), VOXEL, np.random.default_rng(0), settings)
    assert flat.std() / flat.mean() == pytest.approx(1 / 20, rel=0.1)


@pytest.mark.parametrize("name", list(registry.MICROSCOPES))
def test_every_microscope_is_deterministic_and_survives_emptiness(name):
    images = [
        registry.acquire(name, slab(), VOXEL, np.random.default_rng(seed)) for seed in (3, 3, 4)
    ]
    assert images[0].dtype == np.uint8 and images[0].shape == (64, 80)
    np.testing.assert_array_equal(images[0], images[1])
    assert (images[0] != images[2]).any()
    empty = registry.acquire(name, np.zeros((4, 33, 47), np.uint8), 6.0, np.random.default_rng(0))
    assert empty.shape == (33, 47)


def test_parameters_override_and_ranges_are_drawn():
    rng = np.random.default_rng(0)
    ground = [
        registry.acquire("tem", slab(), VOXEL, rng, {"ground": [0.2, 0.9]})[:8].mean()
        for _ in range(6)
    ]
    assert np.ptp(ground) > 30 and min(ground) > 45 and max(ground) < 235
    with pytest.raises(InputError, match="no 'blurr'"):
        registry.acquire("tem", slab(), VOXEL, rng, {"blurr": 1})
    with pytest.raises(InputError, match="microscope"):
        registry.acquire("afm", slab(), VOXEL, rng)
