"""Speed and accuracy of SynthWire's prediction beside Detectron2's DefaultPredictor.

    python benchmarks/inference.py [--repeats 7] [--images 24] [--timed 3] [--size 512]
                                   [--threads 1] [--out results/benchmarks]
                                   [--without [TRICK ...]]

The same weights and settings on the same synthetic optical-density images of known truth:
(a) small: the bundled model;
(b) r50: the paper's Mask R-CNN R50-FPN with random weights, for its speed alone, on one image, with
    100 detections as Detectron2 has by default.
AP is measured on all --images, time on the first --timed of them. SYNTHWIRE_WEIGHTS names a folder
with other weights than the bundled ones. Detectron2 is unmodified: its DefaultPredictor gives dense
masks, while ours also encodes them as COCO results. Predictors take turns, image by image, so that
all meet the same machine. With one thread the clock is processor time, which other work on the
machine hardly changes; with more it is wall-clock time.

Writes inference_times.csv (every single time) and inference.json (the summary). A ratio is the
median over the repeats of time of DefaultPredictor / time of ours. The last line is `ratio_stock=…
ap_difference=…` of the small model at automatic precision: mask AP of ours less stock's, in percent
points. The exit status is 1 below a ratio of 2 or beyond a difference of 0.2.

The bundled model draws beyond its boxes, and Detectron2 pastes masks into boxes alone: a hook gives
DefaultPredictor the frames in their place, and as it clips boxes at an image's border, the scenes
have a dark margin. Its boxes are then too large; AP is that of masks.

With --without, one of our tricks is switched off at a time, all of them where none is named, and
the small model races without it and whole: a ratio is how many times as long a prediction takes
without the trick. Nothing is written then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import torch

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.imaging.compression import compress
from synthwire.imaging.projection import View
from synthwire.io.coco import categories_of, scene_record
from synthwire.io.files import atomic_path, write_json
from synthwire.io.masks import encode_mask
from synthwire.learning import precision
from synthwire.learning.network import prediction_config
from synthwire.learning.predict import Predictor
from synthwire.learning.weights import bundled
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.schema import reader
from synthwire.structures.scene import generate_scene
from synthwire.structures.settings import resolve_settings

from detectron2.engine import DefaultPredictor
from detectron2.layers import paste_masks_in_image
from detectron2.modeling import build_model

ROOT = Path(__file__).resolve().parents[1]

SEED = 2022
RATIO_LIMIT, AP_LIMIT = 2.0, 0.2
MARGIN_PX = 64
STOCK = "DefaultPredictor"
Predict = Callable[[np.ndarray, int], list[dict]]


def paste_whole_masks(
    masks: np.ndarray, boxes: np.ndarray, height: int, width: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """`pasting.paste_masks` as Detectron2 does it: each mask in an image of its own."""
    tensors = torch.from_numpy(masks), torch.from_numpy(boxes)
    pasted = paste_masks_in_image(*tensors, (height, width)).numpy()
    return ((mask, 0, 0) for mask in pasted)


# Each trick, and what stands in its place when it is switched off.
LEARNING = "synthwire.learning"
TRICKS = {
    "channels_last": (f"{LEARNING}.cpu.accelerate.lay_channels_last", lambda model: None),
    "pooler": (f"{LEARNING}.cpu.accelerate.pool_channels_last", lambda model: None),
    "small_maps": (f"{LEARNING}.cpu.accelerate.multiply_small_maps", lambda model: None),
    "folded_norms": (f"{LEARNING}.predict.fold_normalisation", lambda model: None),
    "cropped_masks": ("synthwire.inference.predictor.paste_masks", paste_whole_masks),
}


def scenes(
    count: int, size: int, width_px: float, margin_px: int = 0, wires: int | None = None
) -> dict:
    """COCO data of optical-density images (size × size), their pixels under `pixels`.

    width_px: typical width of a wire, as the network knows it; margin_px: of nothing on all sides;
    wires: how many an image, None for 60 to 110 on 512 × 512.
    """
    side = size - 2 * margin_px
    number_of_wires = {
        "distribution": "uniform",
        "low": round(60 * (side / size) ** 2),
        "high": round(110 * (side / size) ** 2),
    }
    margin = (margin_px, margin_px)
    voxel_nm = 100 / width_px
    settings = resolve_settings(
        {
            "preset": "paper",
            "domain": [side, side, 250],
            "voxel_size_nm": voxel_nm,
            "populations": [
                {
                    "count": number_of_wires if wires is None else wires,
                    "particles": [
                        {
                            "length_nm": {"distribution": "lognormal", "median": 600, "sigma": 0.5},
                            "width_nm": {"distribution": "lognormal", "median": 100, "sigma": 0.3},
                            "thickness_ratio": {"distribution": "uniform", "low": 0.5, "high": 1},
                        }
                    ],
                }
            ],
        }
    )
    data: dict = {"images": [], "annotations": [], "categories": categories_of(["nanowire"])}
    pixels = {}
    for number in range(1, count + 1):
        labels = generate_scene(settings, SEED, number).labels
        labels = np.pad(labels, ((0, 0), margin, margin))
        view = View.of(labels)
        image, annotations = scene_record(number, view.masks, [1] * len(view.masks))
        data["images"].append(image)
        data["annotations"].extend(annotations)
        pixels[number] = compress(
            view.thickness, view.pile_height, divisor="projected_thickness", blur_sigma_px=1
        )
    return data | {"pixels": pixels}


def stock(cfg) -> Predict:
    """DefaultPredictor as it is; its masks are encoded by `results_of_stock`, outside the clock."""
    predictor = DefaultPredictor(cfg)
    predictor.model.roi_heads.mask_head.register_forward_hook(_frames_as_boxes)
    return lambda image, _: predictor(np.repeat(image[:, :, None], 3, axis=2))["instances"]


def _frames_as_boxes(head, inputs, instances) -> None:
    for item in instances:
        if item.has("mask_boxes"):
            item.pred_boxes = item.mask_boxes
            item.remove("mask_boxes")


def results_of_stock(instances, image_id: int) -> list[dict]:
    corners = instances.pred_boxes.tensor.numpy()
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "bbox": [*corner[:2].tolist(), *(corner[2:] - corner[:2]).tolist()],
            "score": float(score),
            "segmentation": encode_mask(mask),
        }
        for corner, score, mask in zip(
            corners, instances.scores.numpy(), instances.pred_masks.numpy(), strict=True
        )
    ]


def race(
    network: str, predictors: Mapping[str, Predict], pixels: Mapping, repeats: int, clock: Callable
) -> tuple[list[dict], dict[str, dict]]:
    """Every time in seconds, and what each predictor found in each image: {predictor: {image: …}}.

    A round before the first repeat warms up, and is not counted.
    """
    times, found = [], {name: {} for name in predictors}
    for repeat in range(-1, repeats):
        for number, image in pixels.items():
            for name, predict in predictors.items():
                start = clock()
                found[name][number] = predict(image, number)
                seconds = clock() - start
                if repeat >= 0:
                    times.append(
                        {
                            "network": network,
                            "predictor": name,
                            "repeat": repeat,
                            "image": number,
                            "seconds": seconds,
                        }
                    )
    return times, found


def ratios(times: pd.DataFrame) -> pd.DataFrame:
    """Per network and predictor: median seconds an image, and the median ratio to stock's time."""
    of_repeat = times.groupby(["network", "predictor", "repeat"])["seconds"].mean().reset_index()
    stock_times = of_repeat[of_repeat["predictor"] == STOCK].drop(columns="predictor")
    both = of_repeat.merge(stock_times, on=["network", "repeat"], suffixes=("", "_stock"))
    both["ratio"] = both["seconds_stock"] / both["seconds"]
    return both.groupby(["network", "predictor"])[["seconds", "ratio"]].median()


