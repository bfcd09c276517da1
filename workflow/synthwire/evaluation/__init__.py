"""Masks against masks: what a model found against what was annotated.

Average precision follows COCO: pycocotools computes the overlaps; the matching, written here for
the resampling, gives pycocotools' numbers (the tests compare them). Accuracy follows
Eq. 3 of Lin et al., npj Comput. Mater. 8, 88 (2022). Annotations with iscrowd=1 are ignore regions
throughout: a detection there counts neither for nor against, and pixels covered only by them leave
the accuracy. Fractions are given in percent, as published; a value that does not exist (no particle
of that size) is NaN, which JSON holds as null.

evaluate.py brings all metrics of a model together; case.py checks annotations and detections, pairs
them and parts them into units to be resampled; matching.py matches them as COCO does. One file a
question: average_precision, pixels (accuracy), instances (F1, panoptic quality, counts), boundary,
overlap (crossing particles), uncertainty (bootstrap). suppression.py removes doubtful detections.
"""

from synthwire.evaluation.average_precision import METRICS, RECALL_LEVELS
from synthwire.evaluation.case import KINDS
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.evaluation.pixels import (
    BACKGROUND,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    IGNORED,
    TRUE_POSITIVE,
    accuracy,
    classify_image,
    classify_pixels,
)
from synthwire.evaluation.suppression import (
    choose_suppression,
    mask_nms,
    remove_nested,
    soft_nms,
)
from synthwire.evaluation.uncertainty import (
    bootstrap_interval,
    draws_of,
    interval_of,
    paired_difference,
    value_of,
)

__all__ = [
    "BACKGROUND",
    "FALSE_NEGATIVE",
    "FALSE_POSITIVE",
    "IGNORED",
    "KINDS",
    "METRICS",
    "RECALL_LEVELS",
    "TRUE_POSITIVE",
    "accuracy",
    "bootstrap_interval",
    "choose_suppression",
    "classify_image",
    "classify_pixels",
    "draws_of",
    "evaluate_predictions",
    "interval_of",
    "mask_nms",
    "paired_difference",
    "remove_nested",
    "soft_nms",
    "value_of",
]
