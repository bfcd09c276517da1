"""Sentences for table captions: what of a run is not as in the paper, told from its config."""

from __future__ import annotations

from collections.abc import Mapping

from synthwire.learning.weights import bundled

STARTS = {
    "coco": "",  # the paper's
    "base": "Trainings start from the model base, which has seen this run's own training images.",
    "scratch": "Trainings start from random numbers.",
}


def remark_on_start(training: Mapping) -> str:
    """Where trainings start, and what the weights there have seen; "" for the paper's COCO weights.

    training: config["training"], resolved.
    """
    choice = training["initial_weights"]
    if choice != "bundled":
        return STARTS.get(choice, f"Trainings start from the weights {choice}.")
    card = bundled().card
    images = card.get("provenance", {}).get("training_images")
    seen = f"{images} simulated images" if images else "simulated images"
    return (
        f"In place of COCO weights, trainings start from {card['name']}, the model that comes with "
        f"SynthWire; it has seen {seen} of many kinds, and no real one."
    )


def remark_on_prediction(prediction: Mapping) -> str:
    """How images are looked at beyond what the paper does; "" for nothing.

    prediction: config["prediction"], resolved.
    """
    beyond = []
    scales = [f"{scale:g}" for scale in prediction["scales"]]
    if scales != ["1"]:
        where = (
            " their size at the pixel size of training" if prediction["match_pixel_size"] else ""
        )
        beyond.append(f"images are shown at {' and '.join(scales)} times{where or ' their size'}")
    elif prediction["match_pixel_size"]:
        beyond.append("images are shown at the pixel size of training")
    if prediction["rate_masks"]:
        beyond.append("scores rate masks as well as boxes")
    if prediction["mask_nms"]:
        beyond.append("of overlapping masks the surer counts")
    return f"Beyond the paper, {', and '.join(beyond)}." if beyond else ""
