"""Random 3D structures: scenes of deposited particles, their files, and anyone's volumes."""

from __future__ import annotations

import copy
import functools
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import tifffile
import yaml

from synthwire import distributions
from synthwire.deposition import NoRest, PackedBodies, Pile, pack_bodies
from synthwire.distributions import Distribution
from synthwire.errors import InputError
from synthwire.files import atomic_directory, atomic_path
from synthwire.shapes import SHAPES, Particle, Shape, make_shape

_ROOT = Path(__file__).resolve().parents[2]
SCHEMA = _ROOT / "config" / "schemas" / "structures.schema.yaml"
PRESETS = _ROOT / "resources" / "presets"
STAGE = 0  # this stage's key among the random streams of a run
PLACES = 50  # where one particle may try to come to rest before its scene is begun anew

COLUMNS = (
    "scene", "particle", "class", "length_nm", "width_nm", "thickness_nm", "x_nm", "y_nm", "z_nm",
    "azimuth_deg", "tilt_deg", "touches_border", "attempt", "category_id", "population", "shape",
    "cut", "part_of", "voxels", "projected_area_px", "visible_area_px", "overlap_fraction",
    "roll_deg",
)  # fmt: skip


@dataclass
class Scene:
    """One structure.

    Attributes
    ----------
    labels: (Z, Y, X) uint8, or uint16 with more than 255 particles; 0 empty, k particle k.
    voxel_size_nm: edge of a voxel.
    particles: one row a label, with COLUMNS (see `generate_scene`).
    """

    labels: np.ndarray
    voxel_size_nm: float
    particles: pd.DataFrame


# --- settings ----------------------------------------------------------------------------------


