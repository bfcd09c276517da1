"""What a structure is to be: presets, defaults, and the distributions and shapes made of them."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from synthwire.errors import InputError
from synthwire.schema import section_defaults, validate
from synthwire.structures import distributions
from synthwire.structures.distributions import Distribution
from synthwire.structures.shapes import SHAPES, Shape, make_shape

PRESETS = Path(__file__).parent / "presets"


def presets() -> list[str]:
    """Names of the presets."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def resolve_settings(settings: Mapping) -> dict:
    """Complete a config's `structures`: the preset under it, the schema's defaults under that.

    Gives a new mapping; resolving it again changes nothing. InputError names the field that is
    unknown, missing or of the wrong type.
    """
    if not isinstance(settings, Mapping):
        raise InputError(f"structures: {settings!r} is no mapping of fields")
    result = copy.deepcopy(dict(settings))
    name = result.setdefault("preset", section_defaults("structures")["preset"])
    if name not in presets():
        raise InputError(f"structures.preset: {name!r} is none of {', '.join(presets())}")
    preset = (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")
    for key, value in yaml.safe_load(preset).items():
        result.setdefault(key, value)
    return validate(result, "structures.schema.yaml", "", within="structures")


@dataclass(frozen=True)
class ParticleClass:
    """One entry of a population's `particles`; lengths are distributions in nm, angles in degrees.

    Of width and aspect_ratio, and of thickness and thickness_ratio, one is None.
    """

    name: str
    share: float
    shape_name: str
    shape: Shape
    length: Distribution
    width: Distribution | None
    aspect_ratio: Distribution | None
    thickness: Distribution | None
    thickness_ratio: Distribution | None
    azimuth: Distribution
    rest: str
    sag_span: float


@dataclass(frozen=True)
class Population:
    """One kind of scene: how many particles there are, of which classes, and how they gather.

    Of count and count_per_um2 one is None; cluster_radius is in nm.
    """

    name: str
    share: float
    count: Distribution | None
    count_per_um2: Distribution | None
    clusters: Distribution
    cluster_share: float
    cluster_radius: Distribution
    classes: tuple[ParticleClass, ...]


@dataclass(frozen=True)
class ScenePlan:
    """Settings made ready: distributions parsed, shapes made.

    settings: complete, as `resolve_settings` gives them; width, depth, height: of the domain in
    voxels, whose edge is `voxel` nm; categories: class names in the order of their COCO ids.
    """

    settings: dict
    width: int
    depth: int
    height: int
    voxel: float
    border: str
    populations: tuple[Population, ...]
    categories: tuple[str, ...]

    @property
    def area_um2(self) -> float:
        """Area of the domain's base."""
        return self.width * self.depth * (self.voxel / 1000) ** 2


@functools.lru_cache(maxsize=32)
def _plan_from_text(text: str) -> ScenePlan:
    settings = resolve_settings(json.loads(text))
    width, depth, height = settings["domain"]
    populations = []
    names: list[str] = []
    for i, entry in enumerate(settings["populations"]):
        where = f"structures.populations[{i}]"
        count, density = _one_of(entry, "count", "count_per_um2", where)
        classes = []
        for j, item in enumerate(entry["particles"]):
            at = f"{where}.particles[{j}]"
            width_nm, aspect = _one_of(item, "width_nm", "aspect_ratio", at)
            thickness, ratio = _one_of(item, "thickness_nm", "thickness_ratio", at)
            shape = item["shape"]
            recipe = make_shape(SHAPES, shape, f"{at}.shape")
            for name in (item["class"], *(f"{item['class']}-{part}" for part in recipe.parts)):
                if name not in names:
                    names.append(name)
            classes.append(
                ParticleClass(
                    name=item["class"],
                    share=item["share"],
                    shape_name=shape if isinstance(shape, str) else shape["kind"],
                    shape=recipe,
                    length=distributions.parse(item["length_nm"], f"{at}.length_nm", positive=True),
                    width=width_nm,
                    aspect_ratio=aspect,
                    thickness=thickness,
                    thickness_ratio=ratio,
                    azimuth=distributions.parse(item["azimuth_deg"], f"{at}.azimuth_deg"),
                    rest=item.get("rest", recipe.rest),
                    sag_span=item["sag_span_nm"],
                )
            )
        populations.append(
            Population(
                name=entry["name"],
                share=entry["share"],
                count=count,
                count_per_um2=density,
                clusters=distributions.parse(entry["clusters"], f"{where}.clusters"),
                cluster_share=entry["cluster_share"],
                cluster_radius=distributions.parse(
                    entry["cluster_radius_nm"], f"{where}.cluster_radius_nm", positive=True
                ),
                classes=tuple(classes),
            )
        )
    return ScenePlan(
        settings, width, depth, height, float(settings["voxel_size_nm"]), settings["border"],
        tuple(populations), tuple(names),
    )  # fmt: skip


def _one_of(
    entry: Mapping, first: str, second: str, where: str
) -> tuple[Distribution | None, Distribution | None]:
    if (first in entry) == (second in entry):
        raise InputError(f"{where}: give {first} or {second}, one of the two")
    one, other = (
        distributions.parse(
            entry[name],
            f"{where}.{name}",
            positive=not (name == "count" and entry[name] == 0),  # a bare ground
        )
        if name in entry
        else None
        for name in (first, second)
    )
    return one, other


def make_plan(settings: Mapping) -> ScenePlan:
    """The plan of a config's `structures`, complete or not; InputError names a wrong field."""
    try:
        text = json.dumps(settings, sort_keys=True)
    except TypeError as error:
        raise InputError(f"structures: {error}") from None
    return _plan_from_text(text)


def categories(settings: Mapping) -> list[str]:
    """Class names; the COCO category id of a class is its place here, counted from 1."""
    return list(make_plan(settings).categories)


def shards(settings: Mapping) -> dict[str, list[int]]:
    """Scenes of each shard: {"000": [0, 1, …], "001": …}."""
    settings = make_plan(settings).settings
    size = settings["scenes_per_shard"]
    scenes = range(settings["scenes"])
    return {
        f"{i:03d}": list(scenes[start : start + size])
        for i, start in enumerate(range(0, len(scenes), size))
    }
