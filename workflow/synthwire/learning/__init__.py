"""Training Mask R-CNN and applying it. Detectron2 lives in this room alone.

network: Detectron2's settings of a network, with the mask heads of heads. Training: plan (what a
row of the model table means), data and copy_paste (its images), trainer (the loop) with hooks (what
goes on beside it) and validation, distributed (its processes), train (one model from data to
weights), identity (what decides the weights). Prediction: predict (the network on one image) with
precision and folding; export (its portable form). weights: models that no run trains.
cpu: what makes both quicker on a CPU.

Importing anything of the room makes Detectron2 importable: 0.6 cannot change any more, and what it
misses on today's Python packages is filled in here, before any of it is loaded.
"""

import importlib.machinery
import importlib.util
import sys
import types
import warnings
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path

import PIL.Image

from synthwire.errors import InputError

for _message in ("pkg_resources is deprecated", "`torch.jit.script` is deprecated"):
    warnings.filterwarnings("ignore", message=_message)

# Pillow 10 removed these names, which detectron2.data.transforms still reads.
for _old, _new in (("LINEAR", "BILINEAR"), ("CUBIC", "BICUBIC"), ("ANTIALIAS", "LANCZOS")):
    if not hasattr(PIL.Image, _old):
        setattr(PIL.Image, _old, getattr(PIL.Image.Resampling, _new))


class _NotInstalled(MetaPathFinder):
    """Asked last: says in one line that Detectron2 is missing, whoever imports it."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> None:
        if name == "detectron2":
            raise InputError(
                "Detectron2 is not installed in this environment: run envs/install_detectron2.py "
                "with its python, or install a compiled one"
            )
        return None


def _compiled(folders: Iterable[str]) -> bool:
    """Whether a Detectron2 in these folders brings its compiled operators."""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    return any(Path(folder, f"_C{suffix}").exists() for folder in folders for suffix in suffixes)


_detectron2 = importlib.util.find_spec("detectron2")
if _detectron2 is None:
    sys.meta_path.append(_NotInstalled())
elif not _compiled(_detectron2.submodule_search_locations or ()):
    # Mask R-CNN needs none of these operators (torchvision has ROIAlign and NMS), but Detectron2's
    # modules import the extension; a user's own compiled one stays.
    sys.modules.setdefault("detectron2._C", types.ModuleType("detectron2._C"))
