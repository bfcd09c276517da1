"""The images of a batch, and a place for the results of each."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from synthwire.io.calibration import is_sidecar
from synthwire.io.files import sha256, sha256_of_json
from synthwire.io.outlines.pairing import files_of_outlines_among
from synthwire.io.recordings.foreign import ZARR, is_zarr
from synthwire.io.recordings.formats import SUFFIXES, is_searched, texts_of
from synthwire.runtime.locking import LOCK


def find_images(
    paths: Iterable[str | os.PathLike],
    out: Path,
    outlines: Path | None = None,
    leave_out: Path | None = None,
) -> tuple[list[Path], list[str]]:
    """Image files among `paths` and, recursively, in the folders among them; and what was wrong.

    In folders only files of known suffixes count, none that is hidden, and no results, be they in
    `out` or of another batch.
    A file that is named twice is taken once, and a text beside an image that says something of it
    goes with that image. `outlines`, a folder below one of the folders, holds no images; where it
    is one of them or above, files on _masks and the like are no images beside the one they are of.
    `leave_out`, a mask or a folder of masks of what is not searched, goes the same way.
    """
    apart = [item.resolve() for item in (outlines, leave_out) if item]
    found: dict[Path, Path] = {}
    problems = []
    texts: list[Path] = []
    for path in map(Path, paths):
        files: list[Path] = []
        if path.is_dir() and path.resolve() == out.resolve():
            problems.append(
                f"{path}: results cannot go where the images lie; name a folder below it"
            )
        elif path.is_dir() and is_zarr(path):
            problems.append(f"{path}: not an image, but {ZARR}")
        elif path.is_dir():
            files = list(_images_below(path, out, apart))
            if set(apart) & {path.resolve(), *path.resolve().parents}:
                masks = set(files_of_outlines_among([str(file) for file in files]))
                files = [file for file in files if str(file) not in masks]
            if not files:
                problems.append(f"{path}: no image in this folder ({', '.join(SUFFIXES)})")
        elif is_sidecar(path):
            texts.append(path)
        elif path.is_file():
            files = [path]
        elif path.exists():
            problems.append(f"{path}: a pipe or a device, where an image file is expected")
        else:
            problems.append(f"{path}: no such file or folder")
        for file in files:
            found.setdefault(file.resolve(), file)
    if leave_out is not None:
        found.pop(leave_out.resolve(), None)
    other = texts or any(file.suffix.lower() not in SUFFIXES for file in found)
    known = {text.resolve() for file in found for text in (texts_of(file) if other else ())}
    for text in known:
        found.pop(text, None)
    problems += [
        f"{text}: what a microscope wrote of an image; name the image itself"
        for text in texts
        if text.resolve() not in known
    ]
    return list(found.values()), problems


def _images_below(folder: Path, out: Path, apart: Collection[Path]) -> Iterator[Path]:
    whole = folder.resolve()
    for place, folders, names in os.walk(folder):
        here = Path(place)
        # the lock that a batch has left there tells results from images
        full = here.resolve()
        if LOCK in names or full == out.resolve() or (full in apart and full != whole):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and is_searched(here / name):
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


def files_of_image(path: Path) -> list[Path]:
    """The files that one image is made of: of an SDF scan its .hdr and its .xim files.

    Of others the image, and the texts beside it with its pixel size or the energies of its pages.
    """
    if path.suffix.lower() != ".hdr":
        return [path, *texts_of(path)]
    return [path, *sorted(path.parent.glob(f"{glob.escape(path.stem)}*.xim"))]


def fingerprint(path: Path) -> str:
    """SHA-256 of what one image is made of."""
    return sha256_of_json([sha256(file) for file in files_of_image(path)])
