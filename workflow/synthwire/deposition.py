"""Depositing particles: each falls onto the pile below it, comes to rest, and is voxelised.

A particle is traced as vertical columns: over each pixel that it covers, the heights lo and hi
between which it lies. The pile needs only its height over each pixel, since what falls from above
meets only the top. From both follow the resting pose (upper convex hull of the support profile)
and the voxels, which are set on top of the pile's and so can never belong to two particles.

Coordinates: x to the right, y downwards as in the image, z upwards from the substrate, in voxels.
Pixel (column i, row j) covers [i, i+1] × [j, j+1] and belongs to a particle when its centre does;
over it the particle has as many voxels as it is thick there, rounded, but at least one. Azimuth is
counted from the x axis, counter-clockwise as seen in the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from synthwire.shapes.base import SweptBody

RESTS = ("tilted", "flat", "flexible")
TOLERANCE = 0.1  # voxels that an end may be off its exact height
MAX_ITERATIONS = 12  # of pose and support profile; two or three are the rule


@dataclass(frozen=True)
class PackedBodies:
    """A particle's bodies as arrays in voxels, for the compiled routines."""

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
        reach = 0.0
        for row, profile in zip(self.placement, self.profiles, strict=True):
            across = np.abs(profile[2]).max() + profile[0].max()
            above = np.abs(profile[3]).max() + profile[1].max()
            reach = max(reach, math.hypot(*row[5:8]) + math.hypot(row[0], across, above))
        return reach


def pack_bodies(bodies: Sequence[SweptBody], voxel_size_nm: float) -> PackedBodies:
    """Convert a particle's bodies from nm to arrays in voxels."""
    stations = max(len(body.half_width) for body in bodies)
    placement = np.empty((len(bodies), 8))
    profiles = np.empty((len(bodies), 4, stations))
    sections = np.empty((len(bodies), 4, len(bodies[0].section_top)))
    labels = np.array([body.label for body in bodies], dtype=np.int64)
    grid = np.linspace(0, 1, stations)
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
                values = np.interp(grid, np.linspace(0, 1, len(values)), values)
            profiles[i, j] = values / voxel_size_nm
        sections[i, 0] = body.section_top
        sections[i, 1] = body.section_bottom
        sections[i, 2] = body.cut_start / voxel_size_nm
        sections[i, 3] = body.cut_stop / voxel_size_nm
    return PackedBodies(placement, profiles, sections, labels)


@dataclass(frozen=True)
class Pose:
    """Where a particle came to rest: centre of mass in voxels, angles in radians."""

    x: float
    y: float
    z: float
    azimuth: float
    tilt: float


@dataclass
class Deposited:
    """What a deposited particle left in the volume, one row for each of its labels.

    Attributes
    ----------
    pose: the resting pose.
    voxels: (labels,) voxels set within the domain.
    centre: (labels, 3) their centre of mass x, y, z in voxels.
    footprints: flat pixel indices (y·W + x) that each label covers, as arrays.
    cut: part of it lies outside the domain (or wraps round, with periodic borders).
    touches_border: it covers a pixel of the domain's outermost rows or columns, or is cut.
    """

    pose: Pose
    voxels: np.ndarray
    centre: np.ndarray
    footprints: list[np.ndarray]
    cut: bool
    touches_border: bool


