"""Many images: finding them, a place for each, doing each once, and a summary of all.

Each image's folder holds all that is known of it; coco.json there also tells what made it, so a
batch that was broken off goes on where it stopped, and a changed threshold needs no new inference.
"""

from __future__ import annotations

import fcntl
import glob
import math
import os
import shutil
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import synthwire
from synthwire.errors import InputError
from synthwire.figures import style
from synthwire.figures.segmentation import draw_distributions
from synthwire.files import read_json, sha256, sha256_of_json, write_text
from synthwire.outlines import read_outlines
from synthwire.segmentation import (
    FILES,
    PARTICLE_COLUMNS,
    RESULT_FILES,
    GreyImage,
    Model,
    Preparation,
    Segmentation,
    Selection,
    comparison_files,
    find_model,
    is_result,
    load_model,
    read_images,
    segment_image,
)
from synthwire.statistics import PERIODS, mean_direction

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".h5", ".hdf5", ".nxs", ".hdr")
SUMMARY = "summary.csv"
PARTICLES = "particles.csv"
DISTRIBUTIONS = "distributions"
SUMMARISED = (
    "length_px",
    "width_px",
    "area_px",
    "aspect_ratio",
    "orientation_deg",
    "length_nm",
    "width_nm",
    "area_nm2",
)
PAGE = "page_{:04d}"
LOCK = ".synthwire.lock"  # tells a folder of results, too


# -- inputs and places ----------------------------------------------------------------------------


def find_images(paths: Iterable[str | os.PathLike], out: Path) -> tuple[list[Path], list[str]]:
    """Image files among `paths` and, recursively, in the folders among them; and what was wrong.

    In folders only files of known suffixes count, none that is hidden, and no results, be they in
    `out` or of another batch.
    A file that is named twice is taken once.
    """
    found: dict[Path, Path] = {}
    problems = []
    for path in map(Path, paths):
        if path.is_dir() and path.resolve() == out.resolve():
            files = []
            problems.append(
                f"{path}: results cannot go where the images lie; name a folder below it"
            )
        elif path.is_dir():
            files = list(_images_below(path, out))
            if not files:
                problems.append(f"{path}: no image in this folder ({', '.join(SUFFIXES)})")
        elif path.exists():
            files = [path]
        else:
            files = []
            problems.append(f"{path}: no such file or folder")
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values()), problems


