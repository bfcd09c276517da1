"""From labelled volumes to the training images and masks of one shard.

The paper compresses every structure to an optical-density image (`optics`). Models beyond the paper
learn from several imaging domains: for each scene one of them is drawn, and a virtual microscope
whose settings are drawn as well takes the image (domain randomisation, Tobin et al., IROS 2017,
arXiv:1703.06907).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage

from synthwire import microscopes
from synthwire.errors import InputError
from synthwire.files import atomic_directory, write_json
from synthwire.optics import (
    categories_of,
    compact_labels,
    optical_density,
    project,
    scene_record,
)
from synthwire.structures import read_volume

STAGE = 4  # this stage's key among the random streams of a run
OPTICAL_DENSITY = "optical_density"  # the domain of the paper
OPAQUE = ("sem",)  # microscopes that see the topmost particle only
RING_PX = 4  # how far about a particle its ground reaches


class Picture(NamedTuple):
    """One structure as one domain shows it.

    image: uint8 (Y, X); masks: bool (N, Y, X), amodal, those of labels 1…N, of which `shown` (N,)
    says which the image shows well enough to be learnt; domain: its name.
    """

    image: np.ndarray
    masks: np.ndarray
    shown: np.ndarray
    domain: str


def take_picture(
    labels: np.ndarray,
    voxel_size_nm: float | None,
    settings: Mapping,
    domains: Sequence[Mapping],
    seed: int,
    scene: int,
) -> Picture:
    """Image and masks of a labelled volume (Z, Y, X) by one of `domains`, drawn for this scene.

    settings: config["optical_density"]; domains: config["imaging"]["domains"], none of which means
    the paper's compression. The result depends on the arguments alone. InputError when a virtual
    microscope is to image a volume whose voxel size nobody knows.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STAGE, scene)))
    domain = _draw_domain(domains, rng)
    microscope = domain["microscope"]
    if microscope != OPTICAL_DENSITY:
        if voxel_size_nm is None:
            raise InputError(
                f"imaging.domains: {microscope} needs the voxel size, which scene {scene}'s file "
                'does not give; write {"voxel_size_nm": …} into its ImageDescription'
            )
        tilt_deg = microscopes.draw(domain["tilt_deg"], rng)
        labels = microscopes.tilt(labels, tilt_deg, rng.uniform(0, 180))
    thickness, masks, pile_height = project(labels)
    if microscope == OPTICAL_DENSITY:
        image = optical_density(
            thickness,
            divisor=settings["divisor"],
            pile_height=pile_height,
            blur_sigma=settings["blur_sigma_px"],
        )
    else:
        image = microscopes.acquire(microscope, labels, voxel_size_nm, rng, domain["parameters"])
    if domain["invert"]:
        image = 255 - image
    shown = masks.any(axis=(1, 2))
    if microscope in OPAQUE:
        tops = microscopes.top_labels(labels)
        visible = np.bincount(tops.ravel(), minlength=len(masks) + 1)[1:]
        shown &= visible >= domain["minimum_visible"] * masks.sum(axis=(1, 2))
    if domain["minimum_contrast"] > 0:
        shown &= contrasts(image, masks) >= 255 * domain["minimum_contrast"]
    return Picture(image, masks, shown, microscope)


