"""From the columns of a particle at rest to voxels in the volume and maps of what lies on top.

All compiled routines that call one another stand in one file, as in `resting`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from synthwire.structures.deposition.bodies import Columns, Ground


class Volume(NamedTuple):
    """The domain's voxels and maps.

    labels: (Z, Y, X); top: (Y, X) label of the latest particle, which lies uppermost; cover: (Y, X)
    number of particles.
    """

    labels: np.ndarray
    top: np.ndarray
    cover: np.ndarray


class Tally(NamedTuple):
    """What a particle leaves in the domain, by its labels.

    voxels: (labels,); sums: (labels, 3) of their x, y, z; pixel and owner: (entries,) flat pixel
    indices that are covered, and by which of the labels.
    """

    voxels: np.ndarray
    sums: np.ndarray
    pixel: np.ndarray
    owner: np.ndarray

    @classmethod
    def of(cls, labels: int, room: int) -> Tally:
        return cls(
            np.zeros(labels, np.int64),
            np.zeros((labels, 3)),
            np.empty(room, np.int64),
            np.empty(room, np.int64),
        )

    def footprints(self, entries: int) -> list[np.ndarray]:
        """Flat pixel indices that each label covers."""
        pixel, owner = self.pixel[:entries], self.owner[:entries]
        if len(self.voxels) == 1:
            return [pixel]
        return [np.unique(pixel[owner == label]) for label in range(len(self.voxels))]


@njit(cache=True)
def drop(
    periodic: bool, width: int, depth: int, count: int, columns: Columns
) -> tuple[float, int, int, int]:
    """Lower the traced columns onto the pile and turn them into voxels first ≤ k < stop.

    Returns the height of the centre of mass, the greatest stop, the number of columns within the
    domain, and 1 if one lies on its border, 2 if one lies beyond.
    """
    row, column, lo, hi = columns.row, columns.column, columns.lo, columns.hi
    below, first, stop = columns.below, columns.first, columns.stop
    shift = -1e18
    for i in range(count):
        shift = max(shift, below[i] - lo[i])
    shift = round(shift, 6)
    gap = -(1 << 30)
    for i in range(count):
        k = math.ceil(lo[i] + shift - 0.5)
        first[i] = k
        # the thickness is rounded, not the upper face: no fringes on tilted particles
        stop[i] = k + max(math.floor(hi[i] - lo[i] + 0.5), 1)
        gap = max(gap, below[i] - k)
    peak = 0
    within = 0
    border = 0
    for i in range(count):
        first[i] += gap
        stop[i] += gap
        peak = max(peak, stop[i])
        j, k = row[i], column[i]
        if 0 <= j < depth and 0 <= k < width:
            within += 1
            if border == 0 and (j == 0 or k == 0 or j == depth - 1 or k == width - 1):
                border = 1
        else:
            border = 2
    if periodic:
        within = count
    return shift + gap, peak, within, border


@njit(cache=True)
def set_voxels(
    volume: Volume,
    ground: Ground,
    label: int,
    further: np.ndarray,
    count: int,
    columns: Columns,
    tally: Tally,
) -> int:
    """Write the columns into volume, maps, ground and tally. Returns the number of pixel entries.

    further: the further label of each body; of a particle with several bodies, a later one's voxels
    replace an earlier one's.
    """
    heights, margin, periodic = ground
    depth, width = volume.top.shape
    several = len(further) > 1
    runs = np.empty((count, 8), np.int32)
    n_runs = 0
    entries = 0
    start = 0
    while start < count:
        stop = _run_stop(columns, start, count)
        j, k = columns.row[start], columns.column[start]
        if periodic:
            j %= depth
            k %= width
            stop = min(stop, start + width - k)
        which = further[columns.body[start]]
        offset = k - start  # from a column's number to its place in the row
        if which == 0 and 0 <= j + margin < heights.shape[0]:
            line, shift = heights[j + margin], offset + margin
            for i in range(max(start, -shift), min(stop, len(line) - shift)):
                line[i + shift] = max(line[i + shift], columns.stop[i])
        first, last = max(start, -offset), min(stop, width - offset)
        start = stop
        if not 0 <= j < depth or first >= last:
            continue
        if several:
            for i in range(first, last):
                # the uppermost voxel stays the hull's, so that thin hulls keep their outline
                above = columns.stop[i]
                if which != 0:
                    above = min(above, heights[j + margin, i + offset + margin] - 1)
                if _replace(volume.labels, label, which, j, i, offset, above, columns, tally):
                    c = i + offset
                    entries = _cover(volume, label, which, j, c, c + 1, tally, entries)
        else:
            _note_run(runs[n_runs], j, first, last, offset, columns, tally)
            n_runs += 1
            entries = _cover(volume, label, 0, j, first + offset, last + offset, tally, entries)
    _write_runs(volume.labels, label, runs[:n_runs], columns)
    return entries


@njit(cache=True)
def _run_stop(columns: Columns, start: int, count: int) -> int:
    """End of a run: neighbouring columns of one row of one body."""
    body, row = columns.body[start], columns.row[start]
    stop = start + 1
    while (
        stop < count
        and columns.row[stop] == row
        and columns.column[stop] == columns.column[stop - 1] + 1
        and columns.body[stop] == body
    ):
        stop += 1
    return stop


@njit(cache=True)
def _cover(
    volume: Volume,
    label: int,
    which: int,
    j: int,
    first: int,
    last: int,
    tally: Tally,
    entries: int,
) -> int:
    """Note in maps and tally that a body covers pixels of a row. Returns the number of entries."""
    top, cover, pixel, owner = volume.top, volume.cover, tally.pixel, tally.owner
    width = top.shape[1]
    for c in range(first, last):
        new = top[j, c] < label  # this particle's first body here
        if new:
            top[j, c] = label
            cover[j, c] += 1
        if new or which > 0:
            pixel[entries] = j * width + c
            owner[entries] = which
            entries += 1
    return entries


# What is known of a run: its row, its columns, the step from a column's number to its place in the
# row, the layers that any of its columns reaches, and those that all of them fill.
_ROW, _FIRST, _LAST, _OFFSET, _BOTTOM, _PEAK, _FLOOR, _CEILING = range(8)


@njit(cache=True)
def _note_run(
    run: np.ndarray, j: int, first: int, last: int, offset: int, columns: Columns, tally: Tally
) -> None:
    """Note a run of a particle's only body, and count its voxels; `_write_runs` writes it."""
    bottom, peak = 1 << 30, 0
    floor, ceiling = 0, 1 << 30
    voxels = moment_x = moment_z = 0
    for i in range(first, last):
        low, high = columns.first[i], columns.stop[i]
        bottom, peak = min(bottom, low), max(peak, high)
        floor, ceiling = max(floor, low), min(ceiling, high)
        voxels += high - low
        moment_x += (high - low) * (2 * columns.column[i] + 1)
        moment_z += (high - low) * (high + low)
    run[_ROW], run[_FIRST], run[_LAST], run[_OFFSET] = j, first, last, offset
    run[_BOTTOM], run[_PEAK], run[_FLOOR], run[_CEILING] = bottom, peak, floor, ceiling
    tally.voxels[0] += voxels
    tally.sums[0, 0] += 0.5 * moment_x
    tally.sums[0, 1] += voxels * (columns.row[first] + 0.5)
    tally.sums[0, 2] += 0.5 * moment_z


