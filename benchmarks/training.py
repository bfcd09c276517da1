"""Speed of a training step beside Detectron2's own trainer, on the same data in one run.

    python benchmarks/training.py [--networks demo r50] [--repeats 7] [--steps 4] [--threads 1]
                                  [--without [TRICK ...]]

Stock is an unmodified DefaultTrainer with Detectron2's DatasetMapper and loader, and the same
augmentations, seed and settings; float32 and mixed are synthwire.trainer with either setting of
training.mixed_precision (on a processor without 16-bit products they are the same). Blocks of
steps alternate, the first of each is not counted. The networks:
demo  config/demo.yaml as it stands: R18-FPN with 64 channels, two images a step;
r50   the paper's R50-FPN, on two of the same images a step, brought to --r50-size; with batch
      normalisation, since frozen statistics need the COCO weights, which are no part of this.
Times are processor time on one thread, which other work on the machine disturbs least, and wall
time on several. Raw times go to --output. The last line is `ratio_stock=…`, the median over the
repeats of stock's time over ours with the demo's setting of mixed_precision, after the same of the
other network and setting.

With --without, one of our tricks is switched off at a time, all of them where none is named, and
the race is that of the trainer without it and the whole one: a ratio is how many times as long a
step takes without the trick.
"""

from __future__ import annotations

import argparse
import csv
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from unittest import mock

import torch
import yaml

from synthwire.config import checks
from synthwire.datasets import annotated_images
from synthwire.imaging import shard
from synthwire.io.coco import read_coco
from synthwire.learning.data import (
    Share,
    TrainingImages,
    augmentations,
    load_batches,
    training_records,
)
from synthwire.learning.network import training_config
from synthwire.learning.plan import plan_row
from synthwire.learning.trainer import WireTrainer
from synthwire.structures.settings import categories
from synthwire.structures.shard import generate_shard

from detectron2.data import DatasetMapper, build_detection_train_loader
from detectron2.engine import DefaultTrainer
from detectron2.utils.env import seed_all_rng
from detectron2.utils.events import EventStorage

ROOT = Path(__file__).resolve().parents[1]

SCENES = 24
SEED = 1
# Each trick, and what stands in its place when it is switched off.
LEARNING = "synthwire.learning"
TRICKS = {
    "channels_last": (f"{LEARNING}.cpu.accelerate.lay_channels_last", lambda model: None),
    "pooler": (f"{LEARNING}.cpu.accelerate.pool_channels_last", lambda model: None),
    "small_maps": (f"{LEARNING}.cpu.accelerate.multiply_small_maps", lambda model: None),
}


