"""Variants: ordinary runs of the whole chain, each of which changes some settings of the run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthwire.config.checks import check_bundled, check_copy_paste, files_of_image_set
from synthwire.config.models_table import with_changes
from synthwire.datasets import split
from synthwire.datasets.image_sets.published import published_images
from synthwire.errors import InputError
from synthwire.imaging import picture
from synthwire.io.files import sha256
from synthwire.schema import validate, validate_section
from synthwire.structures import checks, settings

SECTIONS = (
    "structures",
    "compression",
    "imaging",
    "dataset",
    "architecture",
    "training",
    "prediction",
)
ROW = "model"  # what a variant changes in the row of the model table that it is trained as
PARTICLES = "particles"  # what it changes in every class of particles of every population
SHOWN = "shown"  # among a note's tests: what the run's tables show
OWN_ENVIRONMENT = "own"  # a peer's, where it needs nothing but the workflow's packages
PEERS_CONTRACT = "peer"  # in workflow/peers, what all peers share
SEED_STEP = 1000  # between repetitions; the first has the run's own seed


@dataclass(frozen=True)
class Variant:
    """One training on its own data.

    name: of the model, as note1-spheres or, of several repetitions, ablations-binary-2; note, key:
    of config/supplement; label: what people call it; seed: of all that is random; config: the
    sections of SECTIONS, complete; row: the model table's row that it is trained as; tests: names
    of the variants (with their own validation images) and image sets that it is tested on; patches:
    share of real patches among its training images.
    """

    name: str
    note: str
    key: str
    label: str
    seed: int
    config: Mapping[str, Any]
    row: Mapping[str, Any]
    tests: tuple[str, ...]
    patches: float

    @property
    def parts(self) -> tuple[int, int]:
        """Numbers of training and validation images."""
        return split.part_sizes(
            self.config["structures"]["scenes"], self.config["dataset"]["validation_fraction"]
        )

    def made_from(self, *sections: str) -> str:
        """What decides a part of its data; variants that agree in it share the files."""
        return made_from(self.config, self.seed, sections)


def made_from(config: Mapping[str, Any], seed: int, sections: Sequence[str]) -> str:
    """What decides data that follow from some sections of a configuration and a seed."""
    return json.dumps([{name: config[name] for name in sections}, seed], sort_keys=True)


def read_variants(note: str, choices: Mapping, config: Mapping, row: Mapping) -> dict[str, Variant]:
    """The variants of a note, by name, in the order of its settings.

    choices: the note's settings (schema/supplement.schema.yaml); config: the run's,
    complete; row: the row of the model table that a variant starts from. InputError names the
    variant and the field that is wrong.
    """
    source = f"supplement.{note}"
    common = choices["common"]
    if choices["steps"] is not None:
        steps = dict.fromkeys(("minimum_iterations", "maximum_iterations"), choices["steps"])
        common = with_changes({"training": steps}, common)
    chosen = choices["select"] or list(choices["variants"])
    unknown = [key for key in chosen if key not in choices["variants"]]
    if unknown:
        raise InputError(
            f"{source}.select: no variant '{unknown[0]}'; there are "
            f"{', '.join(choices['variants'])}"
        )
    found = {}
    for key in chosen:
        entry = choices["variants"][key]
        where = f"{source}.variants.{key}"
        changes = with_changes(common, entry["changes"])
        own_row = validate(
            {**row, **changes.get(ROW, {}), "model": key}, "models.schema.yaml", f"{where}.{ROW}"
        )
        own = _complete(config, changes, where)
        size_factor = own["dataset"]["size_factor"] * entry["share"]
        own["dataset"] = {**own["dataset"], "size_factor": size_factor}
        tests = [
            test
            for test in _expanded(entry["tests"] or choices["tests"] or [key], config)
            if test in chosen or test not in choices["variants"]
        ]
        for repetition in range(choices["repetitions"]):
            name = f"{note}-{key}" + (f"-{repetition + 1}" if choices["repetitions"] > 1 else "")
            variant = Variant(
                name,
                note,
                key,
                entry["label"],
                config["seed"] + repetition * SEED_STEP,
                own,
                own_row,
                tuple(tests),
                entry["patches"],
            )
            split.check_sizes(
                *variant.parts,
                own["dataset"]["size_factor"],
                {name: own_row["dataset_size"]},
                f"{where}: structures.scenes = {own['structures']['scenes']}",
            )
            found[name] = variant
    if choices["reference"] not in (None, *chosen):
        raise InputError(
            f"{source}.reference: '{choices['reference']}' is none of the variants that are "
            f"trained ({', '.join(chosen)})"
        )
    for variant in found.values():
        for test in variant.tests:
            if test not in {*chosen, *config["image_sets"], "synthetic"}:
                raise InputError(
                    f"{source}.variants.{variant.key}.tests: '{test}' is neither one of the note's "
                    f"variants ({', '.join(chosen)}) nor an image set "
                    f"({', '.join(['synthetic', *config['image_sets']])})"
                )
    return found


def _expanded(tests: Sequence[str], config: Mapping) -> list[str]:
    shown = ["synthetic", *config["tables"].values()]
    return list(dict.fromkeys(it for test in tests for it in (shown if test == SHOWN else [test])))


def _complete(config: Mapping, changes: Mapping, where: str) -> dict[str, Any]:
    """The sections of a variant; only those that it changes are checked again."""
    known = (*SECTIONS, PARTICLES, ROW)
    wrong = [name for name in changes if name not in known]
    if wrong:
        raise InputError(f"{where}: a variant may change {', '.join(known)}, not '{wrong[0]}'")
    own = {name: config[name] for name in SECTIONS}
    if PARTICLES in changes:
        structures = with_changes(config["structures"], changes.get("structures", {}))
        populations = [
            {
                **population,
                "particles": [
                    with_changes(particle, changes[PARTICLES])
                    for particle in population["particles"]
                ],
            }
            for population in structures["populations"]
        ]
        changes = {**changes, "structures": {**structures, "populations": populations}}
    for section in SECTIONS:
        if section not in changes:
            continue
        merged = with_changes(deepcopy(config[section]), changes[section])
        try:
            if section == "structures":
                merged = settings.resolve_settings(merged)
                checks.check_settings(merged)
            else:
                merged = validate_section(section, merged, "")
            if section == "imaging":
                picture.check_domains(merged["domains"])
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        own[section] = merged
    check_copy_paste(own["training"], own["imaging"], where)
    if own["training"]["initial_weights"] == "bundled" and "architecture" in changes:
        check_bundled(own["architecture"], f"{where}.architecture")
    return own


def large_enough(entry: Mapping[str, Any], structures: Mapping[str, Any]) -> dict[str, Any]:
    """A simulated image set whose images are no smaller than training images, in nm.

    entry: of config["image_sets"]; structures: config["structures"], of the training images.
    """
    own = entry["structures"]
    least = [
        math.ceil(side * structures["voxel_size_nm"] / own["voxel_size_nm"])
        for side in structures["domain"][:2]
    ]
    domain = [*map(max, own["domain"][:2], least), own["domain"][2]]
    return {**entry, "structures": {**own, "domain": domain}}


def check_real(files: Mapping[str, Mapping], image_sets: Mapping, resources: Path) -> None:
    """InputError where an image that is learnt from is missing, tested on, or a published one.

    files: the setting `note3.real.files`; image_sets: the config's; resources: where the table of
    the published images lies.
    """
    published = published_images(resources)
    known = dict(zip(published["sha256"], published["file"], strict=True))
    tested = {
        Path(path).resolve(): key
        for key, entry in image_sets.items()
        for path in files_of_image_set(entry)
    }
    for key, entry in files.items():
        where = f"supplement.note3.real.files.{key}"
        if entry["annotations"] is None:
            raise InputError(f"{where}: no annotations; there is nothing to learn without outlines")
        for path in map(Path, files_of_image_set(entry)):
            if not path.is_file():
                raise InputError(f"{where}: no file '{path}'")
            if path.resolve() in tested:
                raise InputError(
                    f"{where}: {path} is tested on as image_sets.{tested[path.resolve()]}; "
                    "learn from other images"
                )
            if sha256(path) in known:
                raise InputError(
                    f"{where}: {path} is the published {known[sha256(path)]}, which is for tests "
                    "alone"
                )


def check_peers(peers: Mapping[str, Mapping | None], root: Path) -> None:
    """InputError where a peer's script or the list of its packages is missing.

    peers: the setting `peers.peers`; root: the workflow's folder.
    """
    for key, entry in peers.items():
        if entry is None:
            continue
        needed = {"": root / "workflow" / "peers" / f"{key}.py"}
        if entry["environment"] != OWN_ENVIRONMENT:
            needed[".environment"] = root / "envs" / "peers" / f"{entry['environment']}.txt"
        for field, path in needed.items():
            if not path.is_file():
                known = sorted(it.stem for it in path.parent.glob(f"*{path.suffix}"))
                raise InputError(
                    f"supplement.peers.peers.{key}{field}: no file '{path.relative_to(root)}'; "
                    f"there are {', '.join(it for it in known if it != PEERS_CONTRACT)}"
                )
