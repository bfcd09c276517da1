"""The masks of many particles, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synthwire.io.masks import decode_mask


class Masks(Sequence):
    """Masks of COCO annotations, each decoded only when it is looked at: big images have many."""

    def __init__(self, items: Sequence[Mapping]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> np.ndarray:
        """Boolean mask (height, width)."""
        return decode_mask(self._items[index]["segmentation"])
