"""Images and masks of one shard of labelled volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from synthwire.errors import InputError
from synthwire.imaging.picture import take_training_picture
from synthwire.imaging.projection import compact_labels
from synthwire.io.coco import categories_of, scene_record
from synthwire.io.files import atomic_directory, write_json
from synthwire.io.volumes import read_volume, scene_number


def image_shard(
    structures: Path,
    images: Path,
    compression: Mapping,
    classes: Sequence[str],
    *,
    domains: Sequence[Mapping] = (),
    seed: int = 0,
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write the images and coco.json of one shard of labelled volumes.

    structures: folder with scene_*.tif (ours, or anyone's labelled volumes under those names) and,
    where known, particles.csv, whose column `class` gives each label's category; without it every
    particle belongs to the first of `classes`. compression, domains, seed: as in
    `take_training_picture`. The folder `images` appears whole or not at all. InputError names the
    file that cannot be used.
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
            picture = take_training_picture(
                labels, metadata["voxel_size_nm"], compression, domains, seed, scene
            )
            record, annotations = scene_record(
                scene,
                picture.view.masks & picture.learnable[:, np.newaxis, np.newaxis],
                [numbers[name] for name in names],
            )
            if domains:
                record["domain"] = picture.domain.microscope
            Image.fromarray(picture.image).save(folder / record["file_name"], compress_level=6)
            data["images"].append(record)
            data["annotations"].extend(annotations)
        write_json(folder / "coco.json", data)


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
