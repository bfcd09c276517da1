"""Where a particle comes to rest: its columns at a pose, what they meet, and the pose that holds.

All compiled routines that call one another stand in this one file: the cache of a compiled routine
is renewed when its own file changes, but not when a file changes that it calls into.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from synthwire.structures.deposition.bodies import Columns, Ground, PackedBodies

TOLERANCE = 0.1  # voxels that an end may be off its exact height
MAX_ITERATIONS = 12  # of pose and support; two or three are the rule
_ROLL_X = np.cos(np.arange(8) * np.pi / 4).round(6)
_ROLL_Y = np.sin(np.arange(8) * np.pi / 4).round(6)


# --- a particle's columns at a pose -------------------------------------------------------------


class _Placed(NamedTuple):
    """A body at a pose: its axes in x, y, z, its middle, and the outline that holds its columns."""

    along: tuple[float, float, float]
    across: tuple[float, float, float]
    up: tuple[float, float, float]
    middle: tuple[float, float, float]
    direction: tuple[float, float]  # of the axis as seen from above
    reach: tuple[float, float]  # half length and half width of the outline seen from above


@njit(cache=True)
def _turned(
    u: float, v: float, w: float, azimuth: float, tilt: float, roll: float
) -> tuple[float, float, float]:
    """x, y, z of a vector given in the frame of a particle at rest in this pose."""
    ca, sa, ct, st = math.cos(azimuth), math.sin(azimuth), math.cos(tilt), math.sin(tilt)
    cr, sr = math.cos(roll), math.sin(roll)
    v, w = v * cr - w * sr, v * sr + w * cr
    return (
        u * ca * ct + v * sa - w * ca * st,
        -u * sa * ct + v * ca + w * sa * st,
        u * st + w * ct,
    )


@njit(cache=True)
def _extent(profile: np.ndarray) -> tuple[float, float]:
    """Greatest half width and half height of a body about its reference axis."""
    across = 0.0
    above = 0.0
    for i in range(profile.shape[1]):
        across = max(across, abs(profile[2, i]) + profile[0, i])
        above = max(above, abs(profile[3, i]) + profile[1, i])
    return across, above


@njit(cache=True)
def _place(
    row: np.ndarray,
    profile: np.ndarray,
    x: float,
    y: float,
    azimuth: float,
    tilt: float,
    roll: float,
) -> _Placed:
    """A body (its row of `placement`, and its profile) in a particle at a pose."""
    cy, sy, cp, sp = row[1], row[2], row[3], row[4]
    along = _turned(cp * cy, cp * sy, sp, azimuth, tilt, roll)
    across = _turned(-sy, cy, 0.0, azimuth, tilt, roll)
    up = _turned(-sp * cy, -sp * sy, cp, azimuth, tilt, roll)
    origin = _turned(row[5], row[6], row[7], azimuth, tilt, roll)
    wide, high = _extent(profile)
    flat = math.sqrt(along[0] * along[0] + along[1] * along[1])
    return _Placed(
        along,
        across,
        up,
        (x + origin[0], y + origin[1], origin[2]),
        (along[0] / flat, along[1] / flat),
        (row[0] * flat + high * abs(along[2]) + 1e-9, wide + high * abs(across[2]) + 1e-9),
    )


@njit(cache=True)
def _rows(placed: _Placed) -> tuple[int, int]:
    """First row of pixels within the outline, and the one after the last."""
    (ex, ey), (along, aside), y = placed.direction, placed.reach, placed.middle[1]
    reach = along * abs(ey) + aside * abs(ex)
    return math.ceil(y - reach - 0.5), math.floor(y + reach - 0.5) + 1


@njit(cache=True)
def _span(placed: _Placed, dy: float) -> tuple[int, int]:
    """First pixel of a row within the outline, and the one after the last; dy is from the middle.

    The row's part of the oriented rectangle |along| and |aside|.
    """
    (ex, ey), (along, aside), x = placed.direction, placed.reach, placed.middle[0]
    left, right = -1e18, 1e18
    if abs(ex) > 1e-12:
        p, q = (-along - dy * ey) / ex, (along - dy * ey) / ex
        left, right = max(left, min(p, q)), min(right, max(p, q))
    elif abs(dy * ey) > along:
        return 0, 0
    if abs(ey) > 1e-12:
        p, q = (dy * ex - aside) / ey, (dy * ex + aside) / ey
        left, right = max(left, min(p, q)), min(right, max(p, q))
    elif abs(dy * ex) > aside:
        return 0, 0
    return math.ceil(x + left - 0.5), math.floor(x + right - 0.5) + 1


@njit(cache=True)
def room_for(bodies: PackedBodies) -> int:
    """Greatest number of columns that a particle can have at any pose."""
    room = 0
    for i in range(bodies.placement.shape[0]):
        across, above = _extent(bodies.profiles[i])
        half = bodies.placement[i, 0]
        room += int((2 * (half + above) + 4) * (2 * (across + above) + 4) * 1.1) + 64
    return room


@njit(cache=True)
def _is_straight(profile: np.ndarray, section: np.ndarray) -> bool:
    """Whether a body is straight, of constant section and with plane ends: traced more directly."""
    constant = (profile[:2] == profile[:2, :1]).all()
    return constant and not profile[2:].any() and not section[2:].any()


@njit(cache=True)
def trace(
    bodies: PackedBodies,
    x: float,
    y: float,
    azimuth: float,
    tilt: float,
    roll: float,
    columns: Columns,
) -> int:
    """Columns of a particle at a pose, z from its centre of mass. Returns their number.

    Along a column the body's own coordinates change linearly with z. Its surface is found by
    fixed-point iteration, exact for prisms and converging at once for the small slopes of
    everything else; the ends cut the interval exactly.
    """
    count = 0
    for i in range(bodies.placement.shape[0]):
        profile, section = bodies.profiles[i], bodies.sections[i]
        placed = _place(bodies.placement[i], profile, x, y, azimuth, tilt, roll)
        half = bodies.placement[i, 0]
        before = count
        if _is_straight(profile, section):
            count = _trace_straight(placed, half, profile, section, columns, count)
        else:
            count = _trace_swept(placed, half, profile, section, columns, count)
        columns.body[before:count] = i
    return count


@njit(cache=True)
def _trace_straight(
    placed: _Placed,
    half: float,
    profile: np.ndarray,
    section: np.ndarray,
    columns: Columns,
    count: int,
) -> int:
    ax, ay, az = placed.along
    bx, by, bz = placed.across
    cx, cy, cz = placed.up
    x0, y0, z0 = placed.middle
    lo, hi = columns.lo, columns.hi
    m = section.shape[1]
    # of the section, between two of its points: height at the first and rise to the second
    below, above = section[1], section[0]
    below_rise, above_rise = below[1:] - below[:-1], above[1:] - above[:-1]
    wide = profile[0, 0]
    level = abs(az) < 1e-9
    per_cz = 1 / cz
    per_az = 0.0 if level else 1 / az
    if az < 0:  # so that the start, at −half, bounds from below
        first_end, last_end = half * per_az, -half * per_az
    else:
        first_end, last_end = -half * per_az, half * per_az
    rise = profile[1, 0] * per_cz
    to_point = 0.5 * (m - 1) / max(wide, 1e-9)
    first_row, stop_row = _rows(placed)
    for j in range(first_row, stop_row):
        dy = j + 0.5 - y0
        start, stop = _span(placed, dy)
        # first for all columns of the row the middle and the place across, in a vectorised loop
        for n in range(stop - start):
            dx = start + n + 0.5 - x0
            middle = -(dx * cx + dy * cy) * per_cz
            lo[count + n] = middle
            hi[count + n] = dx * bx + dy * by + middle * bz
        row_start = count
        for n in range(stop - start):
            middle, tau = lo[row_start + n], hi[row_start + n]
            if abs(tau) > wide:
                continue
            place = (tau + wide) * to_point
            h = min(int(place), m - 2)
            e = place - h
            low = middle + rise * (below[h] + e * below_rise[h])
            high = middle + rise * (above[h] + e * above_rise[h])
            s0 = (start + n + 0.5 - x0) * ax + dy * ay
            if level:
                if abs(s0) > half:
                    continue
            else:
                shift = -s0 * per_az
                low, high = max(low, shift + first_end), min(high, shift + last_end)
                if high <= low:
                    continue
            columns.column[count] = start + n
            lo[count] = low + z0
            hi[count] = high + z0
            count += 1
        columns.row[row_start:count] = j
    return count


@njit(cache=True)
def _between(values: np.ndarray, place: float) -> float:
    """Linear interpolation between samples at 0, 1, 2, …"""
    i = min(int(place), len(values) - 2)
    return values[i] + (place - i) * (values[i + 1] - values[i])


@njit(cache=True)
def _trace_swept(
    placed: _Placed,
    half: float,
    profile: np.ndarray,
    section: np.ndarray,
    columns: Columns,
    count: int,
) -> int:
    ax, ay, az = placed.along
    bx, by, bz = placed.across
    cx, cy, cz = placed.up
    x0, y0, z0 = placed.middle
    half_width, half_thickness = profile[0], profile[1]
    offset_v, offset_w = profile[2], profile[3]
    end = profile.shape[1] - 1.0
    to_station = end / (2 * half)
    to_point = section.shape[1] - 1
    level = abs(az) < 1e-9
    per_cz = 1 / cz
    per_az = 0.0 if level else 1 / az
    first_row, stop_row = _rows(placed)
    for j in range(first_row, stop_row):
        dy = j + 0.5 - y0
        start, stop = _span(placed, dy)
        for k in range(start, stop):
            dx = k + 0.5 - x0
            s0 = dx * ax + dy * ay
            t0 = dx * bx + dy * by
            w0 = dx * cx + dy * cy
            middle = -w0 * per_cz
            # section at mid height: is the column inside, and how far do the ends reach?
            station = min(max((s0 + middle * az + half) * to_station, 0.0), end)
            width = _between(half_width, station)
            tau = t0 + middle * bz - _between(offset_v, station)
            if abs(tau) > width:
                continue
            point = (tau / max(width, 1e-9) + 1) * 0.5 * to_point
            top, bottom = _between(section[0], point), _between(section[1], point)
            first = _between(section[2], point) - half
            last = half - _between(section[3], point)
            if level:
                if s0 < first or s0 > last:
                    continue
                thick, shift = _between(half_thickness, station), _between(offset_w, station)
                low = (shift + bottom * thick - w0) * per_cz
                high = (shift + top * thick - w0) * per_cz
            else:
                low = high = middle
                for _ in range(3):
                    station = min(max((s0 + low * az + half) * to_station, 0.0), end)
                    thick, shift = _between(half_thickness, station), _between(offset_w, station)
                    low = (shift + bottom * thick - w0) * per_cz
                    station = min(max((s0 + high * az + half) * to_station, 0.0), end)
                    thick, shift = _between(half_thickness, station), _between(offset_w, station)
                    high = (shift + top * thick - w0) * per_cz
                p, q = (first - s0) * per_az, (last - s0) * per_az
                low, high = max(low, min(p, q)), min(high, max(p, q))
            if high <= low:
                continue
            columns.row[count] = j
            columns.column[count] = k
            columns.lo[count] = low + z0
            columns.hi[count] = high + z0
            count += 1
    return count


# --- what a particle meets ------------------------------------------------------------------------


@njit(cache=True)
def look_below(ground: Ground, columns: Columns, count: int) -> int:
    """Note the height of the pile under each column, 0 beyond what is followed.

    Returns the greatest.
    """
    heights, margin, periodic = ground
    row, column, below = columns.row, columns.column, columns.below
    depth, width = heights.shape
    highest = 0
    for i in range(count):
        j, k = row[i] + margin, column[i] + margin
        if periodic:
            j, k = j % depth, k % width
        inside = (j >= 0) & (j < depth) & (k >= 0) & (k < width)
        height = heights[j, k] if inside else 0
        below[i] = height
        highest = max(highest, height)
    return highest


@njit(cache=True)
def _along_axis(columns: Columns, i: int, x: float, y: float, ca: float, sa: float) -> float:
    """Place of a column along the particle's axis, from its centre of mass, seen from above."""
    return (columns.column[i] + 0.5 - x) * ca - (columns.row[i] + 0.5 - y) * sa


