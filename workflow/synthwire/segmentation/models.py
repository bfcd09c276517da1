"""Models to segment with: the bundled one, and those of a run."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synthwire.errors import InputError, not_installed
from synthwire.inference.portable import SUFFIX, PortablePredictor, read_card
from synthwire.inference.predictor import VIEW_PX, Predictor
from synthwire.io.files import read_json, sha256, sha256_of_json
from synthwire.learning import weights
from synthwire.schema import section_defaults, validate_section

RESCORING = "bundled_rescoring.json"  # beside the bundled weights


@dataclass(frozen=True)
class Model:
    """A network with its weights, and the card that says what it was made for.

    card: as bundled.json; sha256 tells the weights apart, pixel_nm_range is the pixel sizes that
    the network has learnt at, None where it takes any. The fields of `learning.learnt_widths` are
    missing where nobody has measured them, as in runs of older versions; rescoring is there where
    a model's scores are corrected (`segmentation.rescoring`).
    """

    name: str
    predictor: Predictor
    card: Mapping[str, Any]


def load_model(model: str | os.PathLike | None = None, *, device: str = "auto") -> Model:
    """The bundled model (None or "bundled"), or one that a run has trained (results/x/models/12).

    On the processor a portable model (name.onnx.zip) runs, and where there is one the portable form
    beside the weights: PyTorch takes longer to load than most images to segment. device: auto, cpu
    or cuda. InputError in one line when there is no model, or no such device.
    """
    path, card = find_model(model)
    if not _is_portable(path):
        if find_spec("torch") is None:
            path = _portable_of(path, card)
        elif device == "cpu" or (device == "auto" and not _has_gpu()):
            with suppress(InputError):  # then PyTorch does it
                path = _portable_of(path, card)
    if _is_portable(path):
        if device == "cuda":
            raise InputError(f"{path}: a portable model runs on the processor; use device cpu")
        return Model(card["name"], PortablePredictor(path), card)
    return with_pytorch(path, card, device)


def with_pytorch(path: Path, card: Mapping[str, Any], device: str) -> Model:
    """Weights run by PyTorch; card: as `find_model` gives it; device: as `load_model` takes it."""
    try:
        from synthwire.learning import network, predict  # here, since PyTorch takes seconds to load
    except ModuleNotFoundError as error:
        raise not_installed(str(error.name), "train") from None

    predictor = predict.load(
        path,
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        classes=len(card["categories"]),
        device=network.device_name(device),
        view_px=VIEW_PX,
    )
    return Model(card["name"], predictor, card)


def find_model(model: str | os.PathLike | None = None) -> tuple[Path, dict]:
    """Weights and card of what `load_model` would load."""
    if model is None or str(model) == "bundled":
        return _bundled()
    path = Path(model)
    return (path, read_card(path)) if _is_portable(path) else _trained(path)


def _bundled() -> tuple[Path, dict]:
    """The bundled model; a wheel has its portable form alone."""
    path = weights.bundled_folder() / "bundled.pth"
    portable = portable_path(path)
    if path.is_file():
        return _rescored(*weights.bundled())
    if not portable.is_file():
        raise InputError(
            f"{portable}: no such file; this installation lacks the bundled model. Install "
            f"SynthWire anew, name another with --model, or its folder with "
            f"{weights.WEIGHTS_VARIABLE}"
        )
    return _rescored(portable, read_card(portable))


def _rescored(path: Path, card: dict) -> tuple[Path, dict]:
    """Weights and their card, with what their scores are worth where a file beside them says so."""
    file = path.with_name(RESCORING)
    if not file.is_file():
        return path, card
    rescoring = read_json(file)
    if rescoring.get("model_sha256") != card["sha256"]:
        raise InputError(
            f"{file}: learnt for other weights than {path.name} beside it; make it anew, or take "
            "it away"
        )
    return path, {**card, "rescoring": rescoring}


def _has_gpu() -> bool:
    """Whether a driver for PyTorch's GPUs is there: PyTorch itself takes seconds to say so."""
    names = {"win32": ("nvcuda.dll",), "darwin": ()}.get(sys.platform, ("libcuda.so.1",))
    for name in names:
        with suppress(OSError):
            ctypes.CDLL(name)
            return True
    return Path("/dev/kfd").exists()  # AMD's


def portable_path(path: Path) -> Path:
    """Where the portable form of the weights at `path` lies: beside them."""
    return path.with_name(path.stem + SUFFIX)


def _is_portable(path: Path) -> bool:
    return path.name.endswith(SUFFIX)


def _portable_of(path: Path, card: Mapping) -> Path:
    """The portable form of weights; InputError where there is none, or one of other weights."""
    portable = portable_path(path)
    if not portable.is_file():
        raise InputError(
            f"{path}: PyTorch is not installed, and {portable.name} is not beside it; "
            "`synthwire export-model` makes it where PyTorch is, pip install "
            "'synthwire[train]' brings PyTorch"
        )
    if read_card(portable)["sha256"] != card["sha256"]:
        raise InputError(f"{portable}: made of other weights than {path.name}; export them anew")
    return portable


def _trained(folder: Path) -> tuple[Path, dict]:
    """Weights of a run's model, and a card made of its provenance."""
    path = folder / "model_final.pth"
    if not path.is_file() or not (folder / "provenance.json").is_file():
        raise InputError(
            f"{folder}: no model; 'bundled' is expected, or a run's folder of one, as "
            "results/demo/models/12, with model_final.pth and provenance.json in it"
        )
    provenance = read_json(folder / "provenance.json")
    try:
        training = provenance["config"]["training"]
        learnt = provenance.get("learnt", {})
        # as in training, the largest size where it drew one of several; looks have their own sizes
        least_px = 0 if learnt or not training["min_size_px"] else training["min_size_px"][-1]
        card = {
            "name": f"{folder.resolve().parents[1].name} {provenance['model']}",
            # a run of an older version may not know all fields
            "architecture": validate_section(
                "architecture", provenance["config"]["architecture"], str(folder)
            ),
            "prediction": {
                **section_defaults("prediction"),
                "min_size_px": least_px,
                "max_size_px": training["max_size_px"],
            },
            "nms_threshold": provenance["identity"]["plan"]["nms_threshold"],
            "categories": provenance["categories"],
            "pixel_nm_range": None,
            **learnt,
        }
    except KeyError as error:
        raise InputError(f"{folder / 'provenance.json'}: the field {error} is missing") from None
    except (TypeError, AttributeError, IndexError):
        raise InputError(f"{folder / 'provenance.json'}: no provenance of a training") from None
    # of the weights themselves: others may lie there than those that the provenance tells of
    return path, {**card, "sha256": sha256_of_json([sha256(path), card])}


def load_model_once(model: str | None = None, *, device: str = "auto") -> Model:
    """What `load_model` gives, kept for the next call."""
    return _kept(model, device, weights.bundled_folder())


@functools.lru_cache(maxsize=2)
def _kept(model: str | None, device: str, _bundled_folder: Path) -> Model:
    return load_model(model, device=device)