def settings_of(network: str, r50_size_px: int) -> tuple[dict, dict]:
    """config["architecture"] and config["training"] of one of the networks."""

    def read(name: str) -> dict:
        return checks.resolve(yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8")))

    demo = read("demo.yaml")
    if network == "demo":
        return demo["architecture"], demo["training"]
    architecture = {**read("config.yaml")["architecture"], "norm": "BN", "freeze_at": 0}
    return architecture, {**demo["training"], "min_size_px": [r50_size_px], "roi_factor": 1}


def make_records(folder: Path) -> list[dict]:
    """Records of SCENES images of the demo's structures."""
    config = checks.resolve(
        yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8")),
    )
    generate_shard(config["structures"], SEED, range(SCENES), folder / "structures")
    classes = categories(config["structures"])
    images = folder / "images"
    shard.image_shard(folder / "structures", images, config["compression"], classes)
    data = read_coco(images / "coco.json")
    return training_records(data, annotated_images.locate_images(data, [images]))


def trainers(
    architecture: dict,
    training: dict,
    records: list[dict],
    folder: Path,
    without: Iterable[str] | None,
) -> dict[str, Callable[[int], None]]:
    """Functions that run so many steps, with each of the trainers."""
    row = {"epochs": 750, "dataset_size": 1000, "learning_rate": 0.02}
    row |= {"roi_head": 256, "iou_thr": 0.6, "nms": 0.7}
    plan = plan_row(row, {**training, "iterations_factor": 1})
    cfg = training_config(
        architecture, training, plan, weights="", device="cpu", seed=SEED, output=folder
    )

    class Stock(DefaultTrainer):
        @classmethod
        def build_train_loader(cls, cfg):
            mapper = DatasetMapper(
                is_train=True,
                augmentations=augmentations(training),
                image_format=cfg.INPUT.FORMAT,
                use_instance_mask=True,
                instance_mask_format="bitmask",
            )
            return build_detection_train_loader(
                records, mapper=mapper, total_batch_size=cfg.SOLVER.IMS_PER_BATCH, num_workers=0
            )

    share = Share(cfg.SOLVER.IMS_PER_BATCH, 0, 1, 1)
    images = TrainingImages(records, training, SEED)

    def own(mixed_precision: bool) -> WireTrainer:
        torch.manual_seed(SEED)
        trainer = WireTrainer(cfg, images, 1, "benchmark", mixed_precision=mixed_precision)
        trainer._batches = load_batches(images, share, 0, cfg.SOLVER.MAX_ITER, workers=0)
        return trainer

    def runner(build: Callable, trick: str | None = None) -> Callable[[int], None]:
        def switch_off():
            return mock.patch(*TRICKS[trick]) if trick else nullcontext()

        with switch_off():
            trainer = build()
        storage = EventStorage()

        def run(steps: int) -> None:
            with storage, switch_off():
                trainer.storage = storage
                for _ in range(steps):
                    trainer.run_step()
                    trainer.iter += 1
                    storage.step()

        return run

    def build_stock() -> Stock:
        seed_all_rng(SEED)
        return Stock(cfg)

    runners = {} if without is not None else {"stock": runner(build_stock)}
    for name, mixed in (("float32", False), ("mixed", True)):
        runners[name] = runner(partial(own, mixed))
        for trick in without or ():
            runners[f"{name} without {trick}"] = runner(partial(own, mixed), trick)
    return runners


def measure(network: str, records: list[dict], arguments: argparse.Namespace) -> list[dict]:
    """Seconds an image of each block of steps."""
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(network, arguments.r50_size)
        runners = trainers(*settings, records, Path(folder), arguments.without)
        for repeat in range(-1, arguments.repeats):
            # who goes first changes, so that a trend of the machine's speed favours neither
            for name in list(runners)[:: 1 if repeat % 2 else -1]:
                start = clock()
                runners[name](arguments.steps)
                seconds = (clock() - start) / arguments.steps / 2
                if repeat >= 0:
                    row = {"network": network, "trainer": name, "repeat": repeat}
                    rows.append(row | {"seconds_per_image": round(seconds, 5)})
    return rows


def ratio(rows: list[dict], network: str, slow: str, quick: str) -> float:
    """Median over the repeats of one trainer's time over another's; prints what it is made of."""
    times = {
        name: [
            row["seconds_per_image"]
            for row in rows
            if (row["network"], row["trainer"]) == (network, name)
        ]
        for name in (slow, quick)
    }
    ratios = [one / other for one, other in zip(*times.values(), strict=True)]
    speeds = ", ".join(f"{name} {1 / statistics.median(t):.3f}" for name, t in times.items())
    print(
        f"{network}: {speeds} images/s, ratio {statistics.median(ratios):.3f} "
        f"(from {min(ratios):.3f} to {max(ratios):.3f} in {len(ratios)} repeats)"
    )
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=["demo", "r50"], default=["demo", "r50"])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--r50-size", type=int, default=320, help="shortest edge in pixels")
    parser.add_argument("--without", nargs="*", choices=TRICKS, metavar="TRICK")
    parser.add_argument("--output", type=Path, default=Path("training_times.csv"))
    arguments = parser.parse_args()
    if arguments.without == []:
        arguments.without = list(TRICKS)
    torch.set_num_threads(arguments.threads)
    logging.basicConfig(level=logging.WARNING, force=True)
    logging.getLogger("detectron2").setLevel(logging.WARNING)
    logging.disable(logging.INFO)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        records = make_records(Path(folder))
        for network in arguments.networks:
            rows += measure(network, records, arguments)
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    if arguments.without is not None:
        for network in arguments.networks:
            for name in ("float32", "mixed"):
                for trick in arguments.without:
                    ratio(rows, network, f"{name} without {trick}", name)
        return
    found = {
        f"{network}_{trainer}": ratio(rows, network, "stock", trainer)
        for network in arguments.networks
        for trainer in ("float32", "mixed")
    }
    for name, value in found.items():
        print(f"ratio_stock_{name}={value:.2f}")
    if "demo" in arguments.networks:
        mixed = settings_of("demo", arguments.r50_size)[1]["mixed_precision"]
        print(f"ratio_stock={found['demo_mixed' if mixed else 'demo_float32']:.2f}")


if __name__ == "__main__":
    main()
