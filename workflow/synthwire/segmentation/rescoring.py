"""Scores that allow for the whole image: from evidence, by a logistic regression.

A network's score says how much a patch looks like a particle. How often that is right depends on
the image: on a rough ground most finds of a middling score are ground. What scores are worth is
learnt from simulated fields (`rescoring_fields`), and travels with the weights that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import optimize, special

from synthwire.errors import InputError
from synthwire.particles.evidence import EVIDENCE, WEAK, evidence_of

WIDEST = 10.0  # times the known width; the fields hold too little of what is wider
TAILS_PERCENT = 0.5  # of the values of a column, that lie beyond its limits
PENALTY = 1e-3  # on the squares of the coefficients


def rescored(
    results: Sequence[dict], image: np.ndarray, known_px: float, rescoring: Mapping[str, Any]
) -> list[dict]:
    """COCO results with new scores, the best first; those of a score below WEAK are left out.

    What is wider than WIDEST keeps its score.

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
    scores = np.where(beyond, [item["score"] for item in kept], scores)
    order = np.argsort(-scores, kind="stable")
    return [{**kept[place], "score": float(scores[place])} for place in order]


def probabilities(evidence: np.ndarray, rescoring: Mapping[str, Any]) -> np.ndarray:
    """Of rows with the columns EVIDENCE, how likely each is a particle, (N,)."""
    terms = _terms(evidence, rescoring)
    return special.expit(terms @ np.asarray(rescoring["coefficients"]) + rescoring["intercept"])


def fit_rescoring(evidence: np.ndarray, true: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """Coefficients for the evidence (N, columns), its squares and products, all standardised.

    true: whether a row is a particle (N,); weights: what a row counts for (N,). The sum of squares
    of the coefficients is penalised, so that there is one solution. Each column is cut at limits,
    for nothing is known about what lies beyond. The exponent of the scores is 1.
    """
    low, high = np.percentile(evidence, [TAILS_PERCENT, 100 - TAILS_PERCENT], axis=0)
    cut = np.clip(evidence, low, high)
    fitted: dict[str, Any] = {
        "evidence": list(EVIDENCE),
        "low": low,
        "high": high,
        "mean": cut.mean(axis=0),
        "spread": np.maximum(cut.std(axis=0), 1e-9),
    }
    terms = _terms(evidence, {**fitted, "term_spread": 1.0})
    fitted["term_spread"] = np.maximum(terms.std(axis=0), 1e-9)
    terms = terms / fitted["term_spread"]
    share = weights / weights.sum()
    sign = np.where(true, -1.0, 1.0)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (terms @ values[:-1] + values[-1])
        slope = share * sign * special.expit(margin)
        gradient = np.append(terms.T @ slope + 2 * PENALTY * values[:-1], slope.sum())
        return (
            float(share @ np.logaddexp(0, margin) + PENALTY * values[:-1] @ values[:-1]),
            gradient,
        )

    best = optimize.minimize(
        loss, np.zeros(terms.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 5000}
    )
    fitted |= {"coefficients": best.x[:-1], "intercept": float(best.x[-1]), "exponent": 1.0}
    return {
        key: np.round(value, 9).tolist() if isinstance(value, np.ndarray) else value
        for key, value in fitted.items()
    }


def _terms(evidence: np.ndarray, rescoring: Mapping[str, Any]) -> np.ndarray:
    low, high, mean, spread = (
        np.asarray(rescoring[key]) for key in ("low", "high", "mean", "spread")
    )
    values = (np.clip(evidence, low, high) - mean) / spread
    first, second = np.triu_indices(values.shape[1])  # squares among them
    terms = np.hstack([values, values[:, first] * values[:, second]])
    return terms / np.asarray(rescoring["term_spread"])
