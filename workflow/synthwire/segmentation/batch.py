"""Many images, each segmented once.

Each image's folder holds all that is known of it; proposals.json there also tells what made it, so
a batch that was interrupted resumes where it stopped, and a changed threshold needs no new
inference.
"""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from synthwire.errors import InputError
from synthwire.io.files import read_json, remove_left_of, sha256_of_json
from synthwire.io.outlines.pairing import Fault, pair
from synthwire.io.recordings.formats import is_searched
from synthwire.runtime import stopping
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.comparison import comparison_files
from synthwire.segmentation.images import GreyImage, read_images
from synthwire.segmentation.models import Model, find_model, load_model
from synthwire.segmentation.options import Preparation, Selection
from synthwire.segmentation.places import fingerprint
from synthwire.segmentation.reference import Reference, References
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import RESULT_FILES, is_result, is_whole
from synthwire.segmentation.size_table import SizeTable
from synthwire.segmentation.summary import (
    MeasuredImage,
    summarise_evaluation,
    summarise_particles,
)
from synthwire.version import __version__

PAGE = "page_{:04d}"
Progress = Callable[[Sequence], Iterable]


@dataclass(frozen=True)
class BatchOptions:
    """What is the same for all images of a batch.

    model, device: as `models.load_model` takes them; scale: as `apply.segment` does.
    outlines: of the images, to compare with: a folder or an archive of files named as they are, a
    file that names them, or, of a single image, any file. images: all files of the batch, where
    there are outlines. redo: do again what is done already. pixel_sizes: (down, across) in nm by
    file, where a table gives them; they go before `preparation`'s. leave_out: a mask of what is not
    searched, of all images, or a folder of masks named as the images.
    """

    preparation: Preparation = field(default_factory=Preparation)
    selection: Selection = field(default_factory=Selection)
    model: str | None = None
    device: str = "auto"
    scale: float | None = None
    outlines: Path | None = None
    images: tuple[Path, ...] = ()
    redo: bool = False
    pixel_sizes: Mapping[Path, tuple[float, float]] | SizeTable = field(default_factory=dict)
    leave_out: Path | None = None


class NoModelError(InputError):
    """There is no model to segment any image with."""


