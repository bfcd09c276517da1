"""What is computed in another order gives the same: compared with unmodified Detectron2."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from synthwire.learning.cpu.accelerate import accelerate
from synthwire.learning.cpu.convolution import SmallMapConv2d
from synthwire.learning.cpu.pooling import Pooler
from synthwire.learning.network import architecture_config

from detectron2.layers import Conv2d, get_norm
from detectron2.modeling import build_model
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage


@pytest.fixture(scope="module")
def architecture(config):
    return config["architecture"]


def boxes(count: int, seed: int) -> Boxes:
    """Boxes of all sizes, some of them reaching out of an image of 64 × 96 pixels."""
    draw = np.random.default_rng(seed)
    corner = draw.uniform(-6, (90, 60), (count, 2))
    size = draw.lognormal(2.5, 1, (count, 2)) + 1
    return Boxes(torch.tensor(np.hstack([corner, corner + size]), dtype=torch.float32))


@pytest.mark.parametrize("samples", [0, 2])
@pytest.mark.parametrize("bins", [7, 14])
def test_regions_are_pooled_as_torchvision_pools_them(bins, samples):
    torch.manual_seed(0)
    stock = ROIPooler(bins, (1 / 4, 1 / 8), samples, "ROIAlignV2", 16, 2)
    features = [torch.randn(2, 8, 16, 24), torch.randn(2, 8, 8, 12)]
    lists = [boxes(30, 1), boxes(20, 2)]
    results = []
    for pooler in (stock, Pooler(stock)):
        leaves = [feature.clone().requires_grad_() for feature in features]
        pooled = pooler(leaves, lists)
        (pooled * torch.linspace(-1, 1, pooled.numel()).view(pooled.shape)).sum().backward()
        results.append([pooled.detach(), *(leaf.grad for leaf in leaves)])
    for expected, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)


def test_images_without_regions_are_pooled_too():
    stock = ROIPooler(7, (1 / 4, 1 / 8), 2, "ROIAlignV2", 16, 2)
    features = [torch.randn(2, 8, 16, 24, requires_grad=True), torch.randn(2, 8, 8, 12)]
    pooled = Pooler(stock)(features, [boxes(0, 1), boxes(0, 2)])
    assert pooled.shape == (0, 8, 7, 7)
    pooled.sum().backward()
    assert not features[0].grad.any()


@pytest.mark.parametrize(("stride", "kernel"), [(1, 3), (2, 3), (1, 5)])
def test_a_convolution_on_a_small_map_is_the_same(stride, kernel):
    torch.manual_seed(0)
    stock = Conv2d(
        24, 200, kernel, stride, kernel // 2, bias=False, norm=get_norm("BN", 200),
        activation=torch.relu,
    )  # fmt: skip
    image = torch.randn(2, 24, 5, 4).to(memory_format=torch.channels_last)
    assert SmallMapConv2d.suits(stock)
    results = []
    for convolution in (stock, SmallMapConv2d.of(copy.deepcopy(stock))):
        leaf = image.clone().requires_grad_()
        result = convolution(leaf)
        result.square().sum().backward()
        results.append([result.detach(), leaf.grad, convolution.weight.grad])
        assert set(convolution.state_dict()) == set(stock.state_dict())
    for expected, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-3, rtol=1e-3)


# A rounding that changes the order of two proposals changes which regions are learnt from: with
# 16-bit products the gradients of single steps agree in direction only.
@pytest.mark.parametrize(
    ("mixed", "loss_tolerance", "gradient_tolerance"),
    [(False, 1e-3, 1e-3), (True, 0.03, 0.6)],
    ids=["float32", "bfloat16"],
)
def test_a_whole_training_step_gives_stock_losses_and_gradients(
    architecture, mixed, loss_tolerance, gradient_tolerance
):
    """Forward and backward through the whole network, with the same random draws."""
    cfg = architecture_config(architecture)
    cfg.MODEL.DEVICE = "cpu"
    torch.manual_seed(1)
    stock = build_model(cfg).train()
    ours = accelerate(copy.deepcopy(stock))
    assert any(isinstance(module, SmallMapConv2d) for module in ours.modules())
    assert sum(isinstance(module, Pooler) for module in ours.modules()) == 2
    masks = torch.zeros(3, 64, 64, dtype=torch.bool)
    corners = [(4, 6, 30, 20), (25, 10, 40, 60), (8, 40, 60, 50)]
    for mask, (x0, y0, x1, y1) in zip(masks, corners, strict=True):
        mask[y0:y1, x0:x1] = True
    image = (torch.rand(3, 64, 64) * 40 + 150 * masks.any(0)).float()
    found = []
    for network in (stock, ours):
        truth = Instances(
            (64, 64),
            gt_boxes=Boxes(torch.tensor(corners, dtype=torch.float32)),
            gt_classes=torch.zeros(3, dtype=torch.int64),
            gt_masks=BitMasks(masks),
        )
        torch.manual_seed(5)
        lower = torch.autocast("cpu", torch.bfloat16, enabled=mixed and network is ours)
        with EventStorage(), lower:
            losses = network([{"image": image, "instances": truth}] * 2)
        sum(losses.values()).backward()
        found.append((losses, {name: p.grad for name, p in network.named_parameters()}))
    for name, loss in found[0][0].items():
        assert found[1][0][name].dtype == torch.float32
        torch.testing.assert_close(found[1][0][name], loss, atol=1e-4, rtol=loss_tolerance)
    norms = [torch.cat([g.flatten() for g in gradients.values()]) for _, gradients in found]
    assert torch.norm(norms[1] - norms[0]) < gradient_tolerance * torch.norm(norms[0])
