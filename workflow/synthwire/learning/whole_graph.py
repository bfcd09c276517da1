"""A trained model as one ONNX graph, from the grey picture to boxes, scores and masks.

Other programs run it without any code of ours; what `inference.portable` does between its three
graphs is here part of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.ops import batched_nms

from synthwire.errors import InputError
from synthwire.inference.regions import LARGEST_STEP
from synthwire.learning.export import (
    BoxHead,
    Network,
    Pooled,
    Pyramid,
    load_network,
    mask_head,
    onnx_graph,
)

OUTPUTS = ("boxes", "scores", "frames", "masks")


def whole_graph(weights: Path, card: Mapping[str, Any]) -> tuple[bytes, int]:
    """The graph of a model of one class, and what an image's sides must be divisible by.

    Input `image` (1, 1, y, x): grey values of 0 to 255. Outputs, best score first: `boxes` (N, 4)
    as x0, y0, x1, y1; `scores` (N,); `frames` (N, 4), the regions that the masks fill; `masks`
    (N, M, M), probabilities. InputError where the model has no such form.
    """
    if len(card["categories"]) != 1:
        raise InputError(f"{weights}: only a model of one class can be one graph")
    net = load_network(weights, card)
    graph = onnx_graph(
        _Whole(net).eval(),
        [_example()],
        ["image"],
        list(OUTPUTS),
        {"image": {2: "y", 3: "x"}, **{name: {0: "count"} for name in OUTPUTS}},
    )
    return graph, int(net.settings["divisibility"])


def _example() -> torch.Tensor:
    """A picture on which random and trained networks alike find something."""
    return 255 * torch.rand(1, 1, 128, 160, generator=torch.Generator().manual_seed(0))


class _Whole(nn.Module):
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.known = net.settings
        heads = net.model.roi_heads
        self.pyramid, self.box_head, self.mask_head = (
            Pyramid(net.model),
            Pooled(heads.box_pooler, BoxHead(heads)),
            Pooled(net.mask_pooler, mask_head(net)),
        )
        self.register_buffer("mean", net.model.pixel_mean.reshape(1, -1, 1, 1))
        self.register_buffer("std", net.model.pixel_std.reshape(1, -1, 1, 1))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        known = self.known
        found = self.pyramid((image.expand(-1, 3, -1, -1) - self.mean) / self.std)
        count = len(known["levels"])
        features = dict(zip(known["levels"], found[:count], strict=True))
        height, width = torch._shape_as_tensor(image)[2:].to(image.dtype)
        limits = torch.stack([width, height, width, height])
        proposals = self._proposals(found[count : 2 * count], found[2 * count :], limits)
        scores, deltas = self._see("boxes", self.box_head, features, proposals)
        scores = scores[:, 0]  # of the only class; the other is that of the ground
        boxes = _clipped(_moved(proposals, deltas, known["box_weights"]), limits)
        sure = torch.nonzero(scores > known["minimum_score"])[:, 0]
        boxes, scores = boxes[sure], scores[sure]
        kept = batched_nms(boxes, scores, torch.zeros_like(sure), known["box_nms"])
        kept = kept[: known["detections"]]
        boxes, scores = boxes[kept], scores[kept]
        centres = ((boxes[:, :2] + boxes[:, 2:]) / 2).repeat(1, 2)
        frames = centres + known["region_scale"] * (boxes - centres)
        (logits,) = self._see("masks", self.mask_head, features, frames)
        return boxes, scores, frames, logits[:, 0].sigmoid()

    def _proposals(
        self, scores: Sequence[torch.Tensor], deltas: Sequence[torch.Tensor], limits: torch.Tensor
    ) -> torch.Tensor:
        known = self.known
        boxes, sure, groups = [], [], []
        for level, (score, delta) in enumerate(zip(scores, deltas, strict=True)):
            rows, columns = score.shape[2:]
            cells = torch.tensor(known["anchors"][level])
            stride = known["strides"][level]
            y = (torch.arange(rows) + known["offset"]) * stride
            x = (torch.arange(columns) + known["offset"]) * stride
            y, x = (grid.reshape(-1) for grid in torch.meshgrid(y, x, indexing="ij"))
            anchors = (torch.stack([x, y, x, y], dim=1)[:, None] + cells[None]).reshape(-1, 4)
            steps = delta[0].reshape(len(cells), 4, rows, columns).permute(2, 3, 0, 1)
            flat, order = score[0].permute(1, 2, 0).reshape(-1).sort(descending=True)
            best = order[: known["proposals_before"]]
            boxes.append(
                _moved(anchors[best], steps.reshape(-1, 4)[best], known["proposal_weights"])
            )
            sure.append(flat[: known["proposals_before"]])
            groups.append(torch.full_like(best, level))
        found = _clipped(torch.cat(boxes), limits)
        full = torch.nonzero((found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1]))[:, 0]
        found = found[full]
        kept = batched_nms(
            found, torch.cat(sure)[full], torch.cat(groups)[full], known["proposal_nms"]
        )
        return found[kept[: known["proposals_after"]]]

    def _see(
        self, part: str, head: nn.Module, features: Mapping[str, torch.Tensor], boxes: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """What a head says of regions (N, 4), in their order."""
        pooling = self.known[part]
        names = pooling["levels"]
        side, canonical = pooling["canonical"]
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        levels = torch.floor(canonical + torch.log2(areas.sqrt() / side + 1e-8))
        levels = levels.clamp(pooling["least"], pooling["most"]) - pooling["least"]
        regions = nn.functional.pad(boxes, (1, 0))  # of the first image
        places = [torch.nonzero(levels == level)[:, 0] for level in range(len(names))]
        found = head(*(features[name] for name in names), *(regions[place] for place in places))
        back = torch.cat(places).sort()[1]
        return tuple(item[back] for item in (found if isinstance(found, tuple) else (found,)))


def _moved(boxes: torch.Tensor, deltas: torch.Tensor, weights: Sequence[float]) -> torch.Tensor:
    """As `inference.regions.moved`."""
    sides = boxes[:, 2:] - boxes[:, :2]
    steps = deltas / torch.tensor(weights)
    centres = steps[:, :2] * sides + boxes[:, :2] + 0.5 * sides
    half = 0.5 * steps[:, 2:].clamp(max=LARGEST_STEP).exp() * sides
    return torch.cat([centres - half, centres + half], dim=1)


def _clipped(boxes: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    return torch.minimum(boxes.clamp(min=0), limits)
