"""Files of weights: read without running anything in them, written to the same bytes each time."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthwire.errors import InputError
from synthwire.io.arrays_only import unpickle_arrays
from synthwire.io.files import atomic_path
from synthwire.learning.weights import COCO_WEIGHTS_URL, carries_its_hash

from detectron2.checkpoint import DetectionCheckpointer

MISSING = "no such file; weights of a trained model are expected"
DAMAGED = "the file is damaged; restore it, or make it anew"


def read_weights(path: Path) -> dict[str, Any]:
    """The content of a file of weights: {"model": {parameter: tensor or array}}, perhaps with more.

    A PyTorch file, or the model zoo's Mask R-CNN as it is published, which is a pickle: of that
    numbers alone are read. InputError when the file is missing, damaged, no such file, or a pickle
    from elsewhere, which could run anything.
    """
    if not path.is_file():
        raise InputError(f"{path}: {MISSING}")
    content = _read_zoo(path) if path.suffix.lower() == ".pkl" else _read_torch(path)
    if isinstance(content, dict) and not isinstance(content.get("model"), Mapping):
        content = {"model": content}
    state = content["model"] if isinstance(content, dict) else {}
    if not state or not all(
        isinstance(value, torch.Tensor | np.ndarray | np.generic) for value in state.values()
    ):
        raise InputError(
            f"{path}: no weights; a PyTorch file with the parameters of a network is expected, as "
            "model_final.pth"
        )
    return content


def _read_zoo(path: Path) -> Any:
    if not carries_its_hash(path, COCO_WEIGHTS_URL):
        raise InputError(
            f"{path}: a pickle that is not the model zoo's own model_final_f10217.pkl; a pickle "
            "could run anything, so save its weights with torch.save({'model': state}, 'name.pth') "
            "where you trust it"
        )
    with path.open("rb") as file:
        return unpickle_arrays(file, encoding="latin1")


def _read_torch(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(path):  # PyTorch itself does not compare the sums that stand there
            with zipfile.ZipFile(path) as archive:
                if archive.testzip() is not None:
                    raise InputError(f"{path}: {DAMAGED}")
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{path}: damaged, or more than weights; a pickle could run anything, so save the "
            "weights alone, with torch.save({'model': model.state_dict()}, 'name.pth')"
        ) from None
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except Exception:  # what a damaged file makes torch.load and zipfile raise has no end
        raise InputError(f"{path}: {DAMAGED}") from None


def write_weights(path: Path, content: Mapping[str, Any]) -> None:
    """Write a PyTorch file atomically; the same content always gives the same bytes.

    torch.save puts the name of the file that it is given into it, here a temporary one.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        torch.save(dict(content), file)


class WeightsLoader(DetectionCheckpointer):
    """Detectron2's checkpointer, which matches parameters by name, on `read_weights`."""

    def load(self, path: str, *arguments: Any, **options: Any) -> dict:
        if path and not Path(path).is_file():  # Detectron2 would take it for an address
            raise InputError(f"{path}: {MISSING}")
        return super().load(path, *arguments, **options)

    def _load_file(self, filename: str) -> dict[str, Any]:
        return read_weights(Path(filename))
