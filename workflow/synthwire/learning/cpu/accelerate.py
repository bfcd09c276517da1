"""Detectron2's Mask R-CNN, quicker: the same arithmetic, in an order that suits the machine.

Profiles of a training step on a CPU show, beside the convolutions, torchvision's scalar ROIAlign
(a tenth of the step) and copies between memory layouts (another tenth). What is here removes these;
a Detectron2 model keeps its parameters' names, its checkpoints and, within rounding, its results.
What each part gains is measured by benchmarks/training.py and benchmarks/inference.py, option
--without, on one thread; what gains less than 5 % does not stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from synthwire.learning.cpu.convolution import SmallMapConv2d
from synthwire.learning.cpu.pooling import Pooler, can_pool

from detectron2.layers import Conv2d
from detectron2.modeling import GeneralizedRCNN
from detectron2.modeling.poolers import ROIPooler

# Modules whose outputs become boxes, scores and losses.
DECIDING = ("proposal_generator.rpn_head", "roi_heads.box_predictor", "mask_head.predictor")


def accelerate(model: nn.Module) -> nn.Module:
    """Prepare a built Detectron2 model, in place, for quick training and prediction; returns it."""
    lay_channels_last(model)
    for name, module in model.named_modules():
        if name.endswith(DECIDING):
            module.register_forward_hook(_in_32_bits)
    if next(model.parameters()).device.type == "cpu":
        pool_channels_last(model)
        multiply_small_maps(model)
    return model


def lay_channels_last(model: GeneralizedRCNN) -> None:
    """Let convolutions work on pixels whose channels lie together in memory (channels_last).

    Measured: without it a training step of the demo takes 1.09 times as long, with 16-bit numbers
    1.18 times, a prediction of the bundled model 1.21 and 1.31 times.
    """
    model.to(memory_format=torch.channels_last)
    model.backbone.register_forward_pre_hook(_channels_last_input)


def pool_channels_last(model: nn.Module) -> None:
    """Let `pooling.Pooler` pool regions in torchvision's place."""
    _replace(model, lambda child: type(child) is ROIPooler and can_pool(child), Pooler)


def multiply_small_maps(model: nn.Module) -> None:
    """Let `convolution.SmallMapConv2d` compute the convolutions that it can."""
    _replace(
        model,
        lambda child: type(child) is Conv2d and SmallMapConv2d.suits(child),
        SmallMapConv2d.of,
    )


def _replace(model: nn.Module, suits: Callable, replacement: Callable) -> None:
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if suits(child):
                setattr(parent, name, replacement(child))


def _channels_last_input(module: nn.Module, inputs: tuple) -> tuple:
    return (inputs[0].contiguous(memory_format=torch.channels_last), *inputs[1:])


def _in_32_bits(module: nn.Module, inputs: tuple, outputs: Any) -> Any:
    """Losses and boxes are computed from numbers of full length, under autocast as well."""
    return tree_map_only(torch.Tensor, torch.Tensor.float, outputs)
