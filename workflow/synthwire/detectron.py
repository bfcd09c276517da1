"""Detectron2 made ready, and its settings for one row of the paper's Table 1.

Everything that touches Detectron2's own conventions is here; import this module before any other
part of detectron2, since it fills in what version 0.6 misses on today's Python packages.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import types
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import PIL.Image

from synthwire.errors import InputError

PAPER_IMAGES_PER_BATCH = 32
SEED_STAGE = 3


def _make_ready() -> None:
    # Detectron2 0.6 cannot change any more; users need not read this at every job.
    for message in ("pkg_resources is deprecated", "`torch.jit.script` is deprecated"):
        warnings.filterwarnings("ignore", message=message)
    # Pillow 10 removed these names, which detectron2.data.transforms still reads.
    for old, new in (("LINEAR", "BILINEAR"), ("CUBIC", "BICUBIC"), ("ANTIALIAS", "LANCZOS")):
        if not hasattr(PIL.Image, old):
            setattr(PIL.Image, old, getattr(PIL.Image.Resampling, new))
    if importlib.util.find_spec("detectron2") is None:
        raise InputError(
            "Detectron2 is not installed in this environment: run envs/install_detectron2.py with "
            "its python, or install a compiled one"
        )
    # The operators that a compiled Detectron2 brings are not needed by Mask R-CNN (torchvision has
    # ROIAlign and NMS), but its modules import the extension; a user's own compiled one stays.
    if "detectron2._C" not in sys.modules and importlib.util.find_spec("detectron2._C") is None:
        import detectron2

        empty = types.ModuleType("detectron2._C")
        sys.modules["detectron2._C"] = empty
        detectron2._C = empty


_make_ready()

from detectron2 import model_zoo  # noqa: E402
from detectron2.config import CfgNode, get_cfg  # noqa: E402

MODEL_ZOO_CONFIG = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"


class Plan(NamedTuple):
    """What one training does: a row of the model table after the config's scaling."""

    iterations: int
    learning_rate: float
    roi_batch: int  # ROI_HEADS.BATCH_SIZE_PER_IMAGE
    iou_threshold: float  # upper value of RPN.IOU_THRESHOLDS
    nms_threshold: float  # RPN.NMS_THRESH
    warmup: int
    schedule: str  # constant or cosine


def plan_row(row: Mapping, training: Mapping) -> Plan:
    """Scale one row of the model table by config["training"].

    Iterations are epochs × data set size / 32, rounded up: an epoch is a pass over the (nominal)
    data set at the paper's 4 GPUs × 8 images. `iterations_factor` scales the whole study,
    `minimum_iterations` and `maximum_iterations` bound each row.
    """
    count = math.ceil(
        training["iterations_factor"] * row["epochs"] * row["dataset_size"] / PAPER_IMAGES_PER_BATCH
    )
    if training["maximum_iterations"] is not None:
        count = min(count, training["maximum_iterations"])
    count = max(count, training["minimum_iterations"])
    return Plan(
        iterations=count,
        learning_rate=row["learning_rate"] * training["learning_rate_factor"],
        roi_batch=max(1, round(row["roi_head"] * training["roi_factor"])),
        iou_threshold=row["iou_thr"],
        nms_threshold=row["nms"],
        warmup=_warmup(count, training),
        schedule=training["schedule"],
    )


def plan_base(training: Mapping) -> Plan:
    """The shared base model that plays the part of COCO weights: config["training"]["base"]."""
    base = training["base"]
    return Plan(
        iterations=base["iterations"],
        learning_rate=base["learning_rate"],
        roi_batch=base["roi_head"],
        iou_threshold=base["iou_thr"],
        nms_threshold=base["nms"],
        warmup=_warmup(base["iterations"], training),
        schedule=base["schedule"],
    )


def _warmup(count: int, training: Mapping) -> int:
    return min(training["warmup_iterations"], math.ceil(training["warmup_fraction"] * count))


def architecture_config(settings: Mapping, classes: int = 1) -> CfgNode:
    """Detectron2 settings of the network alone: Mask R-CNN with a ResNet-FPN backbone.

    settings: config["architecture"]. With the schema's defaults it is the model zoo's Mask R-CNN
    R50-FPN 3x, unchanged but for the number of classes.
    """
    cfg = get_cfg()
    cfg.merge_from_file(model_zoo.get_config_file(MODEL_ZOO_CONFIG))
    cfg.MODEL.RESNETS.DEPTH = settings["depth"]
    if settings["depth"] < 50:
        cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64  # basic blocks do not widen their output
    cfg.MODEL.RESNETS.NORM = settings["norm"]
    cfg.MODEL.BACKBONE.FREEZE_AT = settings["freeze_at"]
    cfg.MODEL.FPN.OUT_CHANNELS = settings["fpn_channels"]
    cfg.MODEL.FPN.NORM = settings["fpn_norm"]
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[size] for size in settings["anchor_sizes_px"]]
    cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS = [list(settings["anchor_aspect_ratios"])]
    cfg.MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO = settings["pooler_samples"]
    cfg.MODEL.ROI_MASK_HEAD.POOLER_SAMPLING_RATIO = settings["pooler_samples"]
    cfg.MODEL.ROI_BOX_HEAD.FC_DIM = settings["box_head_features"]
    cfg.MODEL.ROI_MASK_HEAD.NUM_CONV = settings["mask_head_convolutions"]
    cfg.MODEL.ROI_MASK_HEAD.CONV_DIM = settings["mask_head_channels"]
    cfg.MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION = settings["mask_resolution_px"] // 2
    cfg.MODEL.RPN.PRE_NMS_TOPK_TRAIN = settings["proposals_train"] * 2
    cfg.MODEL.RPN.POST_NMS_TOPK_TRAIN = settings["proposals_train"]
    cfg.MODEL.RPN.PRE_NMS_TOPK_TEST = settings["proposals_test"]
    cfg.MODEL.RPN.POST_NMS_TOPK_TEST = settings["proposals_test"]
    cfg.MODEL.PIXEL_MEAN = list(settings["pixel_mean"])
    cfg.MODEL.PIXEL_STD = list(settings["pixel_std"])
    cfg.MODEL.RPN.BATCH_SIZE_PER_IMAGE = settings["rpn_batch"]
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = classes
    cfg.INPUT.MASK_FORMAT = "bitmask"
    if settings.get("mask_head") == "point_rend":
        _use_point_rend(cfg, settings, classes)
    elif settings.get("mask_head") == "hourglass":
        cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES = True
        cfg.MODEL.ROI_MASK_HEAD.NAME = "HourglassMaskHead"
        cfg.MODEL.ROI_MASK_HEAD.POOLER_TYPE = ""  # the head takes whole feature maps
    return cfg


