"""The loops behind a centre-line: ways through a mask, curves fitted to points, rays.

A mask is a boolean array (height, width); points are (x, y), and pixel (column i, row j) covers
[i, i+1] × [j, j+1]. Compiled, since a thousand wires take 2 s at most.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from numba import njit

RAY_STEP = 0.25  # px
ENOUGH = 0.3  # of the weight of a line's neighbours, below which more of them are asked
FACE = 0.6  # of a wire's width: how far beside a crossing the edges are another wire's
STRAIGHT, DIAGONAL = 1.0, math.sqrt(2.0)


@njit(cache=True, nogil=True)
def depths(mask: np.ndarray) -> np.ndarray:
    """About how far each pixel's centre lies from the nearest pixel outside, in px (chamfer 3–4).

    Borgefors, Comput. Vis. Graph. Image Process. 34, 344 (1986).
    """
    rows, columns = mask.shape
    depth = np.zeros((rows + 2, columns + 2), dtype=np.float32)
    far = np.float32(rows + columns)
    for y in range(1, rows + 1):
        for x in range(1, columns + 1):
            if mask[y - 1, x - 1]:
                near = min(depth[y - 1, x], depth[y, x - 1]) + np.float32(1.0)
                slant = min(depth[y - 1, x - 1], depth[y - 1, x + 1]) + np.float32(4 / 3)
                depth[y, x] = min(near, slant, far)
    for y in range(rows, 0, -1):
        for x in range(columns, 0, -1):
            if depth[y, x] > 0:
                near = min(depth[y + 1, x], depth[y, x + 1]) + np.float32(1.0)
                slant = min(depth[y + 1, x + 1], depth[y + 1, x - 1]) + np.float32(4 / 3)
                depth[y, x] = min(near, slant, depth[y, x])
    return depth[1:-1, 1:-1]


@njit(cache=True, nogil=True)
def ways(cost: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Cheapest ways (Dijkstra) from a pixel to all others, over eight neighbours.

    cost: (height, width) of a pixel's length; infinite where there is no way. Returns cost and
    forerunner of each pixel (flat); −1 for the start, and where no way leads.
    """
    rows, columns = cost.shape
    total = np.full(rows * columns, np.inf)
    before = np.full(rows * columns, -1, dtype=np.int64)
    total[start] = 0.0
    heap = [(0.0, start)]
    while len(heap):
        so_far, place = heapq.heappop(heap)
        if so_far > total[place]:
            continue
        y, x = place // columns, place % columns
        for down in range(-1, 2):
            for right in range(-1, 2):
                v, u = y + down, x + right
                if v < 0 or u < 0 or v >= rows or u >= columns or not math.isfinite(cost[v, u]):
                    continue
                step = DIAGONAL if down * right != 0 else STRAIGHT
                reached = so_far + step * 0.5 * (cost[y, x] + cost[v, u])
                other = v * columns + u
                if reached < total[other]:
                    total[other] = reached
                    before[other] = place
                    heapq.heappush(heap, (reached, other))
    return total, before


@njit(cache=True, nogil=True)
def evenly(points: np.ndarray, step: float) -> np.ndarray:
    """Points (n, 2) along a line of points, about `step` apart, its ends among them."""
    along = np.zeros(len(points))
    for i in range(1, len(points)):
        along[i] = along[i - 1] + math.hypot(
            points[i, 0] - points[i - 1, 0], points[i, 1] - points[i - 1, 1]
        )
    count = max(2, round(along[-1] / step) + 1)
    result = np.empty((count, 2))
    places = np.linspace(0.0, along[-1], count)
    for axis in range(2):
        result[:, axis] = np.interp(places, along, points[:, axis])
    return result


