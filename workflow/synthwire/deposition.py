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

RESTS = ("tilted", "leaning", "flat", "flexible", "rolling")
_ROLL_X = np.cos(np.arange(8) * np.pi / 4).round(6)
_ROLL_Y = np.sin(np.arange(8) * np.pi / 4).round(6)
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
    # a machine's own last bits of sin and exp do not travel on into the voxels
    return PackedBodies(placement.round(7), profiles.round(7), sections.round(7), labels)


@dataclass(frozen=True)
class Pose:
    """Where a particle came to rest: centre of mass in voxels, angles in radians."""

    x: float
    y: float
    z: float
    azimuth: float
    tilt: float  # of the axis
    roll: float  # about the axis


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
    _room: int = field(init=False, default=0)
    _columns: tuple = field(init=False, default=(), repr=False)

    def __post_init__(self):
        if self.periodic:
            self.margin = 0
        self.labels = np.zeros((self.height, self.depth, self.width), dtype=self.dtype)
        self.heights = np.zeros(
            (self.depth + 2 * self.margin, self.width + 2 * self.margin), dtype=np.int16
        )
        self.top = np.zeros((self.depth, self.width), dtype=np.int32)
        self.cover = np.zeros((self.depth, self.width), dtype=np.uint16)

    def _traced(self, room: int) -> tuple[np.ndarray, ...]:
        """Arrays for a particle's columns, kept from one to the next.

        Of each column: body, row, column, lo, hi, height of the pile below, and as voxels lo, hi.
        """
        if room > self._room:
            self._room = 2 * room
            self._columns = tuple(
                np.empty(self._room, kind)
                for kind in (*[np.int32] * 3, *[np.float64] * 2, *[np.int32] * 3)
            )
        return self._columns

    def deposit(
        self,
        bodies: PackedBodies,
        x: float,
        y: float,
        azimuth: float,
        label: int,
        *,
        rest: str = "tilted",
        stiffness: float = math.inf,
        max_tilt: float = math.radians(45),
        min_visible: float = 0.0,
        inside: bool = False,
    ) -> Deposited:
        """Let a particle fall at (x, y) and set its voxels to `label` (and those following).

        `rest` is one of RESTS: tilted, a rigid body on its supports before and behind its centre
        of mass; leaning, on those at its sides too; flat, parallel to the substrate; flexible,
        draped with the given `stiffness` (EI/q, voxels³, see `drape`); rolling, level but rolled
        to the lowest place near by.

        Raises NoRest, leaving the pile as it was, when the particle would lie steeper than
        `max_tilt`, would rise above the domain, shows less than `min_visible` of its footprint
        within the domain, leaves it (`inside`), or is longer than it (periodic borders).
        """
        traced = self._traced(_room(bodies.placement, bodies.profiles))
        body = (bodies.placement, bodies.profiles, bodies.sections)
        pile = (self.heights, self.margin, self.periodic)
        slope = math.tan(max_tilt)
        tilt = roll = 0.0
        if rest == "tilted":
            tilt, count = _settle_tilted(*body, *pile, x, y, azimuth, slope, *traced)
        elif rest == "leaning":
            tilt, roll, count = _settle_leaning(*body, *pile, x, y, azimuth, slope, *traced)
        elif rest == "flexible":
            tilt, count = _settle_flexible(*body, *pile, x, y, azimuth, stiffness, slope, *traced)
        elif rest == "rolling":
            x, y, count = _settle_rolling(*body, *pile, x, y, azimuth, *traced)
        else:
            count = _trace(*body, x, y, azimuth, 0.0, 0.0, *traced[:5])
            _look_below(*pile, count, *traced[1:3], traced[5])
        if count < 0:
            raise NoRest("steep")
        if count == 0:
            raise NoRest("empty")
        if self.periodic and (
            np.ptp(traced[1][:count]) >= self.depth or np.ptp(traced[2][:count]) >= self.width
        ):
            raise NoRest("inside")  # it would run into itself
        shift, peak, within, border = _drop(self.periodic, self.width, self.depth, count, *traced)
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
            label, bodies.labels, n_labels, count, voxels, sums, footprint, owner, *traced,
        )  # fmt: skip
        footprint, owner = footprint[:pixels], owner[:pixels]
        centre = sums / np.maximum(voxels, 1)[:, None]
        if self.periodic:
            centre[:, :2] %= (self.width, self.depth)
        return Deposited(
            pose=Pose(x, y, shift, azimuth, tilt, roll),
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
def _axes(row, azimuth, tilt, roll):
    """Axes of a body (along, across, up) and its middle, in x, y, z from the centre of mass."""
    ca, sa, ct, st = math.cos(azimuth), math.sin(azimuth), math.cos(tilt), math.sin(tilt)
    cr, sr = math.cos(roll), math.sin(roll)
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
        v, w = v * cr - w * sr, v * sr + w * cr
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
def _room(placement, profiles):
    """Greatest number of columns that a particle can have at any pose."""
    room = 0
    for i in range(placement.shape[0]):
        across, above = _extent(profiles[i])
        room += int((2 * (placement[i, 0] + above) + 4) * (2 * (across + above) + 4) * 1.1) + 64
    return room


@njit(cache=True)
def _kind(profile, section):
    """2 for a plain box, 1 for another straight body of constant section and plane ends, else 0.

    These are the common cases, and are traced with less or no interpolation.
    """
    for i in range(profile.shape[1]):
        if profile[0, i] != profile[0, 0] or profile[1, i] != profile[1, 0]:
            return 0
        if profile[2, i] != 0 or profile[3, i] != 0:
            return 0
    kind = 2
    for i in range(section.shape[1]):
        if section[2, i] != 0 or section[3, i] != 0:
            return 0
        if section[0, i] != 1 or section[1, i] != -1:
            kind = 1
    return kind


@njit(cache=True)
def _trace(placement, profiles, sections, x, y, azimuth, tilt, roll, body, row, column, lo, hi):
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
        frame = _axes(placement[i], azimuth, tilt, roll)
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
        kind = _kind(profiles[i], sections[i])
        level = abs(az) < 1e-9
        per_cz = 1 / cz
        per_az = 0.0 if level else 1 / az
        if az < 0:  # so that the start, at −half, bounds from below
            first_end, last_end = half * per_az, -half * per_az
        else:
            first_end, last_end = -half * per_az, half * per_az
        rise = half_thickness[0] * per_cz
        to_point = 0.5 * (m - 1) / max(half_width[0], 1e-9)
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
            start, stop = math.ceil(x0 + left - 0.5), math.floor(x0 + right - 0.5) + 1
            if kind > 0:
                for k in range(start, stop):
                    dx = k + 0.5 - x0
                    s0 = dx * ax + dy * ay
                    w0 = dx * cx + dy * cy
                    middle = -w0 * per_cz
                    tau = dx * bx + dy * by + middle * bz
                    if abs(tau) > half_width[0]:
                        continue
                    if kind == 2:
                        low, high = middle - rise, middle + rise
                    else:
                        place = (tau + half_width[0]) * to_point
                        h = min(int(place), m - 2)
                        e = place - h
                        low = middle + rise * (lower[h] + e * (lower[h + 1] - lower[h]))
                        high = middle + rise * (upper[h] + e * (upper[h + 1] - upper[h]))
                    if level:
                        if abs(s0) > half:
                            continue
                    else:
                        shift = -s0 * per_az
                        low, high = max(low, shift + first_end), min(high, shift + last_end)
                        if high <= low:
                            continue
                    body[count] = i
                    row[count] = j
                    column[count] = k
                    lo[count] = low + z0
                    hi[count] = high + z0
                    count += 1
                continue
            for k in range(start, stop):
                dx = k + 0.5 - x0
                s0 = dx * ax + dy * ay
                t0 = dx * bx + dy * by
                w0 = dx * cx + dy * cy
                middle = -w0 * per_cz
                # section at mid height: is the column inside, and how far do the ends reach?
                position = min(max((s0 + middle * az + half) * to_station, 0.0), n - 1.0)
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
                if level:
                    if s0 < first or s0 > last:
                        continue
                    thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                    shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                    low = (shift + bottom * thick - w0) * per_cz
                    high = (shift + top * thick - w0) * per_cz
                else:
                    low = high = middle
                    for _ in range(3):
                        position = min(max((s0 + low * az + half) * to_station, 0.0), n - 1.0)
                        f = min(int(position), n - 2)
                        g = position - f
                        thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                        shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                        low = (shift + bottom * thick - w0) * per_cz
                        position = min(max((s0 + high * az + half) * to_station, 0.0), n - 1.0)
                        f = min(int(position), n - 2)
                        g = position - f
                        thick = half_thickness[f] + g * (half_thickness[f + 1] - half_thickness[f])
                        shift = offset_w[f] + g * (offset_w[f + 1] - offset_w[f])
                        high = (shift + top * thick - w0) * per_cz
                    p, q = (first - s0) * per_az, (last - s0) * per_az
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
def _look_below(heights, margin, periodic, count, row, column, below):
    """Height of the pile under each column; bare substrate beyond what is followed."""
    depth, width = heights.shape
    if periodic:
        for i in range(count):
            below[i] = heights[row[i] % depth, column[i] % width]
        return
    for i in range(count):
        j, k = row[i] + margin, column[i] + margin
        below[i] = heights[j, k] if 0 <= j < depth and 0 <= k < width else 0


@njit(cache=True)
def _upper_hull(position, support):
    """Indices of the vertices of the upper convex hull, by increasing position."""
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
    return hull[:size]


@njit(cache=True)
def stable_slope(position, support):
    """Slope of a rigid beam at rest on a support profile, its centre of mass at position 0.

    The beam lies on the edge of the profile's upper convex hull that spans the centre of mass:
    there it touches on both sides of it, and it can sink no lower.

    Parameters
    ----------
    position, support: (n,) increasing positions, and heights of the support.
    """
    hull = _upper_hull(position, support)
    size = len(hull)
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
def drape(support, spacing, stiffness):
    """Height of an elastic wire that lies under its own weight on a support profile.

    Minimises bending energy plus weight, ½ (EI/q) ∫ z″² dp + ∫ z dp, subject to z ≥ support: the
    obstacle problem of a beam with free ends. Block principal pivoting, which ends with the exact
    solution; its pentadiagonal systems are factorised directly.

    Parameters
    ----------
    support: (n,) least height at nodes `spacing` apart, n ≥ 5.
    stiffness: EI/q, bending stiffness over weight per length, in units of length³.
    """
    n = len(support)
    # beyond a sag of a quarter unit over its whole length it is as good as rigid
    factor = min(stiffness / spacing**4, 5 * float(n) ** 4 / (384 * 0.25))
    bands = np.zeros((n, 3))  # of D2ᵀ D2: diagonal and two to its right
    for i in range(n - 2):
        for a in range(3):
            wa = -2.0 if a == 1 else 1.0
            for b in range(a, 3):
                wb = -2.0 if b == 1 else 1.0
                bands[i + a, b - a] += wa * wb * factor
    base = support.max()
    small = 1e-5  # holds the rigid motions in place; its force is far below the weight
    for i in range(n):
        bands[i, 0] += small
    # begin with the contacts of a rigid or very soft wire's hull: few pivots are left from there
    active = np.zeros(n, np.bool_)
    hull = _upper_hull(np.arange(n).astype(np.float64), support)
    for i in hull:
        active[i] = True
    z = support - base
    goal = support - base
    force = np.zeros(n)
    best = n + 1
    chances = 8
    tolerance = 1e-7
    free = np.empty(n, np.int64)
    diagonal = np.empty(n)
    first = np.empty(n)
    second = np.empty(n)
    right = np.empty(n)
    for _ in range(50 * n):
        size = 0
        for i in range(n):
            if active[i]:
                z[i] = goal[i]
            else:
                free[size] = i
                size += 1
        # the free nodes' equations: bandwidth two is kept when rows are left out
        for a in range(size):
            i = free[a]
            value = -1.0
            for j in range(max(0, i - 2), min(n, i + 3)):
                if active[j]:
                    value -= bands[min(i, j), abs(i - j)] * goal[j]
            right[a] = value
            diagonal[a] = bands[i, 0]
            first[a] = 0.0
            second[a] = 0.0
            if a + 1 < size and free[a + 1] - i <= 2:
                first[a] = bands[i, free[a + 1] - i]
            if a + 2 < size and free[a + 2] - i <= 2:
                second[a] = bands[i, free[a + 2] - i]
        for a in range(size):
            if a + 1 < size:
                l1 = first[a] / max(diagonal[a], small)
                diagonal[a + 1] -= l1 * first[a]
                right[a + 1] -= l1 * right[a]
                first[a + 1] -= l1 * second[a]
            if a + 2 < size:
                l2 = second[a] / max(diagonal[a], small)
                diagonal[a + 2] -= l2 * second[a]
                right[a + 2] -= l2 * right[a]
        for a in range(size - 1, -1, -1):
            value = right[a]
            if a + 1 < size:
                value -= first[a] * z[free[a + 1]]
            if a + 2 < size:
                value -= second[a] * z[free[a + 2]]
            z[free[a]] = value / max(diagonal[a], small)
        wrong = 0
        last = -1
        for i in range(n):
            if active[i]:
                value = 1.0
                for j in range(max(0, i - 2), min(n, i + 3)):
                    value += bands[min(i, j), abs(i - j)] * z[j]
                force[i] = value
                if value < -tolerance:
                    wrong += 1
                    last = i
            elif z[i] < goal[i] - tolerance:
                wrong += 1
                last = i
        if wrong == 0:
            break
        if wrong < best:
            best = wrong
            chances = 8
        else:
            chances -= 1
        if chances > 0:
            for i in range(n):
                if active[i]:
                    active[i] = force[i] >= -tolerance
                elif z[i] < goal[i] - tolerance:
                    active[i] = True
        else:  # one at a time (Murty's rule) cannot cycle
            active[last] = not active[last]
    return np.maximum(z, goal) + base


@njit(cache=True)
def _support(
    placement, profiles, heights, margin, periodic, x, y, azimuth, slope, count, row, column, lo,
    below,
):  # fmt: skip
    """Look what lies below, and make the support profile under the axis.

    Returns the positions along the axis and the greatest need of height in each voxel's length
    there, and whether any column lies above more than bare substrate.
    """
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    reach = 1.0
    for i in range(placement.shape[0]):
        across, above = _extent(profiles[i])
        far = math.sqrt(placement[i, 5] ** 2 + placement[i, 6] ** 2 + placement[i, 7] ** 2)
        reach = max(reach, far + math.sqrt(placement[i, 0] ** 2 + across**2 + above**2) + 1)
    bins = int(2 * reach) + 2
    position = np.zeros(bins)
    support = np.full(bins, -1e18)
    depth, width = heights.shape
    bare = True
    for i in range(count):
        j, k = row[i], column[i]
        p = (k + 0.5 - x) * ca - (j + 0.5 - y) * sa
        level = 0
        if periodic:
            level = heights[j % depth, k % width]
        else:
            j += margin
            k += margin
            if 0 <= j < depth and 0 <= k < width:
                level = heights[j, k]
        below[i] = level
        if level > 0:
            bare = False
        need = level - lo[i] + p * slope
        b = int(p + reach)
        if need > support[b]:
            support[b] = need
            position[b] = p
    filled = support > -1e17
    return position[filled], support[filled], bare


@njit(cache=True)
def _settle_tilted(
    placement, profiles, sections, heights, margin, periodic, x, y, azimuth, max_slope,
    body, row, column, lo, hi, below, k_lo, k_hi,
):  # fmt: skip
    """Find the resting tilt; leave the columns traced there. Returns tilt, number of columns.

    Support and tilt depend on each other (a tilted beam is shorter seen from above), so both are
    improved in turn until the ends move by less than TOLERANCE, or, where columns come and go at
    the ends, less than a voxel at last. −1 columns: it does not rest.
    """
    slope = 0.0
    tilt = 0.0
    count = 0
    for iteration in range(MAX_ITERATIONS):
        count = _trace(
            placement, profiles, sections, x, y, azimuth, tilt, 0.0, body, row, column, lo, hi
        )
        if count == 0:
            break
        position, support, bare = _support(
            placement, profiles, heights, margin, periodic, x, y, azimuth, slope, count, row,
            column, lo, below,
        )  # fmt: skip
        if iteration == 0 and bare:
            break  # on the substrate: level
        new = stable_slope(position, support)
        error = abs(new - slope) * max(position[-1], -position[0])
        if error < TOLERANCE or (iteration == MAX_ITERATIONS - 1 and error < 1):
            break
        if iteration >= 3:
            new = 0.5 * (new + slope)  # two poses may alternate; their mean settles
        slope = round(new, 7)
        tilt = math.atan(slope)
        if abs(slope) > 2 * max_slope:
            return tilt, -1
    else:
        return tilt, -1  # between two steep poses it finds none to rest in
    if abs(slope) > max_slope:
        return tilt, -1
    return tilt, count


@njit(cache=True)
def _weights(p, q, a, b, c):
    """Barycentric coordinates of the origin in the triangle of points a, b, c; −1 if flat."""
    area = (p[b] - p[a]) * (q[c] - q[a]) - (p[c] - p[a]) * (q[b] - q[a])
    if abs(area) < 1e-9:
        return -1.0, -1.0, -1.0
    first = (p[b] * q[c] - p[c] * q[b]) / area
    second = (p[c] * q[a] - p[a] * q[c]) / area
    return first, second, 1.0 - first - second


@njit(cache=True)
def stable_plane(p, q, support):
    """Slopes along p and q of a rigid plate at rest, its centre of mass at the origin.

    The plate lies on the face of the support's upper convex hull over its centre of mass. That
    face is found from three contacts about the centre of mass: the point that rises farthest
    above their plane replaces the one of them that leaves the centre of mass between the three
    (the simplex method on the dual linear programme), until none rises.

    Parameters
    ----------
    p, q, support: (n,) positions and heights of the supporting points.
    """
    n = len(p)
    contacts = np.empty(3, np.int64)
    trial = np.empty(3, np.int64)
    per_p, per_q = 1 / max(np.ptp(p), 1.0), 1 / max(np.ptp(q), 1.0)
    best = -1.0
    for turn in range(8):  # outer points, taken from the turn that holds the origin best
        for i in range(3):
            angle = (i + turn / 8) * 2 * math.pi / 3
            trial[i] = np.argmax(p * (math.cos(angle) * per_p) + q * (math.sin(angle) * per_q))
        inside = min(_weights(p, q, trial[0], trial[1], trial[2]))
        if inside > best:
            best = inside
            contacts[:] = trial
    if best < 0:
        return 0.0, 0.0  # its centre of mass lies outside it
    along, across = 0.0, 0.0
    for _ in range(100):
        a, b, c = contacts
        first, second, third = _weights(p, q, a, b, c)
        base = first * support[a] + second * support[b] + third * support[c]
        area = (p[b] - p[a]) * (q[c] - q[a]) - (p[c] - p[a]) * (q[b] - q[a])
        rise_b, rise_c = support[b] - support[a], support[c] - support[a]
        along = (rise_b * (q[c] - q[a]) - rise_c * (q[b] - q[a])) / area
        across = (rise_c * (p[b] - p[a]) - rise_b * (p[c] - p[a])) / area
        worst, violation = -1, 1e-6
        for i in range(n):
            above = support[i] - base - along * p[i] - across * q[i]
            if above > violation:
                worst, violation = i, above
        if worst < 0:
            break
        best, leaving = -1e18, 0
        for i in range(3):
            kept = contacts[i]
            contacts[i] = worst
            inside = min(_weights(p, q, contacts[0], contacts[1], contacts[2]))
            contacts[i] = kept
            if inside > best:
                best, leaving = inside, i
        contacts[leaving] = worst
    return along, across


@njit(cache=True)
def _settle_leaning(
    placement, profiles, sections, heights, margin, periodic, x, y, azimuth, max_slope,
    body, row, column, lo, hi, below, k_lo, k_hi,
):  # fmt: skip
    """As _settle_tilted, but turning about both horizontal axes. Returns tilt, roll, columns."""
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    along = across = tilt = roll = 0.0
    count = 0
    for iteration in range(MAX_ITERATIONS):
        count = _trace(
            placement, profiles, sections, x, y, azimuth, tilt, roll, body, row, column, lo, hi
        )
        if count == 0:
            break
        _look_below(heights, margin, periodic, count, row, column, below)
        if iteration == 0 and below[:count].max() == 0:
            break  # on the substrate: level
        p, q, support = np.empty(count), np.empty(count), np.empty(count)
        reach = 0.0
        for i in range(count):
            dx, dy = column[i] + 0.5 - x, row[i] + 0.5 - y
            p[i] = dx * ca - dy * sa
            q[i] = dx * sa + dy * ca
            support[i] = below[i] - lo[i] + along * p[i] + across * q[i]
            reach = max(reach, abs(p[i]), abs(q[i]))
        new_along, new_across = stable_plane(p, q, support)
        error = max(abs(new_along - along), abs(new_across - across)) * reach
        if error < TOLERANCE or (iteration == MAX_ITERATIONS - 1 and error < 1):
            break
        if iteration >= 3:
            new_along, new_across = 0.5 * (new_along + along), 0.5 * (new_across + across)
        along, across = round(new_along, 7), round(new_across, 7)
        tilt = math.atan(along)
        roll = math.atan(across * math.cos(tilt))
        if math.hypot(along, across) > 2 * max_slope:
            return tilt, roll, -1
    else:
        return tilt, roll, -1
    if math.hypot(along, across) > max_slope:
        return tilt, roll, -1
    return tilt, roll, count


@njit(cache=True)
def _settle_flexible(
    placement, profiles, sections, heights, margin, periodic, x, y, azimuth, stiffness, max_slope,
    body, row, column, lo, hi, below, k_lo, k_hi,
):  # fmt: skip
    """Drape the particle over the pile. Returns its mean tilt and the number of columns.

    The height that the axis gains is added to the columns, which are stretched upright by the
    local slope; the axis is shortened so that its arc keeps its length.
    """
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    bent = placement.copy()
    tilt = 0.0
    count = 0
    rounds = 4  # of shortening the axis; two are the rule
    for iteration in range(rounds):
        count = _trace(bent, profiles, sections, x, y, azimuth, 0.0, 0.0, body, row, column, lo, hi)
        if count == 0:
            return tilt, count
        position, support, bare = _support(
            placement, profiles, heights, margin, periodic, x, y, azimuth, 0.0, count, row, column,
            lo, below,
        )  # fmt: skip
        if bare:
            return tilt, count
        least, most = position[0], position[-1]
        if most - least < 4:
            return tilt, count  # too short to bend
        nodes = min(max(int((most - least) / 3), 5), 257)
        spacing = (most - least) / (nodes - 1)
        obstacle = np.full(nodes, -1e18)
        for b in range(len(position)):
            at = (position[b] - least) / spacing
            for i in range(max(math.ceil(at - 0.75), 0), min(math.floor(at + 0.75), nodes - 1) + 1):
                obstacle[i] = max(obstacle[i], support[b])
        for i in range(nodes):  # none is empty unless the particle has holes
            if obstacle[i] < -1e17:
                obstacle[i] = support.min()
        height = drape(obstacle, spacing, stiffness)
        arc = 0.0
        steepest = 0.0
        for i in range(nodes - 1):
            rise = height[i + 1] - height[i]
            arc += math.sqrt(spacing**2 + rise**2)
            steepest = max(steepest, abs(rise) / spacing)
        if steepest > max_slope:
            return tilt, -1
        tilt = math.atan((height[-1] - height[0]) / (most - least))
        shorter = (most - least) / arc
        if iteration == rounds - 1 or abs(shorter * placement[0, 0] - bent[0, 0]) < 0.25:
            for i in range(count):
                p = (column[i] + 0.5 - x) * ca - (row[i] + 0.5 - y) * sa
                at = min(max((p - least) / spacing, 0.0), nodes - 1.0)
                f = min(int(at), nodes - 2)
                rise = height[f + 1] - height[f]
                stretch = math.sqrt(1 + (rise / spacing) ** 2)
                lift = height[f] + (at - f) * rise
                lo[i] = lo[i] * stretch + lift
                hi[i] = hi[i] * stretch + lift
            return tilt, count
        for i in range(placement.shape[0]):
            bent[i, 0] = placement[i, 0] * shorter
            bent[i, 5] = placement[i, 5] * shorter
    return tilt, count


@njit(cache=True)
def _settle_rolling(
    placement, profiles, sections, heights, margin, periodic, x, y, azimuth,
    body, row, column, lo, hi, below, k_lo, k_hi,
):  # fmt: skip
    """Roll a compact particle downhill until it lies lower than at all places around.

    Returns x, y and the number of columns, traced there.
    """
    across, _ = _extent(profiles[0])
    step = max((across + placement[0, 0]) / 4, 1.0)  # long enough to leave a voxelised summit
    best = 1e18
    here_x, here_y = x, y
    for _ in range(60):
        found = best
        next_x, next_y = here_x, here_y
        for direction in range(9):
            if direction == 8:
                if best < 1e17:
                    continue
                at_x, at_y = here_x, here_y
            else:
                if best > 1e17:
                    continue
                at_x = here_x + step * _ROLL_X[direction]
                at_y = here_y + step * _ROLL_Y[direction]
            count = _trace(
                placement,
                profiles,
                sections,
                at_x,
                at_y,
                azimuth,
                0.0,
                0.0,
                body,
                row,
                column,
                lo,
                hi,
            )
            if count == 0:
                continue
            _look_below(heights, margin, periodic, count, row, column, below)
            height = -1e18
            for i in range(count):
                height = max(height, below[i] - lo[i])
            if height < found - 1e-3:
                found, next_x, next_y = height, at_x, at_y
        if found < best:
            best, here_x, here_y = found, next_x, next_y
        elif step > 1:
            step /= 2
        else:
            break
    count = _trace(
        placement, profiles, sections, here_x, here_y, azimuth, 0.0, 0.0, body, row, column, lo, hi
    )
    _look_below(heights, margin, periodic, count, row, column, below)
    return here_x, here_y, count


@njit(cache=True)
def _drop(periodic, width, depth, count, body, row, column, lo, hi, below, k_lo, k_hi):
    """Lower the traced columns onto the pile and turn them into voxels k_lo ≤ k < k_hi.

    Returns the height of the centre of mass, the greatest k_hi, the number of columns within the
    domain, and 1 if one lies on its border, 2 if one lies beyond.
    """
    shift = -1e18
    for i in range(count):
        shift = max(shift, below[i] - lo[i])
    shift = round(shift, 6)
    gap = -(1 << 30)
    for i in range(count):
        k_lo[i] = math.ceil(lo[i] + shift - 0.5)
        # the thickness is rounded, not the upper face: no fringes on tilted particles
        k_hi[i] = k_lo[i] + max(math.floor(hi[i] - lo[i] + 0.5), 1)
        gap = max(gap, below[i] - k_lo[i])
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
    labels, heights, top, cover, margin, periodic, label, further, n_labels, count, voxels, sums,
    footprint, owner, body, row, column, lo, hi, below, k_lo, k_hi,
):  # fmt: skip
    """Write the columns into volume and maps. Returns the number of footprint entries.

    Of a particle with several bodies, a later one's voxels replace an earlier one's.
    """
    depth, width = top.shape
    several = len(further) > 1
    pixels = 0
    runs = np.empty((count, 7), np.int32)  # row, first, last, and the layers they reach and fill
    columns = np.empty(count, np.int32)
    n_runs = 0
    lowest, highest = 1 << 30, 0
    start = 0
    while start < count:
        j, k = row[start], column[start]
        if periodic:
            j %= depth
            k %= width
        # a run: neighbouring columns of one row
        stop = start + 1
        while (
            stop < count
            and row[stop] == row[start]
            and column[stop] == column[stop - 1] + 1
            and body[stop] == body[start]
            and not (periodic and k + stop - start >= width)
        ):
            stop += 1
        which = further[body[start]]
        own = label + which if which >= 0 else 0
        if which == 0:
            a, b = j + margin, k + margin
            if 0 <= a < heights.shape[0]:
                for i in range(max(start, start - b), min(stop, start - b + heights.shape[1])):
                    c = b + i - start
                    heights[a, c] = max(heights[a, c], k_hi[i])
        first = max(start, start - k)
        last = min(stop, start + width - k)
        offset = k - start
        if not 0 <= j < depth or first >= last:
            start = stop
            continue
        bottom, peak = 1 << 30, 0  # layers that any column reaches
        floor, ceiling = 0, 1 << 30  # layers that all columns fill
        for i in range(first, last):
            bottom = min(bottom, k_lo[i])
            peak = max(peak, k_hi[i])
            floor = max(floor, k_lo[i])
            ceiling = min(ceiling, k_hi[i])
            c = i + offset
            wrote = True
            if several:
                # the uppermost voxel stays the hull's, so that thin hulls keep their outline
                above = k_hi[i] if which == 0 else min(k_hi[i], heights[j + margin, c + margin] - 1)
                wrote = False
                for z in range(k_lo[i], above):
                    before = labels[z, j, c]
                    if before == own or (which < 0 and not label <= before < label + n_labels):
                        continue  # a hole is cut into its own particle alone
                    if before != 0:
                        _count_voxel(voxels, sums, before - label, -1, row[i], column[i], z)
                    if which >= 0:
                        _count_voxel(voxels, sums, which, 1, row[i], column[i], z)
                    labels[z, j, c] = own
                    wrote = True
            else:
                thick = k_hi[i] - k_lo[i]
                voxels[0] += thick
                sums[0, 0] += thick * (column[i] + 0.5)
                sums[0, 1] += thick * (row[i] + 0.5)
                sums[0, 2] += thick * 0.5 * (k_lo[i] + k_hi[i])
            if wrote and which >= 0:
                if top[j, c] < label:  # this particle's first body here
                    top[j, c] = label
                    cover[j, c] += 1
                    footprint[pixels] = j * width + c
                    owner[pixels] = which
                    pixels += 1
                elif which > 0:
                    footprint[pixels] = j * width + c
                    owner[pixels] = which
                    pixels += 1
        if not several:
            runs[n_runs, 0] = j
            runs[n_runs, 1] = first
            runs[n_runs, 2] = last
            runs[n_runs, 3] = bottom
            runs[n_runs, 4] = peak
            runs[n_runs, 5] = floor
            runs[n_runs, 6] = ceiling
            columns[n_runs] = offset
            n_runs += 1
            lowest, highest = min(lowest, bottom), max(highest, peak)
        start = stop
    for z in range(lowest, highest):  # layer by layer, as memory lies
        for r in range(n_runs):
            if runs[r, 3] <= z < runs[r, 4]:
                j, first, last, offset = runs[r, 0], runs[r, 1], runs[r, 2], columns[r]
                if runs[r, 5] <= z < runs[r, 6]:
                    labels[z, j, first + offset : last + offset] = label
                else:
                    for i in range(first, last):
                        if k_lo[i] <= z < k_hi[i]:
                            labels[z, j, i + offset] = label
    return pixels


@njit(cache=True)
def _count_voxel(voxels, sums, which, sign, row, column, z):
    voxels[which] += sign
    sums[which, 0] += sign * (column + 0.5)
    sums[which, 1] += sign * (row + 0.5)
    sums[which, 2] += sign * (z + 0.5)
