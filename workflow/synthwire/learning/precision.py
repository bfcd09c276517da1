"""Numbers of 16 bits, where the machine is made for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map_only

from synthwire.learning.heads import HourglassMaskHead

from detectron2.modeling import GeneralizedRCNN
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


def lower_precision(model: GeneralizedRCNN, dtype: torch.dtype) -> None:
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


def _cast_inputs(dtype: torch.dtype) -> Callable[[torch.nn.Module, tuple], tuple]:
    return lambda _module, inputs: _cast(inputs, dtype)


def _cast(values: Any, dtype: torch.dtype) -> Any:
    return tree_map_only(torch.Tensor, lambda tensor: tensor.to(dtype), values)
