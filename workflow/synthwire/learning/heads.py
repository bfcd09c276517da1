"""A mask head for thin, long, crossing particles.

Detectron2's own pools a long wire's features from a coarse level of the pyramid, sees a few of its
bins at once, and ends where the predicted box ends. This one pools from the finest level, sees the
whole region, knows where in it each bin lies, and looks and draws beyond the box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional

from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ShapeSpec
from detectron2.modeling.poolers import ROIPooler
from detectron2.modeling.roi_heads.mask_head import ROI_MASK_HEAD_REGISTRY, mask_rcnn_inference
from detectron2.structures import Boxes, Instances

# Of the regions' sides to those of the boxes: a box that is too small cuts less.
REGION_SCALE = 1.25
FINEST = "p2"

Layer = TypeVar("Layer", nn.Conv2d, nn.ConvTranspose2d)


class Hourglass(nn.Module):
    """Convolutions over a region at full, half and quarter resolution, and back (Newell et al.,
    ECCV 2016): at the quarter, each bin sees the whole region.

    Takes (regions, channels, bins, bins); gives (regions, width, 2 bins, 2 bins). Two more channels
    tell each bin its place in the region.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.enter = _convolution(channels + 2, width)
        self.down = nn.ModuleList(
            [_convolution(width, 2 * width, stride=2), _convolution(2 * width, 2 * width, stride=2)]
        )
        self.middle = nn.Sequential(
            *(_convolution(2 * width, 2 * width, dilation=reach) for reach in (1, 2, 4))
        )
        self.up = nn.ModuleList(
            [_enlargement(2 * width, 2 * width), _enlargement(2 * width, width)]
        )
        self.leave = _convolution(width, width)
        self.enlarge = _enlargement(width, width)

    def forward(self, regions: torch.Tensor) -> torch.Tensor:
        bins = regions.shape[-1]
        places = torch.linspace(-1, 1, bins, dtype=regions.dtype, device=regions.device)
        rows, columns = torch.meshgrid(places, places, indexing="ij")
        # not len(), which a trace takes for a constant
        places = torch.stack([rows, columns]).expand(regions.shape[0], -1, -1, -1)
        full = self.enter(torch.cat([regions, places], dim=1))
        half = self.down[0](full)
        quarter = self.middle(self.down[1](half))
        half = functional.relu(_cut(self.up[0](quarter), half) + half)
        full = functional.relu(_cut(self.up[1](half), full) + full)
        return functional.relu(self.enlarge(self.leave(full)))


def _cut(enlarged: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """An odd number of bins comes back one too large."""
    return enlarged[..., : like.shape[-2], : like.shape[-1]]


def _convolution(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> Conv2d:
    return _initialise(
        Conv2d(
            inputs,
            outputs,
            3,
            stride=stride,
            padding=dilation,
            dilation=dilation,
            activation=functional.relu,
        )
    )


def _enlargement(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return _initialise(nn.ConvTranspose2d(inputs, outputs, 2, stride=2))


def _initialise(layer: Layer) -> Layer:
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


@ROI_MASK_HEAD_REGISTRY.register()
class HourglassMaskHead(nn.Module):
    """Masks from regions of the finest feature level, larger than the boxes, by an hourglass.

    In prediction the regions are kept beside the masks as `mask_boxes`.
    """

    @configurable
    def __init__(
        self, *, channels: int, stride: int, width: int, bins: int, samples: int, classes: int
    ) -> None:
        super().__init__()
        self.pooler = ROIPooler(bins, [1 / stride], samples, "ROIAlignV2")
        self.network = Hourglass(channels, width)
        self.predictor = nn.Conv2d(width, classes, 1)
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)  # type: ignore[arg-type]  # it has one

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: Mapping[str, ShapeSpec]) -> dict:
        head = cfg.MODEL.ROI_MASK_HEAD
        return {
            "channels": input_shape[FINEST].channels,
            "stride": input_shape[FINEST].stride,
            "width": head.CONV_DIM,
            "bins": head.POOLER_RESOLUTION,
            "samples": head.POOLER_SAMPLING_RATIO,
            "classes": cfg.MODEL.ROI_HEADS.NUM_CLASSES,
        }

    def forward(
        self, features: Mapping[str, torch.Tensor], instances: Sequence[Instances]
    ) -> dict[str, torch.Tensor] | Sequence[Instances]:
        """{"loss_mask"} in training; in prediction the instances, with `pred_masks` (N, 1, M, M)
        and `mask_boxes`.
        """
        kind = "proposal_boxes" if self.training else "pred_boxes"
        regions = [enlarge(each.get(kind)) for each in instances]
        pooled = self.pooler([features[FINEST]], regions)
        logits = self.predictor(self.network(pooled))
        if self.training:
            return {"loss_mask": mask_loss(logits, regions, instances)}
        mask_rcnn_inference(logits, instances)
        for each, boxes in zip(instances, regions, strict=True):
            each.mask_boxes = boxes
        return instances


def enlarge(boxes: Boxes) -> Boxes:
    """The boxes with sides `REGION_SCALE` times as long about the same centres."""
    centres = boxes.get_centers().repeat(1, 2)
    return Boxes(centres + REGION_SCALE * (boxes.tensor - centres))


def mask_loss(
    logits: torch.Tensor, regions: Sequence[Boxes], instances: Sequence[Instances]
) -> torch.Tensor:
    """Mean cross entropy of the pixels, and Dice loss of the masks (Milletari et al., 3DV 2016).

    logits: (regions of all images, classes, M, M). Of a thin wire's region most is ground: the
    cross entropy alone is content with little of the wire.
    """
    if not len(logits):
        return 0 * logits.sum()
    side = logits.shape[-1]
    truth = torch.cat(
        [
            each.gt_masks.crop_and_resize(boxes.tensor, side)
            for each, boxes in zip(instances, regions, strict=True)
            if len(each)
        ]
    ).to(logits)
    classes = torch.cat([each.gt_classes for each in instances])
    logits = logits[torch.arange(len(logits), device=logits.device), classes]
    entropy = functional.binary_cross_entropy_with_logits(logits, truth)
    soft = logits.sigmoid()
    shared = (soft * truth).sum(dim=(1, 2))
    sizes = (soft * soft).sum(dim=(1, 2)) + (truth * truth).sum(dim=(1, 2))
    return entropy + (1 - (2 * shared + 1) / (sizes + 1)).mean()
