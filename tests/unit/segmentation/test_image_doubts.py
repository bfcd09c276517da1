"""No doubt where all is well, and the right one where something was spoilt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml
from scipy import ndimage
from skimage import data

from synthwire import segment
from synthwire.config import checks
from synthwire.datasets.image_sets.simulated import simulate_page
from synthwire.io.masks import encode_mask
from synthwire.segmentation.doubts import doubts_of
from synthwire.segmentation.models import load_model
from synthwire.segmentation.options import Selection
from synthwire.segmentation.result import Segmentation

LEARNT = {"particle_width_px": 12.0, "particle_width_log_sd": 0.6}


@pytest.fixture(scope="module")
def simulated(root) -> dict[str, np.ndarray]:
    """Twenty images of the virtual microscopes of config/demo.yaml."""
    config = checks.resolve(yaml.safe_load((root / "config" / "demo.yaml").read_text()))
    return {
        f"{key} {page}": simulate_page(key, entry, 11, page).image
        for key, entry in config["image_sets"].items()
        if entry["source"] == "simulated"
        for page in range(5)
    }


def test_good_images_raise_hardly_a_doubt(simulated):
    assert len(simulated) == 20
    doubts = {name: segment(image).doubts for name, image in simulated.items()}
    assert sum(map(len, doubts.values())) <= 2, doubts


@pytest.mark.parametrize("texture", ["brick", "grass", "gravel"])
def test_hardly_a_particle_is_made_of_a_real_texture(texture):
    """Photographs of 512 × 512 pixels, full of edges, of a kind that made no model."""
    found = segment(getattr(data, texture)(), modality="sem")
    assert len(found.results) > 100  # the network alone sees a great many
    assert len(found.particles) <= 5


def noisy(image: np.ndarray) -> np.ndarray:
    return image * 0.3 + 90 + np.random.default_rng(1).normal(0, 40, image.shape)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda image: 8 * (image - np.percentile(image, 40)), "saturated: "),
        (lambda image: ndimage.gaussian_filter(image.astype(float), 11), "blurred: "),
        (noisy, "noisy: "),
    ],
    ids=["clipped", "blurred", "noisy"],
)
def test_what_was_spoilt_is_named(simulated, spoil, says):
    named = [
        segment(spoil(simulated[f"simulated_{kind} 1"]).clip(0, 255).astype(np.uint8)).doubts
        for kind in ("stxm", "sem", "sem_attached")
    ]
    assert sum(any(line.startswith(says) for line in lines) for lines in named) >= 2, named


# -- by hand, without a network -------------------------------------------------------------------


def bars(
    count: int = 8, width: int = 12, *, score: float = 0.95, left: int = 20, **info
) -> Segmentation:
    """Bright bars on a slightly noisy ground, found as they are."""
    image = 60 + 4 * np.random.default_rng(2).standard_normal((25 * count + 20, 260))
    results = []
    for number in range(count):
        top = 25 * number + 10
        mask = np.zeros(image.shape, bool)
        mask[top : top + width, left : left + 150] = True
        image[mask] += 100
        results.append(
            {
                "image_id": 1,
                "category_id": 1,
                "score": score,
                "bbox": [left, top, 150, width],
                "segmentation": encode_mask(mask),
            }
        )
    return Segmentation(
        image.clip(0, 255).astype(np.uint8),
        results,
        None,
        "bars",
        None,
        1.0,
        [{"id": 1, "name": "nanowire"}],
        {"learnt": LEARNT, "looks": [1.0, 0.5], **info},
    )


def only(result: Segmentation) -> str:
    (line,) = doubts_of(result)
    assert "\n" not in line
    return line


def test_of_good_particles_nothing_is_said():
    assert doubts_of(bars()) == ()


def test_scores_a_little_above_the_threshold():
    assert only(bars(score=0.75)) == "uncertain: 8 of 8 particles have a score below 0.8"
    assert doubts_of(bars(score=0.75).select(threshold=0.5)) == ()
    assert doubts_of(bars(3, score=0.75)) == ()  # too few for a share


def test_widths_that_no_look_brings_to_what_is_known():
    assert only(bars(width=4)).startswith("8 of 8 particles are thinner than the network knows: 4 ")
    assert doubts_of(bars(width=4, looks=[4.0, 2.0, 1.0])) == ()
    wide = bars(2, looks=[8.0, 4.0])
    assert only(wide) == (
        "2 of 2 particles are wider than the network knows: 12 px, seen at 8 to 4 times their "
        "size; it knows 4.9 to 40 px"
    )
    assert doubts_of(bars(width=4, learnt={})) == ()  # nobody has measured what it knows


@pytest.mark.parametrize("grey", [100, -40])
def test_noise_is_held_against_the_contrast_of_either_sign(grey):
    """Bright particles in the dark part of an uneven picture are darker than most of it."""
    found = bars()
    covered = found.image > 110
    noise = np.random.default_rng(3).standard_normal(covered.shape)

    def shown(noise_level: float) -> Segmentation:
        image = 100 + grey * covered + noise_level * noise
        return replace(found, image=image.clip(0, 255).astype(np.uint8))

    assert doubts_of(shown(4)) == ()
    side = "brighter" if grey > 0 else "darker"
    assert only(shown(abs(grey))).endswith(f"{side} than the ground")


def test_particles_that_the_edge_cuts():
    assert only(bars(left=0)).startswith("8 of 8 particles are cut by the image's edge")


def test_a_packed_picture():
    assert "packed: particles cover 5" in only(bars(width=25, picture_px=220 * 260))
    blank = bars(width=12, picture_px=8 * 12 * 150 + 100)  # the rest of it is no picture
    assert "packed: particles cover 99%" in only(blank)


def test_nothing_found_in_a_picture_with_structure():
    assert only(bars().select(threshold=1.0)).startswith("no particle was found, yet the picture ")
    empty = bars(0)
    assert doubts_of(empty) == ()


def test_a_black_ground_is_doubtful_where_a_ground_has_a_signal():
    result = bars()
    result.image[result.image < 100] = 0
    assert doubts_of(result) == ()  # of optical density nothing is nothing
    assert "have the darkest grey value" in only(with_modality(result, "sem"))
    assert "have the brightest grey value" in only(with_modality(result, "tem"))  # inverted


def with_modality(result: Segmentation, modality: str) -> Segmentation:
    info = {**result.info, "modality": modality}
    return Segmentation(**{**vars_of(result), "info": info})


def vars_of(result: Segmentation) -> dict:
    fields = ("image", "results", "pixel_size_nm", "name", "page", "scale", "categories")
    return {field: getattr(result, field) for field in fields}


def test_a_scale_that_the_widths_contradict_is_said_once():
    learnt = {**LEARNT, "pixel_nm_range": [6.4, 10.67]}
    result = bars(learnt=learnt, fitting_scale=1.0)
    assert doubts_of(result) == ()
    sized = Segmentation(**{**vars_of(result), "pixel_size_nm": (0.5, 0.5), "info": result.info})
    assert "the widths decided" in only(sized)
    known = {**result.info, "pixel_size_doubt": "is the unit right?"}
    assert doubts_of(Segmentation(**{**vars_of(sized), "info": known})) == ()


def test_doubts_are_kept_in_the_file_and_go_with_the_selection():
    data = bars(score=0.75).coco(everything=True)
    assert data["info"]["doubts"] == ["uncertain: 8 of 8 particles have a score below 0.8"]
    again = Segmentation.from_coco(data, bars().image, Selection(threshold=0.5))
    assert again.doubts == () and again.coco()["info"]["doubts"] == []


def test_a_contrast_that_is_the_other_way_round_is_named(root):
    sample = root / "workflow" / "synthwire" / "webapp" / "samples" / "tem.tif"
    model = load_model(device="cpu")
    (line,) = doubts_of(segment(sample, pixel_size_nm=8, model=model))
    assert line.startswith("no particle was found, but ")
    assert line.endswith("the contrast may be the other way round (--modality tem, --invert)")
    right = segment(sample, pixel_size_nm=8, modality="tem", model=model)
    assert len(right.particles) > 10
    assert "in_the_negative" not in right.info