def _images_below(folder: Path, out: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if LOCK in names or here.resolve() == out.resolve():
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield here / name


def places_of(paths: Sequence[Path]) -> dict[Path, Path]:
    """The folder of each file's results, relative to the folder of all.

    It is the file's stem; where two stems are equal, the path from the folder that all files have
    in common; where that is not enough, as with a.png and a.tif, with its suffix. No place lies
    within another, and upper and lower case make no difference, since some file systems know none.
    """
    if not paths:
        return {}
    whole = {path: path.resolve() for path in paths}
    common = Path(os.path.commonpath([path.parent for path in whole.values()]))
    choices = {
        path: _choices(full.relative_to(common), number)
        for number, (path, full) in enumerate(whole.items())
    }
    level = dict.fromkeys(paths, 0)
    while True:
        places = {path: choices[path][level[path]] for path in paths}
        clashing = {path for path in _clashing(places) if level[path] < len(choices[path]) - 1}
        if not clashing:
            return places
        for path in clashing:
            level[path] += 1


def free_place(path: Path, folder: Path, taken: Collection[Path]) -> Path:
    """A place for one more file below `folder`, where places are given for good, as they come."""
    fixed = {Path(str(number)): place for number, place in enumerate(taken)}
    choices = _choices(path.relative_to(folder), len(taken))
    return next(
        (choice for choice in choices if path not in _clashing({**fixed, path: choice})),
        choices[-1],
    )


def _choices(relative: Path, number: int) -> tuple[Path, ...]:
    """Places for a file, shortest first; the last one, with a number of its own, is always free."""
    numbered = Path(f"{'__'.join(relative.parts)}~{number}")
    return Path(relative.stem), relative.with_suffix(""), relative, numbered


def _clashing(places: Mapping[Path, Path]) -> set[Path]:
    """Those whose place is that of another, or lies above or below it."""
    owners: dict[tuple[str, ...], list[Path]] = {}
    for path, place in places.items():
        owners.setdefault(tuple(part.casefold() for part in place.parts), []).append(path)
    clashing = {path for paths in owners.values() if len(paths) > 1 for path in paths}
    for parts, paths in owners.items():
        for depth in range(1, len(parts)):
            if parts[:depth] in owners:
                clashing.update(paths, owners[parts[:depth]])
    return clashing


def files_of(path: Path) -> list[Path]:
    """The files that one image is made of: of an SDF scan its .hdr and its .xim files."""
    if path.suffix.lower() != ".hdr":
        return [path]
    return [path, *sorted(path.parent.glob(f"{glob.escape(path.stem)}*.xim"))]


def fingerprint(path: Path) -> str:
    """SHA-256 of what one image is made of."""
    return sha256_of_json([sha256(file) for file in files_of(path)])


# -- one image after another ----------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What is the same for all images of a batch.

    model, device: as `segmentation.load_model` takes them; scale: as `segmentation.segment`.
    outlines: of the images, to compare with: a folder of files named as they are, a COCO file that
    names them, or, of a single image, any file. single: there is one image alone.
    redo: do anew what is done already.
    """

    preparation: Preparation = field(default_factory=Preparation)
    selection: Selection = field(default_factory=Selection)
    model: str | None = None
    device: str = "auto"
    scale: float | None = None
    outlines: Path | None = None
    single: bool = False
    redo: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one image: its row of the summary, its particles, whether it was done before.

    particles has the columns of `segmentation.PARTICLE_COLUMNS`; content is a digest of the image
    and of what shaped its results.
    """

    row: dict[str, Any]
    particles: pd.DataFrame
    content: str
    reused: bool


class NoModelError(InputError):
    """There is no model to segment any image with."""


class Batch:
    """Segments files one by one into folders below `out`; the model is loaded when first needed."""

    def __init__(self, settings: Settings, out: Path) -> None:
        self.settings = settings
        self.out = out

    @cached_property
    def card(self) -> Mapping[str, Any]:
        try:
            return find_model(self.settings.model)[1]
        except InputError as error:
            raise NoModelError(str(error)) from None

    @cached_property
    def model(self) -> Model:
        try:
            return load_model(self.settings.model, device=self.settings.device)
        except InputError as error:
            raise NoModelError(str(error)) from None

    @cached_property
    def identity(self) -> str:
        """SHA-256 of all that shapes the results of an image, but for the image itself."""
        preparation = asdict(self.settings.preparation)
        if "image" in preparation["incident"]:
            preparation["incident"] = fingerprint(Path(preparation["incident"]["image"]))
        return sha256_of_json(
            {
                "preparation": preparation,
                "scale": self.settings.scale,
                "model": self.card["sha256"],
                "synthwire": synthwire.__version__,
            }
        )

    def process(self, path: Path, place: Path, *, progress=iter) -> list[Outcome]:
        """Segment the images of one file, or take up what is done already; one outcome an image.

        progress wraps the tiles of a large image. InputError in one line when the file is of no
        use or nothing can be written; NoModelError when that goes for all files.
        """
        try:
            return list(self._process(path, self.out / place, progress))
        except OSError as error:
            where = error.filename or self.out / place
            raise InputError(f"{where}: {error.strerror or error}") from None
        except MemoryError:
            raise InputError(f"{path}: too large for this machine's memory; cut it up") from None

    def attempt(
        self, path: Path, place: Path, complain: Callable[[str], None], *, progress=iter
    ) -> list[Outcome] | None:
        """`process`, with a complaint and None where a file is bad, so that the rest can go on.

        An error of our own goes the same way, but with its traceback.
        """
        try:
            return self.process(path, place, progress=progress)
        except NoModelError:
            raise
        except InputError as error:
            complain(str(error))
        except Exception:
            complain(f"{path}: an unexpected error\n{traceback.format_exc()}")
        return None

    def _process(self, path: Path, folder: Path, progress) -> Iterator[Outcome]:
        made_by = sha256_of_json([self.identity, fingerprint(path)])
        outlines = self._outlines_of(path)
        choice = sha256_of_json(
            [asdict(self.settings.selection), outlines and fingerprint(outlines)]
        )
        stored = [] if self.settings.redo else _stored(folder, made_by)
        if stored and all(data["info"]["chosen_by"] == choice for _, data in stored):
            for place, data in stored:
                yield self._outcome(path, place, data, reused=True)
            return
        images = read_images(path, self.settings.preparation)
        known = {data["images"][0].get("page"): data for _, data in stored}
        truth = None
        if outlines:
            truth = read_outlines(
                outlines,
                [path.name] * len(images),
                images[0].pixels.shape,
                classes=[category["name"] for category in self.card["categories"]],
            )
        _tidy(folder, len(images))
        for number, image in enumerate(images):
            place = folder if len(images) == 1 else folder / PAGE.format(number + 1)
            info = {
                "modality": self.settings.preparation.modality,
                "pages": len(images),
                "made_by": made_by,
                "chosen_by": choice,
            }
            result = self._segment(image, info, known.get(image.page), progress)
            more = {}
            if truth is not None:
                more = comparison_files(
                    result, [item for item in truth.annotations if item["image_id"] == number + 1]
                )
            result.save(place, more)
            data = read_json(place / "coco.json")
            yield self._outcome(path, place, data, reused=False)

    def _segment(
        self, image: GreyImage, info: Mapping, known: Mapping | None, progress
    ) -> Segmentation:
        """The network's results, or those of `known`, the coco.json of an earlier selection."""
        if known is not None:
            return Segmentation.from_coco(
                {**known, "info": {**known["info"], **info}},
                image.pixels,
                self.settings.selection,
            )
        return segment_image(
            image,
            self.model,
            self.settings.selection,
            scale=self.settings.scale,
            info=info,
            progress=progress,
        )

    @cached_property
    def _names_in_outlines(self) -> set[str]:
        """File names in the COCO file of outlines; none where it is of another format."""
        if self.settings.outlines.suffix.lower() != ".json":
            return set()
        data = read_json(self.settings.outlines)
        images = data.get("images") if isinstance(data, dict) else None
        return {Path(str(image.get("file_name"))).name for image in images or ()}

    def _outlines_of(self, path: Path) -> Path | None:
        """The file with the outlines of an image; None when there are none for it."""
        outlines = self.settings.outlines
        if outlines is None or (outlines.is_file() and self.settings.single):
            return outlines
        if outlines.is_file():
            return outlines if path.name in self._names_in_outlines else None
        named = sorted(file for file in outlines.glob(f"{glob.escape(path.stem)}.*"))
        if len(named) > 1:
            raise InputError(
                f"{outlines}: several outlines for {path.name}: "
                f"{', '.join(file.name for file in named)}"
            )
        return named[0] if named else None

    def _outcome(self, path: Path, place: Path, data: Mapping, *, reused: bool) -> Outcome:
        particles = pd.read_csv(place / "particles.csv")
        record = data["images"][0]
        row = {
            "image": str(path),
            "page": record.get("page"),
            "folder": place.relative_to(self.out).as_posix(),
            "status": "done",
            "particles": len(particles),
            "detections": len(data["annotations"]),
            **summarise(particles, record),
        }
        if (place / "evaluation.json").exists():
            row |= compared(read_json(place / "evaluation.json"))
        content = f"{data['info']['made_by'][:12]}-{record.get('page', 0)}"
        return Outcome(row, particles, content, reused)


def _stored(folder: Path, made_by: str) -> list[tuple[Path, dict]]:
    """Folder and coco.json of each page that was made so; none unless all of them are whole."""
    places = [folder] if (folder / "coco.json").exists() else sorted(folder.glob("page_*"))
    stored = []
    for place in places:
        if not all((place / name).is_file() for name in FILES):
            return []
        try:
            data = read_json(place / "coco.json")
            if data["info"]["made_by"] != made_by:
                return []
        except (InputError, KeyError, TypeError):
            return []  # not ours, or damaged: `save` says what it thinks of that
        stored.append((place, data))
    return stored if stored and len(stored) == stored[0][1]["info"]["pages"] else []


def _tidy(folder: Path, pages: int) -> None:
    """Remove what a killed run left, and results of a file that had another number of pages."""
    for place in (folder.parent, folder):
        for left in place.glob(f".{glob.escape(folder.name)}.*.partial"):
            shutil.rmtree(left, ignore_errors=True)
    for place in folder.glob("page_*"):
        if place.name not in {PAGE.format(number + 1) for number in range(pages) if pages > 1}:
            _remove_result(place)
    if pages > 1:
        for left in folder.glob(".page_*.partial"):
            shutil.rmtree(left, ignore_errors=True)
        for name in RESULT_FILES:
            (folder / name).unlink(missing_ok=True)


def _remove_result(folder: Path) -> None:
    if is_result(folder):
        shutil.rmtree(folder)


@contextmanager
def sole_user(out: Path) -> Iterator[None]:
    """Hold a folder of results, so that no other run writes there at the same time.

    InputError when another one does, or when nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise InputError(f"{out}: cannot be written to ({error.strerror})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{out}: another synthwire writes there at present") from None
    finally:
        os.close(descriptor)


# -- over all -------------------------------------------------------------------------------------


def summarise(particles: pd.DataFrame, image: Mapping) -> dict[str, float]:
    """Mean, standard deviation and median of the particles' measures, and their number per µm².

    particles: rows of `segmentation.PARTICLE_COLUMNS`; image: COCO record of their image. Of
    orientations the mean direction. NaN where there is nothing to average, or no pixel size.
    """
    size = image["pixel_size_nm"]
    area_um2 = math.nan
    if size is not None:
        area_um2 = image["height"] * image["width"] * math.prod(size) * 1e-6
    row = {
        "pixel_down_nm": size[0] if size else math.nan,
        "pixel_across_nm": size[1] if size else math.nan,
        "particles_per_um2": len(particles) / area_um2,
    }
    for feature in SUMMARISED:
        values = particles[feature].dropna().to_numpy(dtype=float)
        if feature in PERIODS:
            row[f"mean_{feature}"] = (
                mean_direction(values, PERIODS[feature]) if len(values) else math.nan
            )
            continue
        row[f"mean_{feature}"] = float(values.mean()) if len(values) else math.nan
        row[f"sd_{feature}"] = float(values.std(ddof=1)) if len(values) > 1 else math.nan
        row[f"median_{feature}"] = float(np.median(values)) if len(values) else math.nan
    return row


def compared(evaluation: Mapping) -> dict[str, float]:
    """Columns of the summary from an evaluation: AP, pixel accuracy, and hits at IoU 0.5."""
    hits = evaluation["thresholds"][0]
    return {
        "outlines": evaluation["counts"]["ground_truth"],
        "ap": evaluation["segm"]["ap"],
        "ap50": evaluation["segm"]["ap50"],
        "accuracy": evaluation["accuracy"],
        "true_positives": hits["tp"],
        "false_positives": hits["fp"],
        "false_negatives": hits["fn"],
    }


def failed(path: Path, message: str) -> dict[str, Any]:
    """The summary's row of a file that was of no use."""
    return {"image": str(path), "status": "failed", "message": message}


def write_summary(out: Path, rows: Sequence[Mapping], outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Write summary.csv, a row an image, particles.csv, a row a particle, and their figure.

    Returns the table of particles.
    """
    table = pd.DataFrame(list(rows))
    table["page"] = table.get("page", pd.Series(index=table.index)).astype("Int64")
    write_table(out / SUMMARY, table)
    particles = all_particles(outcomes)
    write_table(out / PARTICLES, particles)
    style.save(draw_distributions(particles), out / DISTRIBUTIONS)
    return particles


def all_particles(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The particles of all images, each with its image and its folder."""
    tables = [pd.DataFrame(columns=["image", "folder", *PARTICLE_COLUMNS])]
    for outcome in outcomes:
        table = outcome.particles.copy()
        table.insert(0, "image", outcome.row["image"])
        table.insert(1, "folder", outcome.row["folder"])
        tables.append(table)
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else tables[0]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, atomically, with seven digits."""
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.7g"))
