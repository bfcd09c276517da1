"""Comparing predicted masks with annotated ones.

Average precision follows COCO: pycocotools computes the overlaps; the matching, compiled here for
speed and for the resampling, gives pycocotools' numbers (the tests compare them). Accuracy follows
Eq. 3 of Lin et al., npj Comput. Mater. 8, 88 (2022). Annotations with iscrowd=1 are ignore regions
throughout: a detection there counts neither for nor against, and pixels covered only by them leave
the accuracy. Fractions are given in percent, as published; a value that does not exist (no particle
of that size) is NaN, which JSON holds as null.
"""

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
    "TRUE_POSITIVE",
    "accuracy",
    "bootstrap_interval",
    "classify_image",
    "classify_pixels",
    "draws_of",
    "evaluate_predictions",
    "interval_of",
    "paired_difference",
    "value_of",
]
