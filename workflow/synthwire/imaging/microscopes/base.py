"""What a virtual microscope is: its settings, and how it takes an image of what its beam meets."""

from __future__ import annotations

from dataclasses import Field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from synthwire.imaging.projection import View


@runtime_checkable
class Microscope(Protocol):
    """A virtual microscope: a frozen dataclass whose fields are its settings, with their defaults.

    Lengths are nanometres, so that a microscope looks the same at any voxel size; grey fractions
    are relative to the full scale of 255. `opaque` says that it sees the topmost particle alone.
    """

    opaque: ClassVar[bool] = False
    __dataclass_fields__: ClassVar[dict[str, Field]]

    def acquire(self, view: View, voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
        """uint8 image (Y, X), one pixel a voxel column; all that is random comes from `rng`."""
        ...
