"""Small results in the project's file formats, for tests of figures and of the report.

Real arrays all the way: bars deposited in a volume, projected to an image, masks of the
projection; predictions are the same masks moved and grown by some pixels, some left out, some
added. Evaluations and statistics are computed from them by the library itself.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

from synthwire.datasets import annotated_images
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import make_annotation, read_coco
from synthwire.io.files import json_ready, read_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.stacks import write_stack
from synthwire.particles.distances import compare_distributions
from synthwire.particles.table import particle_statistics
from synthwire.study.study import Study
from synthwire.study.table_files import write_table
from synthwire.study.tables import build_tables
from synthwire.study.verdict import build_verdict

SETTINGS = {
    "accuracy_score": 0.7,
    "statistics_score": 0.7,
    "area_limits_px": [1024, 9216],
    "detections": [100, 500],
    "boundary_tolerance_px": 2,
    "overlap_limits": [0.05, 0.25],
    "bootstrap_replicates": 50,
    "bootstrap_level": 95,
    "bootstrap_images": 20,
    "bootstrap_block_px": 64,
}


def bar_mask(rng, height, width, scale=1.0):
    """Mask of a rectangle at a random place and angle."""
    length, breadth = rng.uniform(0.2, 0.7) * min(height, width) * scale, rng.uniform(5, 16) * scale
    angle = rng.vonmises(0.6, 1.0)
    along = np.array([np.sin(angle), np.cos(angle)]) * length / 2
    across = np.array([np.cos(angle), -np.sin(angle)]) * breadth / 2
    centre = np.array([rng.uniform(0, height), rng.uniform(0, width)])
    corners = [
        centre + along + across,
        centre + along - across,
        centre - along - across,
        centre - along + across,
    ]
    return polygon2mask((height, width), np.array(corners))


def make_volume(rng, height=128, width=128, depth=48, count=9):
    """Labelled volume (Z, Y, X): bars laid one after another on what lies below."""
    labels = np.zeros((depth, height, width), dtype=np.uint8)
    surface = np.zeros((height, width), dtype=int)
    label = 0
    while label < count:
        mask = bar_mask(rng, height, width)
        thickness = int(rng.integers(4, 9))
        if mask.sum() < 60 or surface[mask].max() + thickness > depth:
            continue
        label += 1
        base = surface[mask].max()
        labels[base : base + thickness, mask] = label
        surface[mask] = base + thickness
    return labels


def scene_image(labels):
    """Optical-density image and masks of a volume."""
    thickness = (labels > 0).sum(axis=0).astype(float)
    image = ndimage.gaussian_filter(255 * thickness / thickness.max(), 1.5)
    masks = [(labels == k).any(axis=0) for k in range(1, labels.max() + 1)]
    return np.rint(image).astype(np.uint8), masks


def perturb(rng, annotations, height, width, image_id, quality=1.0):
    """Predictions made of annotations: moved, grown, some missing, some invented."""
    results = []
    for item in annotations:
        if rng.random() > 0.75 + 0.2 * quality:
            continue
        mask = decode_mask(item["segmentation"])
        shift = np.rint(rng.normal(0, 2 * (1 - quality) + 0.6, 2)).astype(int)
        mask = ndimage.shift(mask.astype(np.uint8), shift, order=0).astype(bool)
        if rng.random() < 0.4:
            mask = ndimage.binary_dilation(mask)
        results.append((mask, rng.uniform(0.6, 1.0)))
    for _ in range(rng.poisson(1 + 3 * (1 - quality))):
        results.append((bar_mask(rng, height, width, 0.4), rng.uniform(0.05, 0.9)))
    return [
        {
            key: value
            for key, value in make_annotation(
                1, image_id, encode_mask(mask), score=float(score)
            ).items()
            if key not in {"id", "area", "iscrowd"}
        }
        for mask, score in results
        if mask.any()
    ]


def coco(images, annotations, **more):
    return {
        "info": {},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "nanowire"}],
        **more,
    }


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def make_image_set(
    folder,
    key,
    label,
    *,
    rng,
    pages=1,
    height=160,
    width=140,
    pixel_size_nm=6.0,
    assumed=False,
    low=2,
    count=14,
):
    """microscopy/{key}: image.tif and annotations.json; some outlines are ignored."""
    stack, images, annotations = [], [], []
    for page in range(pages):
        image, masks = scene_image(make_volume(rng, height, width, 64, count))
        stack.append(image)
        images.append(
            {
                "id": page + 1,
                "file_name": "image.tif",
                "page": page,
                "width": width,
                "height": height,
                "pixel_size_nm": pixel_size_nm,
                "pixel_size_assumed": assumed,
            }
        )
        for k, mask in enumerate(masks):
            annotations.append(
                make_annotation(
                    (page + 1) * 1000 + k, page + 1, encode_mask(mask), iscrowd=int(k < low)
                )
            )
    target = Path(folder) / "microscopy" / key
    target.mkdir(parents=True, exist_ok=True)
    write_stack(target / "image.tif", np.stack(stack))
    data = coco(images, annotations, image_set={"key": key, "label": label, "kind": key})
    write(target / "annotations.json", data)
    return data


def make_results(folder, *, seed=0, models=("01", "02", "03"), scenes=4, size=128):
    """All stored results that figures read, under `folder`; returns the folder as Path."""
    folder = Path(folder)
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for scene in range(scenes):
        labels = make_volume(rng, size, size)
        image, masks = scene_image(labels)
        for name in ("structures", "images"):
            (folder / name / "000").mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(folder / f"structures/000/scene_{scene:05d}.tif", labels)
        Image.fromarray(image).save(folder / f"images/000/scene_{scene:05d}.png")
        images.append(
            {"id": scene, "file_name": f"scene_{scene:05d}.png", "width": size, "height": size}
        )
        annotations += [
            make_annotation(scene * 100_000 + k, scene, encode_mask(mask))
            for k, mask in enumerate(masks, start=1)
        ]
    sets = {"synthetic": coco(images, annotations)}
    write(folder / "dataset/val.json", sets["synthetic"])
    for key, label, more in (
        ("ptychography", "X-ray ptychography", {"assumed": True}),
        ("stxm", "STXM", {"pixel_size_nm": [6.6, 7.8], "assumed": True, "count": 24}),
        ("sem", "SEM", {"pixel_size_nm": None, "height": 150, "width": 200, "count": 18}),
        ("simulated_stxm", "Simulated STXM", {"pages": 3}),
    ):
        sets[key] = make_image_set(folder, key, label, rng=rng, **more)
    for number, model in enumerate(models):
        for key, data in sets.items():
            groups = {image["id"]: [] for image in data["images"]}
            for item in data["annotations"]:
                groups[item["image_id"]].append(item)
            predictions = []
            for image in data["images"]:
                predictions += perturb(
                    rng,
                    groups[image["id"]],
                    image["height"],
                    image["width"],
                    image["id"],
                    quality=(number + 1) / len(models),
                )
            write(folder / f"predictions/{model}/{key}.json", predictions)
            table = particle_statistics(data, predictions, SETTINGS)
            result = evaluate_predictions(data, predictions, SETTINGS)
            result["distributions"] = compare_distributions(table).to_dict("records")
            write(folder / f"evaluation/{model}/{key}.json", json_ready(result))
            path = folder / f"statistics/{model}/{key}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            table.to_csv(path, index=False)
        lines = [
            json.dumps(
                {
                    "iteration": i,
                    "total_loss": 2.5 * np.exp(-i / 150) + rng.normal(0.5, 0.03),
                    "loss_mask": 0.7 * np.exp(-i / 150) + 0.2,
                    "loss_cls": 0.6 * np.exp(-i / 100) + 0.1,
                    "loss_box_reg": 0.5 * np.exp(-i / 200) + 0.1,
                    "loss_rpn_cls": 0.4 * np.exp(-i / 80) + 0.03,
                    "loss_rpn_loc": 0.2 * np.exp(-i / 90) + 0.05,
                    "lr": 0.01 * min((i + 1) / 60, 1) * 0.5 * (1 + np.cos(np.pi * i / 600)),
                }
            )
            for i in range(19, 600 - 60 * number, 20)
        ]
        path = folder / f"models/{model}/metrics.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    return folder


def image_set(results, key):
    return annotated_images.read_image_set(results / "microscopy" / key)


def evaluation(results, model, key):
    return read_json(results / "evaluation" / model / f"{key}.json")


def synthetic(results):
    return annotated_images.read_synthetic(
        read_coco(results / "dataset/val.json"),
        sorted((results / "images").iterdir()),
        pixel_size_nm=12.0,
    )


def model_table():
    """Rows that differ from the first in one factor each, two of them in the data set's size."""
    base = {
        "epochs": 250,
        "dataset_size": 250,
        "learning_rate": 0.02,
        "roi_head": 256,
        "iou_thr": 0.6,
        "nms": 0.7,
    }
    rows = [
        base,
        {**base, "dataset_size": 500},
        {**base, "dataset_size": 1000},
        {**base, "epochs": 500},
        {**base, "learning_rate": 0.01},
        {**base, "nms": 0.8},
    ]
    return pd.DataFrame([{"model": f"{n:02d}", **row} for n, row in enumerate(rows, start=1)])


