"""What a centre-line is made of: evenly spaced points, curves fitted to them, rays across them.

A mask is a boolean array (height, width); points are (x, y), and pixel (column i, row j) covers
[i, i+1] × [j, j+1]. All points of a line are worked on at once: a step for each would take
minutes for a thousand wires.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import ndimage

RAY_STEP = 0.25  # px
SURE = 1.5 * math.sqrt(2.0)  # px; what lies deeper is surrounded by pixels of the mask
FACE = 0.6  # of a wire's width: how far beside a crossing the edges are another wire's
COMPLEX = np.array([1.0, 1.0j])  # makes x + iy of a point
ACROSS = np.array([[0.0, 1.0], [-1.0, 0.0]])  # makes of a direction the one on its right
OUTWARDS = np.array([[-1.0], [1.0]])  # makes of the tangents of a line's ends what leads out


def evenly(points: np.ndarray, step: float) -> np.ndarray:
    """Points (n, 2) along a line of points, about `step` apart, its ends among them."""
    line = points @ COMPLEX
    along = np.zeros(len(line))
    np.abs(np.diff(line)).cumsum(out=along[1:])
    parts = max(1, round(along[-1] / step))
    found = np.interp(along[-1] / parts * np.arange(parts + 1), along, line)
    return found.view(float).reshape(-1, 2)


def depths(mask: np.ndarray) -> np.ndarray:
    """About how far each pixel's centre lies from the nearest pixel outside, in px, never more.

    The mask has a margin of pixels that are not set. The greater of chessboard's and city block's
    distance, the latter in diagonals, about an octagon's; Euclid's takes up to five times as long.
    Rosenfeld & Pfaltz, Pattern Recognit. 1, 33 (1968).
    """
    straight = ndimage.distance_transform_cdt(mask, "chessboard")
    return np.maximum(straight, ndimage.distance_transform_cdt(mask, "taxicab") / math.sqrt(2.0))


def clearance(depth: np.ndarray) -> np.ndarray:
    """How far about the points of each pixel a mask has no value below 1, in px, by `depths`."""
    return RAY_STEP * np.floor(np.maximum(depth - SURE, 0.0) / RAY_STEP)


def fit(
    points: np.ndarray, weights: np.ndarray, step: float, sigma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A smooth curve through evenly spaced points: a parabola fitted about each of them.

    weights: (n,), 0 for points that count for nothing. sigma: of the Gaussian that weighs
    neighbours, in px along the line. A parabola keeps bends, which a mean would cut short; where
    nothing counts it runs away. Returns points (n, 2), unit tangents (n, 2) and signed curvatures
    (n,) in 1/px.
    """
    moments = _moments(points, weights, step, sigma)
    s0, s1, s2, s3, s4 = moments[:, 0]
    # the normal equations of a + b·t + c·t² by Cramer's rule, of a straight line where they are
    # singular
    a, b, c = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    d, e, f = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    determinant = s0 * a + s1 * b + s2 * c
    bends = determinant > 1e-9 * s0**3
    m0, m1, m2 = moments[:3, 1:] / np.where(bends, determinant, 1.0)
    place = a * m0 + b * m1 + c * m2
    slope = b * m0 + d * m1 + e * m2
    bow = c * m0 + e * m1 + f * m2
    if not bends.all():
        spread = f > 1e-9 * s0**2
        m0, m1 = moments[:2, 1:] / np.where(spread, f, 1.0)
        fitted = s2 * m0 - s1 * m1, s0 * m1 - s1 * m0
        line = np.where(spread, fitted, (points.T, _rise(points)))
        place, slope = np.where(bends, (place, slope), line)
        bow = np.where(bends, bow, 0.0)
    speed = np.hypot(*slope)
    speed[speed == 0] = 1.0
    curvatures = 2 * (slope[0] * bow[1] - slope[1] * bow[0]) / speed**3
    return place.T, (slope / speed).T, curvatures


def _moments(points: np.ndarray, weights: np.ndarray, step: float, sigma: float) -> np.ndarray:
    """Sums (5, 3, n) about each point of tᵏ · weight · (1, x, y), t in sigmas along the line."""
    values = np.empty((3, len(points)))
    values[0], values[1:] = weights, weights * points.T
    return _weighed(values, _kernels(int(3 * sigma / step) + 1, step / sigma))


@lru_cache
def _kernels(reach: int, step: float) -> np.ndarray:
    """A Gaussian times tᵏ (2 · reach + 1, 5), t in sigmas from −reach to reach steps."""
    t = step * np.arange(-reach, reach + 1)[:, None]
    return np.exp(-0.5 * t**2) * t ** np.arange(5)


