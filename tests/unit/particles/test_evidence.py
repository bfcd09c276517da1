"""Evidence on pictures whose contrast, noise and outlines are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthwire.io.masks import encode_mask
from synthwire.particles.evidence import EVIDENCE, evidence_of

SIDE, NOISE = 200, 4.0


def find(mask: np.ndarray, score: float = 0.9) -> dict:
    return {"score": score, "segmentation": encode_mask(mask)}


def bar(top: int, left: int, height: int, width: int, side: int = SIDE) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def picture(mask: np.ndarray, contrast: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, NOISE, mask.shape)
    return np.clip(80 + contrast * mask + noise, 0, 255).astype(np.uint8)


def columns(evidence: np.ndarray, row: int = 0) -> dict[str, float]:
    return dict(zip(EVIDENCE, evidence[row].tolist(), strict=True))


def test_a_bright_bar_stands_out_by_its_contrast():
    mask = bar(60, 40, 12, 120)
    seen = columns(evidence_of(picture(mask, 100), [find(mask)], known_px=12))
    assert seen["contrast"] == pytest.approx(1, abs=0.1)  # it makes the range of grey values
    assert seen["step"] == pytest.approx(0.95, abs=0.2)
    assert seen["agreement"] == 1
    assert seen["weakest_step"] > 0.6
    assert seen["width"] == pytest.approx(0, abs=0.02)
    assert seen["aspect_ratio"] == pytest.approx(np.log(10), abs=0.05)
    assert seen["contrast_to_swing"] > 3
    assert seen["crowding"] == 0
    assert seen["at_the_edge"] == 0
    assert seen["covered"] == pytest.approx(mask.mean())


def test_a_mask_on_mere_noise_does_not():
    mask = bar(60, 40, 12, 120)
    seen = columns(evidence_of(picture(mask, 0), [find(mask)], known_px=12))
    assert abs(seen["contrast"]) < 0.1
    assert 0.2 < seen["agreement"] < 0.8
    assert seen["contrast_to_swing"] < 1.5
    assert seen["evenness"] == pytest.approx(0, abs=0.15)


def test_a_dark_bar_speaks_against_itself():
    mask = bar(60, 40, 12, 120)
    seen = columns(evidence_of(picture(mask, -50), [find(mask)], known_px=12))
    assert seen["contrast"] < -0.8
    assert seen["agreement"] == 0


@pytest.mark.parametrize("times", [2, 4])
def test_magnification_changes_only_what_is_measured_in_pixels(times):
    mask = bar(60, 40, 12, 120)
    image = ndimage.gaussian_filter(picture(mask, 100).astype(float), 2)
    small = columns(evidence_of(image.astype(np.uint8), [find(mask)], known_px=12))
    larger = np.kron(mask, np.ones((times, times), dtype=bool))
    enlarged = ndimage.zoom(image, times, order=1, mode="nearest", grid_mode=True)
    large = columns(evidence_of(enlarged.astype(np.uint8), [find(larger)], known_px=12 * times))
    for name in ("contrast", "width", "aspect_ratio", "agreement", "density_of_sure", "covered"):
        assert large[name] == pytest.approx(small[name], abs=0.1), name


def test_others_are_no_ground_and_crowd():
    mask, near = bar(60, 40, 12, 120), bar(74, 40, 12, 120)
    image = picture(mask | near, 100)
    seen = columns(evidence_of(image, [find(mask), find(near)], known_px=12))
    assert seen["crowding"] > 0.3
    assert seen["contrast"] > 0.9
    assert columns(evidence_of(image, [find(mask)], known_px=12))["contrast"] < 0.8


def test_the_image_says_how_many_are_sure():
    masks = [bar(10 + 30 * row, 20, 10, 100) for row in range(6)]
    finds = [
        find(mask, score)
        for mask, score in zip(masks, (0.9, 0.8, 0.7, 0.4, 0.2, 0.05), strict=True)
    ]
    image = picture(np.any(masks, axis=0), 100)
    evidence = evidence_of(image, finds, known_px=10)
    first, last = columns(evidence), columns(evidence, -1)
    assert first["share_of_sure"] == pytest.approx(3 / 5)  # of those above the weakest score
    assert first["best_score"] == pytest.approx(0.9)
    assert first["best_five"] == pytest.approx(0.6)
    assert {name: last[name] for name in EVIDENCE[18:]} == {
        name: first[name] for name in EVIDENCE[18:]
    }


def test_nothing_found_is_no_row():
    assert evidence_of(np.zeros((20, 30), np.uint8), [], 12).shape == (0, len(EVIDENCE))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 2**16),
    st.sampled_from(["noise", "flat", "full"]),
)
def test_every_number_is_finite(height, width, top, left, seed, kind):
    masks = [bar(top, left, height, width, 60), bar(0, 0, 60, 60, 60)]
    image = np.random.default_rng(seed).integers(0, 256, (60, 60), dtype=np.uint8)
    if kind == "flat":
        image[:] = 7
    finds = [find(mask, score) for mask, score in zip(masks, (0.99, 0.3), strict=True)]
    evidence = evidence_of(image, finds if kind == "full" else finds[:1], known_px=12)
    assert np.isfinite(evidence).all()


def test_a_find_that_leaves_a_rim_of_ground_has_numbers():
    """At the steps at which so wide a find is seen, no pixel of the rim is left."""
    mask = bar(0, 0, 60, 64, 64)
    assert np.isfinite(evidence_of(picture(mask, 100), [find(mask)], known_px=12)).all()
