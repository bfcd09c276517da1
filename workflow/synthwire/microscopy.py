"""Image sets: each test set of images as one grey stack with COCO annotations beside it.

An image set is one entry of config["image_sets"]: a published image, a user's own file, or images
of our own structures taken by a virtual microscope, for which the truth is known.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import requests

from synthwire import microscopes, structures
from synthwire.annotations import (
    ANNOTATION_IDS_PER_IMAGE,
    encode_mask,
    make_annotation,
)
from synthwire.errors import InputError
from synthwire.files import atomic_directory, sha256, write_json
from synthwire.images import as_pixel_size, read_recording, to_grey8, write_stack
from synthwire.optical_density import density_pages, rescale
from synthwire.optics import categories_of, project
from synthwire.outlines import Outlines, read_outlines

logger = logging.getLogger(__name__)

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
FOLDER_VARIABLE = "SYNTHWIRE_MICROSCOPY"
STAGE = 2  # of the random numbers: structures are 0, the split is 1
IMAGE_NAME = "image.tif"


def prepare_image_set(
    key: str,
    entry: dict,
    folder: str | os.PathLike,
    *,
    seed: int,
    microscopy_folder: str | os.PathLike | None = None,
    classes: Sequence[str] = ("nanowire",),
    resources: str | os.PathLike = RESOURCES,
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write image.tif and annotations.json of one image set; `folder` appears whole or not at all.

    key, entry: one item of config["image_sets"], defaults filled in from
    config/schemas/image_set.schema.yaml. image.tif: uint8 grey (H, W), or (pages, H, W) for
    several images. annotations.json: COCO with masks as RLE, one image a page, and "image_set"
    with key, label and kind. Outlines of low confidence get iscrowd = 1: COCO's evaluation then
    counts a detection there neither for nor against. Outlines that were repaired or left out are
    named in info.remarks and logged as warnings.

    microscopy_folder holds the published images where they lie on this machine (users name it in
    the variable SYNTHWIRE_MICROSCOPY); without it they are downloaded into the user's cache.
    Simulated images depend on seed, key, entry and their own number only.
    InputError, one line: a download refused, a wrong file, an image or annotation of no use.
    """
    source = entry["source"]
    if source == "published":
        prepared = _published(entry, microscopy_folder, Path(resources), classes)
    elif source == "file":
        prepared = _from_files(key, entry, classes)
    elif source == "simulated":
        prepared = _simulated(key, entry, seed, classes, progress)
    else:
        raise InputError(
            f"image_sets.{key}.source: '{source}' is none of published, file, simulated"
        )
    pages, images, outlines, categories = prepared
    for remark in outlines.remarks:
        logger.warning(remark)
    data = {
        "info": {
            "description": f"Image set '{key}'",
            "source": source,
            "remarks": outlines.remarks,
        },
        "image_set": {"key": key, "label": entry["label"], "kind": entry["kind"]},
        "images": images,
        "categories": categories,
        "annotations": outlines.annotations,
    }
    with atomic_directory(folder) as temporary:
        write_stack(
            temporary / IMAGE_NAME, pages, pixel_size_nm=as_pixel_size(images[0]["pixel_size_nm"])
        )
        write_json(temporary / "annotations.json", data)


def _image_record(page: int, shape: tuple[int, int], pixel_size_nm, assumed: bool, **more) -> dict:
    return {
        "id": page + 1,
        "file_name": IMAGE_NAME,
        "page": page,
        "width": int(shape[1]),
        "height": int(shape[0]),
        "pixel_size_nm": pixel_size_nm,
        "pixel_size_assumed": bool(assumed) if pixel_size_nm is not None else False,
        **more,
    }


# -- published images -----------------------------------------------------------------------------


def published_images(resources: Path = RESOURCES) -> pd.DataFrame:
    """The published sample images, indexed by key: file, url, bytes, sha256."""
    return pd.read_csv(Path(resources) / "published_images.tsv", sep="\t", index_col="key")