class Batch:
    """Segments files one by one into folders below `out`; the model is loaded when first needed."""

    def __init__(self, options: BatchOptions, out: Path) -> None:
        self.options = options
        self.out = out

    @cached_property
    def card(self) -> Mapping[str, Any]:
        try:
            return find_model(self.options.model)[1]
        except InputError as error:
            raise NoModelError(str(error)) from None

    @cached_property
    def model(self) -> Model:
        try:
            return load_model(self.options.model, device=self.options.device)
        except InputError as error:
            raise NoModelError(str(error)) from None

    @cached_property
    def identity(self) -> str:
        """SHA-256 of all that shapes the results of an image, but for the image itself."""
        preparation = asdict(self.options.preparation)
        del preparation["leave_out"]  # its own for each image
        if "image" in preparation["incident"]:
            preparation["incident"] = fingerprint(Path(preparation["incident"]["image"]))
        return sha256_of_json(
            {
                "preparation": preparation,
                "scale": self.options.scale,
                "model": self.card["sha256"],
                "synthwire": __version__,
            }
        )

    @cached_property
    def references(self) -> References | None:
        """What the images are compared with."""
        if self.options.outlines is None:
            return None
        classes = [category["name"] for category in self.card["categories"]]
        return References(self.options.outlines, self.options.images, classes)

    def process(self, path: Path, place: Path, *, progress: Progress = iter) -> list[MeasuredImage]:
        """Segment the images of one file, or take up what is done already.

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
        self, path: Path, place: Path, complain: Callable[[str], None], *, progress: Progress = iter
    ) -> list[MeasuredImage] | None:
        """`process`, with a complaint and None where a file is bad, so that the rest can go on.

        An error of our own goes the same way, but with its traceback.
        """
        try:
            return self.process(path, place, progress=progress)
        except Exception as error:
            stopping.heed()  # it may be what a signal has become within an import
            if isinstance(error, NoModelError):
                raise
            if isinstance(error, InputError):
                complain(str(error))
            else:
                traceback.print_exc()  # not into the summary
                complain(
                    f"{path}: an unexpected error, which is a bug: {type(error).__name__}: {error}"
                )
        return None

    def _process(self, path: Path, folder: Path, progress: Progress) -> Iterator[MeasuredImage]:
        size = self.options.pixel_sizes.get(path)
        preparation = self.options.preparation
        if size is not None:
            preparation = replace(preparation, pixel_size_nm=size)
        mask = self._mask_of(path)
        preparation = replace(preparation, leave_out=mask)
        left_out = [] if mask is None else [fingerprint(mask)]
        made_by = sha256_of_json([self.identity, fingerprint(path), *(size or ()), *left_out])
        outlines = self.references.fingerprint(path) if self.references else None
        choice = sha256_of_json([asdict(self.options.selection), outlines])
        stored = [] if self.options.redo else _stored(folder, made_by)
        if stored and all(data["info"]["chosen_by"] == choice for _, data in stored):
            for place, data in stored:
                yield self._measured(path, place, data, reused=True)
            return
        images = read_images(path, preparation)
        if mask is None and self.options.leave_out is not None:
            said = f"{self.options.leave_out}: no mask of it, so nothing is left out"
            images = [replace(image, remarks=(*image.remarks, said)) for image in images]
        known = {data["images"][0].get("page"): data for _, data in stored}
        truth = Reference()
        if self.references:
            truth = self.references.read(path, images[0].pages, images[0].pixels.shape)
        _tidy(folder, [image.page for image in images if image.page is not None])
        for image in images:
            place = folder if image.page is None else folder / PAGE.format(image.page + 1)
            info = {
                "modality": self.options.preparation.modality,
                "pages": len(images),
                "made_by": made_by,
                "chosen_by": choice,
                "outlines": {
                    "remarks": truth.remarks if image is images[0] else (),
                    "fault": truth.fault,
                },
            }
            result = self._segment(image, info, known.get(image.page), progress)
            more = {}
            if truth.annotations is not None:
                number = (image.page or 0) + 1
                more = comparison_files(
                    result, [item for item in truth.annotations if item["image_id"] == number]
                )
            result.save(place, more)
            data = read_json(place / "proposals.json")
            yield self._measured(path, place, data, reused=False)

    @cached_property
    def _masks(self) -> list[str]:
        """The masks of what is not searched, where there is a folder of them."""
        folder = self.options.leave_out
        assert folder is not None
        return [str(file) for file in sorted(folder.rglob("*")) if is_searched(file)]

    def _mask_of(self, path: Path) -> Path | None:
        """The mask of what is not searched in an image."""
        given = self.options.leave_out
        if given is None or not given.is_dir():
            return given
        others = [mask for mask in self._masks if mask != str(path)]
        found = pair([str(path)], others, files=True)[0]
        if isinstance(found, Fault):
            raise InputError(f"{given}: {found}")
        return None if found is None else Path(found)

    def _segment(
        self, image: GreyImage, info: Mapping, known: Mapping | None, progress: Progress
    ) -> Segmentation:
        """The network's results, or those of `known`, the proposals.json of an earlier selection.

        What a person corrected in it stays.
        """
        if known is not None:
            return Segmentation.from_coco(
                {**known, "info": {**known["info"], **info}},
                image.pixels,
                replace(
                    self.options.selection,
                    removed_ids=known["info"]["selection"]["removed_ids"],
                    kept_ids=known["info"]["selection"]["kept_ids"],
                ),
            )
        return segment_image(
            image,
            self.model,
            self.options.selection,
            scale=self.options.scale,
            info=info,
            progress=progress,
        )

    def _measured(self, path: Path, place: Path, data: Mapping, *, reused: bool) -> MeasuredImage:
        particles = pd.read_csv(place / "particles.csv")
        record = data["images"][0]
        outlines = data["info"].get("outlines", {})
        fault = outlines.get("fault")
        remarks = (*data["info"].get("remarks", ()), *outlines.get("remarks", ()))
        if fault:
            remarks = (*remarks, fault)
        doubts = tuple(data["info"].get("doubts", ()))
        row = {
            "image": str(path),
            "page": record.get("page"),
            "folder": place.relative_to(self.out).as_posix(),
            "status": "done",
            "particles": len(particles),
            "detections": len(data["annotations"]),
            "remarks": "; ".join(remarks),
            "doubts": "; ".join(doubts),
            **summarise_particles(particles, record, data["info"].get("picture_px")),
        }
        if (place / "evaluation.json").exists():
            row |= summarise_evaluation(read_json(place / "evaluation.json"))
        content = f"{data['info']['made_by'][:12]}-{record.get('page', 0)}"
        return MeasuredImage(row, particles, content, reused, remarks, fault, doubts)


def _stored(folder: Path, made_by: str) -> list[tuple[Path, dict]]:
    """Folder and proposals.json of each page that was made so; none unless all are whole."""
    places = [folder] if (folder / "proposals.json").exists() else sorted(folder.glob("page_*"))
    stored = []
    for place in places:
        if not is_whole(place):
            return []
        try:
            data = read_json(place / "proposals.json")
            if data["info"]["made_by"] != made_by:
                return []
        except (InputError, KeyError, TypeError):
            return []  # not ours, or damaged: `save` says what it thinks of that
        stored.append((place, data))
    return stored if stored and len(stored) == stored[0][1]["info"]["pages"] else []


def _tidy(folder: Path, pages: Sequence[int]) -> None:
    """Remove what a killed run left, and results of a file that had other pages than these.

    pages: none where the file holds one image alone.
    """
    for place in (folder.parent, folder):
        remove_left_of(place / folder.name)
    for place in folder.glob("page_*"):
        if place.name not in {PAGE.format(page + 1) for page in pages}:
            _remove_result(place)
    if pages:
        for left in folder.glob(".page_*.partial"):
            shutil.rmtree(left, ignore_errors=True)
        for name in RESULT_FILES:
            (folder / name).unlink(missing_ok=True)


def _remove_result(folder: Path) -> None:
    if is_result(folder):
        shutil.rmtree(folder)