def presets() -> list[str]:
    """Names of the presets."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def resolve_settings(settings: Mapping) -> dict:
    """Complete a config's `structures`: the preset under it, the schema's defaults under that.

    Gives a new mapping; resolving it again changes nothing. InputError names the field that is
    unknown, missing or of the wrong type.
    """
    schema = _schema()
    if not isinstance(settings, Mapping):
        raise InputError(f"structures: {settings!r} is no mapping of fields")
    result = copy.deepcopy(dict(settings))
    name = result.setdefault("preset", schema["properties"]["preset"]["default"])
    path = PRESETS / f"{name}.yaml"
    if name not in presets():
        raise InputError(f"structures.preset: {name!r} is none of {', '.join(presets())}")
    for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        result.setdefault(key, value)
    _fill_defaults(result, schema, schema)
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(result))
    if errors:
        error = jsonschema.exceptions.best_match(errors)
        field = "".join(
            f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path
        )
        raise InputError(f"structures{field}: {error.message}")
    return result


@functools.cache
def _schema() -> dict:
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def _fill_defaults(value, schema: dict, root: dict) -> None:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if "default" in part:
                value.setdefault(name, copy.deepcopy(part["default"]))
            if name in value:
                _fill_defaults(value[name], part, root)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            _fill_defaults(item, schema["items"], root)


@dataclass(frozen=True)
class _ParticleClass:
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
class _Population:
    name: str
    share: float
    count: Distribution | None
    count_per_um2: Distribution | None
    clusters: Distribution
    cluster_share: float
    cluster_radius: Distribution
    classes: tuple[_ParticleClass, ...]


@dataclass(frozen=True)
class _Plan:
    """Settings made ready: distributions parsed, shapes made."""

    settings: dict
    width: int
    depth: int
    height: int
    voxel: float
    border: str
    populations: tuple[_Population, ...]
    categories: tuple[str, ...]


@functools.lru_cache(maxsize=32)
def _plan_of(text: str) -> _Plan:
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
                _ParticleClass(
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
            _Population(
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
    return _Plan(
        settings, width, depth, height, float(settings["voxel_size_nm"]), settings["border"],
        tuple(populations), tuple(names),
    )  # fmt: skip


def _one_of(entry: Mapping, first: str, second: str, where: str):
    if (first in entry) == (second in entry):
        raise InputError(f"{where}: give {first} or {second}, one of the two")
    return tuple(
        distributions.parse(entry[name], f"{where}.{name}", positive=True)
        if name in entry
        else None
        for name in (first, second)
    )


def _plan(settings: Mapping) -> _Plan:
    try:
        text = json.dumps(settings, sort_keys=True)
    except TypeError as error:
        raise InputError(f"structures: {error}") from None
    return _plan_of(text)


def showcase() -> dict[str, dict]:
    """Settings of small scenes that show what can be made: one for each shape and each preset."""
    scenes = {}
    for kind in SHAPES:
        compact = kind in ("agglomerate", "flake", "sphere")
        particle = {
            "shape": kind,
            "length_nm": {"distribution": "lognormal", "median": 450 if compact else 1300,
                          "sigma": 0.3, "max": 4000},
            "aspect_ratio": 1.3 if compact else 8,
            "thickness_ratio": {"distribution": "uniform", "low": 0.4, "high": 0.9},
        }  # fmt: skip
        scenes[kind] = {
            "preset": "paper",
            "domain": [320, 320, 240],
            "border": "inside",
            "populations": [{"name": kind, "count": 9, "particles": [particle]}],
        }
    return scenes | {name: {"preset": name} for name in presets()}


def categories(settings: Mapping) -> list[str]:
    """Class names; the COCO category id of a class is its place here, counted from 1."""
    return list(_plan(settings).categories)


def shards(settings: Mapping) -> dict[str, list[int]]:
    """Scenes of each shard: {"000": [0, 1, …], "001": …}."""
    settings = _plan(settings).settings
    size = settings["scenes_per_shard"]
    scenes = range(settings["scenes"])
    return {
        f"{i:03d}": list(scenes[start : start + size])
        for i, start in enumerate(range(0, len(scenes), size))
    }


def check_settings(settings: Mapping) -> None:
    """Refuse what can be known impossible before any work starts.

    InputError names the field: an unknown field, shape or preset, a distribution with negative
    support, particles larger than the domain or thinner than a voxel, or more volume than the
    domain holds.
    """
    plan = _plan(settings)
    low, high = min(plan.width, plan.depth) * plan.voxel, plan.height * plan.voxel
    for i, population in enumerate(plan.populations):
        total = 0.0
        shares = sum(item.share for item in population.classes)
        for j, item in enumerate(population.classes):
            at = f"structures.populations[{i}].particles[{j}]"
            rng = np.random.default_rng(0)
            sizes = np.array([_sample_size(item, plan.voxel, rng) for _ in range(400)])
            length, width, thickness = sizes.T
            field = "width_nm" if item.width else "aspect_ratio"
            if np.median(width) < 2 * plan.voxel:
                raise InputError(
                    f"{at}.{field}: half of the particles are narrower than two voxels of "
                    f"{plan.voxel:g} nm; make them wider or voxel_size_nm smaller"
                )
            largest = max(plan.width, plan.depth)
            if np.median(length) > 50 * largest * plan.voxel:
                raise InputError(
                    f"{at}.length_nm: half of the particles are over 50 times longer than the "
                    f"domain, {largest} voxels of {plan.voxel:g} nm; is voxel_size_nm right?"
                )
            field = "thickness_nm" if item.thickness else "thickness_ratio"
            if thickness.min() > high:
                raise InputError(
                    f"{at}.{field}: every particle is thicker than the domain's height, "
                    f"{plan.height} voxels = {high:g} nm; raise domain[2]"
                )
            if plan.border != "cut" and length.min() > low * math.sqrt(2):
                raise InputError(
                    f"{at}.length_nm: every particle is longer than the domain, {low:g} nm, which "
                    f"border: {plan.border} does not allow; use border: cut or a larger domain"
                )
            if plan.border == "cut":
                length = np.minimum(length, low)
            total += item.share / shares * float(np.mean(length * width * thickness)) * 0.5
        count = _mean_count(plan, population)
        if count > 20_000:
            raise InputError(
                f"structures.populations[{i}].count: {count:.0f} particles a scene; at most 20000"
            )
        room = plan.width * plan.depth * plan.height * plan.voxel**3
        if count * total > room:
            raise InputError(
                f"structures.populations[{i}].count: {count:.0f} particles have about "
                f"{count * total / room:.1f} times the domain's volume; use fewer or smaller "
                "particles or a larger domain"
            )


def _mean_count(plan: _Plan, population: _Population) -> float:
    distribution = population.count or population.count_per_um2
    count = float(np.mean(distribution.quantiles(np.linspace(0.05, 0.95, 19), draws=400)))
    return count if population.count else count * _base_um2(plan)


def _base_um2(plan: _Plan) -> float:
    return plan.width * plan.depth * (plan.voxel / 1000) ** 2


# --- generation --------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A particle drawn but not yet deposited."""

    item: _ParticleClass
    particle: Particle
    bodies: PackedBodies
    azimuth: float
    cluster: tuple[float, float, float] | None  # middle x, y and radius, voxels


