"""A labelled volume (Z, Y, X) as a beam along −z meets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage

from synthwire.errors import InputError


@njit(cache=True, nogil=True)
def _mark(labels: np.ndarray, present: np.ndarray) -> None:
    for label in labels:
        present[label] = True


def compact_labels(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the particles of a volume 1…N where its labels are far apart.

    Tomography and other generators often count on over many volumes, and memory for masks up to
    the greatest label would be wasted. Returns the volume and the original label of each of 1…N;
    a volume with few gaps comes back as it is.
    """
    greatest = int(labels.max(initial=0))
    present = np.zeros(greatest + 1, dtype=np.bool_)
    _mark(labels.ravel(), present)
    present[0] = False
    count = int(present.sum())
    if greatest <= max(255, 2 * count):
        return labels, np.arange(1, greatest + 1)
    originals = np.flatnonzero(present)
    numbers = np.zeros(greatest + 1, dtype=np.uint16 if count < 2**16 else np.uint32)
    numbers[originals] = np.arange(1, count + 1)
    return numbers[labels], originals


@njit(cache=True, nogil=True)
def _look_down(
    labels: np.ndarray,
    thickness: np.ndarray,
    height: np.ndarray,
    top: np.ndarray,
    masks: np.ndarray,
    boxes: np.ndarray,
) -> None:
    depth, rows, columns = labels.shape
    for z in range(depth):
        for y in range(rows):
            # Most rows are empty; this loop over one is vectorised, the next is not.
            found = labels[z, y, 0]
            for x in range(1, columns):
                found |= labels[z, y, x]
            if found == 0:
                continue
            stop = 0
            while stop < columns:  # run by run of equal labels
                start, label = stop, labels[z, y, stop]
                stop += 1
                while stop < columns and labels[z, y, stop] == label:
                    stop += 1
                if label == 0:
                    continue
                for x in range(start, stop):
                    thickness[y, x] += 1
                    height[y, x] = z + 1
                    top[y, x] = label
                    masks[label - 1, y, x] = True
                box = boxes[label - 1]
                if box[1] == 0:  # the first of this particle
                    box[0], box[2], box[4] = z, y, start
                box[1] = z + 1
                box[2], box[3] = min(box[2], y), max(box[3], y + 1)
                box[4], box[5] = min(box[4], start), max(box[5], stop)


@dataclass(frozen=True)
class View:
    """What a beam along −z meets in a labelled volume (Z, Y, X), column by column.

    Attributes
    ----------
    labels: the volume itself.
    thickness: int32 (Y, X), occupied voxels.
    height: int32 (Y, X), of the topmost occupied voxel above the substrate, in voxels; 0 where
        empty.
    top: (Y, X), its label, which is what a surface-sensitive beam sees.
    masks: bool (N, Y, X), amodal, of labels 1…N; empty for a label that occurs nowhere.
    boxes: int64 (N, 6), of labels 1…N (start, stop) along z, y and x; all 0 for one that occurs
        nowhere.
    ground: relative change of what the bare ground shows, (Y, X), as `grounds` draws it; None for
        an even one.
    """

    labels: np.ndarray
    thickness: np.ndarray
    height: np.ndarray
    top: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    ground: np.ndarray | None = None

    @classmethod
    def of(cls, labels: np.ndarray) -> View:
        """View of a labelled volume, in one pass through it; InputError when it is none."""
        if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
            raise InputError(
                f"a labelled volume has three axes (Z, Y, X) of whole numbers, this one is "
                f"{labels.shape} {labels.dtype}"
            )
        shape, count = labels.shape[1:], int(labels.max(initial=0))
        view = cls(
            labels,
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape, labels.dtype),
            np.zeros((count, *shape), np.bool_),
            np.zeros((count, 6), np.int64),
        )
        if labels.size:
            _look_down(labels, view.thickness, view.height, view.top, view.masks, view.boxes)
        return view

    @property
    def pile_height(self) -> int:
        """Height of the topmost occupied voxel of all, in voxels."""
        return int(self.height.max(initial=0))


def tilt(labels: np.ndarray, tilt_deg: float, azimuth_deg: float = 0.0) -> np.ndarray:
    """The volume as a beam tilted by `tilt_deg` from the normal sees it: (Z', Y, X).

    The volume is turned about an axis parallel to the substrate, `azimuth_deg` from x, through the
    centre of the pile; projecting the result along its first axis is projecting the original
    along the tilted beam (the "angle dependencies" that the paper leaves to later work). That axis
    counts along the beam from the substrate, not from a plane across the beam: else one side of
    the field would stand on a slope of many times the pile's height. Labels are sampled at the
    nearest voxel. What leaves the field of view is lost, and where the turned volume no longer
    fills the field it is empty.
    """
    if not -80 <= tilt_deg <= 80:
        raise InputError(f"tilt_deg: {tilt_deg} is outside −80…80 degrees")
    filled = np.flatnonzero(labels.any(axis=(1, 2)))
    if tilt_deg == 0 or not filled.size:
        return labels
    labels = labels[: filled[-1] + 1]
    angle, azimuth = np.deg2rad(tilt_deg), np.deg2rad(azimuth_deg)
    axis = np.array([0.0, np.sin(azimuth), np.cos(azimuth)])  # z, y, x
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross).T
    # Columns: where a step along the beam, and steps across the image over the substrate, lead.
    steps = turn.copy()
    steps[:, 1:] -= np.outer(turn[:, 0], turn[0, 1:] / turn[0, 0])
    depth, height, width = labels.shape
    shape = (int(np.ceil(depth / np.cos(angle))), height, width)
    # Distances from the substrate count from the voxels' lower faces, indices from their centres.
    centre_in = (np.array(labels.shape) - 1) / 2
    centre_out = np.array([depth / np.cos(angle) - 1, height - 1, width - 1]) / 2
    return ndimage.affine_transform(
        labels,
        steps,
        offset=centre_in - steps @ centre_out,
        output_shape=shape,
        order=0,
        mode="grid-constant",
    )
