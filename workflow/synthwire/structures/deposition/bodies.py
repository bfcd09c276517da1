"""What the compiled routines are given: a particle's bodies, the ground below, traced columns.

They are named tuples of arrays, which compiled routines take as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthwire.structures.shapes.swept_body import SweptBody


class PackedBodies(NamedTuple):
    """A particle's bodies as arrays, in voxels."""

    placement: np.ndarray  # (bodies, 8): half length, cos and sin of yaw and pitch, origin u v w
    profiles: np.ndarray  # (bodies, 4, stations): half width, half thickness, offsets v and w
    sections: np.ndarray  # (bodies, 4, points): top, bottom, cut at start, cut at stop
    labels: np.ndarray  # (bodies,) further label of each body

    @property
    def label_count(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def reach(self) -> float:
        """Greatest horizontal distance of any part from the centre of mass, at any tilt, voxels."""
        half_width, half_thickness, offset_v, offset_w = self.profiles.transpose(1, 0, 2)
        across = np.abs(offset_v).max(axis=1) + half_width.max(axis=1)
        above = np.abs(offset_w).max(axis=1) + half_thickness.max(axis=1)
        return max(
            math.hypot(*row[5:8]) + math.hypot(row[0], *sides)
            for row, *sides in zip(
                self.placement.tolist(), across.tolist(), above.tolist(), strict=True
            )
        )


def pack_bodies(bodies: Sequence[SweptBody], voxel_size_nm: float) -> PackedBodies:
    """Convert a particle's bodies from nm to arrays in voxels."""
    stations = max(len(body.half_width) for body in bodies)
    placement = np.empty((len(bodies), 8))
    profiles = np.empty((len(bodies), 4, stations))
    sections = np.empty((len(bodies), 4, len(bodies[0].section_top)))
    labels = np.array([body.label for body in bodies], dtype=np.int64)
    for i, body in enumerate(bodies):
        placement[i] = (
            body.half_length / voxel_size_nm,
            math.cos(body.yaw),
            math.sin(body.yaw),
            math.cos(body.pitch),
            math.sin(body.pitch),
            *(value / voxel_size_nm for value in body.origin),
        )
        for j, values in enumerate(
            (body.half_width, body.half_thickness, body.offset_v, body.offset_w)
        ):
            if len(values) != stations:
                grid = np.linspace(0, 1, stations)
                values = np.interp(grid, np.linspace(0, 1, len(values)), values)
            profiles[i, j] = values
        sections[i] = body.section_top, body.section_bottom, body.cut_start, body.cut_stop
    profiles /= voxel_size_nm
    sections[:, 2:] /= voxel_size_nm
    # a machine's own last bits of sin and exp do not travel on into the voxels
    return PackedBodies(placement.round(7), profiles.round(7), sections.round(7), labels)


class Ground(NamedTuple):
    """What particles come to rest on.

    heights: (rows, columns) int16, of the pile, in voxels, with `margin` pixels around the domain;
    periodic: particles that leave at one side of the domain enter at the other.
    """

    heights: np.ndarray
    margin: int
    periodic: bool


class Columns(NamedTuple):
    """Columns of a traced particle, row by row within each body; room for more than there are.

    z of lo and hi is from the centre of mass; first and stop are the voxels first ≤ k < stop that
    they become.
    """

    body: np.ndarray
    row: np.ndarray
    column: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    below: np.ndarray  # height of the pile
    first: np.ndarray
    stop: np.ndarray

    @classmethod
    def with_room(cls, room: int) -> Columns:
        kinds = (np.int32, np.int32, np.int32, np.float64, np.float64, *[np.int32] * 3)
        return cls(*(np.empty(room, kind) for kind in kinds))
