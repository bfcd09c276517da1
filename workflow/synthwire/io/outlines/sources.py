"""Where the outlines of images lie: a folder, an archive of files, or one file that names images.

In a folder or an archive a file goes with an image by its name; one that names images itself, as
COCO does, by those names. The rule is that of pairing.py. An image is never its own outlines.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source, as_source, open_binary
from synthwire.io.outlines.archives import (
    DAMAGED_ARCHIVE,
    LARGEST_ROI_ARCHIVE,
    is_archive_of_files,
    is_of_the_system,
    name_of,
)
from synthwire.io.outlines.formats import is_outlines, names_in
from synthwire.io.outlines.label_arrays import SUFFIXES as PICTURES
from synthwire.io.outlines.label_arrays import read_labels
from synthwire.io.outlines.pairing import Fault, files_of_outlines_among, listed, pair
from synthwire.io.outlines.yolo import NAMES_OF_CLASSES

TEXTS = (".json", ".geojson", ".xml", ".csv", ".txt")
NAMING = (".json", ".xml", ".csv")  # formats that name their images
MOST_NAMING = 20  # more files of these are one for each image
CHOSEN, PROPOSALS = "coco.json", "proposals.json"  # in each folder of a result
ROUGH = "_cp_outlines.txt"  # Cellpose's, whose masks are exact
NO_OUTLINES = (
    "jpegimages",
    "images",
    "img",
    "masks_human",
    "masks_machine",
    "segmentationclass",
    "semantic",
    "semantic_rgb",
)  # folders of exports beside the masks


@dataclass(frozen=True)
class Claim:
    """The file that holds an image's outlines, and the image's name there, where it has one."""

    file: Path | MemoryFile
    name: str | None = None
    beside: dict[str, MemoryFile] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file and the name."""
        digest = hashlib.sha256((self.name or "").encode())
        with open_binary(self.file) as file:
            digest.update(file.read())
        return digest.hexdigest()