def random_weights(cfg, image: np.ndarray, path: Path) -> None:
    """Random weights whose normalisations have an image's statistics, so that nothing overflows."""
    torch.manual_seed(SEED)
    cfg = cfg.clone()
    cfg.MODEL.RESNETS.NORM = "BN"
    cfg.MODEL.BACKBONE.FREEZE_AT = 0
    cfg.MODEL.WEIGHTS = ""
    model = build_model(cfg)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    with torch.no_grad():
        colour = torch.as_tensor(np.repeat(image[None], 3, axis=0), dtype=torch.float32)
        model.backbone(model.preprocess_image([{"image": colour}]).tensor)
    state = model.state_dict()
    torch.save(
        {"model": {name: value for name, value in state.items() if "num_batches" not in name}}, path
    )


def predictors_of(cfg) -> dict[str, Predict]:
    native = precision.native_precision("cpu")
    return {
        STOCK: stock(cfg),
        "float32": Predictor(cfg, "float32"),
        **({native: Predictor(cfg, native)} if native != "float32" else {}),
    }


def without(trick: str, cfg, numbers: str) -> Predict:
    """Our predictor with a trick switched off."""
    with mock.patch(*TRICKS[trick]):
        predictor = Predictor(cfg, numbers)

    def predict(image: np.ndarray, image_id: int) -> list[dict]:
        with mock.patch(*TRICKS[trick]):
            return predictor(image, image_id)

    return predict


