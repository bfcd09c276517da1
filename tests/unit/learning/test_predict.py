"""A tiny network with random weights beside stock Detectron2."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.errors import InputError
from synthwire.evaluation.suppression import mask_nms
from synthwire.inference import pasting
from synthwire.inference import predictor as inference
from synthwire.io.masks import decode_mask, encode_crop, encode_mask
from synthwire.learning import network, predict
from synthwire.learning.precision import native_precision

from detectron2.engine import DefaultPredictor
from detectron2.layers import paste_masks_in_image
from detectron2.modeling import build_model

NMS = 0.7


@pytest.fixture(scope="module")
def config(config):
    """A few detections of whatever score."""
    prediction = {**config["prediction"], "minimum_score": 0.0, "detections": 40}
    return {**config, "prediction": prediction}


def settings_of(config, weights):
    return network.prediction_config(
        config["architecture"],
        config["prediction"],
        nms_threshold=NMS,
        weights=weights,
        device="cpu",
    )


@pytest.fixture(scope="module")
def weights(config, tmp_path_factory):
    """Random weights whose batch normalisations do something, and whose masks have a shape."""
    torch.manual_seed(3)
    model = build_model(settings_of(config, ""))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    torch.nn.init.normal_(model.roi_heads.mask_head.predictor.weight, std=2)
    torch.nn.init.normal_(model.roi_heads.box_predictor.cls_score.weight, std=0.5)
    path = tmp_path_factory.mktemp("model") / "model.pth"
    torch.save({"model": model.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(7)
    grey = np.zeros((60, 90))
    for _ in range(8):
        y, x, h, w = rng.integers(0, 50), rng.integers(0, 80), *rng.integers(4, 25, 2)
        grey[y : y + h, x : x + w] += rng.uniform(30, 90)
    return np.clip(grey + rng.normal(0, 5, grey.shape), 0, 255).astype(np.uint8)


def load(config, weights, precision="float32"):
    return predict.load(
        weights,
        config["architecture"],
        config["prediction"],
        nms_threshold=NMS,
        precision=precision,
    )


@pytest.mark.parametrize("min_size_px", [0, 96])
def test_detections_are_those_of_stock_detectron2(config, weights, image, min_size_px):
    config = {**config, "prediction": {**config["prediction"], "min_size_px": min_size_px}}
    stock = DefaultPredictor(settings_of(config, weights))
    expected = stock(np.repeat(image[:, :, None], 3, axis=2))["instances"]
    found = load(config, weights)(image, 5)
    assert len(found) == len(expected) == 40
    corners = expected.pred_boxes.tensor.numpy()
    for result, corner, score, mask in zip(
        found, corners, expected.scores, expected.pred_masks.numpy(), strict=True
    ):
        assert result["image_id"] == 5
        assert result["score"] == pytest.approx(float(score), abs=1e-4)
        x, y, width, height = result["bbox"]
        np.testing.assert_allclose([x, y, x + width, y + height], corner, atol=1e-2)
        # folded convolutions round otherwise: a pixel on the very edge of a mask may flip
        assert (decode_mask(result["segmentation"]) != mask).mean() < 1e-3


def test_part_of_a_larger_image(config, weights, image):
    predictor = load(config, weights)
    alone = predictor(image, 1)
    placed = predictor(image, 1, 1.0, inference.Place(100, 7, 400, 300))
    for one, other in zip(alone, placed, strict=True):
        mask = decode_mask(other["segmentation"])
        assert mask.shape == (400, 300)
        np.testing.assert_array_equal(mask[100:160, 7:97], decode_mask(one["segmentation"]))
        assert mask.sum() == decode_mask(one["segmentation"]).sum()
        assert other["bbox"] == pytest.approx(np.add(one["bbox"], [7, 100, 0, 0]).tolist())


def test_half_precision_weights_load(config, weights, image, tmp_path):
    state = torch.load(weights)["model"]
    halved = {
        name: value.half() if value.is_floating_point() else value for name, value in state.items()
    }
    torch.save({"model": halved}, tmp_path / "half.pth")
    found, full = load(config, tmp_path / "half.pth")(image, 1), load(config, weights)(image, 1)
    assert found[0]["score"] == pytest.approx(full[0]["score"], abs=0.01)


def test_16_bit_numbers_give_nearly_the_same_scores(config, weights, image):
    found, full = load(config, weights, "bfloat16")(image, 1), load(config, weights)(image, 1)
    for one, other in zip(found[:10], full[:10], strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=0.02)
    assert [item["score"] for item in found] != [item["score"] for item in full]


def test_the_native_precision_is_one_that_the_device_has():
    assert native_precision("cuda:0") == "float16"
    assert native_precision("cpu") in ("float32", "bfloat16")


def test_weights_of_another_network_are_refused(config, weights, tmp_path):
    wider = {**config, "architecture": {**config["architecture"], "fpn_channels": 48}}
    with pytest.raises(InputError, match="do not fit the architecture .* has another shape"):
        load(wider, weights)
    deeper = {**config, "architecture": {**config["architecture"], "depth": 34}}
    with pytest.raises(InputError, match="is missing"):
        load(deeper, weights)
    with pytest.raises(InputError, match="no such file"):
        load(config, tmp_path / "none.pth")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([14, 28, 56]))
def test_masks_pasted_in_their_boxes_are_those_pasted_in_the_image(seed, side):
    generator = torch.Generator().manual_seed(seed)
    height, width = torch.randint(20, 90, (2,), generator=generator).tolist()
    corners = torch.rand((5, 2, 2), generator=generator) * torch.tensor([width, height])
    boxes = torch.cat([corners.min(dim=1).values, corners.max(dim=1).values + 0.1], dim=1)
    boxes[:, 2].clamp_(max=width)
    boxes[:, 3].clamp_(max=height)
    masks = torch.rand((5, side, side), generator=generator)
    expected = paste_masks_in_image(masks, boxes, (height, width)).numpy()
    found = pasting.paste_masks(masks.numpy(), boxes.numpy(), height, width)
    for (crop, top, left), whole in zip(found, expected, strict=True):
        rle = encode_crop(crop, top, left, height, width)
        assert rle == encode_mask(whole)


def test_features_are_the_pyramids_without_its_padding(config, weights, image):
    cfg = settings_of(config, weights)
    found = predict.Predictor(cfg).features(image, scale=1.5)
    assert list(found) == ["p2", "p3", "p4", "p5", "p6"]
    height, width = (round(1.5 * side) for side in image.shape)
    for level, (name, features) in enumerate(found.items(), start=2):
        rows, columns = -(-height // 2**level), -(-width // 2**level)
        assert features.shape == (config["architecture"]["fpn_channels"], rows, columns), name
    stock = DefaultPredictor(cfg).model
    plain = torch.as_tensor(np.repeat(image[None], 3, axis=0), dtype=torch.float32)
    with torch.no_grad():
        expected = stock.backbone(stock.preprocess_image([{"image": plain}]).tensor)["p3"][0]
    own = predict.Predictor(cfg).features(image)["p3"]
    expected = expected[:, : own.shape[1], : own.shape[2]].numpy()
    np.testing.assert_allclose(own, expected, rtol=1e-3, atol=1e-4)


def test_looking_at_several_sizes_keeps_the_surest_of_what_is_found_twice(config, weights, image):
    def found(**prediction):
        predictor = predict.load(
            weights,
            config["architecture"],
            config["prediction"] | prediction,
            nms_threshold=NMS,
            precision="float32",
        )
        return predictor(image, 1)

    once, small = found(), found(scales=[0.5])
    both = found(scales=[1, 0.5])
    scores = [result["score"] for result in both]
    assert scores == sorted(scores, reverse=True)
    known = {(result["score"], result["segmentation"]["counts"]) for result in once + small}
    assert {(result["score"], result["segmentation"]["counts"]) for result in both} <= known
    assert both == sorted(
        mask_nms(once + small, inference.SAME_IOU), key=lambda result: -result["score"]
    )
    twice = found(scales=[1, 1])
    assert twice == mask_nms(once, inference.SAME_IOU)


def test_the_confidence_of_a_mask_is_the_mean_over_its_pixels():
    masks = np.zeros((3, 4, 4), dtype=np.float32)
    masks[0, 1, :2] = 0.6, 1.0
    masks[0, 2] = 0.4  # below the threshold
    masks[2] = 1
    np.testing.assert_allclose(pasting.mask_confidence(masks), [0.8, 0, 1], rtol=1e-6)


def test_scores_by_masks_are_geometric_means(config, weights, image):
    plain = load(config, weights)
    rating = predict.load(
        weights,
        config["architecture"],
        {**config["prediction"], "rate_masks": True},
        nms_threshold=NMS,
        precision="float32",
    )
    found = plain.detect(image)
    expected = np.sqrt(found.scores * pasting.mask_confidence(found.masks))
    rated = [result["score"] for result in rating(image, 1)]
    expected = sorted(expected[expected > 0].tolist(), reverse=True)
    np.testing.assert_allclose(rated, expected, rtol=1e-5)
    masks = {
        str(item["segmentation"])
        for item in plain(image, 1)
        if decode_mask(item["segmentation"]).any()
    }
    assert masks == {str(result["segmentation"]) for result in rating(image, 1)}


def test_an_exponent_moves_scores_and_nothing_else(config, weights, image):
    plain = load(config, weights)(image, 1)
    moved = predict.load(
        weights,
        config["architecture"],
        {**config["prediction"], "score_exponent": 0.5},
        nms_threshold=NMS,
        precision="float32",
    )(image, 1)
    assert len(plain) > 1
    np.testing.assert_allclose(
        [result["score"] for result in moved],
        np.sqrt([result["score"] for result in plain]),
        rtol=1e-6,
    )
    for before, after in zip(plain, moved, strict=True):
        assert {**before, "score": 0} == {**after, "score": 0}


def test_images_are_scaled_to_the_pixel_size_of_the_training_images():
    assert predict.scale_of({"pixel_size_nm": 6}, 12) == 0.5
    assert predict.scale_of({"pixel_size_nm": [4, 9]}, 12) == pytest.approx(0.5)
    assert predict.scale_of({"pixel_size_nm": None}, 12) == 1
    assert predict.scale_of({}, 12) == 1
