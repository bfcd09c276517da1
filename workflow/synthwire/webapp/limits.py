"""What the person who starts the app decides, through environment variables.

SYNTHWIRE_APP_MEGAPIXELS  largest image that is taken, over all pages of a file (default 100)
SYNTHWIRE_APP_IMAGES      most images at a time (default 64)
SYNTHWIRE_APP_MODELS      folder of runs whose models are offered (default: ./results)
SYNTHWIRE_APP_RESULT      folder of results that are opened, as `synthwire app RESULT` does

The size of an upload in bytes is Streamlit's server.maxUploadSize, in .streamlit/config.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthwire.errors import InputError


@dataclass(frozen=True)
class Limits:
    """largest_pixels: of one file; images: at a time; models, result: their folders."""

    largest_pixels: int = 100_000_000
    images: int = 64
    models: Path = Path("results")
    result: Path | None = None


def from_environment(environment: Mapping[str, str]) -> Limits:
    """Limits from variables as in `os.environ`; InputError names one that is no number > 0."""
    defaults = Limits()
    megapixels = _number(environment, "SYNTHWIRE_APP_MEGAPIXELS", defaults.largest_pixels / 1e6)
    images = _number(environment, "SYNTHWIRE_APP_IMAGES", defaults.images)
    return Limits(
        largest_pixels=round(megapixels * 1e6),
        images=max(1, round(images)),
        models=Path(environment.get("SYNTHWIRE_APP_MODELS") or defaults.models),
        result=Path(result) if (result := environment.get("SYNTHWIRE_APP_RESULT")) else None,
    )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InputError(f"{name}: '{text}' is no number above 0")
    return number
