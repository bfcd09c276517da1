"""What the app offers to choose from: sample images, and models that runs have trained."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import yaml

from synthwire.io.files import MemoryFile
from synthwire.webapp.assets import SAMPLES

BUNDLED = "Bundled model"


@dataclass(frozen=True)
class Sample:
    """A simulated image with its true outlines; modality is a key of `MODALITIES`."""

    key: str
    label: str
    modality: str

    def image(self) -> MemoryFile:
        return _read(f"{self.key}.tif")

    def outlines(self) -> MemoryFile:
        return _read(f"{self.key}.json")


def _read(name: str) -> MemoryFile:
    return MemoryFile(name, (SAMPLES / name).read_bytes())


@functools.cache
def samples() -> tuple[Sample, ...]:
    """The samples that docs/make_samples.py makes."""
    entries = yaml.safe_load((SAMPLES / "samples.yaml").read_text(encoding="utf-8"))
    return tuple(Sample(key, item["label"], item["modality"]) for key, item in entries.items())


def models(runs: Path) -> dict[str, Path | None]:
    """Models by the name that users see; the bundled one, whose folder is None, comes first."""
    found = sorted(runs.glob("*/models/*/model_final.pth"))
    trained = {f"{path.parents[2].name} · {path.parent.name}": path.parent for path in found}
    return {BUNDLED: None, **trained}