@njit(cache=True, nogil=True)
def fit(
    points: np.ndarray, weights: np.ndarray, step: float, sigma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A smooth curve through evenly spaced points: a parabola fitted about each of them.

    weights: (n,), 0 for points that count for nothing. sigma: of the Gaussian that weighs
    neighbours, in px along the line; where too few of them count it is wider. A parabola keeps
    bends, which a mean would cut short. Returns points (n, 2), unit tangents (n, 2) and signed
    curvatures (n,) in 1/px.
    """
    count = len(points)
    smooth, tangents, curvatures = np.empty((count, 2)), np.empty((count, 2)), np.zeros(count)
    enough = ENOUGH * math.sqrt(2 * math.pi) * sigma / step
    for i in range(count):
        s = np.zeros(5)  # moments of the places
        m = np.zeros((2, 3))
        wide = sigma
        while True:
            reach = int(3 * wide / step) + 1
            s[:], m[:] = 0.0, 0.0
            for j in range(max(0, i - reach), min(count, i + reach + 1)):
                t = (j - i) * step / sigma
                power = weights[j] * math.exp(-0.5 * (t * sigma / wide) ** 2)
                for k in range(5):
                    s[k] += power
                    if k < 3:
                        m[0, k] += power * points[j, 0]
                        m[1, k] += power * points[j, 1]
                    power *= t
            if s[0] >= enough or reach >= count:
                break
            wide *= 1.5
        # the normal equations of a + b·t + c·t²; of a straight line where they are singular, and
        # where all that counts lies on one side, for a parabola runs away there
        a = s[2] * s[4] - s[3] * s[3]
        b = s[2] * s[3] - s[1] * s[4]
        c = s[1] * s[3] - s[2] * s[2]
        determinant = s[0] * a + s[1] * b + s[2] * c
        bends = determinant > 1e-9 * s[0] ** 3 and abs(s[1]) <= s[0]
        across = s[0] * s[2] - s[1] ** 2
        for axis in range(2):
            place, slope, bow = points[i, axis], 0.0, 0.0
            m0, m1, m2 = m[axis, 0], m[axis, 1], m[axis, 2]
            if bends:
                place = (a * m0 + b * m1 + c * m2) / determinant
                slope = (
                    b * m0 + (s[0] * s[4] - s[2] ** 2) * m1 + (s[1] * s[2] - s[0] * s[3]) * m2
                ) / determinant
                bow = (
                    c * m0 + (s[1] * s[2] - s[0] * s[3]) * m1 + (s[0] * s[2] - s[1] ** 2) * m2
                ) / determinant
            elif across > 1e-9 * s[0] ** 2:
                place = (s[2] * m0 - s[1] * m1) / across
                slope = (s[0] * m1 - s[1] * m0) / across
            else:
                after, before = min(i + 1, count - 1), max(i - 1, 0)
                slope = points[after, axis] - points[before, axis]
            smooth[i, axis], tangents[i, axis] = place, slope
            m[axis, 2] = bow
        speed = math.hypot(tangents[i, 0], tangents[i, 1])
        if speed > 0:
            bend = tangents[i, 0] * m[1, 2] - tangents[i, 1] * m[0, 2]
            if bends:
                curvatures[i] = 2 * bend / speed**3
            tangents[i] /= speed
    return smooth, tangents, curvatures


@njit(cache=True, nogil=True)
def sample(image: np.ndarray, x: float, y: float, outside: float) -> float:
    """Value of an image (height, width) at a point, bilinear between pixel centres."""
    rows, columns = image.shape
    u, v = x - 0.5, y - 0.5
    left, top = math.floor(u), math.floor(v)
    right, down = u - left, v - top
    value = 0.0
    for dy in range(2):
        for dx in range(2):
            j, i = top + dy, left + dx
            weight = (down if dy else 1 - down) * (right if dx else 1 - right)
            if weight > 0:
                known = 0 <= j < rows and 0 <= i < columns
                value += weight * (1.0 * image[j, i] if known else outside)
    return value


@njit(cache=True, nogil=True)
def ray(
    mask: np.ndarray, x: float, y: float, along_x: float, along_y: float, most: float, gap: float
) -> float:
    """How far it is from a point of a mask to its edge in one direction, in px.

    The edge is where the mask, bilinear between pixel centres, falls to a half, and stays below it
    for `gap`: smaller holes are passed over. 0 where the point lies outside; at most `most`.
    """
    edge, previous = 0.0, sample(mask, x, y, 0.0)
    if previous < 0.5:
        return 0.0
    inside = True
    distance = 0.0
    while distance < most:
        distance += RAY_STEP
        value = sample(mask, x + distance * along_x, y + distance * along_y, 0.0)
        if inside and value < 0.5:
            edge = distance - RAY_STEP * (0.5 - value) / (previous - value)
            inside = False
        elif not inside and value >= 0.5:
            inside = True
        elif not inside and distance - edge > gap:
            return edge
        previous = value
    return most if inside else edge


@njit(cache=True, nogil=True)
def sides(
    mask: np.ndarray, points: np.ndarray, tangents: np.ndarray, most: float, gap: float
) -> np.ndarray:
    """Distances (n, 2) from each point of a line to the mask's edge, on its left and right."""
    found = np.empty((len(points), 2))
    for i in range(len(points)):
        x, y = points[i]
        across_x, across_y = -tangents[i, 1], tangents[i, 0]
        found[i, 0] = ray(mask, x, y, -across_x, -across_y, most, gap)
        found[i, 1] = ray(mask, x, y, across_x, across_y, most, gap)
    return found


@njit(cache=True, nogil=True)
def profiles(
    image: np.ndarray, points: np.ndarray, tangents: np.ndarray, reach: float, step: float
) -> np.ndarray:
    """Values (n, samples) of an image across a line, from −reach to reach; NaN outside it."""
    count = 2 * int(reach / step) + 1
    values = np.empty((len(points), count))
    for i in range(len(points)):
        for j in range(count):
            offset = (j - count // 2) * step
            x = points[i, 0] - offset * tangents[i, 1]
            y = points[i, 1] + offset * tangents[i, 0]
            values[i, j] = sample(image, x, y, np.nan)
    return values


@njit(cache=True, nogil=True)
def are_widths(widths: np.ndarray, bulge: float, step: float) -> np.ndarray:
    """Which widths (n,), `step` apart along a line, are this wire's between its own edges.

    None of a gap (0), and none of a bulge; nor of what lies so near to a gap or bulge between them
    that an edge may be another wire's, unless hardly any would be left. bulge: how many times the
    median, and 1 px, is too wide.
    """
    valid = widths > 0
    if not valid.any():
        return valid
    valid &= widths <= bulge * np.median(widths[valid]) + 1
    reach = math.ceil(FACE * np.median(widths[valid]) / step)
    places = np.flatnonzero(valid)
    clear = valid.copy()
    for i in range(places[0], places[-1]):
        if not valid[i]:
            clear[max(0, i - reach) : i + reach + 1] = False
    return clear if clear.sum() > 2 else valid


@njit(cache=True, nogil=True)
def centred(
    mask: np.ndarray,
    points: np.ndarray,
    step: float,
    sigma: float,
    width: float,
    bulge: float,
    straight: bool,
) -> np.ndarray:
    """A line laid between the mask's edges, and extended along its ends to the mask's.

    points: (n, 2), `step` apart; sigma: as `fit` takes it; width: about the wire's; bulge: as
    `are_widths` takes it; straight: whether the line stays as it is but for its length.
    """
    most, gap = 2 * width + 4, max(1.5, 0.2 * width)
    first, last = points[0] - points[-1], points[-1] - points[0]
    if straight:
        first /= math.hypot(first[0], first[1])
        last /= math.hypot(last[0], last[1])
    else:
        points, tangents, _ = fit(points, np.ones(len(points)), step, sigma)
        found = sides(mask, points, tangents, most, gap)
        across = found[:, 0] + found[:, 1]
        valid = are_widths(across, bulge, step)
        if valid.sum() > 2:
            # of the line, its ends but half a width
            cut = min(round(0.5 * np.median(across[valid]) / step), len(points) // 3)
            for i in range(len(points)):
                if valid[i]:
                    shift = 0.5 * (found[i, 1] - found[i, 0])
                    points[i, 0] -= shift * tangents[i, 1]
                    points[i, 1] += shift * tangents[i, 0]
            inner = points[cut : len(points) - cut]
            weights = valid[cut : len(valid) - cut].astype(np.float64)
            points, tangents, _ = fit(inner, weights, step, sigma)
        first, last = -tangents[0], tangents[-1].copy()
    reach = float(mask.shape[0] + mask.shape[1])
    head = ray(mask, points[0, 0], points[0, 1], first[0], first[1], reach, gap)
    tail = ray(mask, points[-1, 0], points[-1, 1], last[0], last[1], reach, gap)
    extended = np.empty((len(points) + 2, 2))
    extended[0] = points[0] + head * first
    extended[1:-1] = points
    extended[-1] = points[-1] + tail * last
    return extended