def make_config(name="standin"):
    """The parts of a resolved configuration that captions and the report read."""
    published = {
        key: {"source": "published", "published": key, "label": label, "kind": key}
        for key, label in (
            ("ptychography", "X-ray ptychography"),
            ("stxm", "STXM"),
            ("sem", "SEM"),
        )
    }
    simulated = {"source": "simulated", "microscope": "stxm", "label": "Simulated STXM"}
    return {
        "name": name,
        "seed": 7,
        "compression": {"divisor": "projected_thickness", "blur_sigma_px": 2},
        "image_sets": {**published, "simulated_stxm": {**simulated, "kind": "stxm"}},
        "tables": {"table2": "ptychography", "table3": "stxm", "table4": "sem"},
        "evaluation": SETTINGS,
    }


EDGES = [
    ("generate_structures", "compress_optical_density"),
    ("compress_optical_density", "split_dataset"),
    ("split_dataset", "train_model"),
    ("train_model", "predict"),
    ("prepare_microscopy", "predict"),
    ("compress_optical_density", "predict"),
    ("predict", "evaluate"),
    ("prepare_microscopy", "evaluate"),
    ("evaluate", "make_tables"),
    ("evaluate", "make_figure_3"),
    ("prepare_microscopy", "make_figure_1"),
    ("make_tables", "report"),
    ("make_figure_3", "report"),
    ("make_figure_1", "report"),
    ("report", "all"),
]


