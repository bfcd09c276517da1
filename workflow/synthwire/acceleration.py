"""Detectron2's Mask R-CNN, quicker: the same arithmetic, in an order that suits the machine.

Profiles of a training step on a CPU show, beside the convolutions, torchvision's scalar ROIAlign
(a tenth of the step), copies between memory layouts (another tenth), and an optimiser that walks
over the weights several times. What is here removes these; a Detectron2 model keeps its
parameters' names, its checkpoints and, within rounding, its results.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils._pytree import tree_map_only

from synthwire import detectron  # noqa: F401  first: it makes detectron2 importable

from detectron2.layers import Conv2d, ROIAlign  # isort: skip
from detectron2.modeling.poolers import ROIPooler, assign_boxes_to_levels  # isort: skip
from detectron2.modeling.poolers import convert_boxes_to_pooler_format  # isort: skip
from detectron2.structures import BitMasks  # isort: skip

# Modules whose outputs become boxes, scores and losses.
DECIDING = ("proposal_generator.rpn_head", "roi_heads.box_predictor", "mask_head.predictor")

HALF = np.float32(0.5)
ONE = np.float32(1)


def accelerate(model: nn.Module) -> nn.Module:
    """Prepare a built Detectron2 model, in place, for quick training and prediction; returns it.

    Convolutions work on pixels whose channels lie together (channels_last). On a CPU, regions are
    pooled by the kernels of this module.
    """
    model.to(memory_format=torch.channels_last)
    model.backbone.register_forward_pre_hook(_channels_last_input)
    for name, module in model.named_modules():
        if name.endswith(DECIDING):
            module.register_forward_hook(_in_32_bits)
    if next(model.parameters()).device.type == "cpu":
        for parent in list(model.modules()):
            for name, child in parent.named_children():
                if type(child) is ROIPooler and _can_pool(child):
                    setattr(parent, name, Pooler(child))
                elif type(child) is Conv2d and SmallMapConv2d.suits(child):
                    setattr(parent, name, SmallMapConv2d.of(child))
    return model


def _channels_last_input(module: nn.Module, inputs: tuple) -> tuple:
    return (inputs[0].contiguous(memory_format=torch.channels_last), *inputs[1:])


def _in_32_bits(module: nn.Module, inputs: tuple, outputs):
    """Losses and boxes are computed from numbers of full length, under autocast as well."""
    return tree_map_only(torch.Tensor, torch.Tensor.float, outputs)


def _can_pool(pooler: ROIPooler) -> bool:
    return all(isinstance(level, ROIAlign) and level.aligned for level in pooler.level_poolers)


class SmallMapConv2d(Conv2d):
    """Detectron2's Conv2d, as one matrix product where the map is small beside the weights.

    oneDNN brings weights and their gradients into an order of its own and back. At a deep stage's
    few pixels this takes longer than the convolution.
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
    def forward(ctx, x, weight, stride, padding):
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
    def backward(ctx, gradient):
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


class Pooler(nn.Module):
    """Detectron2's ROIPooler with aligned ROIAlign, for 32-bit features on a CPU."""

    def __init__(self, pooler: ROIPooler) -> None:
        super().__init__()
        self.bins = pooler.output_size[0]
        self.scales = [float(level.spatial_scale) for level in pooler.level_poolers]
        self.samples = int(pooler.level_poolers[0].sampling_ratio)
        self.levels = (pooler.min_level, pooler.max_level)
        self.canonical = (pooler.canonical_box_size, pooler.canonical_level)

    def forward(self, features: list[torch.Tensor], box_lists: list) -> torch.Tensor:
        """Features of all boxes, (boxes, channels, bins, bins).

        features: of each level, (images, channels, height, width). box_lists: Boxes of each image.
        """
        rois = convert_boxes_to_pooler_format(box_lists)
        levels = assign_boxes_to_levels(box_lists, *self.levels, *self.canonical)
        return _PoolRegions.apply(
            rois.numpy(),
            levels.numpy(),
            self.scales,
            self.samples,
            self.bins,
            *(feature.float() for feature in features),
        )


