"""Scores that allow for the whole image: from evidence, by two logistic regressions.

A network's score says how much a patch looks like a particle. How often that is right depends on
the image: on a rough ground most finds of a middling score are ground. The first regression judges
each find by its evidence, the second also by what the first makes of all finds of the image: among
many likely ones a doubtful one is likely, alone it is not. What all this is worth is learnt from
simulated fields (`rescoring_fields`), and travels with the weights that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import special

from synthwire.errors import InputError
from synthwire.particles.evidence import EVIDENCE, WEAK, evidence_of

# Times the known width; the fields hold little of what is wider, so that they have less say there.
WIDEST, SAY_BEYOND = 10.0, 0.2
TAILS_PERCENT = 0.5  # of the values of a column, that lie beyond its limits
PENALTY = 1e-3  # on the squares of the coefficients
# What the first regression makes of an image, beside a find's own evidence.
COMPANY = (
    "likely",  # log odds, of the find
    "likeliest",  # of the image's finds
    "likeliest_five",
    "purity",  # mean probability, each find counted by its probability
    "expected",  # particles in a hundred squares of the usual width, as a logarithm
    "spread_of_widths",  # standard deviation of their logarithms, by probability
    "usual_aspect_ratio",
    "usual_agreement",
    "share_of_likely",  # among all but the least likely
)

Image = tuple[np.ndarray, np.ndarray]  # evidence (N, columns) of its finds, which are right (N,)


def rescored(
    results: Sequence[dict], image: np.ndarray, known_px: float, rescoring: Mapping[str, Any]
) -> list[dict]:
    """COCO results with new scores, the best first; those of a score below WEAK are left out.

    What is wider than WIDEST keeps most of its score.

    image: uint8 (height, width), particles bright; known_px: as in `evidence_of`; rescoring: from
    `fit_rescoring`. InputError where it knows other columns than this version.
    """
    if rescoring["evidence"] != list(EVIDENCE):
        raise InputError(
            "the model's rescoring was learnt from other evidence than this version of SynthWire "
            "gathers; take the version that the model came with, or fit it anew"
        )
    kept = [item for item in results if item["score"] >= WEAK]
    if not kept:
        return []
    evidence = evidence_of(image, kept, known_px)
    scores = probabilities(evidence, rescoring) ** rescoring["exponent"]
    beyond = evidence[:, EVIDENCE.index("width")] > np.log(WIDEST)
    say = np.where(beyond, SAY_BEYOND, 1.0)
    scores = scores**say * np.array([item["score"] for item in kept]) ** (1 - say)
    order = np.argsort(-scores, kind="stable")
    return [{**kept[place], "score": float(scores[place])} for place in order]


def probabilities(evidence: np.ndarray, rescoring: Mapping[str, Any]) -> np.ndarray:
    """How likely each find of one image is a particle (N,); evidence has the columns EVIDENCE.

    By the mean of what both regressions say: the second alone lets the only particle of an image
    down more often.
    """
    first, second = rescoring["passes"]
    alone, in_company = _odds(evidence, first), _odds(_with_company(evidence, first), second)
    return special.expit((alone + in_company) / 2)


def _odds(values: np.ndarray, fitted: Mapping[str, Any]) -> np.ndarray:
    """Their logarithms, (N,)."""
    return _terms(values, fitted) @ np.asarray(fitted["coefficients"]) + fitted["intercept"]


def _with_company(evidence: np.ndarray, first: Mapping[str, Any]) -> np.ndarray:
    """Evidence of one image, and beside it the columns COMPANY."""
    if not len(evidence):
        return np.zeros((0, len(EVIDENCE) + len(COMPANY)))
    likely = special.expit(_odds(evidence, first))
    odds = np.log((likely + 1e-4) / (1.0001 - likely))  # within limits
    worth = likely**2 + 1e-6
    widths = evidence[:, EVIDENCE.index("width")]
    usual_width = np.average(widths, weights=worth)
    density = np.exp(evidence[0, EVIDENCE.index("density_of_all")])  # of finds, likely or not
    whole = [
        odds.max(),
        np.sort(odds)[-5:].mean(),
        np.average(likely, weights=likely + 1e-9),
        np.log(likely.mean() * density + 0.01),
        np.sqrt(np.average((widths - usual_width) ** 2, weights=worth)),
        np.average(evidence[:, EVIDENCE.index("aspect_ratio")], weights=worth),
        np.average(evidence[:, EVIDENCE.index("agreement")], weights=worth),
        (likely >= 0.5).sum() / max((likely >= 0.1).sum(), 1),
    ]
    return np.column_stack([evidence, odds, np.tile(whole, (len(evidence), 1))])


def fit_rescoring(images: Sequence[Image]) -> dict[str, Any]:
    """Both regressions, from the finds of several images; each image counts the same.

    For the second, the first judges each image as fitted to the other half of them, so that it is
    as sure there as it is of images that are new to it. The exponent of the scores is 1.
    """
    found = [image for image in images if len(image[0])]
    first = _fit(found)
    halves = [_fit(found[half::2]) if len(found) > 1 else first for half in (0, 1)]
    second = _fit(
        [
            (_with_company(evidence, halves[1 - number % 2]), true)
            for number, (evidence, true) in enumerate(found)
        ]
    )
    return {"evidence": list(EVIDENCE), "passes": [first, second], "exponent": 1.0}


def _fit(images: Sequence[Image]) -> dict[str, Any]:
    """Coefficients for the values (N, columns), their squares and products, all standardised.

    The sum of squares of the coefficients is penalised, so that there is one solution. Each column
    is cut at limits, for nothing is known about what lies beyond.
    """
    from scipy import optimize  # here: to segment takes no fit, and this a tenth of a second

    values, true = (np.concatenate(parts) for parts in zip(*images, strict=True))
    weights = np.concatenate([np.full(len(own), 1 / len(own)) for _, own in images])
    low, high = np.percentile(values, [TAILS_PERCENT, 100 - TAILS_PERCENT], axis=0)
    cut = np.clip(values, low, high)
    fitted: dict[str, Any] = {
        "low": low,
        "high": high,
        "mean": cut.mean(axis=0),
        "spread": np.maximum(cut.std(axis=0), 1e-9),
    }
    terms = _terms(values, {**fitted, "term_spread": 1.0})
    fitted["term_spread"] = np.maximum(terms.std(axis=0), 1e-9)
    terms = terms / fitted["term_spread"]
    share = weights / weights.sum()
    sign = np.where(true, -1.0, 1.0)

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (terms @ coefficients[:-1] + coefficients[-1])
        slope = share * sign * special.expit(margin)
        gradient = np.append(terms.T @ slope + 2 * PENALTY * coefficients[:-1], slope.sum())
        penalty = PENALTY * coefficients[:-1] @ coefficients[:-1]
        return float(share @ np.logaddexp(0, margin) + penalty), gradient

    best = optimize.minimize(
        loss, np.zeros(terms.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 5000}
    )
    fitted |= {"coefficients": best.x[:-1], "intercept": float(best.x[-1])}
    return {
        key: np.round(value, 9).tolist() if isinstance(value, np.ndarray) else value
        for key, value in fitted.items()
    }


def _terms(values: np.ndarray, fitted: Mapping[str, Any]) -> np.ndarray:
    low, high, mean, spread = (np.asarray(fitted[key]) for key in ("low", "high", "mean", "spread"))
    values = (np.clip(values, low, high) - mean) / spread
    first, second = np.triu_indices(values.shape[1])  # squares among them
    terms = np.hstack([values, values[:, first] * values[:, second]])
    return terms / np.asarray(fitted["term_spread"])