def published_image(
    key: str, microscopy_folder: str | os.PathLike | None, resources: Path = RESOURCES
) -> Path:
    """Path of a published image whose bytes have been checked by SHA-256.

    It lies in `microscopy_folder`, or, where that is None, is downloaded once into the user's
    cache. InputError in one line when it is missing, the download is refused, or the bytes are
    others.
    """
    table = published_images(resources)
    if key not in table.index:
        raise InputError(f"published: '{key}' is none of {', '.join(table.index)}")
    row = table.loc[key]
    if microscopy_folder is not None:
        path = Path(microscopy_folder) / row["file"]
        if not path.is_file():
            raise InputError(f"{path}: no such file in the folder that {FOLDER_VARIABLE} names")
        advice = f"put the published file there or unset {FOLDER_VARIABLE}"
    else:
        path = _download(row["url"], row["file"])
        advice = f"try again, or save the file by hand and name its folder in {FOLDER_VARIABLE}"
    found = sha256(path)
    if found != row["sha256"]:
        if microscopy_folder is None:
            path.unlink()  # else the next try would find it in the cache again
        raise InputError(
            f"{path}: not the published file: SHA-256 {row['sha256']} is expected, {found} found; "
            f"{advice}"
        )
    return path


def _download(url: str, name: str) -> Path:
    cache = pooch.os_cache("synthwire")
    level = pooch.get_logger().level
    pooch.get_logger().setLevel("WARNING")  # it proposes to trust whatever hash it has found
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash=None,
                fname=name,
                path=cache,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        )
    except (requests.RequestException, OSError, ValueError) as error:
        raise InputError(
            f"{name}: the download from {url} was refused ({type(error).__name__}); save the file "
            f"by hand and name its folder in the variable {FOLDER_VARIABLE}"
        ) from None
    finally:
        pooch.get_logger().setLevel(level)


def _published(entry: dict, microscopy_folder, resources: Path, classes: Sequence[str]):
    key = entry["published"]
    path = published_image(key, microscopy_folder, resources)
    page = to_grey8(read_recording(path).pages[0])
    record = _image_record(
        0, page.shape, entry["pixel_size_nm"], entry["pixel_size_assumed"], original=path.name
    )
    outlines = read_outlines(
        resources / "annotations" / f"{key}.json", [path.name], page.shape, classes=classes
    )
    return page[np.newaxis], [record], outlines, categories_of(classes)


# -- a user's own images --------------------------------------------------------------------------


def _from_files(key: str, entry: dict, classes: Sequence[str]):
    paths = entry["image"] if isinstance(entry["image"], list) else [entry["image"]]
    pages: list[np.ndarray] = []
    names: list[str] = []
    sizes: list = []
    for path in paths:
        try:
            images, found = _images_of(path, entry)
        except InputError as error:
            message = str(error)
            raise InputError(message if str(path) in message else f"{path}: {message}") from None
        pages.extend(images)
        names.extend([Path(path).name] * len(images))
        sizes.extend([found] * len(images))
    if len({page.shape for page in pages}) > 1:
        shapes = ", ".join(f"{page.shape[0]} × {page.shape[1]}" for page in pages)
        raise InputError(
            f"image_sets.{key}.image: the images of one set must have one shape, these are "
            f"{shapes}; make an image set of each"
        )
    shape = pages[0].shape
    records = []
    for page, (name, found) in enumerate(zip(names, sizes, strict=True)):
        size = entry["pixel_size_nm"]
        assumed = entry["pixel_size_assumed"]
        if size is None and found is not None:
            size = found[0] if np.isclose(*found, rtol=1e-6) else list(found)
            assumed = False
        records.append(_image_record(page, shape, size, assumed, original=name))
    outlines = Outlines()
    if entry["annotations"] is not None:
        outlines = read_outlines(entry["annotations"], names, shape, classes=classes)
    return pages, records, outlines, categories_of(classes)


