"""Convolutions of small maps as one matrix product."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from detectron2.layers import Conv2d


class SmallMapConv2d(Conv2d):
    """Detectron2's Conv2d, as one matrix product where the map is small beside the weights.

    oneDNN brings weights and their gradients into an order of its own and back. At a deep stage's
    few pixels this takes longer than the convolution. Measured: without it a training step of the
    demo takes 1.06 times as long (1.04 to 1.11 in four series), with 16-bit numbers 1.04 times; a
    prediction, whose images are larger, takes as long.
    """

    PIXELS_PER_CHANNEL = 0.25  # fewer than these: measured at 128 to 512 channels on two processors

    @staticmethod
    def suits(convolution: Conv2d) -> bool:
        """Whether such a convolution can be computed here at all."""
        return (
            convolution.kernel_size[0] > 1
            and len({*convolution.kernel_size}) == 1
            and len({*convolution.padding}) == 1
            and len({*convolution.stride}) == 1
            and convolution.dilation == (1, 1)
            and convolution.groups == 1
            and convolution.bias is None
        )

    @classmethod
    def of(cls, convolution: Conv2d) -> SmallMapConv2d:
        """The same convolution: parameters, norm and activation are shared."""
        own = cls.__new__(cls)
        own.__dict__.update(convolution.__dict__)
        return own

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pixels = x.shape[0] * x.shape[2] * x.shape[3] / self.stride[0] ** 2
        if pixels >= self.PIXELS_PER_CHANNEL * self.out_channels:
            return super().forward(x)
        weight = self.weight.to(x.dtype)  # as autocast does
        x = _MatrixConvolution.apply(x, weight, self.stride[0], self.padding[0])
        if self.norm is not None:
            x = self.norm(x)
        return x if self.activation is None else self.activation(x)


class _MatrixConvolution(torch.autograd.Function):
    """Convolution as the product of image patches with the weights, channels last throughout."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: int, padding: int
    ) -> torch.Tensor:
        kernel = weight.shape[2]
        pad = (0, 0, padding, padding, padding, padding)
        padded = functional.pad(x.permute(0, 2, 3, 1), pad)
        patches = padded.unfold(1, kernel, stride).unfold(2, kernel, stride)
        images, height, width = patches.shape[:3]
        patches = patches.permute(0, 1, 2, 4, 5, 3).reshape(images * height * width, -1)
        weights = weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
        ctx.save_for_backward(patches, weights)
        ctx.geometry = (padded.shape, (height, width), kernel, stride, padding)
        return (patches @ weights.T).view(images, height, width, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        patches, weights = ctx.saved_tensors
        shape, (height, width), kernel, stride, padding = ctx.geometry
        images, _, _, channels = shape
        gradient = gradient.permute(0, 2, 3, 1).reshape(len(patches), -1)
        of_weight = (gradient.T @ patches).view(-1, kernel, kernel, channels).permute(0, 3, 1, 2)
        of_patches = (gradient @ weights).view(images, height, width, kernel, kernel, channels)
        of_input = gradient.new_zeros(shape)
        for row in range(kernel):
            for column in range(kernel):
                rows = slice(row, row + stride * height, stride)
                columns = slice(column, column + stride * width, stride)
                of_input[:, rows, columns] += of_patches[:, :, :, row, column]
        inner = slice(padding, -padding or None)
        return of_input[:, inner, inner].permute(0, 3, 1, 2), of_weight, None, None
