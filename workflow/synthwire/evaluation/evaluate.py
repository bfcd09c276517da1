"""All metrics of one model on one image set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthwire.evaluation.average_precision import coco_metrics, precision_recall
from synthwire.evaluation.boundary import boundary_scores, outline_counts
from synthwire.evaluation.case import KINDS, Case, check_inputs, make_case
from synthwire.evaluation.instances import count_error, count_hits, f1_scores, panoptic
from synthwire.evaluation.matching import IOU_THRESHOLDS, Matching, match_by_area
from synthwire.evaluation.overlap import match_by_overlap, overlap_metrics
from synthwire.evaluation.pixels import accuracy, pixel_accuracy
from synthwire.evaluation.suppression import remove_nested
from synthwire.evaluation.uncertainty import Measured, resample
from synthwire.io.files import json_ready


def evaluate_predictions(
    ground_truth: dict, predictions: list, settings: Mapping, *, seed: int = 0
) -> dict:
    """All metrics of one model on one image set.

    `ground_truth` is a COCO data set, `predictions` a list of COCO results
    `{image_id, category_id, score, segmentation: RLE[, bbox]}`; `settings` are the config's
    `evaluation`. The result holds only what JSON can hold:

    - `accuracy`: TP/(TP+FP+FN) in percent over the pixels of all images (Eq. 3), the foreground
      being the union of masks with score ≥ `accuracy_score`; `pixels`: those counts;
    - `bbox`, `segm`: {ap, ap50, ap75, aps, apm, apl} in percent, scores ≥ 0.05, at most
      `detections[0]` detections an image; `bbox_score70`, `segm_score70`: the same for scores
      ≥ `accuracy_score` (the key tells the score); `bbox_500`, `segm_500`: the same for
      at most `detections[1]` detections (the key tells the number); `bbox_unnested`,
      `segm_unnested`: the same without masks nested in larger ones of at least `accuracy_score`,
      the post-processing that the paper names and leaves out;
    - `counts`: images, ground_truth (without ignored), ignored, predictions, and
      predictions_score70;
    - `precision_recall`: recall and precision after each detection (masks, IoU 0.5) and the
      interpolated envelope (Fig. 12 of the paper), as fractions;
    - `thresholds`: for each IoU from 0.5 to 0.95 the true and false positives, the particles
      missed, and precision, recall and F1 in percent, of masks with score ≥ `accuracy_score`;
    - `panoptic`: {pq, sq, rq} in percent, the same masks at IoU 0.5;
    - `count`: annotated and predicted particles (the same masks; those on ignored outlines do
      not count), their difference `error`, `relative_error` in percent, and the mean of the
      images' absolute differences;
    - `boundary`: {precision, recall, f1} in percent of the pixels on particles' outlines, within
      `boundary_tolerance_px`;
    - `overlap`: a list over ranges of the fraction of a particle that others cover (parted at
      `overlap_limits`): {low, high, ground_truth, ap, ap50, recall50} for masks;
    - `uncertainty`: bootstrap intervals, see `uncertainty.resample`;
    - `per_image`: image_id, file_name, page, accuracy, tp, fp, fn, ground_truth, predictions.

    Where `settings` lacks `boundary_tolerance_px`, `overlap_limits` or `bootstrap_replicates`,
    that part is left out. Models evaluated with one `seed` are resampled alike, so that their
    differences can be tested in pairs (`paired_difference`).

    InputError names the prediction that does not fit the data set.
    """
    truth, results = check_inputs(ground_truth, predictions)
    score = settings["accuracy_score"]
    usual, most = settings["detections"]
    of_score = f"score{round(100 * score):02d}"
    case = make_case(truth, results, settings)
    matchings = _match_kinds(case, settings)
    per_image, pixel_counts = pixel_accuracy(case, score)
    pixels = {key: sum(row[key] for row in per_image) for key in ("tp", "fp", "fn")}
    crowd = sum(item["iscrowd"] for item in truth["annotations"])
    # the instances of the accuracy and the statistics, not only COCO's 100 an image
    hits = count_hits(case, matchings["segm"]["all"], limit=max(usual, most), floor=score)
    unnested = make_case(truth, remove_nested(results, container_score=score), settings)
    evaluation = {
        "accuracy": accuracy(**pixels),
        "pixels": pixels,
        **_coco(case, matchings, limit=usual),
        **_coco(case, matchings, f"_{of_score}", limit=usual, floor=score),
        **_coco(case, matchings, f"_{most}", limit=most),
        **_coco(unnested, _match_kinds(unnested, settings), "_unnested", limit=usual),
        "counts": {
            "images": len(truth["images"]),
            "ground_truth": len(truth["annotations"]) - crowd,
            "ignored": crowd,
            "predictions": len(results),
            f"predictions_{of_score}": sum(item["score"] >= score for item in results),
        },
        "precision_recall": precision_recall(matchings["segm"], limit=usual),
        "thresholds": [
            {"iou": round(float(threshold), 2), **f1_scores(*counts)}
            for threshold, counts in zip(
                IOU_THRESHOLDS, hits.counts.sum(axis=0).astype(int).tolist(), strict=True
            )
        ],
        "panoptic": panoptic(hits.counts[:, 0].sum(axis=0), hits.overlap.sum()),
        "count": count_error(hits),
    }
    outlines, overlaps = None, []
    if settings.get("boundary_tolerance_px") is not None:
        outlines = outline_counts(case, score, settings["boundary_tolerance_px"])
        evaluation["boundary"] = boundary_scores(outlines.sum(axis=0))
    if settings.get("overlap_limits") is not None:
        overlaps = match_by_overlap(case, settings["overlap_limits"])
        evaluation["overlap"] = [
            overlap_metrics(found, case.units.number, limit=usual) for found in overlaps
        ]
    if settings.get("bootstrap_replicates"):
        measured = Measured(matchings, overlaps, pixel_counts, hits, outlines)
        evaluation["uncertainty"] = resample(case, measured, settings, seed, limit=usual)
    evaluation["per_image"] = per_image
    return json_ready(evaluation)


def _match_kinds(case: Case, settings: Mapping) -> dict[str, Matching]:
    return {kind: match_by_area(case, kind, settings["area_limits_px"]) for kind in KINDS}


def _coco(
    case: Case,
    matchings: Mapping[str, Matching],
    suffix: str = "",
    *,
    limit: int,
    floor: float = 0.0,
) -> dict[str, dict[str, float]]:
    """{"bbox" + suffix: {ap, …}, "segm" + suffix: {ap, …}} of one reading of average precision."""
    once = np.ones((1, case.units.number))
    return {
        kind + suffix: {
            name: float(values[0])
            for name, values in coco_metrics(matching, once, limit=limit, floor=floor).items()
        }
        for kind, matching in matchings.items()
    }
