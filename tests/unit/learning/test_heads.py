"""The mask head for thin, long, crossing particles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synthwire.inference import predictor as inference
from synthwire.io.masks import decode_mask
from synthwire.learning import heads, predict
from synthwire.learning.network import architecture_config

from detectron2.layers import ShapeSpec
from detectron2.structures import BitMasks, Boxes, Instances


@pytest.mark.parametrize("bins", [8, 14, 15, 28])
def test_the_hourglass_doubles_any_number_of_bins(bins):
    network = heads.Hourglass(5, 8)
    assert network(torch.randn(3, 5, bins, bins)).shape == (3, 8, 2 * bins, 2 * bins)


def test_every_bin_sees_the_whole_region():
    torch.manual_seed(1)
    network = heads.Hourglass(4, 8)
    regions = torch.randn(1, 4, 28, 28, requires_grad=True)
    network(regions)[0, :, 0, 0].abs().sum().backward()
    seen = regions.grad.abs().sum(dim=(0, 1))
    assert seen[0, 0] > 0
    assert seen[-4:, -4:].max() > 0  # the far corner


def test_regions_are_the_boxes_grown_about_their_centres():
    boxes = heads.enlarge(Boxes(torch.tensor([[10.0, 20.0, 50.0, 28.0]])))
    np.testing.assert_allclose(boxes.tensor[0], [5, 19, 55, 29])


def instances_of(masks, boxes):
    found = Instances(masks.shape[1:])
    found.gt_masks = BitMasks(torch.from_numpy(masks))
    found.gt_classes = torch.zeros(len(masks), dtype=torch.int64)
    found.proposal_boxes = Boxes(torch.tensor(boxes))
    return found


def logits_of(masks):
    return torch.where(torch.from_numpy(masks), 20.0, -20.0)[:, None]


def test_the_loss_of_the_true_masks_is_nothing_and_of_their_contrary_is_much():
    masks = np.zeros((2, 32, 32), dtype=bool)
    masks[0, 10:12, 4:28] = True
    masks[1, 4:28, 20:23] = True
    instances = instances_of(masks, [[0.0, 0.0, 32.0, 32.0]] * 2)
    regions = [Boxes(torch.tensor([[0.0, 0.0, 32.0, 32.0]] * 2))]
    right = heads.mask_loss(logits_of(masks), regions, [instances])
    assert right < 1e-6
    wrong = heads.mask_loss(logits_of(~masks), regions, [instances])
    assert wrong == pytest.approx(20 + 1, rel=0.01)  # 20 of entropy a pixel, 1 of Dice
    # a mask that finds nothing: Dice counts 1 for a thin wire, whose pixels are few
    nothing = heads.mask_loss(logits_of(np.zeros_like(masks)), regions, [instances])
    assert nothing == pytest.approx(20 * masks.mean() + 1, rel=0.05)


def test_the_loss_is_that_of_the_true_class():
    masks = np.zeros((1, 16, 16), dtype=bool)
    masks[0, 4:8, 2:14] = True
    instances = instances_of(masks, [[0.0, 0.0, 16.0, 16.0]])
    instances.gt_classes[0] = 1
    both = torch.cat([logits_of(~masks), logits_of(masks)], dim=1)
    regions = [Boxes(torch.tensor([[0.0, 0.0, 16.0, 16.0]]))]
    assert heads.mask_loss(both, regions, [instances]) < 1e-6


def test_no_region_means_no_loss_but_a_gradient():
    logits = torch.zeros(0, 1, 28, 28, requires_grad=True)
    loss = heads.mask_loss(logits, [], [])
    loss.backward()
    assert loss == 0


class Constant(torch.nn.Module):
    """Stands for the trained layers: every region's mask is its left half."""

    def forward(self, regions):
        bins = 2 * regions.shape[-1]
        soft = torch.full((len(regions), 1, bins, bins), -9.0)
        soft[..., : bins // 2] = 9
        return soft


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_masks_lie_in_the_image_where_the_regions_lie(scale):
    head = heads.HourglassMaskHead(channels=4, stride=4, width=8, bins=28, samples=2, classes=1)
    head.network, head.predictor = Constant(), torch.nn.Identity()
    size = (int(64 * scale), int(96 * scale))
    found = Instances(size)
    found.pred_boxes = Boxes(torch.tensor([[20.0, 20.0, 60.0, 36.0]]) * scale)
    found.pred_classes = torch.zeros(1, dtype=torch.int64)
    found.scores = torch.ones(1)
    features = {"p2": torch.zeros(1, 4, size[0] // 4, size[1] // 4)}
    (found,) = head.eval()(features, [found])

    predictor = predict.Predictor.__new__(predict.Predictor)
    inference.Predictor.__init__(predictor, (0, 0))
    predictor.detect = lambda picture: inference.Detections(
        found.pred_boxes.tensor.numpy(),
        found.scores.numpy(),
        found.pred_classes.numpy(),
        found.pred_masks[:, 0].numpy(),
        found.mask_boxes.tensor.numpy(),
    )
    (result,) = predictor(np.zeros((64, 96), np.uint8), 1, scale)
    mask = decode_mask(result["segmentation"])
    expected = np.zeros((64, 96), dtype=bool)
    expected[18:38, 15:40] = True  # the box grown to 15–65 × 18–38, its left half
    np.testing.assert_array_equal(mask, expected)
    assert result["bbox"] == [15, 18, 25, 20]  # that of the mask


def test_the_network_takes_the_head_from_the_configuration(config):
    settings = config["architecture"]
    cfg = architecture_config({**settings, "mask_head": "hourglass", "mask_resolution_px": 56}, 2)
    head = heads.HourglassMaskHead(
        cfg, {"p2": ShapeSpec(channels=settings["fpn_channels"], stride=4)}
    )
    assert head.pooler.output_size == (28, 28)
    assert head.predictor.out_channels == 2
    assert [level.spatial_scale for level in head.pooler.level_poolers] == [0.25]
