"""The masks of many particles, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

import numpy as np

from synthwire.io.masks import decode_mask


class Masks(Sequence[np.ndarray]):
    """Masks of COCO annotations, each decoded only when it is looked at: big images have many."""

    def __init__(self, items: Sequence[Mapping]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...

    @overload
    def __getitem__(self, index: slice) -> Masks: ...

    def __getitem__(self, index: int | slice) -> np.ndarray | Masks:
        """Boolean mask (height, width); of a slice, the masks in it, still encoded."""
        if isinstance(index, slice):
            return Masks(self._items[index])
        return decode_mask(self._items[index]["segmentation"])