class OutlineSource:
    """Outlines of several images.

    path: a folder, an archive, or a file; images: all the images that they may be of, so that one
    file is not taken for two of them. InputError when an archive is damaged.
    """

    def __init__(self, path: Source, images: Sequence[str | os.PathLike]) -> None:
        self.path = as_source(path)
        self.images = [os.fspath(image) for image in dict.fromkeys(images)]

    @cached_property
    def claims(self) -> dict[str, Claim | Fault | None]:
        """What belongs to each image: None where nothing does, a Fault where several could."""
        if isinstance(self.path, Path) and not self.path.is_dir() and self._is_image(self.path):
            itself = self.path.resolve()
            fault = Fault(f"{self.path}: is the image itself, not its outlines")
            return {
                image: fault if Path(image).resolve() == itself else None for image in self.images
            }
        if self._is_container:
            return self._of_files()
        if len(self.images) == 1:
            return {self.images[0]: Claim(self.path)}
        names = names_in(self.path)
        found = (
            pair(self.images, names) if names else pair(self.images, [str(self.path)], files=True)
        )
        return {
            image: Claim(self.path, name if names else None) if isinstance(name, str) else name
            for image, name in zip(self.images, found, strict=True)
        }

    @cached_property
    def there(self) -> list[str]:
        """The names that could have been an image's: what a message lists when none was."""
        if self._is_container:
            return sorted(self._files)
        return names_in(self.path) or [Path(str(self.path)).name]

    def require(self, image: str | os.PathLike) -> Claim:
        """The claim of an image; InputError where there is none."""
        claim = self.claims[os.fspath(image)]
        if isinstance(claim, Claim):
            return claim
        if claim is None:
            others = [name for name, _ in self._all_files()] if self._is_container else []
            none = f"no file of outlines among {listed(others)}" if others else "no file"
            what = listed(self.there) or none
            raise InputError(f"{self.path}: no outlines of '{Path(image).name}'; there is {what}")
        raise InputError(f"{self.path}: {claim}")

    @property
    def _is_container(self) -> bool:
        return self._is_folder or is_archive_of_files(self.path)

    @property
    def _is_folder(self) -> bool:
        return isinstance(self.path, Path) and self.path.is_dir()

    def _is_image(self, path: Path) -> bool:
        return path.resolve() in self._resolved

    @cached_property
    def _resolved(self) -> Collection[Path]:
        return {Path(image).resolve() for image in self.images}

    @cached_property
    def _files(self) -> dict[str, Path | zipfile.ZipInfo]:
        """Files that may hold outlines, by their paths within the folder or archive."""
        found: dict[str, Path | zipfile.ZipInfo] = dict(self._all_files())
        found = {
            name: file
            for name, file in found.items()
            if Path(name).name not in NAMES_OF_CLASSES and self._may_be_outlines(name, file)
        }
        ours = {name.removesuffix(PROPOSALS) for name in found if name.endswith(PROPOSALS)}
        for folder in ours & {name.removesuffix(CHOSEN) for name in found}:  # a result of segment's
            found = {
                name: file
                for name, file in found.items()
                if name == folder + CHOSEN or _parent(name) != folder
            }
        proper = [name for name in found if not set(_folders(name)) & set(NO_OUTLINES)]
        return {
            name: file
            for name, file in found.items()
            if name in proper or not proper or not name.lower().endswith(PICTURES)
        }

    def _all_files(self) -> Iterator[tuple[str, Path | zipfile.ZipInfo]]:
        if isinstance(self.path, Path) and self.path.is_dir():
            for place, folders, names in os.walk(self.path):
                folders[:] = sorted(name for name in folders if not is_of_the_system(name))
                for name in sorted(names):
                    file = Path(place) / name
                    if not is_of_the_system(name) and not self._is_image(file):
                        yield file.relative_to(self.path).as_posix(), file
            return
        with open_binary(self.path) as opened, zipfile.ZipFile(opened) as archive:
            for entry in archive.infolist():
                if not is_of_the_system(entry.filename):
                    yield name_of(entry), entry

    def _may_be_outlines(self, name: str, file: Path | zipfile.ZipInfo) -> bool:
        suffix = Path(name).suffix.lower()
        if suffix in (".txt", ".csv", ".xml"):  # often a microscope's notes beside the image
            return is_outlines(self._open(name, file))
        return suffix in (*TEXTS, *PICTURES, ".roi", ".zip")

    def _open(self, name: str, file: Path | zipfile.ZipInfo) -> Path | MemoryFile:
        if isinstance(file, Path):
            return file
        if file.file_size > LARGEST_ROI_ARCHIVE:
            raise InputError(f"{self.path}: {name} unpacks to more than 256 MiB")
        try:
            with open_binary(self.path) as opened, zipfile.ZipFile(opened) as archive:
                return MemoryFile(f"{self.path}/{name}", archive.read(file))
        except DAMAGED_ARCHIVE as error:
            raise InputError(f"{self.path}: {name}: cannot be unpacked ({error})") from None

    @cached_property
    def _beside(self) -> dict[str, MemoryFile]:
        """An archive's files with the names of classes."""
        if isinstance(self.path, Path) and self.path.is_dir():
            return {}
        opened = {
            name: self._open(name, file)
            for name, file in self._all_files()
            if Path(name).name in NAMES_OF_CLASSES
        }
        return {name: file for name, file in opened.items() if isinstance(file, MemoryFile)}

    def _claim(self, file: str, name: str | None = None) -> Claim:
        return Claim(self._open(file, self._files[file]), name, self._beside)

    def _of_files(self) -> dict[str, Claim | Fault | None]:
        """Claims by the files' names, then by those within; pictures where no other file is."""
        claims: dict[str, Claim | Fault | None] = dict.fromkeys(self.images)
        pictures = [name for name in self._files if name.lower().endswith(PICTURES)]
        rough = [name for name in self._files if name.lower().endswith(ROUGH)]
        others = [name for name in self._files if name not in {*pictures, *rough}]
        masks = files_of_outlines_among(pictures)  # a_labels.png beside a.png, a copy of the image
        for names in (others, masks, pictures, rough):
            open_images = [image for image, claim in claims.items() if claim is None]
            for image, found in zip(open_images, pair(open_images, names, files=True), strict=True):
                claims[image] = self._settled(image, found)
            if names is others:
                self._add_named(claims)
        left = [image for image, claim in claims.items() if claim is None]
        if not self._is_folder and len(self.images) == len(left) == len(self._files) == 1:
            claims[left[0]] = self._claim(next(iter(self._files)))
        return claims

    def _settled(self, image: str, found: str | Fault | None) -> Claim | Fault | None:
        """A claim on a file that holds outlines; of several that fit the only one that does."""
        if found is None:
            return None
        names = [found] if isinstance(found, str) else list(found.names)
        good = [name for name in names if is_outlines(self._open(name, self._files[name]))]
        if isinstance(found, Fault) and (found.images or len(good) > 1):
            same = not found.images and self._are_the_same(good)
            return self._claim(good[0]) if same else self._named_in(image, good) or found
        if not good:
            return None
        others = self._names_in(good[0]) if len(self.images) > 1 else []
        if others and pair([image], others)[0] is None:
            for other, name in zip(self.images, pair(self.images, others), strict=True):
                if isinstance(name, str):
                    return Fault(f"{good[0]} is called as {image}, but names {name}, as {other}")
        return self._claim(good[0])

    def _are_the_same(self, files: Sequence[str]) -> bool:
        """Whether files are label images of the same numbers, as Cellpose saves them twice."""
        if not all(file.lower().endswith(PICTURES) for file in files):
            return False
        try:
            first, *others = (read_labels(self._open(file, self._files[file])) for file in files)
        except InputError:
            return False
        return all(np.array_equal(first, other) for other in others)

    def _named_in(self, image: str, files: Sequence[str]) -> Claim | None:
        """The claim on that one of some files which names this image and no other one."""
        fitting = []
        for file in files:
            names = self._names_in(file)
            if any(Path(name.replace("\\", "/")).name == Path(image).name for name in names):
                fitting.append(file)
        return self._claim(fitting[0]) if len(fitting) == 1 else None

    def _names_in(self, file: str) -> list[str]:
        """The images that a file names; none where it is damaged: that is its own image's fault."""
        try:
            return names_in(self._open(file, self._files[file]))
        except InputError:
            return []

    def _add_named(self, claims: dict[str, Claim | Fault | None]) -> None:
        """Claims of the images that files name which are not called as any image."""
        left = [image for image, claim in claims.items() if claim is None]
        naming = [name for name in self._files if name.lower().endswith(NAMING)]
        if not left or len(naming) > MOST_NAMING:
            return
        holders: dict[str, list[tuple[str, str]]] = {}
        for file in naming:
            for name in self._names_in(file):  # in the file's folder, which may tell images apart
                holders.setdefault((Path(file).parent / name).as_posix(), []).append((file, name))
        for image, found in zip(left, pair(left, list(holders)), strict=True):
            if isinstance(found, str):
                files = sorted({file for file, _ in holders[found]})
                claims[image] = (
                    self._claim(*holders[found][0])
                    if len(files) == 1
                    else Fault(f"{len(files)} files have outlines for {image}: {listed(files)}")
                )
            else:
                claims[image] = found


def _parent(name: str) -> str:
    """The folder of a name, with its slash; empty where there is none."""
    return name[: name.rfind("/") + 1]


def _folders(name: str) -> list[str]:
    return [part.casefold() for part in name.split("/")[:-1]]