@njit(cache=True)
def _support_profile(
    bodies: PackedBodies,
    x: float,
    y: float,
    azimuth: float,
    slope: float,
    columns: Columns,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Support under the axis, of a particle traced at a slope: what its rest must not go below.

    Returns, for each voxel's length along the axis that has any, the place of the greatest need of
    height in it, and that need.
    """
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    reach = 1.0
    for i in range(bodies.placement.shape[0]):
        row = bodies.placement[i]
        across, above = _extent(bodies.profiles[i])
        far = math.sqrt(row[5] ** 2 + row[6] ** 2 + row[7] ** 2)
        reach = max(reach, far + math.sqrt(row[0] ** 2 + across**2 + above**2) + 1)
    bins = int(2 * reach) + 2
    position = np.zeros(bins)
    support = np.full(bins, -1e18)
    for i in range(count):
        p = _along_axis(columns, i, x, y, ca, sa)
        need = columns.below[i] - columns.lo[i] + p * slope
        b = int(p + reach)
        if need > support[b]:
            support[b] = need
            position[b] = p
    filled = support > -1e17
    return position[filled], support[filled]


# --- what holds: statics -------------------------------------------------------------------------


@njit(cache=True)
def _upper_hull(position: np.ndarray, support: np.ndarray) -> np.ndarray:
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
def stable_slope(position: np.ndarray, support: np.ndarray) -> float:
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
def drape(support: np.ndarray, spacing: float, stiffness: float) -> np.ndarray:
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
def _weights(
    p: np.ndarray, q: np.ndarray, a: np.integer, b: np.integer, c: np.integer
) -> tuple[float, float, float]:
    """Barycentric coordinates of the origin in the triangle of points a, b, c; −1 if flat."""
    area = (p[b] - p[a]) * (q[c] - q[a]) - (p[c] - p[a]) * (q[b] - q[a])
    if abs(area) < 1e-9:
        return -1.0, -1.0, -1.0
    first = (p[b] * q[c] - p[c] * q[b]) / area
    second = (p[c] * q[a] - p[a] * q[c]) / area
    return first, second, 1.0 - first - second


@njit(cache=True)
def stable_plane(p: np.ndarray, q: np.ndarray, support: np.ndarray) -> tuple[float, float]:
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


# --- coming to rest ------------------------------------------------------------------------------
# Each traces the particle at the pose found and returns the number of its columns there, 0 when it
# covers no pixel, −1 when it does not come to rest.


@njit(cache=True)
def settle_level(
    bodies: PackedBodies, ground: Ground, x: float, y: float, azimuth: float, columns: Columns
) -> int:
    """Parallel to the substrate."""
    count = trace(bodies, x, y, azimuth, 0.0, 0.0, columns)
    look_below(ground, columns, count)
    return count


@njit(cache=True)
def _stable_along(
    bodies: PackedBodies,
    x: float,
    y: float,
    azimuth: float,
    slope: float,
    columns: Columns,
    count: int,
) -> tuple[float, float]:
    """Slope at rest of a particle that turns about its centre across the axis, and its reach."""
    position, support = _support_profile(bodies, x, y, azimuth, slope, columns, count)
    return stable_slope(position, support), max(position[-1], -position[0])


@njit(cache=True)
def _stable_all_round(
    x: float, y: float, azimuth: float, along: float, across: float, columns: Columns, count: int
) -> tuple[float, float, float]:
    """Slopes at rest of a particle that turns about both horizontal axes, and its reach."""
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    p, q, support = np.empty(count), np.empty(count), np.empty(count)
    reach = 0.0
    for i in range(count):
        p[i] = _along_axis(columns, i, x, y, ca, sa)
        q[i] = (columns.column[i] + 0.5 - x) * sa + (columns.row[i] + 0.5 - y) * ca
        support[i] = columns.below[i] - columns.lo[i] + along * p[i] + across * q[i]
        reach = max(reach, abs(p[i]), abs(q[i]))
    new_along, new_across = stable_plane(p, q, support)
    return new_along, new_across, reach


@njit(cache=True)
def settle_rigid(
    bodies: PackedBodies,
    ground: Ground,
    x: float,
    y: float,
    azimuth: float,
    max_slope: float,
    leaning: bool,
    columns: Columns,
) -> tuple[float, float, int]:
    """On the supports before and behind the centre of mass, and `leaning` on those aside too.

    Supports and pose depend on each other (a tilted beam is shorter seen from above), so both are
    improved in turn until the ends move by less than TOLERANCE, or, where columns come and go at
    the ends, less than a voxel at last. Returns tilt, roll, number of columns.
    """
    along = across = tilt = roll = 0.0
    count = 0
    for iteration in range(MAX_ITERATIONS):
        count = trace(bodies, x, y, azimuth, tilt, roll, columns)
        if count == 0:
            break
        highest = look_below(ground, columns, count)
        if iteration == 0 and highest == 0:
            break  # on the substrate: level
        if leaning:
            new_along, new_across, reach = _stable_all_round(
                x, y, azimuth, along, across, columns, count
            )
        else:
            new_along, reach = _stable_along(bodies, x, y, azimuth, along, columns, count)
            new_across = 0.0
        error = max(abs(new_along - along), abs(new_across - across)) * reach
        if error < TOLERANCE or (iteration == MAX_ITERATIONS - 1 and error < 1):
            break
        if iteration >= 3:  # two poses may alternate; their mean settles
            new_along, new_across = 0.5 * (new_along + along), 0.5 * (new_across + across)
        along, across = round(new_along, 7), round(new_across, 7)
        tilt = math.atan(along)
        roll = math.atan(across * math.cos(tilt))
        if math.hypot(along, across) > 2 * max_slope:
            return tilt, roll, -1
    else:
        return tilt, roll, -1  # between two steep poses it finds none to rest in
    if math.hypot(along, across) > max_slope:
        return tilt, roll, -1
    return tilt, roll, count


@njit(cache=True)
def _obstacle(position: np.ndarray, support: np.ndarray, nodes: int, spacing: float) -> np.ndarray:
    """The support profile at evenly spaced nodes, the first at position[0]."""
    obstacle = np.full(nodes, -1e18)
    for b in range(len(position)):
        at = (position[b] - position[0]) / spacing
        for i in range(max(math.ceil(at - 0.75), 0), min(math.floor(at + 0.75), nodes - 1) + 1):
            obstacle[i] = max(obstacle[i], support[b])
    for i in range(nodes):  # none is empty unless the particle has holes
        if obstacle[i] < -1e17:
            obstacle[i] = support.min()
    return obstacle


@njit(cache=True)
def settle_flexible(
    bodies: PackedBodies,
    ground: Ground,
    x: float,
    y: float,
    azimuth: float,
    stiffness: float,
    max_slope: float,
    columns: Columns,
) -> tuple[float, int]:
    """Draped over the pile. Returns the mean tilt and the number of columns.

    The height that the axis gains is added to the columns, which are stretched upright by the
    local slope; the axis is shortened so that its arc keeps its length.
    """
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    placement = bodies.placement
    bent = PackedBodies(placement.copy(), bodies.profiles, bodies.sections, bodies.labels)
    tilt = 0.0
    count = 0
    rounds = 4  # of shortening the axis; two are the rule
    for iteration in range(rounds):
        count = trace(bent, x, y, azimuth, 0.0, 0.0, columns)
        if count == 0 or look_below(ground, columns, count) == 0:
            return tilt, count
        position, support = _support_profile(bodies, x, y, azimuth, 0.0, columns, count)
        least, most = position[0], position[-1]
        if most - least < 4:
            return tilt, count  # too short to bend
        nodes = min(max(int((most - least) / 3), 5), 257)
        spacing = (most - least) / (nodes - 1)
        height = drape(_obstacle(position, support, nodes, spacing), spacing, stiffness)
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
        if iteration == rounds - 1 or abs(shorter * placement[0, 0] - bent.placement[0, 0]) < 0.25:
            for i in range(count):
                at = (_along_axis(columns, i, x, y, ca, sa) - least) / spacing
                at = min(max(at, 0.0), nodes - 1.0)
                f = min(int(at), nodes - 2)
                rise = height[f + 1] - height[f]
                stretch = math.sqrt(1 + (rise / spacing) ** 2)
                lift = height[f] + (at - f) * rise
                columns.lo[i] = columns.lo[i] * stretch + lift
                columns.hi[i] = columns.hi[i] * stretch + lift
            return tilt, count
        for i in range(placement.shape[0]):
            bent.placement[i, 0] = placement[i, 0] * shorter
            bent.placement[i, 5] = placement[i, 5] * shorter
    return tilt, count


@njit(cache=True)
def _level_height(
    bodies: PackedBodies, ground: Ground, x: float, y: float, azimuth: float, columns: Columns
) -> float:
    """Height at which a level particle touches the pile; 1e18 when it covers no pixel."""
    count = settle_level(bodies, ground, x, y, azimuth, columns)
    height = -1e18
    for i in range(count):
        height = max(height, columns.below[i] - columns.lo[i])
    return height if count > 0 else 1e18


@njit(cache=True)
def settle_rolling(
    bodies: PackedBodies, ground: Ground, x: float, y: float, azimuth: float, columns: Columns
) -> tuple[float, float, int]:
    """Level, but rolled downhill until it lies lower than at all places around.

    Returns x, y and the number of columns.
    """
    across, _ = _extent(bodies.profiles[0])
    step = max((across + bodies.placement[0, 0]) / 4, 1.0)  # to leave a voxelised summit
    lowest = _level_height(bodies, ground, x, y, azimuth, columns)
    if lowest > 1e17:
        return x, y, 0
    for _ in range(59):
        found, next_x, next_y = lowest, x, y
        for direction in range(8):
            at_x, at_y = x + step * _ROLL_X[direction], y + step * _ROLL_Y[direction]
            height = _level_height(bodies, ground, at_x, at_y, azimuth, columns)
            if height < found - 1e-3:
                found, next_x, next_y = height, at_x, at_y
        if found < lowest:
            lowest, x, y = found, next_x, next_y
        elif step > 1:
            step /= 2
        else:
            break
    return x, y, settle_level(bodies, ground, x, y, azimuth, columns)