def make_tables(folder):
    """tables/ of stored evaluations, by the library's own modules."""
    folder = Path(folder)
    evaluations = {
        path.name: {file.stem: read_json(file) for file in path.glob("*.json")}
        for path in sorted((folder / "evaluation").iterdir())
    }
    sets = make_config()["image_sets"]
    published = Path(__file__).parents[2] / "resources" / "paper"
    shown = {2: "ptychography", 3: "stxm", 4: "sem"}
    study = Study(evaluations, model_table(), published, shown, sets)
    tables = build_tables(study) | build_verdict(study, level=95)
    for name, table in tables.items():
        write_table(table, folder / "tables" / name)


def make_benchmarks(folder, seed=0):
    """benchmarks/ as Snakemake writes them."""
    rng = np.random.default_rng(seed)
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for rule, jobs in (
        ("generate_structures", ("000", "001")),
        ("train_model", ("01", "02", "03")),
        ("report", ()),
    ):
        for job in jobs or (None,):
            path = Path(folder) / "benchmarks" / rule
            path = path / f"{job}.tsv" if job else path.with_suffix(".tsv")
            path.parent.mkdir(parents=True, exist_ok=True)
            seconds = rng.uniform(2, 400)
            line = f"{seconds:.4f}\t0:00:01\t{rng.uniform(100, 900):.2f}" + "\t1.0" * 7 + "\n"
            path.write_text(head + line)


def make_features(picture, seed=0):
    """Features of four pyramid levels: the image, its edges and noise, mixed into channels."""
    rng = np.random.default_rng(seed)
    image = picture.pixels.astype(float) / 255
    sources = np.stack([image, ndimage.gaussian_gradient_magnitude(image, 1.0)])
    levels = {}
    for level in (2, 3, 4, 5):
        small = ndimage.zoom(sources, (1, 0.5**level, 0.5**level), order=1)
        mixed = np.tensordot(rng.normal(size=(12, 2)), small, axes=1)
        levels[f"P{level}"] = mixed + rng.normal(0, 0.02, mixed.shape)
    return levels


def make_diagnosis():
    """AP of one model against four imaging conditions, as `diagnosis.diagnose` tells it."""
    rows = []
    for label, unit, values in (
        ("Noise", "%", (0, 2, 4, 8)),
        ("Blur", "px", (0, 1, 2, 4)),
        ("Tilt", "°", (0, 15, 30, 45)),
        ("Resolution", "nm", (6, 12, 24)),
    ):
        for step, value in enumerate(values):
            ap = 52.0 - 6 * step
            rows.append((label.lower(), label, unit, value, 4, ap, ap + 20))
    columns = ["condition", "label", "unit", "value", "images", "ap_segm", "ap50_segm"]
    return pd.DataFrame(rows, columns=columns)
