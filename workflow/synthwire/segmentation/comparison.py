"""A result against outlines of its image that are known to be right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.schema import validate
from synthwire.segmentation.left_out import searched
from synthwire.segmentation.result_files import png

if TYPE_CHECKING:
    from synthwire.segmentation.result import Segmentation


def evaluate(result: Segmentation, outlines: Sequence[Mapping]) -> dict:
    """All metrics of a result against outlines, COCO annotations.

    Average precision is over all scores; what is counted at one, at the selection's threshold.
    Nested, small and removed detections count for nothing, as in the selection. The keys are
    those of `evaluation.evaluate.evaluate_predictions`.
    """
    settings = validate({}, "evaluation.schema.yaml", "evaluation")
    most = max(len(result.results), *settings["detections"])
    return evaluate_predictions(
        {
            "images": [result.record],
            "categories": result.categories,
            "annotations": _of_image(result, outlines),
        },
        [result.annotations[number - 1] for number in result.ids_from(0.0)],
        {
            **settings,
            "accuracy_score": result.threshold,
            "detections": [most, most],
            "bootstrap_replicates": 0,
        },
    )


def comparison_files(result: Segmentation, outlines: Sequence[Mapping]) -> dict[str, bytes]:
    """Content of each file of `COMPARISON_FILES`: both drawn, and `evaluate`.

    outlines: COCO annotations; those with iscrowd = 1 count neither for nor against.
    """
    from synthwire.figures.prediction import draw_prediction  # here, as it is not always asked for

    evaluation = evaluate(result, outlines)
    record = result.record
    picture = AnnotatedImage(
        Path(result.name),
        result.page or 0,
        record["id"],
        record["width"],
        record["height"],
        result.name,
        tuple(_of_image(result, outlines)),
        result.pixel_size_nm,
    )
    picture.__dict__["pixels"] = result.image  # it is here; the file may be gone or elsewhere
    drawing = draw_prediction(picture, result.selected, result.info["model"], evaluation, score=0.0)
    return {
        "comparison.png": png(drawing.figure),
        "evaluation.json": (json.dumps(evaluation, indent=1) + "\n").encode(),
    }


def _of_image(result: Segmentation, outlines: Sequence[Mapping]) -> list[dict]:
    """Outlines of what was searched, with the id of the result's image, whatever one they had."""
    of_image = {"image_id": result.record["id"]}
    return [item | of_image for item in searched(outlines, result.info)]
