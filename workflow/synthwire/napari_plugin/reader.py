"""Opening a result's folder in napari."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from synthwire.errors import InputError
from synthwire.napari_plugin.layers import Layer, Work, image_layer, particle_layers
from synthwire.segmentation.opened import open_folder
from synthwire.segmentation.result_files import PROPOSALS

Reader = Callable[[str | Sequence[str]], list[Layer]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """`read` for a folder of a result or of results, or a file of one; None for anything else."""
    paths = [path] if isinstance(path, str) else list(path)
    return read if paths and all(_results_at(Path(one)) for one in paths) else None


def read(path: str | Sequence[str]) -> list[Layer]:
    """The layers of the results at a path, or at several.

    InputError for a folder of several results, which would lie on one another.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [layer for one in paths for layer in _read(Path(one))]


def _read(path: Path) -> list[Layer]:
    places = _results_at(path)
    if not places:
        raise InputError(f"{path}: no result of synthwire segment or of the app ({PROPOSALS})")
    if len(places) > 1:
        raise InputError(f"{path}: holds {len(places)} results; open one of them, as {places[0]}")
    work = Work(*open_folder(places[0]))
    return [image_layer(work.found), *particle_layers(work)]


def _results_at(path: Path) -> list[Path]:
    """The folders of results: this one, or those in it."""
    folder = path if path.is_dir() else path.parent
    if (folder / PROPOSALS).is_file():
        return [folder]
    return sorted(file.parent for file in folder.glob(f"*/{PROPOSALS}")) if path.is_dir() else []
