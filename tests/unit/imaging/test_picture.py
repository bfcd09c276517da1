import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.imaging.picture import (
    EVEN,
    Domain,
    check_domains,
    contrasts,
    take_picture,
    take_training_picture,
)
from synthwire.schema import validate_section

DENSITY = {"divisor": "projected_thickness", "blur_sigma_px": 0}


def domain(microscope, **changed):
    """One of the config's domains with the schema's defaults."""
    entry = {"microscope": microscope, **changed}
    return validate_section("imaging", {"domains": [entry]}, "")["domains"][0]


def crossing_bars() -> np.ndarray:
    """Bar 1, two voxels thick, along x on the ground; bar 2, one voxel thick, along y on top."""
    labels = np.zeros((6, 8, 10), dtype=np.uint8)
    labels[0:2, 3:5, :] = 1
    labels[2, :, 4:6] = 2
    return labels


def test_without_domains_the_image_is_the_papers_optical_density():
    labels = crossing_bars()
    plain = take_training_picture(labels, None, DENSITY, [], 1, 0)
    named = take_training_picture(labels, 6.0, DENSITY, [domain("optical_density")], 2, 5)
    np.testing.assert_array_equal(plain.image, named.image)
    np.testing.assert_array_equal(plain.view.masks, named.view.masks)
    assert plain.learnable.all()


def test_domains_come_in_their_shares_and_depend_on_seed_and_scene_alone():
    labels = crossing_bars()
    domains = [domain("optical_density", share=3), domain("ptychography", share=1)]

    def name(seed, scene):
        return take_training_picture(labels, 20.0, DENSITY, domains, seed, scene).domain.microscope

    drawn = [name(1, scene) for scene in range(200)]
    # 50 expected, standard deviation 6.1
    assert 30 <= drawn.count("ptychography") <= 70
    assert drawn == [name(1, scene) for scene in range(200)]
    assert drawn != [name(2, scene) for scene in range(200)]


def test_inverted_images_are_bright_on_dark():
    labels = np.zeros((20, 40, 40), np.uint8)
    labels[:, 10:20, 5:35] = 1
    image = take_training_picture(labels, 10.0, DENSITY, [domain("tem", invert=True)], 1, 0).image
    assert image[labels.any(axis=0)].mean() > image[~labels.any(axis=0)].mean()


def test_what_an_opaque_particle_hides_is_not_learnt_below_the_limit():
    """Bar 1 lies wholly below plate 2; bar 3 sticks out by half."""
    labels = np.zeros((12, 40, 40), np.uint8)
    labels[0:4, 10:14, 5:25] = 1
    labels[0:4, 20:24, 20:40] = 3
    labels[4:12, 5:35, 2:30] = 2
    learnable = take_training_picture(labels, 20.0, DENSITY, [domain("sem")], 1, 0).learnable
    np.testing.assert_array_equal(learnable, [False, True, True])
    strict = take_training_picture(
        labels, 20.0, DENSITY, [domain("sem", minimum_visible=0.6)], 1, 0
    )
    np.testing.assert_array_equal(strict.learnable, [False, True, False])
    through = take_training_picture(labels, 20.0, DENSITY, [domain("tem")], 1, 0)
    assert through.learnable.all()


def test_contrast_is_the_step_in_grey_to_the_ground_about_a_particle():
    """A bar 60 above its ground, one crossing it that adds 40, one hidden in saturation."""
    masks = np.zeros((4, 60, 60), bool)
    masks[0, 20:26, 5:50] = True
    masks[1, 10:40, 25:30] = True
    masks[2, 45:55, 5:25] = True
    masks[3, 48:52, 8:20] = True
    image = np.full((60, 60), 30.0)
    image += 60 * masks[0] + 40 * masks[1] + 400 * masks[2]
    image = np.clip(image, 0, 255).astype(np.uint8)
    np.testing.assert_allclose(contrasts(image, masks), [60, 40, 225, 0])
    volume = np.zeros((20, 60, 60), np.uint8)
    volume[:20, 20:26, 5:50] = 1
    volume[:1, 40:46, 5:50] = 2
    faint = domain("optical_density", minimum_contrast=0.1)
    np.testing.assert_array_equal(
        take_training_picture(volume, None, DENSITY, [faint], 1, 0).learnable, [True, False]
    )


def test_wrong_parameters_are_named():
    with pytest.raises(InputError, match=r"imaging.domains.1: parameters: sem has no 'hase'"):
        check_domains([domain("optical_density"), domain("sem", parameters={"hase": 1})])
    for changed in ({"tilt_deg": 3}, {"parameters": {"haze": 0.1}}, {"ground": {"share": 0.5}}):
        with pytest.raises(InputError, match=r"imaging.domains.0: .*no tilt and no ground"):
            check_domains([domain("optical_density", **changed)])


def test_a_virtual_microscope_needs_the_voxel_size():
    with pytest.raises(InputError, match="sem needs the voxel size"):
        take_training_picture(crossing_bars(), None, DENSITY, [domain("sem")], 1, 0)
    with pytest.raises(InputError, match="sem needs the voxel size"):
        take_picture(
            crossing_bars(),
            None,
            Domain("sem", {}, EVEN, 0, 0, False, 0, 0),
            np.random.default_rng(0),
        )