class NoRest(Exception):
    """The particle does not come to rest here: too steep, too high, or hardly in the domain."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass
class Pile:
    """A domain that particles are deposited in.

    Parameters
    ----------
    width, depth, height: the domain in voxels along x, y and z.
    dtype: of the labels.
    margin: pixels around the domain in which the pile's height is followed too, so that cut
        particles rest on one another outside as well.
    periodic: particles that leave at one lateral side enter at the opposite one.
    """

    width: int
    depth: int
    height: int
    dtype: type = np.uint8
    margin: int = 0
    periodic: bool = False
    labels: np.ndarray = field(init=False)
    heights: np.ndarray = field(init=False)
    top: np.ndarray = field(init=False)
    cover: np.ndarray = field(init=False)

    def __post_init__(self):
        if self.periodic:
            self.margin = 0
        self.labels = np.zeros((self.height, self.depth, self.width), dtype=self.dtype)
        self.heights = np.zeros(
            (self.depth + 2 * self.margin, self.width + 2 * self.margin), dtype=np.int32
        )
        self.top = np.zeros((self.depth, self.width), dtype=np.int32)
        self.cover = np.zeros((self.depth, self.width), dtype=np.uint16)

    def deposit(
        self,
        bodies: PackedBodies,
        x: float,
        y: float,
        azimuth: float,
        label: int,
        *,
        rest: str = "tilted",
        max_tilt: float = math.radians(45),
        min_visible: float = 0.0,
        inside: bool = False,
    ) -> Deposited:
        """Let a particle fall at (x, y) and set its voxels to `label` (and those following).

        Raises NoRest, leaving the pile as it was, when the particle would lie steeper than
        `max_tilt`, would rise above the domain, shows less than `min_visible` of its footprint
        within the domain, or, with `inside`, leaves it.
        """
        traced = _trace_buffers(bodies.placement, bodies.profiles)
        tilt, count = _settle(
            bodies.placement, bodies.profiles, bodies.sections, self.heights, self.margin,
            self.periodic, x, y, azimuth, rest == "tilted", math.tan(max_tilt), *traced,
        )  # fmt: skip
        if count < 0:
            raise NoRest("steep")
        if count == 0:
            raise NoRest("empty")
        shift, peak, within, border = _drop(
            self.heights, self.margin, self.periodic, self.width, self.depth, count, *traced
        )
        if inside and within < count:
            raise NoRest("inside")
        if within == 0 or within < min_visible * count:
            raise NoRest("hidden")
        if peak > self.height:
            raise NoRest("height")
        n_labels = bodies.label_count
        voxels = np.zeros(n_labels, dtype=np.int64)
        sums = np.zeros((n_labels, 3))
        footprint = np.empty(within, dtype=np.int64)
        owner = np.empty(within, dtype=np.int64)
        pixels = _set_voxels(
            self.labels, self.heights, self.top, self.cover, self.margin, self.periodic,
            label, bodies.labels, count, voxels, sums, footprint, owner, *traced,
        )  # fmt: skip
        footprint, owner = footprint[:pixels], owner[:pixels]
        centre = sums / np.maximum(voxels, 1)[:, None]
        if self.periodic:
            centre[:, :2] %= (self.width, self.depth)
        return Deposited(
            pose=Pose(x, y, shift, azimuth, tilt),
            voxels=voxels,
            centre=centre,
            footprints=[
                footprint if n_labels == 1 else np.unique(footprint[owner == i])
                for i in range(n_labels)
            ],
            cut=within < count or (self.periodic and border == 2),
            touches_border=border > 0,
        )


@njit(cache=True)
def _axes(row, azimuth, tilt):
    """Axes of a body (along, across, up) and its middle, in x, y, z from the centre of mass."""
    ca, sa, ct, st = math.cos(azimuth), math.sin(azimuth), math.cos(tilt), math.sin(tilt)
    cy, sy, cp, sp = row[1], row[2], row[3], row[4]
    frame = np.empty((4, 3))
    for i in range(4):
        if i == 0:
            u, v, w = cp * cy, cp * sy, sp
        elif i == 1:
            u, v, w = -sy, cy, 0.0
        elif i == 2:
            u, v, w = -sp * cy, -sp * sy, cp
        else:
            u, v, w = row[5], row[6], row[7]
        frame[i, 0] = u * ca * ct + v * sa - w * ca * st
        frame[i, 1] = -u * sa * ct + v * ca + w * sa * st
        frame[i, 2] = u * st + w * ct
    return frame


@njit(cache=True)
def _extent(profile):
    """Greatest half width and half height of a body about its reference axis."""
    across = 0.0
    above = 0.0
    for i in range(profile.shape[1]):
        across = max(across, abs(profile[2, i]) + profile[0, i])
        above = max(above, abs(profile[3, i]) + profile[1, i])
    return across, above


@njit(cache=True)
def _trace_buffers(placement, profiles):
    """Room for the columns of a particle at any pose: body, row, column, lo, hi, and k of both."""
    room = 0
    for i in range(placement.shape[0]):
        across, above = _extent(profiles[i])
        room += int((2 * (placement[i, 0] + above) + 4) * (2 * (across + above) + 4) * 1.1) + 64
    return (
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.float64),
        np.empty(room, np.float64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
    )


@njit(cache=True)
def _trace(placement, profiles, sections, x, y, azimuth, tilt, body, row, column, lo, hi):
    """Columns of a particle at a pose, z from its centre of mass. Returns their number.

    Along a column the body's own coordinates change linearly with z. Its surface is found by
    fixed-point iteration, exact for prisms and converging at once for the small slopes of
    everything else; the ends cut the interval exactly.
    """
    count = 0
    n = profiles.shape[2]
    m = sections.shape[2]
    for i in range(placement.shape[0]):
        half = placement[i, 0]
        frame = _axes(placement[i], azimuth, tilt)
        ax, ay, az = frame[0, 0], frame[0, 1], frame[0, 2]
        bx, by, bz = frame[1, 0], frame[1, 1], frame[1, 2]
        cx, cy, cz = frame[2, 0], frame[2, 1], frame[2, 2]
        x0, y0, z0 = x + frame[3, 0], y + frame[3, 1], frame[3, 2]
        across, above = _extent(profiles[i])
        flat = math.sqrt(ax * ax + ay * ay)
        ex, ey = ax / flat, ay / flat
        along = half * flat + above * abs(az) + 1e-9
        aside = across + above * abs(bz) + 1e-9
        reach_y = along * abs(ey) + aside * abs(ex)
        half_width, half_thickness = profiles[i, 0], profiles[i, 1]
        offset_v, offset_w = profiles[i, 2], profiles[i, 3]
        upper, lower = sections[i, 0], sections[i, 1]
        cut_start, cut_stop = sections[i, 2], sections[i, 3]
        to_station = (n - 1) / (2 * half)
        for j in range(math.ceil(y0 - reach_y - 0.5), math.floor(y0 + reach_y - 0.5) + 1):
            dy = j + 0.5 - y0
            left, right = -1e18, 1e18
            # the row's part of the oriented rectangle |along| and |aside|
            if abs(ex) > 1e-12:
                p, q = (-along - dy * ey) / ex, (along - dy * ey) / ex
                left, right = max(left, min(p, q)), min(right, max(p, q))
            elif abs(dy * ey) > along:
                continue
            if abs(ey) > 1e-12:
                p, q = (dy * ex - aside) / ey, (dy * ex + aside) / ey
                left, right = max(left, min(p, q)), min(right, max(p, q))
            elif abs(dy * ex) > aside:
                continue
            for k in range(math.ceil(x0 + left - 0.5), math.floor(x0 + right - 0.5) + 1):
                dx = k + 0.5 - x0
                s0 = dx * ax + dy * ay
                t0 = dx * bx + dy * by
                w0 = dx * cx + dy * cy
                middle = -w0 / cz
                # section at mid height: is the column inside, and how far do the ends reach?
                position = (s0 + middle * az + half) * to_station
                position = min(max(position, 0.0), n - 1.0)
                f = min(int(position), n - 2)
                g = position - f
                width = half_width[f] + g * (half_width[f + 1] - half_width[f])
                centre = offset_v[f] + g * (offset_v[f + 1] - offset_v[f])
                tau = t0 + middle * bz - centre
                if abs(tau) > width:
                    continue
                place = (tau / max(width, 1e-9) + 1) * 0.5 * (m - 1)
                h = min(int(place), m - 2)
                e = place - h
                top = upper[h] + e * (upper[h + 1] - upper[h])
                bottom = lower[h] + e * (lower[h + 1] - lower[h])
                first = -half + cut_start[h] + e * (cut_start[h + 1] - cut_start[h])
                last = half - cut_stop[h] - e * (cut_stop[h + 1] - cut_stop[h])
                low = high = middle
                if abs(az) < 1e-9:
                    if s0 < first or s0 > last:
                        continue
                    thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                    shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                    low = (shift + bottom * thick - w0) / cz
                    high = (shift + top * thick - w0) / cz
                else:
                    for _ in range(3):
                        position = min(max((s0 + low * az + half) * to_station, 0.0), n - 1.0)
                        f = min(int(position), n - 2)
                        g = position - f
                        thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                        shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                        low = (shift + bottom * thick - w0) / cz
                        position = min(max((s0 + high * az + half) * to_station, 0.0), n - 1.0)
                        f = min(int(position), n - 2)
                        g = position - f
                        thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                        shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                        high = (shift + top * thick - w0) / cz
                    p, q = (first - s0) / az, (last - s0) / az
                    low, high = max(low, min(p, q)), min(high, max(p, q))
                if high <= low:
                    continue
                body[count] = i
                row[count] = j
                column[count] = k
                lo[count] = low + z0
                hi[count] = high + z0
                count += 1
    return count


@njit(cache=True)
def _height_at(heights, margin, periodic, j, k):
    """Height of the pile over row j, column k; bare substrate beyond what is followed."""
    if periodic:
        return heights[j % heights.shape[0], k % heights.shape[1]]
    j += margin
    k += margin
    if 0 <= j < heights.shape[0] and 0 <= k < heights.shape[1]:
        return heights[j, k]
    return 0


@njit(cache=True)
def stable_slope(position, support):
    """Slope of a rigid beam at rest on a support profile, its centre of mass at position 0.

    The beam lies on the edge of the profile's upper convex hull that spans the centre of mass:
    there it touches on both sides of it, and it can sink no lower.

    Parameters
    ----------
    position, support: (n,) increasing positions, and heights of the support.
    """
    n = len(position)
    hull = np.empty(n, np.int64)
    size = 0
    for i in range(n):
        while size >= 2:
            a, b = hull[size - 2], hull[size - 1]
            left = (support[b] - support[a]) * (position[i] - position[a])
            if left <= (support[i] - support[a]) * (position[b] - position[a]):
                size -= 1
            else:
                break
        hull[size] = i
        size += 1
    for i in range(size - 1):
        a, b = hull[i], hull[i + 1]
        if position[a] <= 0 <= position[b]:
            slope = (support[b] - support[a]) / (position[b] - position[a])
            if position[b] == 0 and i + 2 < size:  # balanced on one point: the shallower edge
                c = hull[i + 2]
                other = (support[c] - support[b]) / (position[c] - position[b])
                if abs(other) < abs(slope):
                    slope = other
            return slope
    return 0.0


@njit(cache=True)
def _settle(
    placement, profiles, sections, heights, margin, periodic, x, y, azimuth, tilted, max_slope,
    body, row, column, lo, hi, k_lo, k_hi,
):  # fmt: skip
    """Find the resting tilt; leave the columns traced there. Returns tilt, number of columns.

    Support and tilt depend on each other (a tilted beam is shorter seen from above), so both are
    improved in turn until the ends move by less than TOLERANCE. −1 columns: too steep.
    """
    slope = 0.0
    tilt = 0.0
    count = 0
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    for iteration in range(MAX_ITERATIONS):
        count = _trace(
            placement, profiles, sections, x, y, azimuth, tilt, body, row, column, lo, hi
        )
        if not tilted or count == 0:
            break
        least = 1e18
        most = -1e18
        for i in range(count):
            p = (column[i] + 0.5 - x) * ca - (row[i] + 0.5 - y) * sa
            least = min(least, p)
            most = max(most, p)
        bins = int(most - least) + 1
        position = np.zeros(bins)
        support = np.full(bins, -1e18)
        for i in range(count):
            p = (column[i] + 0.5 - x) * ca - (row[i] + 0.5 - y) * sa
            level = _height_at(heights, margin, periodic, row[i], column[i]) - lo[i] + p * slope
            b = int(p - least)
            if level > support[b]:
                support[b] = level
                position[b] = p
        filled = support > -1e17
        new = stable_slope(position[filled], support[filled])
        if abs(new - slope) * max(most, -least) < TOLERANCE:
            break
        if iteration >= 3:
            new = 0.5 * (new + slope)  # two poses may alternate; their mean settles
        slope = round(new, 7)
        tilt = math.atan(slope)
        if abs(slope) > 4:
            return tilt, -1
    if abs(slope) > max_slope:
        return tilt, -1
    return tilt, count


@njit(cache=True)
def _drop(heights, margin, periodic, width, depth, count, body, row, column, lo, hi, k_lo, k_hi):
    """Lower the traced columns onto the pile and turn them into voxels k_lo ≤ k < k_hi.

    Returns the height of the centre of mass, the greatest k_hi, the number of columns within the
    domain, and 1 if one lies on its border, 2 if one lies beyond.
    """
    shift = -1e18
    for i in range(count):
        level = _height_at(heights, margin, periodic, row[i], column[i])
        shift = max(shift, level - lo[i])
    shift = round(shift, 6)
    gap = -(1 << 30)
    for i in range(count):
        k_lo[i] = math.ceil(lo[i] + shift - 0.5)
        # the thickness is rounded, not the upper face: no fringes on tilted particles
        k_hi[i] = k_lo[i] + max(math.floor(hi[i] - lo[i] + 0.5), 1)
        level = _height_at(heights, margin, periodic, row[i], column[i])
        gap = max(gap, level - k_lo[i])
    peak = 0
    within = 0
    border = 0
    for i in range(count):
        k_lo[i] += gap
        k_hi[i] += gap
        peak = max(peak, k_hi[i])
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
def _set_voxels(
    labels, heights, top, cover, margin, periodic, label, further, count, voxels, sums, footprint,
    owner, body, row, column, lo, hi, k_lo, k_hi,
):  # fmt: skip
    """Write the columns into volume and maps. Returns the number of footprint entries."""
    depth, width = top.shape
    pixels = 0
    start = 0
    while start < count:
        # a run: neighbouring columns of one row, written layer by layer, as memory lies
        stop = start + 1
        while (
            stop < count
            and body[stop] == body[start]
            and row[stop] == row[start]
            and column[stop] == column[stop - 1] + 1
        ):
            stop += 1
        j = row[start]
        own = label + further[body[start]]
        which = further[body[start]]
        inside = periodic or 0 <= j < depth
        wrapped = j % depth if periodic else j
        bottom = 1 << 30
        peak = 0
        first = start
        last = stop
        for i in range(start, stop):
            k = column[i]
            if periodic:
                heights[wrapped, k % width] = max(heights[wrapped, k % width], k_hi[i])
                k %= width
            else:
                a, b = j + margin, k + margin
                if 0 <= a < heights.shape[0] and 0 <= b < heights.shape[1]:
                    heights[a, b] = max(heights[a, b], k_hi[i])
                if not inside:
                    continue
                if k < 0:
                    first = i + 1
                    continue
                if k >= width:
                    last = min(last, i)
                    continue
            bottom = min(bottom, k_lo[i])
            peak = max(peak, k_hi[i])
            if top[wrapped, k] < label:  # this particle's first body here
                top[wrapped, k] = label
                cover[wrapped, k] += 1
                footprint[pixels] = wrapped * width + k
                owner[pixels] = which
                pixels += 1
            elif which > 0:
                footprint[pixels] = wrapped * width + k
                owner[pixels] = which
                pixels += 1
            thick = k_hi[i] - k_lo[i]
            voxels[which] += thick
            sums[which, 0] += thick * (column[i] + 0.5)
            sums[which, 1] += thick * (j + 0.5)
            sums[which, 2] += thick * 0.5 * (k_lo[i] + k_hi[i])
        if inside:
            for z in range(bottom, peak):
                for i in range(first, last):
                    if k_lo[i] <= z < k_hi[i]:
                        labels[z, wrapped, column[i] % width if periodic else column[i]] = own
        start = stop
    return pixels