def _images_of(path: str, entry: dict) -> tuple[list[np.ndarray], tuple[float, float] | None]:
    """Grey 8-bit images of one file, and the pixel size (y, x) in nm that the file gives."""
    recording = read_recording(path)
    pages, size = recording.pages, recording.pixel_size_nm
    settings = entry["optical_density"]
    if settings is not None:
        if pages.ndim == 4:
            raise InputError("colour, where intensities are expected for optical_density")
        incident = settings["incident"]
        incident_pages = None
        if isinstance(incident, dict) and "image" in incident:
            incident_pages = read_recording(incident["image"]).pages
        energies = settings["energies_ev"] or recording.energies_ev
        if energies is not None and len(energies) != len(pages):
            raise InputError(f"{len(pages)} pages, but {len(energies)} energies in energies_ev")
        pages = density_pages(pages, energies, settings, incident_pages=incident_pages)
    images = []
    for pixels in pages:
        if entry["rescale"] is not None:
            if pixels.ndim == 3:
                raise InputError("colour images are not rescaled; save it as grey")
            resampled, size = rescale(pixels, tuple(entry["rescale"]), recording.pixel_size_nm)
            if pixels.dtype == np.uint8:  # stays on its scale, unstretched
                resampled = np.rint(np.clip(resampled, 0, 255)).astype(np.uint8)
            pixels = resampled
        grey = to_grey8(pixels)
        images.append(255 - grey if entry["invert"] else grey)
    return images, size


# -- virtual microscopes --------------------------------------------------------------------------


def _simulated(key: str, entry: dict, seed: int, classes: Sequence[str], progress):
    pages, records, annotations = [], [], []
    for number in progress(range(entry["scenes"])):
        page = simulate_page(key, entry, seed, number, classes=classes)
        pages.append(page.image)
        records.append(page.record)
        annotations.extend(page.annotations)
    return pages, records, Outlines(annotations), categories_of(classes)


@dataclass(frozen=True)
class SimulatedPage:
    """One simulated image with its truth.

    image: uint8 (Y, X); record, annotations: COCO, as in annotations.json; particles: the
    structure's particle table (of the untilted structure).
    """

    image: np.ndarray
    record: dict
    annotations: list[dict]
    particles: pd.DataFrame


def simulate_page(
    key: str, entry: dict, seed: int, page: int, *, classes: Sequence[str] = ("nanowire",)
) -> SimulatedPage:
    """One image of an image set of source `simulated`; depends on its arguments alone."""
    key_number = zlib.crc32(key.encode())
    # Structures of their own: with the run's seed they would be those that the models learn from.
    own_seed = int(np.random.SeedSequence(seed, spawn_key=(STAGE, key_number)).generate_state(1)[0])
    scene = structures.generate_scene(entry["structures"], own_seed, page)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STAGE, key_number, page)))
    labels = scene.labels
    azimuth_deg = rng.uniform(0, 180)
    if entry["tilt_deg"]:
        labels = microscopes.tilt(labels, entry["tilt_deg"], azimuth_deg)
    image = microscopes.acquire(
        entry["microscope"], labels, scene.voxel_size_nm, rng, entry["parameters"]
    )
    record = _image_record(
        page, image.shape, scene.voxel_size_nm, False, tilt_deg=entry["tilt_deg"]
    )
    _, masks, _ = project(labels)
    top = microscopes.top_labels(labels) if entry["microscope"] == "sem" else None
    class_of = dict(zip(scene.particles["particle"], scene.particles["class"], strict=True))
    numbers = {name: number for number, name in enumerate(classes, start=1)}
    annotations = []
    for label, mask in enumerate(masks, start=1):
        if not mask.any():
            continue
        name = class_of.get(label, classes[0])
        if name not in numbers:
            raise InputError(
                f"image_sets.{key}.structures: class '{name}' is not among the config's classes "
                f"({', '.join(classes)})"
            )
        # Both truths where the top hides what is below: the mask proper is amodal, as the models
        # are taught; the visible part stands beside it.
        more = {} if top is None else {"visible": encode_mask(top == label)}
        annotations.append(
            make_annotation(
                page * ANNOTATION_IDS_PER_IMAGE + label,
                page + 1,
                encode_mask(mask),
                category_id=numbers[name],
                **more,
            )
        )
    return SimulatedPage(image, record, annotations, scene.particles)
