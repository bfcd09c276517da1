"""Steps of the paper's model 12 at full size on this machine: time, memory, loss.

    python benchmarks/paper_step.py [--steps 1] [--at-once 8] [--threads N] [--output FILE]

The paper's R50-FPN at 800 px, 32 images a step, its structures and images, from a file laid out as
the model zoo's: random numbers, with the statistics of frozen batch normalisation measured on the
images, since the COCO weights are not to be had everywhere. `--at-once` images are in memory at the
same time; gradients of the parts are added up, as in a training on fewer GPUs than the paper had.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import tempfile
import time
from pathlib import Path
from unittest import mock

import torch
import yaml
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor, resize

from synthwire.config import checks, models_table
from synthwire.imaging.shard import image_shard
from synthwire.io.coco import read_coco
from synthwire.io.files import sha256, write_json
from synthwire.learning import network, plan, train, weight_files
from synthwire.runtime.progress import progress_bar
from synthwire.structures.settings import categories
from synthwire.structures.shard import generate_shard

from detectron2.modeling import build_model

ROOT = Path(__file__).resolve().parents[1]
MODEL = "12"
COCO_CLASSES = 80
MEASURED_ON = 4  # images, for the statistics
SEED = 1


def make_data(config: dict, images: int, folder: Path) -> tuple[Path, Path]:
    """The outlines and the folder of as many images of the paper's structures."""
    scenes = progress_bar(range(images), "structures")
    generate_shard(config["structures"], SEED, scenes, folder / "structures")
    classes = categories(config["structures"])
    image_shard(folder / "structures", folder / "images", config["compression"], classes)
    return folder / "images" / "coco.json", folder / "images"


def make_zoo_file(config: dict, dataset: Path, images: Path, path: Path) -> None:
    """Random weights of 80 classes as the zoo lays them out, with statistics of these images."""
    torch.manual_seed(SEED)
    cfg = network.architecture_config({**config["architecture"], "norm": "BN"}, COCO_CLASSES)
    cfg.MODEL.DEVICE = "cpu"
    model = build_model(cfg)
    norms = [it for it in model.backbone.modules() if isinstance(it, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = None  # the mean over all that passes
    side = config["training"]["min_size_px"][-1]
    for record in read_coco(dataset)["images"][:MEASURED_ON]:
        with Image.open(images / record["file_name"]) as opened:
            pixels = resize(pil_to_tensor(opened.convert("RGB")), [side, side]).float()
        with torch.no_grad():
            model.backbone(model.preprocess_image([{"image": pixels}]).tensor)
    state = {
        name: value.numpy()
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    content = {"model": state, "__author__": "Detectron2 Model Zoo"}
    path.write_bytes(pickle.dumps(content, protocol=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    source = ROOT / "config" / "config.yaml"
    config = checks.resolve(yaml.safe_load(source.read_text(encoding="utf-8")))
    row = models_table.read_models([ROOT / "config" / "models.tsv"], [MODEL]).loc[MODEL]
    training = {**config["training"], "images_per_process": options.at_once, "device": "cpu"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset, images = make_data(config, training["images_per_batch"], folder)
        weights = folder / "model_final.pkl"
        make_zoo_file(config, dataset, images, weights)
        started = time.perf_counter()
        url = f"https://zoo/model_final_{sha256(weights)[:6]}.pkl"
        with mock.patch.object(weight_files, "COCO_WEIGHTS_URL", url):
            train.train(
                MODEL,
                config["architecture"],
                {**training, "validation_period": 0},
                plan.plan_row(row.to_dict(), training)._replace(iterations=options.steps),
                dataset=dataset,
                shards=[images],
                weights=weights,
                seed=SEED,
                checkpoints=folder / "checkpoints",
                output=folder / "model",
            )
        wall = time.perf_counter() - started
        lines = (folder / "model" / "metrics.json").read_text(encoding="utf-8").splitlines()
    losses = [json.loads(line)["total_loss"] for line in lines]
    found = {
        "steps": options.steps,
        "images_a_step": training["images_per_batch"],
        "at_once": options.at_once,
        "threads": options.threads,
        "seconds_a_step": round(wall / options.steps, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1),
        "losses": losses,
    }
    print(json.dumps(found))
    if options.output:
        write_json(options.output, found)


if __name__ == "__main__":
    main()