def _sample_size(item: _ParticleClass, voxel: float, rng) -> tuple[float, float, float]:
    """Length, width, thickness in nm; no less than a voxel, and the length the greater."""
    length = item.length.sample(rng)
    width = item.width.sample(rng) if item.width else length / item.aspect_ratio.sample(rng)
    if width > length:
        length, width = width, length
    thickness = (
        item.thickness.sample(rng) if item.thickness else width * item.thickness_ratio.sample(rng)
    )
    return max(length, voxel), max(width, voxel), max(thickness, voxel)


def _draw(plan: _Plan, population: _Population, rng: np.random.Generator) -> list[_Draft]:
    if population.count:
        count = population.count.sample(rng)
    else:
        count = population.count_per_um2.sample(rng) * _base_um2(plan)
    clusters = [
        (
            plan.width * rng.random(),
            plan.depth * rng.random(),
            population.cluster_radius.sample(rng) / plan.voxel,
        )
        for _ in range(round(population.clusters.sample(rng)))
    ]
    drafts = []
    for _ in range(max(1, round(count))):
        item = population.classes[_choose([item.share for item in population.classes], rng)]
        particle = item.shape.build(*_sample_size(item, plan.voxel, rng), rng)
        azimuth = math.radians(item.azimuth.sample(rng)) % math.pi
        cluster = None
        if clusters and rng.random() < population.cluster_share:
            cluster = clusters[int(rng.integers(len(clusters)))]
        bodies = pack_bodies(particle.bodies, plan.voxel)
        drafts.append(_Draft(item, particle, bodies, azimuth, cluster))
    return drafts


def _choose(shares: Sequence[float], rng: np.random.Generator) -> int:
    """Place of one entry, drawn with probabilities proportional to the shares."""
    place = rng.random() * sum(shares)
    for i, share in enumerate(shares):
        place -= share
        if place < 0:
            return i
    return len(shares) - 1


def generate_scene(settings: Mapping, seed: int, scene: int) -> Scene:
    """Make one structure (paper, "Synthetic dataset generation").

    Particles are drawn, then deposited one after another. The result depends on settings, seed
    and scene alone.

    Parameters
    ----------
    settings: config["structures"], complete or not (see `resolve_settings`).
    seed: of the run.
    scene: number of the scene, from 0.

    Returns
    -------
    Scene. Its table has one row a label: scene, particle (the label), class, length_nm, width_nm,
    thickness_nm (of the whole particle, also when cut), x_nm, y_nm, z_nm (centre of mass of its
    voxels), azimuth_deg [0, 180) counter-clockwise from the horizontal, tilt_deg (positive when
    the end towards the azimuth is the higher), touches_border, attempt (0 unless the scene had to
    be begun anew), category_id, population, shape, cut, part_of (label of the particle that this
    one is a part of, else 0), voxels, projected_area_px (of the amodal mask), visible_area_px
    (where it lies uppermost), overlap_fraction (share of the projected area that lies over or
    under others), roll_deg (turn about its axis, of particles that lean).

    Raises
    ------
    InputError naming the scene and the reason when it cannot be packed in `max_attempts` tries.
    """
    plan = _plan(settings)
    attempts = plan.settings["max_attempts"]
    reason = ""
    for attempt in range(attempts):
        key = (STAGE, scene) if attempt == 0 else (STAGE, scene, attempt)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        population = plan.populations[_choose([item.share for item in plan.populations], rng)]
        drafts = _draw(plan, population, rng)
        try:
            pile, rows = _deposit(plan, drafts, rng)
        except NoRest as refusal:
            reason = refusal.reason
            continue
        table = _table(plan, population, pile, rows, scene, attempt)
        return Scene(pile.labels, plan.voxel, table)
    advice = {
        "height": "the pile outgrows the domain: raise structures.domain[2] or use fewer or "
        "thinner particles",
        "steep": "particles come to rest too steeply: raise structures.max_tilt_deg or use fewer "
        "particles",
        "inside": "particles do not fit: enlarge structures.domain, shorten them or use "
        "border: cut",
    }.get(reason, "particles find no place: enlarge structures.domain or lower min_visible")
    raise InputError(f"structures: scene {scene} could not be packed in {attempts} tries; {advice}")


