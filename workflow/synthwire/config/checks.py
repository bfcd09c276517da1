"""Checking the configuration and the model table, before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import pandas as pd

from synthwire.config.models_table import with_changes
from synthwire.datasets import split
from synthwire.datasets.authors_layout import list_split
from synthwire.errors import InputError
from synthwire.imaging import picture
from synthwire.io.volumes import scene_number
from synthwire.learning.weights import bundled
from synthwire.schema import validate, validate_section
from synthwire.structures import checks, settings

INITIAL_WEIGHTS = ("coco", "base", "bundled", "scratch")


def resolve(config: dict, source: str = "config") -> dict:
    """A config with all defaults filled in and everything checked that needs no computation.

    The given mapping stays as it is. InputError on the first thing that is wrong.
    """
    config = validate(deepcopy(config), "config.schema.yaml", source)
    try:
        config["structures"] = settings.resolve_settings(config["structures"])
        checks.check_settings(config["structures"])
        picture.check_domains(config["imaging"]["domains"])
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    shown = {f"tables.{table}": images for table, images in config["tables"].items()}
    if config["figures"]["attached"] is not None:
        shown["figures.attached"] = config["figures"]["attached"]
    for field, images in shown.items():
        if images not in config["image_sets"]:
            raise InputError(
                f"{source}: {field}: no image set '{images}'; there are "
                f"{', '.join(config['image_sets'])}"
            )
        entry = config["image_sets"][images]
        if entry["source"] == "file" and entry["annotations"] is None:
            raise InputError(
                f"{source}: {field}: image set '{images}' has no annotations to "
                "compare with; name them in its field annotations, or show another set"
            )
    check_copy_paste(config["training"], config["imaging"], source)
    weights = config["training"]["initial_weights"]
    if weights not in INITIAL_WEIGHTS and not Path(weights).is_file():
        raise InputError(
            f"{source}: training.initial_weights: '{weights}' is neither "
            f"{', '.join(INITIAL_WEIGHTS)} nor a file"
        )
    if weights == "bundled":
        check_bundled(config["architecture"], f"{source}: training.initial_weights")
    _resolve_evaluated(config, source)
    file = config["training"]["coco_weights_file"]
    if file is not None and not Path(file).is_file():
        raise InputError(f"{source}: training.coco_weights_file: no file '{file}'")
    architecture = config["architecture"]
    if weights in ("base", "scratch") and (
        architecture["norm"] == "FrozenBN" or architecture["freeze_at"] > 0
    ):
        raise InputError(
            f"{source}: training.initial_weights '{weights}' starts from random numbers, which "
            "needs architecture.norm BN, SyncBN or GN and architecture.freeze_at 0"
        )
    for key, entry in config["image_sets"].items():
        for path in files_of_image_set(entry):
            if not Path(path).is_file():
                raise InputError(f"{source}: image_sets.{key}: no file '{path}'")
    return config


def check_copy_paste(training: Mapping, imaging_settings: Mapping, source: str) -> None:
    if training["augmentation"]["copy_paste_wires"] and imaging_settings["domains"]:
        raise InputError(
            f"{source}: training.augmentation.copy_paste_wires: the densities of wires add up in "
            "optical-density images alone; take imaging.domains or this, not both"
        )


def check_bundled(architecture: Mapping, source: str) -> None:
    """InputError where the bundled model is not of this architecture.

    What stays frozen in a training may differ, and what the hourglass head does not use.
    """
    weights, card = bundled()
    own = card["architecture"]
    free = {"freeze_at"}
    if own.get("mask_head") == "hourglass":
        free.add("mask_head_convolutions")
    for field in sorted({*own, *architecture} - free):
        if own.get(field) != architecture.get(field):
            raise InputError(
                f"{source}: the bundled weights fit their own architecture only, whose {field} is "
                f"{own.get(field)}, not {architecture.get(field)}; take the section architecture "
                f"from their card, {weights.with_suffix('.json')}"
            )


def _resolve_evaluated(config: dict, source: str) -> None:
    """Fill in what the entries of models.evaluated leave open, and check them."""
    for name, entry in config["models"]["evaluated"].items():
        where = f"{source}: models.evaluated.{name}"
        if entry["weights"] == "bundled":
            card = bundled().card
            entry["architecture"] = card["architecture"] | entry["architecture"]
            entry["nms"] = card["nms_threshold"]
        elif not Path(entry["weights"]).is_file():
            raise InputError(f"{where}.weights: '{entry['weights']}' is neither bundled nor a file")
        validate_section("architecture", config["architecture"] | entry["architecture"], where)


def files_of_image_set(entry: Mapping) -> list[str]:
    """The user's files that one item of config["image_sets"] names."""
    if entry["source"] != "file":
        return []
    images = entry["image"]
    incident = (entry.get("absorption") or {}).get("incident")
    return [
        *([images] if isinstance(images, str) else images),
        *([entry["annotations"]] if entry["annotations"] else []),
        *([incident["image"]] if isinstance(incident, Mapping) and incident.get("image") else []),
    ]