def race_of_tricks(
    cfg, tricks: Sequence[str], pixels: Mapping, repeats: int, clock: Callable
) -> None:
    """Print, of each precision and trick, the time of a prediction without it over that with it."""
    for numbers in dict.fromkeys(["float32", precision.native_precision("cpu")]):
        predictors = {"whole": Predictor(cfg, numbers)}
        predictors |= {trick: without(trick, cfg, numbers) for trick in tricks}
        times = pd.DataFrame(race("small", predictors, pixels, repeats, clock)[0])
        of_repeat = times.pivot_table("seconds", "repeat", "predictor")
        ratio = of_repeat[list(tricks)].div(of_repeat["whole"], axis=0)
        print(f"{numbers}: {of_repeat['whole'].median():.3f} s an image; without one of the tricks")
        print(ratio.agg(["median", "min", "max"]).T.round(3).to_string())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--timed", type=int, default=3, help="images whose prediction is timed")
    parser.add_argument("--size", type=int, default=512, help="side of an image in pixels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    parser.add_argument("--without", nargs="*", choices=TRICKS, metavar="TRICK")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    stopwatch = Stopwatch()
    path, card = bundled()
    data = scenes(arguments.images, arguments.size, card.get("particle_width_px") or 14, MARGIN_PX)
    pixels = data.pop("pixels")
    small = prediction_config(
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        weights=path,
        device="cpu",
        classes=len(card["categories"]),
    )
    timed = {number: pixels[number] for number in list(pixels)[: arguments.timed]}
    if arguments.without is not None:
        race_of_tricks(small, arguments.without or list(TRICKS), timed, arguments.repeats, clock)
        return 0
    contestants = predictors_of(small)
    times, found = race("small", contestants, timed, arguments.repeats, clock)
    for name, predict in contestants.items():
        found[name] |= {n: predict(pixels[n], n) for n in pixels if n not in timed}
    found[STOCK] = {
        number: results_of_stock(instances, number) for number, instances in found[STOCK].items()
    }
    settings = reader.section_defaults("evaluation") | {"bootstrap_replicates": 0}
    ap = {}
    for name, by_image in found.items():
        results = [result for results in by_image.values() for result in results]
        scores = evaluate_predictions(data, results, settings)
        ap[name] = scores["segm"]["ap"]

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "r50.pth"
        prediction = reader.section_defaults("prediction")
        large = prediction_config(
            reader.section_defaults("architecture"),
            {**prediction, "detections": 100, "min_size_px": 0},
            nms_threshold=0.7,
            weights=file,
            device="cpu",
        )
        random_weights(large, pixels[1], file)
        times += race("r50", predictors_of(large), {1: pixels[1]}, arguments.repeats, clock)[0]

    table = pd.DataFrame(times)
    summary = ratios(table)
    fastest = next(reversed(contestants))
    difference = {name: value - ap[STOCK] for name, value in ap.items()}
    with atomic_path(arguments.out / "inference_times.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    write_json(
        arguments.out / "inference.json",
        record(
            stopwatch,
            size_px=arguments.size,
            images=arguments.images,
            timed_images=arguments.timed,
            particles=len(data["annotations"]),
            repeats=arguments.repeats,
            threads=arguments.threads,
            clock=clock.__name__,
            cpu=torch.cpu.get_capabilities().get("cpu_name"),
            model=card["name"],
            model_sha256=card["sha256"],
            summary=summary.reset_index().to_dict("records"),
            ap=ap,
            ap_difference=difference,
        ),
        indent=1,
    )
    print(summary.round(3).to_string())
    print(f"{len(data['annotations'])} wires on {arguments.images} images; mask AP in percent:")
    print(pd.Series(ap).round(3).to_string())
    ratio = summary.loc[("small", fastest), "ratio"]
    change = difference[fastest]
    print(f"ratio_stock={ratio:.2f} ap_difference={change:+.3f}")
    return 0 if ratio >= RATIO_LIMIT and abs(change) <= AP_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
