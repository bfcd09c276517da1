"""Weights that no run trains: the bundled model, Detectron2's model zoo or a local copy of it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from synthwire.errors import InputError
from synthwire.io.files import atomic_path, read_json, sha256
from synthwire.schema import validate_section

WEIGHTS = Path(__file__).parent / "bundled"
WEIGHTS_VARIABLE = "SYNTHWIRE_WEIGHTS"
CARD_FIELDS = ("name", "architecture", "prediction", "nms_threshold", "categories", "sha256")
COCO_WEIGHTS_URL = (
    "https://dl.fbaipublicfiles.com/detectron2/COCO-InstanceSegmentation/"
    "mask_rcnn_R_50_FPN_3x/137849600/model_final_f10217.pkl"
)


class Bundled(NamedTuple):
    """A model that is shipped ready for use."""

    weights: Path  # {"model": state_dict}, in half precision
    card: dict[str, Any]  # architecture, prediction settings, categories, metrics, provenance


def bundled_folder() -> Path:
    """Where the bundled model's files lie."""
    return Path(os.environ.get(WEIGHTS_VARIABLE) or WEIGHTS)


def bundled() -> Bundled:
    """The model that comes with SynthWire: bundled.pth and its card bundled.json.

    They lie beside this file, or in the folder that the environment variable SYNTHWIRE_WEIGHTS
    names. Settings that are younger than the card have the schema's defaults. InputError when a
    file is missing, when the card lacks a field, and when the weights are not those that the card
    describes.
    """
    folder = bundled_folder()
    weights = folder / "bundled.pth"
    card_file = folder / "bundled.json"
    for path in (weights, card_file):
        if not path.is_file():
            raise InputError(
                f"{path}: no such file; the bundled model is bundled.pth and bundled.json in "
                f"{WEIGHTS}, or in the folder that {WEIGHTS_VARIABLE} names"
            )
    card = read_json(card_file)
    missing = [field for field in CARD_FIELDS if field not in card]
    if missing:
        raise InputError(f"{card_file}: the field '{missing[0]}' is missing")
    if sha256(weights) != card["sha256"]:
        raise InputError(
            f"{weights}: not the file that {card_file.name} describes (its SHA-256 differs); "
            "fetch both anew"
        )
    for section in ("architecture", "prediction"):
        card[section] = validate_section(section, card[section], str(card_file))
    return Bundled(weights, card)


def carries_its_hash(path: Path, name: str) -> bool:
    """True when the file's digest begins with the digits at the end of its published name.

    The model zoo names its files by the first six hexadecimal digits of a digest; SHA-256 and MD5
    are accepted, since its pages do not say which.
    """
    digits = Path(name).stem.rpartition("_")[2]
    with path.open("rb") as file:
        content = file.read()
    return any(
        hashlib.new(kind, content).hexdigest().startswith(digits) for kind in ("sha256", "md5")
    )


def fetch_coco_weights(output: Path, local_file: Path | None = None) -> None:
    """Put Detectron2's COCO weights of Mask R-CNN R50-FPN 3x at `output`.

    From `local_file` when given, else from the model zoo. InputError when the download is refused
    or the file is not the published one.
    """
    with atomic_path(output) as temporary:
        if local_file is not None:
            shutil.copyfile(local_file, temporary)
        else:
            _download(COCO_WEIGHTS_URL, temporary)
        if not carries_its_hash(temporary, COCO_WEIGHTS_URL):
            raise InputError(
                f"{local_file or COCO_WEIGHTS_URL}: not the published file (its digest does not "
                "begin with f10217)"
            )


def _download(url: str, path: Path) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # it proposes to trust whatever hash it has found
    try:
        pooch.retrieve(url, None, fname=path.name, path=path.parent, progressbar=True)
    except requests.exceptions.RequestException as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{url}: the download was refused ({reason}); fetch the file elsewhere and name it in "
            "training.coco_weights_file"
        ) from None
