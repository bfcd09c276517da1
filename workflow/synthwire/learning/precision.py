"""What makes a trained network quicker: short numbers, folded normalisation, fewer anchors."""

from __future__ import annotations

import torch
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.utils._pytree import tree_map_only

from synthwire.learning.heads import HourglassMaskHead

from detectron2.modeling.proposal_generator.rpn import RPN
from detectron2.modeling.roi_heads.mask_head import MaskRCNNConvUpsampleHead


def native_precision(device: str) -> str:
    """The shortest numbers with which a device convolves faster than with 32 bits.

    float16 on a GPU; bfloat16 on a CPU with instructions for it, without which it is many times
    slower than float32.
    """
    if device.startswith("cuda"):
        return "float16"
    able = torch.cpu.get_capabilities()
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"


def lower_precision(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Let convolutions and matrix products work with 16-bit numbers.

    What decides stays in 32 bits: boxes, scores and the last layer of the masks.
    """
    mask_head = model.roi_heads.mask_head
    heads = [model.backbone, model.proposal_generator.rpn_head, model.roi_heads.box_head]
    if isinstance(mask_head, HourglassMaskHead):
        heads.append(mask_head.network)
    elif isinstance(mask_head, MaskRCNNConvUpsampleHead):
        heads.append(mask_head)
        mask_head.predictor.register_forward_pre_hook(_cast_inputs(torch.float32))
    for module in heads:
        module.to(dtype)
        module.register_forward_pre_hook(_cast_inputs(dtype))
        module.register_forward_hook(
            lambda _module, _inputs, outputs: _cast(outputs, torch.float32)
        )
    if isinstance(mask_head, MaskRCNNConvUpsampleHead):
        mask_head.predictor.float()


def decode_best_anchors_only(rpn: RPN) -> None:
    """Let the proposal network sort out the best anchors of each level before it decodes them.

    Detectron2 decodes all, and then takes as many of the best.
    """
    decode_and_choose = rpn.predict_proposals

    def predict_proposals(anchors, logits, deltas, image_sizes):
        best = [level.topk(min(level.shape[1], rpn.pre_nms_topk[False])) for level in logits]
        return decode_and_choose(
            [level[found.indices[0]] for level, found in zip(anchors, best, strict=True)],
            [found.values for found in best],
            [level[:, found.indices[0]] for level, found in zip(deltas, best, strict=True)],
            image_sizes,
        )

    rpn.predict_proposals = predict_proposals


def _cast_inputs(dtype: torch.dtype):
    return lambda _module, inputs: _cast(inputs, dtype)


def _cast(values, dtype: torch.dtype):
    return tree_map_only(torch.Tensor, lambda tensor: tensor.to(dtype), values)


def fold_normalisation(model: torch.nn.Module) -> None:
    """Take each batch normalisation, constant in evaluation, into the convolution before it."""
    for module in model.modules():
        norm = getattr(module, "norm", None)
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
            module.norm = None