@njit(cache=True)
def _write_runs(labels: np.ndarray, label: int, runs: np.ndarray, columns: Columns) -> None:
    """Write the runs layer by layer, as memory lies."""
    if len(runs) == 0:
        return
    below, above = columns.first, columns.stop
    for z in range(runs[:, _BOTTOM].min(), runs[:, _PEAK].max()):
        for r in range(len(runs)):
            if not runs[r, _BOTTOM] <= z < runs[r, _PEAK]:
                continue
            j, first, last, offset = (
                runs[r, _ROW],
                runs[r, _FIRST],
                runs[r, _LAST],
                runs[r, _OFFSET],
            )
            if runs[r, _FLOOR] <= z < runs[r, _CEILING]:
                for i in range(first, last):
                    labels[z, j, i + offset] = label
            else:
                for i in range(first, last):
                    if below[i] <= z < above[i]:
                        labels[z, j, i + offset] = label


@njit(cache=True)
def _replace(
    labels: np.ndarray,
    label: int,
    which: int,
    j: int,
    i: int,
    offset: int,
    above: int,
    columns: Columns,
    tally: Tally,
) -> bool:
    """Write a column of one of a particle's bodies over those before, −1 as a hole in them.

    Returns whether it set a voxel.
    """
    own = label + which if which >= 0 else 0
    wrote = False
    for z in range(columns.first[i], above):
        before = labels[z, j, i + offset]
        if before == own or (which < 0 and not label <= before < label + len(tally.voxels)):
            continue  # a hole is cut into its own particle alone
        if before != 0:
            _count_voxel(tally, before - label, -1, columns, i, z)
        if which >= 0:
            _count_voxel(tally, which, 1, columns, i, z)
        labels[z, j, i + offset] = own
        wrote = True
    return wrote and which >= 0


@njit(cache=True)
def _count_voxel(tally: Tally, which: int, sign: int, columns: Columns, i: int, z: int) -> None:
    tally.voxels[which] += sign
    tally.sums[which, 0] += sign * (columns.column[i] + 0.5)
    tally.sums[which, 1] += sign * (columns.row[i] + 0.5)
    tally.sums[which, 2] += sign * (z + 0.5)


@njit(cache=True)
def overlap(volume: Volume, footprint: np.ndarray, label: int) -> tuple[int, int]:
    """Number of a footprint's pixels that several particles cover, and on which `label` is top."""
    top, cover = volume.top.ravel(), volume.cover.ravel()
    shared = visible = 0
    for pixel in footprint:
        shared += cover[pixel] > 1
        visible += top[pixel] == label
    return shared, visible
