"""A trained model in ONNX's form, for `inference.portable`."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn import functional
from torchvision.ops import roi_align

from synthwire.errors import InputError
from synthwire.inference.portable import write_portable
from synthwire.learning import network
from synthwire.learning.heads import REGION_SCALE, Hourglass, HourglassMaskHead
from synthwire.learning.predict import StrictCheckpointer

from detectron2.modeling import build_model
from detectron2.modeling.poolers import ROIPooler
from detectron2.modeling.roi_heads.mask_head import MaskRCNNConvUpsampleHead

OPSET = 17  # the first of 16 and later that PyTorch's exporter and onnxruntime both know well


class Network(NamedTuple):
    """A model whose parts have a form in ONNX: Detectron2's network, and how masks are pooled."""

    model: Any
    hourglass: bool
    mask_levels: list[str]
    mask_pooler: ROIPooler

    @property
    def levels(self) -> list[str]:
        """Names of the pyramid's levels, the finest first."""
        return [*self.model.backbone.output_shape()]

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of what goes on between the layers."""
        heads, proposals = self.model.roi_heads, self.model.proposal_generator
        classes, anchors = heads.box_predictor, proposals.anchor_generator
        return {
            "levels": self.levels,
            "mean": [float(value) for value in self.model.pixel_mean.ravel()],
            "std": [float(value) for value in self.model.pixel_std.ravel()],
            "divisibility": self.model.backbone.size_divisibility,
            "anchors": [cells.tolist() for cells in anchors.cell_anchors],
            "strides": list(anchors.strides),
            "offset": anchors.offset,
            "proposal_weights": list(proposals.box2box_transform.weights),
            "proposals_before": proposals.pre_nms_topk[False],
            "proposals_after": proposals.post_nms_topk[False],
            "proposal_nms": proposals.nms_thresh,
            "box_weights": list(classes.box2box_transform.weights),
            "minimum_score": classes.test_score_thresh,
            "box_nms": classes.test_nms_thresh,
            "detections": classes.test_topk_per_image,
            "boxes": _pooling(heads.box_in_features, heads.box_pooler),
            "masks": _pooling(self.mask_levels, self.mask_pooler),
            "region_scale": REGION_SCALE if self.hourglass else 1.0,
        }


def load_network(weights: Path, card: Mapping[str, Any]) -> Network:
    """A model's network, ready for export; InputError where it has no form in ONNX."""
    if card["architecture"]["mask_head"] == "point_rend":
        raise InputError(
            f"{weights}: PointRend's mask head has no portable form; it runs with PyTorch alone"
        )
    cfg = network.prediction_config(
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        weights=weights,
        device="cpu",
        classes=len(card["categories"]),
    )
    model = build_model(cfg)
    StrictCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    model.eval()
    heads = model.roi_heads
    hourglass = isinstance(heads.mask_head, HourglassMaskHead)
    if not hourglass and not isinstance(heads.mask_head, MaskRCNNConvUpsampleHead):
        raise InputError(f"{weights}: {type(heads.mask_head).__name__} has no portable form")
    mask_levels = ["p2"] if hourglass else list(heads.mask_in_features)
    pooler = heads.mask_head.pooler if hourglass else heads.mask_pooler
    return Network(model, hourglass, mask_levels, pooler)


def export_model(weights: Path, card: Mapping[str, Any], output: Path) -> None:
    """Write the portable form of a model to `output`.

    card: as `segmentation.models.find_model` gives it. InputError where the mask head has no such
    form, and where the weights do not fit.
    """
    net = load_network(weights, card)
    heads, levels = net.model.roi_heads, net.levels
    picture = torch.zeros(1, 3, 128, 160)
    channels = next(iter(net.model.backbone.output_shape().values())).channels
    graphs = {
        "pyramid": onnx_graph(
            _PyramidChannelsLast(net.model),
            [picture],
            ["picture"],
            [*levels, *(f"{kind}_{name}" for kind in ("score", "delta") for name in levels)],
            {"picture": {2: "height", 3: "width"}},
        ),
        "boxes": _regions_graph(heads.box_pooler, channels, BoxHead(heads), ["scores", "deltas"]),
        "masks": _regions_graph(net.mask_pooler, channels, mask_head(net), ["logits"]),
    }
    write_portable(output, graphs, net.settings, card)


def _pooling(levels: Sequence[str], pooler: ROIPooler) -> dict[str, Any]:
    scales, samples = _sampling(pooler)
    return {
        "levels": list(levels),
        "least": pooler.min_level,
        "most": pooler.max_level,
        "canonical": [pooler.canonical_box_size, pooler.canonical_level],
        "bins": pooler.output_size[0],
        "scales": scales,
        "samples": samples,
    }


def _sampling(pooler: ROIPooler) -> tuple[list[float], int]:
    """Scale of each level, and samples along each side of a bin."""
    scales = [float(level.spatial_scale) for level in pooler.level_poolers]
    return scales, int(pooler.level_poolers[0].sampling_ratio)


