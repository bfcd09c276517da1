"""How well models read simulated images that took no part in their training, kind by kind.

    python benchmarks/held_out.py [--models bundled bundled:alone] [--kinds bare,few] [--images 50]
                                  [--processes 2] [--out results/benchmarks]

The sets are fixed, so that editions of a model, and what judges its scores, may be chosen by them:

- bare: grounds of every kind and contrast without a particle; few: with one to five;
- widths: wires of one width from 4 to 200 px, and thin ones beside thick ones;
- training: the training's structures and microscopes, drawn anew, at many magnifications;
- microscopes: the four virtual microscopes of resources/virtual_microscopes.yaml;
- specimens: the twelve kinds of benchmarks/adaptation.py.

A model is `bundled` or the folder of a trained one; with `:alone` behind it each particle's score
is the network's own, whatever else was found in the image. Images are segmented as the tool does it
when nobody names a scale.

Writes held_out.csv (a row an image and model), held_out_kinds.csv (a row a kind and model: means
over images with their 95 % interval, and the paired difference to the first model) and
held_out.json. Images that are there already are taken up, so that it may be run in parts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import adaptation
import empty_fields
import numpy as np
import pandas as pd
import scales
import yaml

from synthwire.config.checks import resolve
from synthwire.datasets.image_sets.simulated import simulate_page
from synthwire.imaging.grounds import GROUNDS
from synthwire.io.files import atomic_path, write_json
from synthwire.io.grey import invert
from synthwire.runtime.progress import progress_bar
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.schema import validate
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.rescoring_fields import Fields, draw_field
from synthwire.structures.settings import resolve_settings

ROOT = Path(__file__).resolve().parents[1]

SEED = 777
SIDE, SCENE_SIDE = 640, 512  # px, of grounds and of scenes
CONTRASTS = (0.04, 0.45)  # of grounds
ALONE = ":alone"
DRAWS = 4000


class Picture(NamedTuple):
    """pixels: uint8, particles bright; truth: COCO annotations; nm a pixel where it is told."""

    pixels: np.ndarray
    truth: list[dict]
    pixel_size_nm: tuple[float, float] | None = None


def _on_ground(number: int, count: int, rng: np.random.Generator) -> Picture:
    microscopes = list(empty_fields.PARAMETERS)
    microscope = microscopes[number % len(microscopes)]
    kind = list(GROUNDS)[number // len(microscopes) % len(GROUNDS)]
    contrast = float(np.exp(rng.uniform(*np.log(CONTRASTS))))
    return Picture(
        *empty_fields.field(microscope, kind, contrast, count, SIDE, 1000 * SEED + number)
    )


def bare(number: int) -> Picture:
    return _on_ground(number, 0, np.random.default_rng([SEED, number]))


def few(number: int) -> Picture:
    rng = np.random.default_rng([SEED, number])
    return _on_ground(number, int(rng.integers(1, 6)), rng)


def widths(number: int) -> Picture:
    both = list(
        product((*((width,) for width in scales.WIDTHS), *scales.MIXTURES), scales.PARAMETERS)
    )
    wide, microscope = both[number % len(both)]
    pixels, truth = scales.scene(microscope, wide, SCENE_SIDE, 1000 * SEED + number)
    return Picture(pixels, truth["annotations"])


@cache
def _training() -> Fields:
    settings = yaml.safe_load((ROOT / "config" / "bundled.yaml").read_text("utf-8"))
    settings["training"]["initial_weights"] = "bundled"  # any that is there
    full = resolve(settings)
    parts = full["structures"], full["compression"], full["imaging"]["domains"]
    return Fields(*parts, seed=SEED, usual=1000, bare=0)


def training(number: int) -> Picture:
    field = draw_field(_training(), number)
    truth = [
        {"segmentation": mask, "category_id": 1, "iscrowd": int(vague)}
        for vague, masks in ((False, field.particles), (True, field.vague))
        for mask in masks
    ]
    return Picture(field.image.pixels, truth, field.image.pixel_size_nm)


def microscopes(number: int) -> Picture:
    entries = yaml.safe_load((ROOT / "resources" / "virtual_microscopes.yaml").read_text("utf-8"))
    name = list(entries)[number % len(entries)]
    entry = validate(entries[name], "image_set.schema.yaml", name)
    entry["structures"] = resolve_settings(entry["structures"])
    page = simulate_page(name, entry, SEED, number // len(entries))
    return Picture(invert(page.image) if name == "tem" else page.image, page.annotations)


def specimens(number: int) -> Picture:
    names = list(adaptation.KINDS)
    name = names[number % len(names)]
    page = adaptation.page_of(name, number // len(names), SEED)
    dark = adaptation.KINDS[name][1] == "tem"
    return Picture(invert(page.image) if dark else page.image, page.annotations)


KINDS: dict[str, Callable[[int], Picture]] = {
    draw.__name__: draw for draw in (bare, few, widths, training, microscopes, specimens)
}


@cache
def _model(name: str) -> Model:
    import torch

    torch.set_num_threads(1)
    model = load_model(name.removesuffix(ALONE), device="cpu")
    if not name.endswith(ALONE):
        return model
    return replace(
        model, card={key: value for key, value in model.card.items() if key != "rescoring"}
    )


def read(task: tuple[str, int, tuple[str, ...]]) -> list[dict]:
    """A row for each model: what it finds in an image above the default threshold."""
    kind, number, names = task
    picture = KINDS[kind](number)
    truth = [{**item, "image_id": 1, "id": place} for place, item in enumerate(picture.truth, 1)]
    rows = []
    for name in names:
        result = segment_image(
            GreyImage(picture.pixels, picture.pixel_size_nm, "picture"), _model(name)
        )
        wanted = sum(not item.get("iscrowd") for item in truth)
        row = {"kind": kind, "number": number, "model": name, "true": wanted}
        if wanted:
            found = result.evaluate(truth)
            hits = found["thresholds"][0]
            row |= {"found": hits["tp"] + hits["fp"], "right": hits["tp"]}
            row |= {"ap": found["segm"]["ap"], "ap50": found["segm"]["ap50"]}
        else:
            row |= {"found": len(result.particles), "right": 0}
        rows.append(row)
    return rows


def summarise(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """A row a kind and model, in percent, false particles as numbers an image."""
    table = table.assign(
        false=table["found"] - table["right"],
        f1=200 * table["right"] / (table["found"] + table["true"]).clip(lower=1),
    )
    table.loc[(table["true"] == 0), "f1"] = 100.0 * (table["found"] == 0)
    rows = []
    for kind, group in table.groupby("kind", sort=False):
        by_model = {name: part.sort_values("number") for name, part in group.groupby("model")}
        for name in names:
            own, first = by_model[name], by_model[names[0]]
            row = {"kind": kind, "model": name, "images": len(own)}
            row["precision"] = 100 * own["right"].sum() / max(own["found"].sum(), 1)
            row["recall"] = 100 * own["right"].sum() / max(own["true"].sum(), 1)
            for metric in ("ap", "ap50", "f1", "false"):
                there = own[metric].notna().to_numpy()
                if not there.any():
                    continue
                values = own[metric].to_numpy()[there]
                row[metric] = values.mean()
                row[f"{metric}_low"], row[f"{metric}_high"] = interval(values)
                if name != names[0]:
                    gains = values - first[metric].to_numpy()[there]
                    row[f"{metric}_gain"] = gains.mean()
                    row[f"{metric}_gain_low"], row[f"{metric}_gain_high"] = interval(gains)
            rows.append(row)
    return pd.DataFrame(rows)


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean, by drawing images."""
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["bundled", f"bundled{ALONE}"])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    stopwatch = Stopwatch()
    options.out.mkdir(parents=True, exist_ok=True)
    stored = options.out / "held_out.csv"
    rows = pd.read_csv(stored).to_dict("records") if stored.is_file() else []
    there = {(row["kind"], row["number"], row["model"]) for row in rows}
    tasks = []
    for kind, number in product(options.kinds.split(","), range(options.images)):
        names = tuple(name for name in options.models if (kind, number, name) not in there)
        if names:
            tasks.append((kind, number, names))
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        progress = progress_bar(pool.map(read, tasks), description="images", total=len(tasks))
        for done, found in enumerate(progress, start=1):
            rows += found
            if done % 10 == 0 or done == len(tasks):
                with atomic_path(stored) as temporary:
                    pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.4f")
    table = pd.DataFrame(rows)
    table = table[
        table["model"].isin(options.models) & table["kind"].isin(options.kinds.split(","))
    ]
    kinds = summarise(table, options.models)
    with atomic_path(options.out / "held_out_kinds.csv") as temporary:
        kinds.to_csv(temporary, index=False, float_format="%.2f")
    facts = {"models": options.models, "images": len(table) // len(options.models)}
    write_json(options.out / "held_out.json", record(stopwatch, **facts), indent=1)
    columns = ["kind", "model", "images", "ap", "ap50", "precision", "recall", "f1", "false"]
    print(kinds[columns].to_string(index=False, float_format="%.1f", na_rep="–"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