def parts_of(config: Mapping) -> tuple[int, int]:
    """Numbers of training and validation images: generated, of given volumes, or given images.

    InputError when a folder is missing or does not hold what it should.
    """
    section = config["dataset"]
    if section["volumes"] and section["authors_layout"]:
        raise InputError("dataset: either volumes or authors_layout, not both")
    if section["authors_layout"]:
        folders = section["authors_layout"]
        return len(list_split(folders["train"])), len(list_split(folders["validation"]))
    scenes = config["structures"]["scenes"]
    if section["volumes"]:
        scenes = _count_volumes(Path(section["volumes"]))
    return split.part_sizes(scenes, section["validation_fraction"])


def _count_volumes(folder: Path) -> int:
    present = sorted(scene_number(path) for path in folder.glob("scene_*.tif"))
    if not present:
        raise InputError(f"dataset.volumes: no scene_00000.tif and so on in the folder '{folder}'")
    for expected, number in enumerate(present):
        if number != expected:
            raise InputError(
                f"dataset.volumes: {folder}/scene_{expected:05d}.tif is missing; volumes are "
                "numbered from 0 without gaps"
            )
    return len(present)


def check_models(config: Mapping, models: pd.DataFrame) -> None:
    """InputError when a row asks for more training images than there are, or names clash."""
    twice = [name for name in config["models"]["evaluated"] if name in models.index]
    if twice:
        raise InputError(
            f"models.evaluated.{twice[0]}: the model table has a row of this name; take another"
        )
    sizes = models["dataset_size"].to_dict()
    if config["training"]["initial_weights"] == "base":
        sizes["base"] = config["training"]["base"]["dataset_size"]
    section = config["dataset"]
    part = f"dataset.validation_fraction = {section['validation_fraction']}"
    if section["authors_layout"]:
        origin = f"dataset.authors_layout.train = {section['authors_layout']['train']}"
    elif section["volumes"]:
        origin = f"dataset.volumes = {section['volumes']}, {part}"
    else:
        origin = f"structures.scenes = {config['structures']['scenes']}, {part}"
    split.check_sizes(*parts_of(config), section["size_factor"], sizes, origin)


def check_changes(config: Mapping, models: pd.DataFrame) -> None:
    """InputError when what a row changes makes no valid config, or does not fit its weights.

    A row that uses another one's weights must be a row like it, but for how it predicts.
    """
    for name, row in models.iterrows():
        for section, changes in row["changes"].items():
            merged = validate_section(
                section, with_changes(config[section], changes), f"model {name}"
            )
            if section == "architecture" and config["training"]["initial_weights"] == "bundled":
                check_bundled(merged, f"model {name}")
            if section == "training":
                check_copy_paste(merged, config["imaging"], f"model {name}")
        other = row["weights_of"]
        if other == name:
            continue
        if other not in models.index or models.loc[other, "weights_of"] != other:
            raise InputError(
                f"model {name}: weights_of: '{other}' is no model with weights of its own"
            )
        trained = models.loc[other]
        for column in models.columns.drop(["model", "weights_of", "changes"]):
            if row[column] != trained[column]:
                raise InputError(
                    f"model {name}: {column} is {row[column]}, but model {other}, whose weights it "
                    f"uses, has {trained[column]}"
                )
        for section in ("architecture", "training"):
            if row["changes"].get(section) != trained["changes"].get(section):
                raise InputError(
                    f"model {name}: {section} differs from that of model {other}, whose weights it "
                    "uses; it can change how it predicts alone"
                )