def _weighed(values: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Sums (5, 3, n) of values (3, n) about each place, weighed with kernels (odd, 5)."""
    count, reach = values.shape[1], len(kernels) // 2
    padded = np.zeros((3, count + 2 * reach))
    padded[:, reach : reach + count] = values
    # as sliding_window_view, which takes longer than all that is done with it
    windows = np.ndarray((3, count, len(kernels)), float, padded, 0, (*padded.strides, 8))
    return np.ascontiguousarray((windows @ kernels).transpose(2, 0, 1))


def _rise(points: np.ndarray) -> np.ndarray:
    """From each point's forerunner to its successor (2, n), as far as it has them."""
    padded = np.pad(points.T, ((0, 0), (1, 1)), mode="edge")
    return padded[:, 2:] - padded[:, :-2]


def rays(
    mask: np.ndarray,
    points: np.ndarray,
    directions: np.ndarray,
    most: float,
    gap: float,
    near: float,
) -> np.ndarray:
    """How far it is from points (n, 2) of a mask to its edge in a direction (n, 2) each, in px.

    The edge is where the mask, bilinear between pixel centres, falls to a half, and stays below it
    for `gap`: smaller holes are passed over. 0 where the point lies outside; at most `most`. near:
    where most edges are found, up to which rays are followed at first. The mask has a margin of
    pixels that are not set.
    """
    found = np.empty(len(points))
    going = np.arange(len(points))
    start = np.ascontiguousarray(points.T[::-1])[:, None] - 0.5  # rows first, from pixel centres
    forward = RAY_STEP * np.ascontiguousarray(directions.T[::-1])[:, None]
    reach = near
    while True:
        last = reach >= most
        steps = np.arange(math.ceil(min(reach, most) / RAY_STEP) + 1.0)[:, None]
        places = steps * forward + start
        values = ndimage.map_coordinates(mask.view(np.uint8), places, float, order=1)
        inside = values >= 0.5
        if not inside[0].all():
            inside &= inside[0]
        edges = np.where(inside, steps, 0.0)
        before, ray = np.nonzero(inside[:-1] > inside[1:])
        high, low = values[before, ray], values[before + 1, ray]
        edges[before + 1, ray] = before + (high - 0.5) / (high - low)
        np.maximum.accumulate(edges, axis=0, out=edges)
        ends = steps - edges > gap / RAY_STEP
        ends[-1] |= last
        place = ends.argmax(axis=0), np.arange(len(going))
        found[going] = np.where(inside[place], most, RAY_STEP * edges[place])
        left = ~ends[place]
        if not left.any():
            return found
        going, start, forward = going[left], start[..., left], forward[..., left]
        reach *= 2


def sides(
    mask: np.ndarray,
    clear: np.ndarray,
    points: np.ndarray,
    tangents: np.ndarray,
    most: float,
    gap: float,
) -> np.ndarray:
    """Distances (n, 2) from each point of a line to the mask's edge, on its left and right.

    clear: `clearance` of the mask, where rays need no following.
    """
    across = tangents @ ACROSS
    directions = np.concatenate([-across, across])
    x, y = np.maximum(np.minimum(points.T.astype(int), [[n - 1] for n in mask.shape[::-1]]), 0)
    known = np.concatenate([clear[y, x]] * 2)
    starts = np.concatenate([points, points]) + known[:, None] * directions
    # in the middle of a wire it is some 3 px from there to its edge
    found = known + rays(mask, starts, directions, most, gap, gap + 5.0)
    return np.minimum(found, most).reshape(2, -1).T


def profiles(
    image: np.ndarray, points: np.ndarray, tangents: np.ndarray, reach: float, step: float
) -> np.ndarray:
    """Values (n, samples) of an image across a line, from −reach to reach; NaN outside it."""
    offsets = step * np.arange(-int(reach / step), int(reach / step) + 1)
    (x, y), (along_x, along_y) = points.T[..., None], tangents.T[..., None]
    places = np.stack([y - 0.5 + offsets * along_x, x - 0.5 - offsets * along_y])
    return ndimage.map_coordinates(image, places, float, order=1, cval=math.nan)


def median(values: np.ndarray) -> float:
    """As np.median, which takes several times as long for as few values as a line has."""
    ordered, middle = np.sort(values), len(values) // 2
    return 0.5 * float(ordered[middle] + ordered[-1 - middle])


def are_widths(widths: np.ndarray, bulge: float, step: float) -> np.ndarray:
    """Which widths (n,), `step` apart along a line, are this wire's between its own edges.

    None of a gap (0), and none of a bulge; nor of what lies so near to a gap or bulge between them
    that an edge may be another wire's, unless hardly any would be left. bulge: how many times the
    median, and 1 px, is too wide.
    """
    valid = widths > 0
    if not valid.any():
        return valid
    valid &= widths <= bulge * median(widths[valid]) + 1
    places = np.flatnonzero(valid)
    between = ~valid
    between[: places[0]] = between[places[-1] :] = False
    if not between.any():
        return valid
    reach = math.ceil(FACE * median(widths[valid]) / step)
    clear = valid & ~ndimage.maximum_filter1d(between, 2 * reach + 1, mode="constant")
    return clear if clear.sum() > 2 else valid


def bridged(points: np.ndarray, tangents: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Points (n, 2) of a line, those that are not valid laid anew between the valid ones.

    They lie on cubics that join in place and direction, nearly arcs of circles. tangents: (n, 2);
    valid: (n,), the first and the last among them.
    """
    known, lacking = np.flatnonzero(valid), np.flatnonzero(~valid)
    after = np.searchsorted(known, lacking)
    left, right = known[after - 1], known[after]
    chord = np.hypot(*(points[right] - points[left]).T)
    turn = np.clip((tangents[left] * tangents[right]).sum(axis=1), -1.0, 1.0)
    speed = (2 * chord / (1 + np.sqrt((1 + turn) / 2)))[:, None]  # of an arc with these tangents
    u = ((lacking - left) / (right - left))[:, None]
    v = 1 - u
    from_left = v**2 * ((1 + 2 * u) * points[left] + u * speed * tangents[left])
    from_right = u**2 * ((1 + 2 * v) * points[right] - v * speed * tangents[right])
    found = points.copy()
    found[lacking] = from_left + from_right
    return found


def _led(
    points: np.ndarray,
    tangents: np.ndarray,
    valid: np.ndarray,
    step: float,
    sigma: float,
    cut: int,
    reach: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """A line's points and tangents, fitted to the valid points and led over the others by them.

    cut: how many points are missing at each end. reach: how far it is from points to the mask's
    end in given directions. At an end where nothing is valid the line stays as it is, unless
    straight on it is as far: there the line may have turned into another wire.
    """
    if not valid.any():
        return points, tangents
    fitted = fit(points, valid.astype(float), step, sigma)[:2]
    points, tangents = np.where(valid[:, None], fitted, (points, tangents))
    if valid.all():
        return points, tangents
    outer, ends = np.flatnonzero(valid)[[0, -1]], np.array([0, len(points) - 1])
    straight_on = reach(points[outer], OUTWARDS * tangents[outer])
    first, last = np.where(straight_on >= step * (cut + abs(outer - ends)), outer, ends)
    part, known = slice(first, last + 1), valid.copy()
    known[[first, last]] = True
    return bridged(points[part], tangents[part], known[part]), tangents[part]


def centred(
    mask: np.ndarray,
    clear: np.ndarray,
    points: np.ndarray,
    step: float,
    sigma: float,
    width: float,
    bulge: float,
    straight: bool,
) -> np.ndarray:
    """A line laid between the mask's edges, and extended along its ends to the mask's.

    clear: as `sides` takes it; points: (n, 2), `step` apart; sigma: as `fit` takes it; width:
    about the wire's; bulge: as `are_widths` takes it; straight: whether the line stays as it is
    but for its length.
    """
    gap = max(1.5, 0.2 * width)

    def reach(outermost: np.ndarray, outwards: np.ndarray) -> np.ndarray:
        return rays(mask, outermost, outwards, float(sum(mask.shape)), gap, 2 * width)

    if straight:
        ends = (points[[0, -1]] - points[[-1, 0]]) / math.dist(points[0], points[-1])
    else:
        points, tangents, _ = fit(points, np.ones(len(points)), step, sigma)
        found = sides(mask, clear, points, tangents, 2 * width + 4, gap)
        across = found.sum(axis=1)
        valid = are_widths(across, bulge, step)
        if valid.sum() > 2:
            shift = np.where(valid, 0.5 * (found[:, 1] - found[:, 0]), 0.0)
            points = points + shift[:, None] * (tangents @ ACROSS)
            # of the line, its ends but half a width
            cut = min(round(0.5 * median(across[valid]) / step), len(points) // 3)
            inner = slice(cut, len(points) - cut)
            points, tangents = points[inner], tangents[inner]
            points, tangents = _led(points, tangents, valid[inner], step, sigma, cut, reach)
        ends = OUTWARDS * tangents[[0, -1]]
    outermost = points[[0, -1]]
    first, last = outermost + reach(outermost, ends)[:, None] * ends
    return np.concatenate([[first], points, [last]])