def _pixels(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values as (…, height, width, channels), without a copy where they lie so."""
    return tensor.detach().permute(0, 2, 3, 1).contiguous().numpy()


class _PoolRegions(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rois, levels, scales, samples, bins, *features):
        ctx.regions = (rois, levels, scales, samples)
        ctx.shapes = [feature.shape for feature in features]
        pooled = torch.empty(len(rois), bins, bins, features[0].shape[1])
        for level, (feature, scale) in enumerate(zip(features, scales, strict=True)):
            which = np.flatnonzero(levels == level)
            if len(which):
                _pool(_pixels(feature), rois, which, np.float32(scale), samples, pooled.numpy())
        return pooled.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, gradient):
        rois, levels, scales, samples = ctx.regions
        pooled = _pixels(gradient)
        gradients = []
        for level, (shape, scale) in enumerate(zip(ctx.shapes, scales, strict=True)):
            images, channels, height, width = shape
            feature = torch.zeros(images, height, width, channels)
            which = np.flatnonzero(levels == level)
            if len(which):
                _spread(pooled, rois, which, np.float32(scale), samples, feature.numpy())
            gradients.append(feature.permute(0, 3, 1, 2))
        return None, None, None, None, None, *gradients


@numba.njit(cache=True, nogil=True)
def _taps(start, length, bins, samples, cells):
    """Where the samples along one side of a region lie: lower cell, upper cell, upper's weight.

    start, length: of the region, in cells. A sample outside of the map has a lower cell of -1.
    The conventions are those of torchvision's ROIAlign.
    """
    low = np.empty(bins * samples, np.int64)
    high = np.empty(bins * samples, np.int64)
    weight = np.empty(bins * samples, np.float32)
    side = length / np.float32(bins)
    for index in range(bins * samples):
        at = (
            start
            + np.float32(index // samples) * side
            + (np.float32(index % samples) + HALF) * side / np.float32(samples)
        )
        if at < -1 or at > cells:
            low[index] = -1
            continue
        cell = int(max(at, np.float32(0)))
        low[index] = min(cell, cells - 1)
        high[index] = min(cell + 1, cells - 1)
        weight[index] = max(at, np.float32(0)) - np.float32(cell) if cell < cells - 1 else 0
    return low, high, weight


@numba.njit(cache=True, nogil=True)
def _grid(box, scale, bins, samples, height, width):
    """Sample positions of one region along y and x, and the weight of one sample."""
    left = box[1] * scale - HALF
    top = box[2] * scale - HALF
    across = box[3] * scale - HALF - left
    down = box[4] * scale - HALF - top
    rows = samples if samples > 0 else int(np.ceil(down / np.float32(bins)))
    columns = samples if samples > 0 else int(np.ceil(across / np.float32(bins)))
    return (
        rows,
        columns,
        _taps(top, down, bins, rows, height),
        _taps(left, across, bins, columns, width),
        ONE / np.float32(max(rows * columns, 1)),
    )


@numba.njit(cache=True, nogil=True)
def _pool(feature, rois, which, scale, samples, pooled):
    """ROIAlign: the regions `which` of `rois` (image, x0, y0, x1, y1), from one map into `pooled`.

    feature: (images, height, width, channels); pooled: (regions, bins, bins, channels).
    """
    bins = pooled.shape[1]
    _, height, width, channels = feature.shape
    for region in which:
        image = feature[int(rois[region, 0])]
        rows, columns, (y0, y1, wy), (x0, x1, wx), share = _grid(
            rois[region], scale, bins, samples, height, width
        )
        for i in range(bins):
            for j in range(bins):
                total = pooled[region, i, j]
                total[:] = 0
                for a in range(i * rows, (i + 1) * rows):
                    for b in range(j * columns, (j + 1) * columns):
                        if y0[a] < 0 or x0[b] < 0:
                            continue
                        w00 = (ONE - wy[a]) * (ONE - wx[b]) * share
                        w01 = (ONE - wy[a]) * wx[b] * share
                        w10 = wy[a] * (ONE - wx[b]) * share
                        w11 = wy[a] * wx[b] * share
                        p00 = image[y0[a], x0[b]]
                        p01 = image[y0[a], x1[b]]
                        p10 = image[y1[a], x0[b]]
                        p11 = image[y1[a], x1[b]]
                        for c in range(channels):
                            total[c] += w00 * p00[c] + w01 * p01[c] + w10 * p10[c] + w11 * p11[c]


@numba.njit(cache=True, nogil=True)
def _spread(pooled, rois, which, scale, samples, feature):
    """The transpose of `_pool`: adds the regions' gradients to the map's."""
    bins = pooled.shape[1]
    _, height, width, channels = feature.shape
    for region in which:
        image = feature[int(rois[region, 0])]
        rows, columns, (y0, y1, wy), (x0, x1, wx), share = _grid(
            rois[region], scale, bins, samples, height, width
        )
        for i in range(bins):
            for j in range(bins):
                part = pooled[region, i, j]
                for a in range(i * rows, (i + 1) * rows):
                    for b in range(j * columns, (j + 1) * columns):
                        if y0[a] < 0 or x0[b] < 0:
                            continue
                        for y, up in ((y0[a], ONE - wy[a]), (y1[a], wy[a])):
                            for x, along in ((x0[b], ONE - wx[b]), (x1[b], wx[b])):
                                weight = up * along * share
                                cell = image[y, x]
                                for c in range(channels):
                                    cell[c] += weight * part[c]


class SharedBitMasks(BitMasks):
    """The masks that a list of regions belongs to, without a copy for each region.

    Stands where Detectron2 has BitMasks in `gt_masks`: it picks each proposal's mask out of the
    image's, at which a BitMasks copies whole images.
    """

    @property
    def tensor(self) -> torch.Tensor:
        """A copy of each entry's mask; PointRend asks for it."""
        return self._masks[self._index]

    @property
    def image_size(self) -> tuple[int, int]:
        return self._masks.shape[1], self._masks.shape[2]

    def __init__(self, masks: torch.Tensor, index: torch.Tensor | None = None) -> None:
        """masks: bool (masks, height, width); index: the mask of each entry, all by default."""
        self._masks = masks
        self._index = torch.arange(len(masks)) if index is None else index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, item) -> SharedBitMasks:
        return SharedBitMasks(self._masks, self._index[item])

    def to(self, *args, **kwargs) -> SharedBitMasks:
        return SharedBitMasks(self._masks.to(*args, **kwargs), self._index.to(*args, **kwargs))

    def crop_and_resize(self, boxes: torch.Tensor, mask_size: int) -> torch.Tensor:
        """Each entry's mask within its box at the size of the predicted masks, bool."""
        if boxes.device.type != "cpu":
            return BitMasks(self._masks[self._index]).crop_and_resize(boxes, mask_size)
        rois = np.column_stack([self._index.numpy(), boxes.numpy()]).astype(np.float32)
        shares = np.empty((len(self), mask_size, mask_size, 1), np.float32)
        masks = self._masks.numpy().view(np.uint8)[..., None]
        _pool(masks, rois, np.arange(len(self)), ONE, 0, shares)
        return torch.from_numpy(shares[..., 0] >= HALF)


class FusedSGD(torch.optim.SGD):
    """Stochastic gradient descent with momentum, in one pass over the weights.

    torch's own fused kernel wants values in the order of their indices and copies those whose
    channels lie last; here they are shown to it in the order of their memory.
    """

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            torch._fused_sgd_(
                [_in_order_of(parameter, parameter) for parameter in parameters],
                [_in_order_of(parameter, parameter.grad) for parameter in parameters],
                [_in_order_of(parameter, self._momentum(parameter)) for parameter in parameters],
                weight_decay=group["weight_decay"],
                momentum=group["momentum"],
                lr=group["lr"],
                dampening=group["dampening"],
                nesterov=group["nesterov"],
                maximize=group["maximize"],
                is_first_step=False,
            )

    def _momentum(self, parameter: torch.Tensor) -> torch.Tensor:
        """The parameter's momentum, in the parameter's order of memory; zero at the first step."""
        state = self.state[parameter]
        buffer = state.get("momentum_buffer")
        if buffer is None:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        elif buffer.stride() != parameter.stride():
            state["momentum_buffer"] = torch.empty_like(parameter).copy_(buffer)
        return state["momentum_buffer"]


def _in_order_of(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    if parameter.dim() == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.contiguous()
