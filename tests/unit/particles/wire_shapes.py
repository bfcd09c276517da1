"""Masks of wires whose centre-line and width are known."""

import numpy as np
from scipy.spatial import cKDTree

MARGIN = 12  # px about a wire


def wire(length, width, *, end_width=None, turn=0.0, angle=0.3, offset=(0.0, 0.0)):
    """(mask, points): a wire with flat ends, and its centre-line from end to end.

    turn: by how much it bends from end to end, in radians, along a circle; angle: of its start.
    end_width: of a tapered one.
    """
    s = np.linspace(0, length, int(20 * length))
    heading = angle + turn * s / length
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * (s[1] - s[0])
    points = np.cumsum(steps, axis=0)
    room = MARGIN + width
    points += room - points.min(axis=0) + np.asarray(offset)
    shape = tuple(np.ceil(points.max(axis=0) + room).astype(int)[::-1])
    half = np.linspace(width, width if end_width is None else end_width, len(s)) / 2
    return mask_about(points, half, shape), points


def crossed(mask, across, place):
    """A mask with the pixels of another wire's mask added, and with them taken away.

    The middle of the other lies at `place`, a point of the wire's centre-line.
    """
    rows, columns = np.nonzero(across)
    rows = rows - round(rows.mean()) + int(place[1])
    columns = columns - round(columns.mean()) + int(place[0])
    inside = (rows >= 0) & (columns >= 0) & (rows < mask.shape[0]) & (columns < mask.shape[1])
    bulging, cut = mask.copy(), mask.copy()
    bulging[rows[inside], columns[inside]] = True
    cut[rows[inside], columns[inside]] = False
    return bulging, cut


def mask_about(points, half, shape):
    """Pixels whose centre lies within `half` (n,) of a line, between its ends."""
    rows, columns = np.indices(shape)
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5
    distance, nearest = cKDTree(points).query(centres)
    tangents = np.gradient(points, axis=0)
    beyond = ((centres - points[nearest]) * tangents[nearest]).sum(axis=1)
    step = np.hypot(*tangents[0])
    outside = (nearest == 0) & (beyond < -(step**2)) | (nearest == len(points) - 1) & (
        beyond > step**2
    )
    return ((distance <= half[nearest]) & ~outside).reshape(shape)
