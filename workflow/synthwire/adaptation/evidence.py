"""Whether an adaptation helped: numbers, pictures and a verdict, on one page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

from synthwire.adaptation import fields, run_config
from synthwire.adaptation.adapt import Fitted, Request, bundled_config, config_path
from synthwire.adaptation.fit import SCENES, finds_in, summary_of
from synthwire.adaptation.statistics import Summary, Target, summarise
from synthwire.evaluation.uncertainty import paired_difference, value_of
from synthwire.figures.adaptation import (
    Disagreement,
    draw_disagreements,
    draw_fields,
    draw_likeness,
)
from synthwire.figures.kit import style
from synthwire.imaging.picture import take_training_picture
from synthwire.io.files import read_json, write_json, write_text
from synthwire.io.masks import overlaps
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.result import Segmentation
from synthwire.structures.scene import generate_scene

SHOWN, COMPARED = 6, 16  # fields in the figure, and in the statistics
SAME_IOU = 0.5
MOST_DISAGREEMENTS = 10
MARGIN_PX = 12
LIKE, UNLIKE = 1.5, 2.2  # distances, in tolerances, up to which a fit is good, and from which none
AGREED = 0.5  # of what the bundled model finds, below which a person should look


@dataclass(frozen=True)
class Gain:
    """Mask AP of both models on one set, and the difference with its 95 % interval (NaN: none)."""

    name: str
    bundled: float
    adapted: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.adapted - self.bundled


@dataclass(frozen=True)
class Evidence:
    """All that the page shows; distances are in tolerances (`Target`)."""

    gains: tuple[Gain, ...]
    before: float
    after: float
    particles: tuple[int, int]
    agreed: int
    verdict: str
    reasons: tuple[str, ...]


def write_evidence(request: Request, fitted: Fitted, images: Sequence[GreyImage]) -> Evidence:
    """Measure, draw, and write adaptation.html, evidence.json and figures/ in results/NAME."""
    folder = request.folder
    bundled, adapted = load_model(device="cpu"), load_model(folder / "model", device="cpu")
    cut = fields.cut(images, fitted.scale)
    real = summarise(list(cut.pixels), finds_in(bundled, cut.pixels))
    target = Target(real, COMPARED)
    shown_before, before = _learnt_before(bundled, fitted.side, request.seed)
    found = fitted.found
    shown_after, after = summary_of(
        found.space,
        list(found.candidates),
        list(found.weights),
        bundled,
        side=fitted.side,
        seed=request.seed + 1,
        number=COMPARED,
    )
    rows = {
        "your images": [cut.pixels[place] for place in _spread(len(cut.pixels))],
        "what the bundled model learnt from": shown_before[:SHOWN],
        "what the new model learnt from": shown_after[:SHOWN],
    }
    seen = [(segment_image(image, bundled), segment_image(image, adapted)) for image in images]
    disagreements, agreed = disagreements_of(seen)
    gains = tuple(_gain(folder, images_of) for images_of in run_config.SETS)
    counts = (sum(len(a.ids) for a, _ in seen), sum(len(b.ids) for _, b in seen))
    distances = target.distance(before), target.distance(after)
    verdict, reasons = judge(gains, distances, counts, agreed)
    evidence = Evidence(gains, *distances, counts, agreed, verdict, reasons)
    drawings = {
        "fields": draw_fields(rows),
        "likeness": draw_likeness(
            pd.DataFrame(
                {
                    "statistic": target.names,
                    "before": target.differences(before),
                    "after": target.differences(after),
                }
            )
        ),
    }
    if disagreements:
        drawings["disagreements"] = draw_disagreements(disagreements)
    made = [folder / "evidence.json", folder / "adaptation.html"]
    for name, drawing in drawings.items():
        made += style.save(drawing, folder / "figures" / name)
    write_json(made[0], _as_json(evidence), indent=1)
    write_text(made[1], _page(request, fitted, evidence, list(drawings)))
    request.record("evidence", *made)
    return evidence


def _spread(number: int) -> list[int]:
    return [int(place) for place in np.linspace(0, number - 1, min(SHOWN, number)).round()]


def _learnt_before(model: Model, side: int, seed: int) -> tuple[list[np.ndarray], Summary]:
    """Fields as the bundled model learnt from, and their statistics."""
    config = bundled_config()
    settings = {**config["structures"], "domain": [side, side, config["structures"]["domain"][2]]}
    shown = []
    for scene in range(COMPARED):
        made = generate_scene(settings, seed, scene)
        shown.append(
            take_training_picture(
                made.labels,
                made.voxel_size_nm,
                config["compression"],
                config["imaging"]["domains"],
                seed,
                scene,
            ).image
        )
    return shown, summarise(shown, finds_in(model, shown))


def _gain(folder: Path, images: str) -> Gain:
    one, two = (
        read_json(folder / "evaluation" / model / f"{images}.json")
        for model in (run_config.ROW, "bundled")
    )
    tested = paired_difference(one, two) or {"low": np.nan, "high": np.nan}
    return Gain(
        run_config.SETS[images],
        value_of(two, "segm_ap"),
        value_of(one, "segm_ap"),
        tested["low"],
        tested["high"],
    )


def disagreements_of(
    seen: Sequence[tuple[Segmentation, Segmentation]],
) -> tuple[list[Disagreement], int]:
    """The largest particles that one model finds and the other does not, and how many both find.

    seen: of each image what the bundled and the new model find.
    """
    found: list[tuple[float, Disagreement]] = []
    agreed = 0
    for pair in seen:
        kept = [[item.results[number - 1] for number in item.ids] for item in pair]
        masks = [[result["segmentation"] for result in results] for results in kept]
        same = overlaps(*masks) >= SAME_IOU
        agreed += int(same.any(axis=1).sum())
        for which, along in ((0, 1), (1, 0)):
            for place in np.flatnonzero(~same.any(axis=along)):
                mask = masks[which][place]
                found.append(
                    (
                        float(coco_mask.area(mask)),
                        _cut_out(pair[0].image, mask, masks, which == 1),
                    )
                )
    found.sort(key=lambda item: -item[0])
    return [item for _, item in found[:MOST_DISAGREEMENTS]], agreed


def _cut_out(
    image: np.ndarray, mask: dict, masks: Sequence[Sequence[dict]], new: bool
) -> Disagreement:
    left, top, width, height = coco_mask.toBbox(mask)
    margin = max(MARGIN_PX, 0.3 * max(width, height))
    rows = slice(max(0, int(top - margin)), int(top + height + margin) + 1)
    columns = slice(max(0, int(left - margin)), int(left + width + margin) + 1)
    near = [
        [crop for item in items if (crop := coco_mask.decode(item)[rows, columns] > 0).any()]
        for items in masks
    ]
    return Disagreement(
        image[rows, columns], coco_mask.decode(mask)[rows, columns] > 0, near[0], near[1], new
    )


def judge(
    gains: Sequence[Gain], distances: tuple[float, float], counts: tuple[int, int], agreed: int
) -> tuple[str, tuple[str, ...]]:
    """A verdict in words, and its reasons."""
    gain = gains[0]
    reasons = [
        f"On held-out synthetic images of the fitted kind, mask AP is {gain.adapted:.1f} with the "
        f"new model and {gain.bundled:.1f} with the bundled one "
        f"(difference {gain.difference:+.1f}, 95 % interval {gain.low:+.1f} to {gain.high:+.1f}).",
        f"What the new model learnt from is {distances[1]:.1f} tolerances from your images; what "
        f"the bundled one learnt from, {distances[0]:.1f}. Up to {LIKE:g} is as near as images of "
        f"one kind are to each other.",
        f"On your images the bundled model finds {counts[0]} particles, the new one {counts[1]}; "
        f"{agreed} of them are the same.",
    ]
    helps = gain.low > 0
    if distances[1] > UNLIKE:
        verdict = (
            "Don't use the new model: the synthesis did not come near your images, so that what it "
            "gains on synthetic ones says little of yours."
        )
    elif not helps:
        verdict = (
            "Keep the bundled model: the new one is no better on images of the fitted kind, and "
            "what is not better is only narrower."
        )
    elif agreed < AGREED * counts[0]:
        verdict = (
            "Look before you use it: on the fitted kind the new model is better, but on your "
            "images it finds other particles than the bundled one. The pictures below show which."
        )
    elif distances[1] > LIKE:
        verdict = (
            "Look before you use it: on the fitted kind the new model is better, but that kind is "
            "not quite like your images. The pictures below show how far; a longer fit (--minutes) "
            "or more images may bring it nearer."
        )
    else:
        verdict = "Use the new model: it is better on images that look like yours."
    return verdict, tuple(reasons)


def _as_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "verdict": evidence.verdict,
        "reasons": list(evidence.reasons),
        "distance_before": evidence.before,
        "distance_after": evidence.after,
        "particles_bundled": evidence.particles[0],
        "particles_adapted": evidence.particles[1],
        "particles_of_both": evidence.agreed,
        "gains": [
            {
                "images": gain.name,
                "bundled_ap_segm": gain.bundled,
                "adapted_ap_segm": gain.adapted,
                "low": gain.low,
                "high": gain.high,
            }
            for gain in evidence.gains
        ],
    }


CAPTIONS: Mapping[str, str] = {
    "fields": "Pieces of your images, as a network sees them, above pieces of what the bundled and "
    "the new model learnt from. The nearer the last row is to the first, the better.",
    "likeness": f"Each statistic of synthetic images less that of yours, in tolerances: what "
    f"images of one kind differ by, of {COMPARED} pieces. Within the grey band nothing is to be "
    "told apart.",
    "disagreements": "The largest particles that only one of the two models finds. Blue: the "
    "bundled model's; vermillion: the new one's.",
}
TITLES = {
    "fields": "Yours and synthetic",
    "likeness": "How alike they are",
    "disagreements": "Where the two models disagree",
}


def _page(request: Request, fitted: Fitted, evidence: Evidence, drawn: Sequence[str]) -> str:
    template = jinja2.Template(
        (Path(__file__).parent / "page.html.j2").read_text(encoding="utf-8"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    figures = [
        {
            "title": TITLES[name],
            "caption": CAPTIONS[name],
            "png": base64.b64encode(
                (request.folder / "figures" / f"{name}.png").read_bytes()
            ).decode(),
        }
        for name in drawn
    ]
    return template.render(
        name=request.name,
        evidence=evidence,
        fitted=fitted,
        scenes=SCENES,
        figures=figures,
        config=str(config_path(request)),
        model=str(request.folder / "model"),
    )