def _use_point_rend(cfg: CfgNode, settings: Mapping, classes: int) -> None:
    """PointRend's mask head, with the settings of its own Mask R-CNN (Kirillov et al., 2020).

    The coarse head has as many features as the box head, the point head as many as a convolution of
    the mask head has channels; in the R50 network these are PointRend's own numbers.
    """
    from detectron2.projects.point_rend import add_pointrend_config

    add_pointrend_config(cfg)
    cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES = True
    cfg.MODEL.ROI_MASK_HEAD.NAME = "PointRendMaskHead"
    cfg.MODEL.ROI_MASK_HEAD.POOLER_TYPE = ""  # the head takes whole feature maps
    cfg.MODEL.ROI_MASK_HEAD.FC_DIM = settings["box_head_features"]
    cfg.MODEL.ROI_MASK_HEAD.POINT_HEAD_ON = True
    cfg.MODEL.POINT_HEAD.FC_DIM = settings["mask_head_channels"]
    cfg.MODEL.POINT_HEAD.NUM_CLASSES = classes


def prediction_config(
    architecture: Mapping,
    prediction: Mapping,
    *,
    nms_threshold: float,
    weights: Path,
    device: str,
    classes: int = 1,
) -> CfgNode:
    """Settings for inference with the weights of one training; prediction: config["prediction"].

    nms_threshold: of the proposal network, as in training.
    """
    cfg = architecture_config(architecture, classes)
    cfg.MODEL.RPN.NMS_THRESH = nms_threshold
    cfg.MODEL.WEIGHTS = str(weights)
    cfg.MODEL.DEVICE = device
    cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST = prediction["minimum_score"]
    cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST = prediction.get(
        "box_nms", cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST
    )
    cfg.TEST.DETECTIONS_PER_IMAGE = prediction["detections"]
    cfg.INPUT.MIN_SIZE_TEST = prediction["min_size_px"]
    cfg.INPUT.MAX_SIZE_TEST = prediction["max_size_px"]
    return cfg


def training_config(
    architecture: Mapping,
    training: Mapping,
    plan: Plan,
    *,
    weights: str,
    device: str,
    seed: int,
    output: Path,
    classes: int = 1,
) -> CfgNode:
    """Detectron2 settings of one training: stochastic gradient descent with its defaults.

    training: config["training"]. weights: a path, or "" to start from random numbers.
    """
    cfg = architecture_config(architecture, classes)
    cfg.MODEL.WEIGHTS = weights
    cfg.MODEL.DEVICE = device
    cfg.MODEL.RPN.IOU_THRESHOLDS = [cfg.MODEL.RPN.IOU_THRESHOLDS[0], plan.iou_threshold]
    cfg.MODEL.RPN.NMS_THRESH = plan.nms_threshold
    cfg.MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE = plan.roi_batch
    cfg.SOLVER.IMS_PER_BATCH = training["images_per_batch"]
    cfg.SOLVER.BASE_LR = plan.learning_rate
    cfg.SOLVER.MAX_ITER = plan.iterations
    cfg.SOLVER.WARMUP_ITERS = plan.warmup
    cfg.SOLVER.CHECKPOINT_PERIOD = training["checkpoint_period"]
    cfg.SOLVER.STEPS = ()
    cfg.SOLVER.LR_SCHEDULER_NAME = {
        "constant": "WarmupMultiStepLR",  # without steps the rate stays
        "cosine": "WarmupCosineLR",
    }[plan.schedule]
    cfg.INPUT.MIN_SIZE_TRAIN = tuple(training["min_size_px"])
    cfg.INPUT.MAX_SIZE_TRAIN = training["max_size_px"]
    cfg.DATALOADER.NUM_WORKERS = training["loader_workers"]
    cfg.SEED = seed
    cfg.OUTPUT_DIR = str(output)
    return cfg


def device_name(requested: str = "auto") -> str:
    """`cuda` where a GPU is usable, else `cpu`; a device that was asked for by name must exist."""
    import torch

    if requested == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if requested.startswith("cuda") and not torch.cuda.is_available():
        raise InputError("training.device: cuda was asked for, but torch sees no GPU here")
    return requested