class Pyramid(nn.Module):
    """Of a normalised picture: features, scores and steps of the anchors, of each level."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.proposal_generator.rpn_head

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features = list(self.backbone(picture).values())
        scores, deltas = self.head(features)
        return (*features, *scores, *deltas)


class _PyramidChannelsLast(Pyramid):
    """The same with features (1, height, width, channels)."""

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = super().forward(picture)
        count = len(found) // 3
        return (*(level.permute(0, 2, 3, 1) for level in found[:count]), *found[count:])


class Pooled(nn.Module):
    """A head on regions (N, 5) of each level, pooled level by level."""

    def __init__(self, pooler: ROIPooler, head: nn.Module) -> None:
        super().__init__()
        self.bins = pooler.output_size[0]
        self.scales, self.samples = _sampling(pooler)
        self.head = head

    def forward(self, *inputs: torch.Tensor) -> Any:
        count = len(self.scales)
        pooled = [
            roi_align(feature, regions, self.bins, scale, self.samples, aligned=True)
            for feature, regions, scale in zip(
                inputs[:count], inputs[count:], self.scales, strict=True
            )
        ]
        return self.head(torch.cat(pooled))


class BoxHead(nn.Module):
    """Scores of the classes and steps of pooled regions (N, channels, bins, bins)."""

    def __init__(self, heads: Any) -> None:
        super().__init__()
        self.head, self.predictor = heads.box_head, heads.box_predictor

    def forward(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores, deltas = self.predictor(self.head(pooled))
        return scores.softmax(dim=1), deltas


def mask_head(net: Network) -> nn.Module:
    """What gives the logits of masks of pooled regions (N, channels, bins, bins)."""
    head = net.model.roi_heads.mask_head
    return _Hourglass(head.network, head.predictor) if net.hourglass else _Layers(head)


class _Layers(nn.Module):
    def __init__(self, head: Any) -> None:
        super().__init__()
        self.head = head

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        return self.head.layers(pooled)


class _Hourglass(nn.Module):
    """An hourglass with its last layer, in a form that onnxruntime computes in half the time.

    Each bin of the last enlargement has its four parts as channels until the end.
    """

    def __init__(self, network: Hourglass, predictor: nn.Conv2d) -> None:
        super().__init__()
        quick: Any = copy.deepcopy(network)
        into = network.enlarge.weight.permute(2, 3, 1, 0).flatten(0, 2)[:, :, None, None]
        quick.enlarge = _convolution(into, _bias(network.enlarge).repeat(4))
        quick.enter = _Filled(network.enter)
        self.network = quick
        apart = torch.block_diag(*[predictor.weight[:, :, 0, 0]] * 4)
        # a part's classes lie together; for the shuffle, a class's parts do
        order = torch.arange(len(apart)).reshape(4, -1).T.flatten()
        last = apart[order][:, :, None, None], _bias(predictor).repeat_interleave(4)
        self.predictor = _convolution(*last)

    def forward(self, regions: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(self.predictor(self.network(regions)), 2)


class _Filled(nn.Module):
    """A layer whose channels are filled up to a multiple of eight: so it is quicker."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.more = -layer.in_channels % 8
        self.layer = _convolution(
            functional.pad(layer.weight, (0, 0, 0, 0, 0, self.more)), _bias(layer)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.layer(functional.pad(x, (0, 0, 0, 0, 0, self.more))))


def _bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> torch.Tensor:
    return layer.bias if layer.bias is not None else layer.weight.new_zeros(layer.out_channels)


def _convolution(weight: torch.Tensor, bias: torch.Tensor) -> nn.Conv2d:
    """A convolution with these weights that keeps the number of bins."""
    side = weight.shape[-1]
    layer = nn.Conv2d(weight.shape[1], len(weight), side, padding=side // 2)
    layer.weight, layer.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
    return layer


class _ChannelsLast(nn.Module):
    """A head of pooled regions (N, bins, bins, channels)."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, pooled: torch.Tensor) -> Any:
        return self.head(pooled.permute(0, 3, 1, 2))


def _regions_graph(pooler: ROIPooler, channels: int, head: nn.Module, outputs: list[str]) -> bytes:
    regions = torch.zeros(2, *pooler.output_size, channels)
    dynamic = {name: {0: "count"} for name in ("regions", *outputs)}
    return onnx_graph(_ChannelsLast(head).eval(), [regions], ["regions"], outputs, dynamic)


def onnx_graph(
    module: nn.Module,
    inputs: Sequence[torch.Tensor],
    names: list[str],
    outputs: list[str],
    dynamic: dict[str, dict[int, str]],
) -> bytes:
    """An ONNX graph, with its weights in 16 bits where they lose nothing by it.

    Normalisation stays a layer of its own, since folded weights would need 32 bits; onnxruntime
    folds it when it loads the graph.
    """
    content = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of tracing: shapes are dynamic where they need be
        torch.onnx.export(
            module,
            tuple(inputs),
            content,  # type: ignore[arg-type]  # a file does as well as a path
            input_names=names,
            output_names=outputs,
            dynamic_axes=dynamic,
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load_from_string(content.getvalue())
    _shorten(model.graph)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _shorten(graph: onnx.GraphProto) -> None:
    """Store weights as 16 bits and cast them back, where that gives the same numbers."""
    casts = []
    for weight in graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):
            short = values.astype(np.float16)
        if values.size < 64 or not np.array_equal(short.astype(np.float32), values):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(short, f"{name}.short"))
        casts.append(helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