def _deposit(plan: _Plan, drafts: list[_Draft], rng) -> tuple[Pile, list]:
    labels = sum(draft.bodies.label_count for draft in drafts)
    if labels > np.iinfo(np.uint16).max:
        raise InputError(f"structures: {labels} particles in one scene; at most 65535")
    reach = max(draft.bodies.reach for draft in drafts)
    pile = Pile(
        plan.width,
        plan.depth,
        plan.height,
        dtype=np.uint8 if labels <= 255 else np.uint16,
        margin=min(math.ceil(2 * reach), max(plan.width, plan.depth))
        if plan.border == "cut"
        else 0,
        periodic=plan.border == "periodic",
    )
    rows = []
    label = 1
    for draft in drafts:
        limits = _centre_limits(plan, draft)
        reason = "inside"
        for _ in range(PLACES):
            if draft.cluster is None:
                x, y = (round(low + (high - low) * rng.random(), 6) for low, high in limits)
            else:
                *middle, radius = draft.cluster
                x, y = (round(at + radius * rng.standard_normal(), 6) for at in middle)
            try:
                deposited = pile.deposit(
                    draft.bodies,
                    x,
                    y,
                    draft.azimuth,
                    label,
                    rest=draft.item.rest,
                    stiffness=_stiffness(draft.item, draft.particle, plan.voxel),
                    max_tilt=math.radians(plan.settings["max_tilt_deg"]),
                    min_visible=max(plan.settings["min_visible"], 1e-9),
                    inside=plan.border == "inside",
                )
            except NoRest as refusal:
                reason = refusal.reason
                continue
            rows.append((label, draft, deposited))
            label += draft.bodies.label_count
            break
        else:
            raise NoRest(reason)
    return pile, rows


def _stiffness(item: _ParticleClass, particle: Particle, voxel: float) -> float:
    """EI/q in voxels³ of a wire that sags by its thickness over its class's sag_span.

    A beam on two supports sags by 5 q ℓ⁴ / (384 EI).
    """
    return 5 * (item.sag_span / voxel) ** 4 / (384 * particle.thickness / voxel)


def _centre_limits(plan: _Plan, draft: _Draft) -> tuple[tuple[float, float], ...]:
    """Range of the centre of mass along x and y; with cut borders it reaches out of the domain."""
    sides = (plan.width, plan.depth)
    if plan.border == "periodic":
        return tuple((0.0, float(side)) for side in sides)
    size = draft.particle
    along, across = size.length / 2 / plan.voxel, size.width / 2 / plan.voxel
    cos, sin = abs(math.cos(draft.azimuth)), abs(math.sin(draft.azimuth))
    half = (along * cos + across * sin, along * sin + across * cos)
    sign = -1 if plan.border == "cut" else 1
    limits = tuple(
        (sign * reach, side - sign * reach) for side, reach in zip(sides, half, strict=True)
    )
    if any(low > high for low, high in limits):
        raise NoRest("inside")
    return limits


def _table(
    plan: _Plan, population: _Population, pile: Pile, rows: list, scene: int, attempt: int
) -> pd.DataFrame:
    records = []
    for label, draft, deposited in rows:
        size, item, pose = draft.particle, draft.item, deposited.pose
        for k, footprint in enumerate(deposited.footprints):
            name = f"{item.name}-{item.shape.parts[k - 1]}" if k else item.name
            x, y, z = deposited.centre[k].tolist()
            area = len(footprint)
            shared, visible = pile.overlap(footprint, label)
            records.append(
                (
                    scene,
                    label + k,
                    name,
                    round(size.length, 3),
                    round(size.width, 3),
                    round(size.thickness, 3),
                    round(x * plan.voxel, 3),
                    round(y * plan.voxel, 3),
                    round(z * plan.voxel, 3),
                    round(math.degrees(pose.azimuth), 3) % 180,
                    round(math.degrees(pose.tilt), 3) + 0.0,  # no minus zero
                    int(deposited.touches_border),
                    attempt,
                    plan.categories.index(name) + 1,
                    population.name,
                    item.shape_name,
                    int(deposited.cut),
                    label if k else 0,
                    int(deposited.voxels[k]),
                    area,
                    0 if k else visible,
                    round(shared / area, 6) if area else 0.0,
                    round(math.degrees(pose.roll), 3) + 0.0,
                )
            )
    return pd.DataFrame.from_records(records, columns=COLUMNS)


# --- files -------------------------------------------------------------------------------------


