"""Masks of regions without a copy for each region."""

from __future__ import annotations

import numpy as np
import torch

from synthwire.learning.cpu.pooling import HALF, ONE, pool_regions

from detectron2.structures import BitMasks


class SharedBitMasks(BitMasks):
    """The masks that a list of regions belongs to, without a copy for each region.

    Stands where Detectron2 has BitMasks in `gt_masks`: it picks each proposal's mask out of the
    image's, at which a BitMasks copies whole images.
    """

    @property
    def tensor(self) -> torch.Tensor:
        """A copy of each entry's mask; PointRend asks for it."""
        return self._masks[self._index]

    @property
    def image_size(self) -> tuple[int, int]:
        return self._masks.shape[1], self._masks.shape[2]

    def __init__(self, masks: torch.Tensor, index: torch.Tensor | None = None) -> None:
        """masks: bool (masks, height, width); index: the mask of each entry, all by default."""
        self._masks = masks
        self._index = torch.arange(len(masks)) if index is None else index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, item) -> SharedBitMasks:
        return SharedBitMasks(self._masks, self._index[item])

    def to(self, *args, **kwargs) -> SharedBitMasks:
        return SharedBitMasks(self._masks.to(*args, **kwargs), self._index.to(*args, **kwargs))

    def crop_and_resize(self, boxes: torch.Tensor, mask_size: int) -> torch.Tensor:
        """Each entry's mask within its box at the size of the predicted masks, bool."""
        if boxes.device.type != "cpu":
            return BitMasks(self._masks[self._index]).crop_and_resize(boxes, mask_size)
        rois = np.column_stack([self._index.numpy(), boxes.numpy()]).astype(np.float32)
        shares = np.empty((len(self), mask_size, mask_size, 1), np.float32)
        masks = self._masks.numpy().view(np.uint8)[..., None]
        pool_regions(masks, rois, np.arange(len(self)), ONE, 0, shares)
        return torch.from_numpy(shares[..., 0] >= HALF)
