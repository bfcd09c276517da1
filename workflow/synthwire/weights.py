"""Initial weights from outside: Detectron2's model zoo, or a local copy of it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from synthwire.errors import InputError
from synthwire.files import atomic_path

COCO_WEIGHTS_URL = (
    "https://dl.fbaipublicfiles.com/detectron2/COCO-InstanceSegmentation/"
    "mask_rcnn_R_50_FPN_3x/137849600/model_final_f10217.pkl"
)


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
    import pooch
    import requests

    with atomic_path(output) as temporary:
        if local_file is not None:
            shutil.copyfile(local_file, temporary)
            origin = str(local_file)
        else:
            origin = COCO_WEIGHTS_URL
            try:
                pooch.HTTPDownloader(progressbar=True)(
                    COCO_WEIGHTS_URL, str(temporary), pooch.create(path="", base_url="")
                )
            except requests.exceptions.RequestException as error:
                reason = " ".join(str(error).split())[:200]
                raise InputError(
                    f"{COCO_WEIGHTS_URL}: the download was refused ({reason}); fetch the file "
                    "elsewhere and name it in training.coco_weights_file"
                ) from None
        if not carries_its_hash(temporary, COCO_WEIGHTS_URL):
            raise InputError(
                f"{origin}: not the published file (its digest does not begin with f10217)"
            )