def generate_shard(
    settings: Mapping,
    seed: int,
    scenes: Sequence[int],
    folder: str | os.PathLike,
    progress: Callable = iter,
) -> None:
    """Make the scenes of one shard: scene_{n:05d}.tif and particles.csv, in `folder`.

    The folder appears whole or not at all. `progress` wraps the iteration (tqdm, for instance).
    One scene is in memory at a time.
    """
    check_settings(settings)
    tables = []
    with atomic_directory(folder) as temporary:
        for scene in progress(scenes):
            made = generate_scene(settings, seed, scene)
            write_volume(
                temporary / f"scene_{scene:05d}.tif",
                made.labels,
                made.voxel_size_nm,
                scene=scene,
                seed=seed,
                attempt=int(made.particles["attempt"].iloc[0]),
                categories=categories(settings),
            )
            tables.append(made.particles)
        pd.concat(tables).to_csv(temporary / "particles.csv", index=False, lineterminator="\n")


def write_volume(
    path: str | os.PathLike, labels: np.ndarray, voxel_size_nm: float, **metadata
) -> None:
    """Write a labelled volume (Z, Y, X) as zstd-compressed TIFF, one page a layer.

    ImageDescription holds JSON: axes, voxel_size_nm and `metadata`.
    """
    description = json.dumps({"axes": "ZYX", "voxel_size_nm": voxel_size_nm, **metadata})
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            labels,
            photometric="minisblack",
            compression="zstd",
            compressionargs={"level": 1},
            description=description,
            metadata=None,
            maxworkers=1,
        )


def read_volume(path: str | os.PathLike) -> tuple[np.ndarray, dict]:
    """Read a labelled volume, ours or anyone's: any TIFF stack of whole numbers, 0 = empty.

    Returns
    -------
    labels: (Z, Y, X), unsigned integer, of the smallest type that holds them.
    metadata: at least voxel_size_nm, None when the file does not say.

    Raises
    ------
    InputError when the file is missing or broken, is no volume, or does not hold labels.
    """
    path = Path(path)
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            volume = series.asarray()
            axes = series.axes
            description = file.pages[0].description
            imagej = file.imagej_metadata or {}
            ome = file.ome_metadata
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:  # tifffile and its codecs raise many kinds for broken files
        raise InputError(f"{path}: not a readable TIFF volume ({error})") from None
    volume = _as_zyx(volume, axes, path)
    return _as_labels(volume, path), _volume_metadata(description, imagej, ome)


def _as_zyx(volume: np.ndarray, axes: str, path: Path) -> np.ndarray:
    if volume.ndim > 3:
        keep = [i for i, size in enumerate(volume.shape) if size > 1]
        volume = volume.reshape([volume.shape[i] for i in keep])
        axes = "".join(axes[i] for i in keep)
    if volume.ndim != 3 or axes.endswith("S"):
        raise InputError(
            f"{path}: a labelled volume has three dimensions (Z, Y, X), this has {volume.ndim} "
            f"({axes}, {' × '.join(map(str, volume.shape))})"
        )
    return volume


def _as_labels(volume: np.ndarray, path: Path) -> np.ndarray:
    if volume.dtype == bool:
        return volume.astype(np.uint8)
    if volume.size == 0:
        raise InputError(f"{path}: the volume is empty")
    least, greatest = volume.min(), volume.max()
    if volume.dtype.kind == "f" and not np.array_equal(volume, np.round(volume)):
        raise InputError(f"{path}: has fractional values; labels are whole numbers, 0 = empty")
    if volume.dtype.kind not in "iuf" or least < 0 or greatest > np.iinfo(np.uint32).max:
        raise InputError(f"{path}: has values from {least} to {greatest}; labels start at 0")
    return volume.astype(np.min_scalar_type(int(greatest)), copy=False)


def _volume_metadata(description: str, imagej: dict, ome: str | None) -> dict:
    units = {"nm": 1.0, "nanometer": 1.0, "um": 1e3, "µm": 1e3, "micron": 1e3, "\\u00B5m": 1e3}
    try:
        metadata = json.loads(description)
    except (json.JSONDecodeError, TypeError):
        metadata = {}
    if not isinstance(metadata, dict):
        metadata = {}
    size = metadata.get("voxel_size_nm")
    if size is None and imagej.get("spacing") and imagej.get("unit") in units:
        size = imagej["spacing"] * units[imagej["unit"]]
    if size is None and ome:
        pixels = tifffile.xml2dict(ome)["OME"].get("Image", {})
        pixels = pixels[0] if isinstance(pixels, list) else pixels
        pixels = pixels.get("Pixels", {})
        unit = pixels.get("PhysicalSizeXUnit", "µm")
        if "PhysicalSizeX" in pixels and unit in units:
            size = pixels["PhysicalSizeX"] * units[unit]
    usable = isinstance(size, (int, float)) and math.isfinite(size) and size > 0
    return {**metadata, "voxel_size_nm": float(size) if usable else None}
