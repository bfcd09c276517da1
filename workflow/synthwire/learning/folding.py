"""Batch normalisation in prediction, where it is a constant."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils.fusion import fuse_conv_bn_weights


def fold_normalisation(model: torch.nn.Module) -> None:
    """Take each batch normalisation, constant in evaluation, into the convolution before it.

    Measured: without it a prediction of the bundled model takes 1.01 to 1.04 times as long. It
    stays for another reason: with 16-bit numbers it rounds otherwise, and the bundled model's
    scores are those of folded layers.
    """
    for module in model.modules():
        norm: Any = getattr(module, "norm", None)
        if isinstance(module, torch.nn.Conv2d) and hasattr(norm, "running_mean"):
            module.weight, module.bias = fuse_conv_bn_weights(
                module.weight,
                module.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
            module.norm = None  # type: ignore[assignment]  # torch knows tensors and modules alone