def contrasts(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """How far each particle's grey stands out from the empty ground about it: (N,), in grey levels.

    image: uint8 (Y, X); masks: bool (N, Y, X). Only pixels that no other particle covers speak for
    a particle. One without such pixels, or without empty ground within RING_PX, is compared by its
    whole mask and with the whole ground; one of saturated pixels alone has no contrast at all.
    """
    covered = masks.sum(axis=0, dtype=np.uint16)
    ground = covered == 0
    everywhere = float(np.median(image[ground])) if ground.any() else 0.0
    found = np.zeros(len(masks))
    for number, mask in enumerate(masks):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            continue
        box = tuple(
            slice(max(0, along[0] - RING_PX), along[-1] + RING_PX + 1) for along in (rows, columns)
        )
        own = mask[box] & (covered[box] == 1)
        near = ground[box] & ndimage.binary_dilation(mask[box], iterations=RING_PX)
        values = image[box][own] if own.any() else image[box][mask[box]]
        if not own.any() and values.min() == 255:
            continue
        base = float(np.median(image[box][near])) if near.any() else everywhere
        found[number] = abs(float(values.mean()) - base)
    return found


def _draw_domain(domains: Sequence[Mapping], rng: np.random.Generator) -> Mapping:
    if not domains:
        return {"microscope": OPTICAL_DENSITY, "invert": False, "minimum_contrast": 0}
    shares = np.array([domain["share"] for domain in domains], dtype=float)
    return domains[int(rng.choice(len(domains), p=shares / shares.sum()))]


def check_domains(domains: Sequence[Mapping]) -> None:
    """InputError when a domain names a parameter that its microscope lacks."""
    for number, domain in enumerate(domains):
        if domain["microscope"] == OPTICAL_DENSITY:
            if domain["parameters"] or domain["tilt_deg"] != 0:
                raise InputError(
                    f"imaging.domains.{number}: {OPTICAL_DENSITY} is the paper's compression, set "
                    "in the section optical_density; it has no parameters and no tilt"
                )
            continue
        try:
            microscopes.check_parameters(domain["microscope"], domain["parameters"])
        except InputError as error:
            raise InputError(f"imaging.domains.{number}: {error}") from None


def image_shard(
    structures: Path,
    images: Path,
    settings: Mapping,
    classes: Sequence[str],
    *,
    domains: Sequence[Mapping] = (),
    seed: int = 0,
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write the images and coco.json of one shard of labelled volumes.

    structures: folder with scene_*.tif (ours, or anyone's labelled volumes under those names) and,
    where known, particles.csv, whose column `class` gives each label's category; without it every
    particle belongs to the first of `classes`. settings, domains, seed: as in `take_picture`. The
    folder `images` appears whole or not at all. InputError names the file that cannot be used.
    """
    volumes = sorted(Path(structures).glob("scene_*.tif"))
    if not volumes:
        raise InputError(f"{structures}: no scene_*.tif in this folder")
    particles = _read_particles(Path(structures) / "particles.csv")
    numbers = {name: number for number, name in enumerate(classes, start=1)}
    data: dict = {"images": [], "categories": categories_of(classes), "annotations": []}
    with atomic_directory(images) as folder:
        for path in progress(volumes):
            scene = scene_number(path)
            volume, metadata = read_volume(path)
            labels, originals = compact_labels(volume)
            names = _classes_of_scene(particles, scene, originals, classes[0])
            unknown = sorted(set(names) - set(numbers))
            if unknown:
                raise InputError(
                    f"{structures}/particles.csv: class '{unknown[0]}' is not among the config's "
                    f"classes ({', '.join(classes)})"
                )
            picture = take_picture(
                labels, metadata["voxel_size_nm"], settings, domains, seed, scene
            )
            record, annotations = scene_record(
                scene,
                picture.masks & picture.shown[:, np.newaxis, np.newaxis],
                [numbers[name] for name in names],
            )
            if domains:
                record["domain"] = picture.domain
            Image.fromarray(picture.image).save(folder / record["file_name"], compress_level=6)
            data["images"].append(record)
            data["annotations"].extend(annotations)
        write_json(folder / "coco.json", data)


def scene_number(path: Path) -> int:
    """Scene number in a file name scene_{n}.tif."""
    digits = path.stem.removeprefix("scene_")
    if not digits.isdigit():
        raise InputError(f"{path}: a volume is named scene_<number>.tif")
    return int(digits)


def _read_particles(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    try:
        table = pd.read_csv(path, dtype={"class": str})
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: not a readable table ({error})") from None
    missing = [column for column in ("scene", "particle", "class") if column not in table]
    if missing:
        raise InputError(f"{path}: column '{missing[0]}' is missing")
    return table


def _classes_of_scene(
    particles: pd.DataFrame | None, scene: int, labels: np.ndarray, default: str
) -> list[str]:
    if particles is None:
        return [default] * len(labels)
    rows = particles[particles["scene"] == scene]
    by_label = dict(zip(rows["particle"], rows["class"], strict=True))
    return [by_label.get(label, default) for label in labels.tolist()]
