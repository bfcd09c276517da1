"""Detectron2's settings of the network, of a prediction and of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from synthwire.errors import InputError
from synthwire.learning.plan import Plan

from detectron2 import model_zoo
from detectron2.config import CfgNode, get_cfg

MODEL_ZOO_CONFIG = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"


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
    MASK_HEADS[settings["mask_head"]](cfg, settings)
    return cfg


def _use_convolutions(cfg: CfgNode, settings: Mapping) -> None:
    """Detectron2's own mask head, as the model zoo's settings have it."""


def _use_hourglass(cfg: CfgNode, settings: Mapping) -> None:
    """`heads.HourglassMaskHead`."""
    cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES = True
    cfg.MODEL.ROI_MASK_HEAD.NAME = "HourglassMaskHead"
    cfg.MODEL.ROI_MASK_HEAD.POOLER_TYPE = ""  # the head takes whole feature maps


def _use_point_rend(cfg: CfgNode, settings: Mapping) -> None:
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
    cfg.MODEL.POINT_HEAD.NUM_CLASSES = cfg.MODEL.ROI_HEADS.NUM_CLASSES


# architecture.mask_head → what it changes in the network's settings
MASK_HEADS: dict[str, Callable[[CfgNode, Mapping], None]] = {
    "convolutions": _use_convolutions,
    "hourglass": _use_hourglass,
    "point_rend": _use_point_rend,
}


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
    cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST = prediction["box_nms"]
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
