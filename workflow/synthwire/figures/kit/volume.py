"""Orthographic ray casting of a labelled volume: the 3D view of a synthetic structure.

Each ray walks the voxel grid (Amanatides and Woo's traversal) to the first particle or to the
substrate; the surface's normal is the direction from the particle's own voxels in a small ball
around the hit towards the empty ones, so neighbouring particles do not round each other off. One
shadow ray a hit goes to the light. Numba compiles the walk; a 512 × 512 × 200 volume takes seconds.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from matplotlib.colors import to_rgb

BACKGROUND = 255.0
SUBSTRATE = 236.0


def render_volume(
    labels: np.ndarray,
    colours: dict[int, str],
    *,
    width_px: int = 1000,
    azimuth_deg: float = 68.0,
    elevation_deg: float = 40.0,
    supersampling: int = 2,
) -> np.ndarray:
    """RGB picture (H, W, 3), uint8, of a labelled volume seen from above on its substrate.

    labels: (Z, Y, X) integers, 0 = empty; z grows upwards.
    colours: label → colour; a label without one is grey.
    azimuth_deg, elevation_deg: where the viewer stands, from the +x axis towards +y (90° is
        the image's lower edge), and above the substrate.
    """
    if labels.ndim != 3:
        raise ValueError(f"a volume has three axes (Z, Y, X), not {labels.ndim}")
    occupied = np.flatnonzero(labels.any(axis=(1, 2)))
    top = int(occupied[-1]) + 1 if occupied.size else 1
    labels = np.ascontiguousarray(labels[:top])
    depth, height, width = labels.shape

    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    view = -np.array(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
        ]
    )
    # With x to the right and y down, as in the projected image, the frame is left-handed: seen
    # from the image's lower edge (azimuth 90°) +x lies to the right.
    right = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
    up = np.array([0.0, 0.0, 1.0]) - view[2] * view
    up /= np.linalg.norm(up)
    light = -0.45 * right - 0.25 * view + np.array([0.0, 0.0, 0.85])
    light /= np.linalg.norm(light)

    corners = np.array(
        [[x, y, z] for x in (0, width) for y in (0, height) for z in (0, depth)], dtype=float
    )
    centre = np.array([width / 2, height / 2, depth / 2])
    across = (corners - centre) @ right
    along = (corners - centre) @ up
    margin = 0.01 * (across.max() - across.min())
    u0, u1 = across.min() - margin, across.max() + margin
    v0, v1 = along.min() - margin, along.max() + margin
    columns = width_px * supersampling
    step = (u1 - u0) / columns
    rows = max(round((v1 - v0) / step), 1)

    # Wide enough to smooth the terraces of tilted faces, small beside the wires themselves.
    reach = int(np.clip(round(max(width, height) / 80), 2, 6))
    palette = np.full((int(labels.max()) + 1, 3), 160.0)
    for label, colour in colours.items():
        if 0 < label < len(palette):
            palette[label] = np.asarray(to_rgb(colour)) * 255
    picture = _cast(
        labels, palette, centre, right, up, view, light, u0, v1, step, rows, columns, reach
    )
    rows -= rows % supersampling
    picture = picture[:rows].reshape(
        rows // supersampling, supersampling, width_px, supersampling, 3
    )
    return _trim(np.clip(np.rint(picture.mean(axis=(1, 3))), 0, 255).astype(np.uint8))


def _trim(image: np.ndarray) -> np.ndarray:
    """Without the empty rows above and below, and the empty columns beside, what is drawn."""
    drawn = (image != BACKGROUND).any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@numba.njit(cache=True, nogil=True)
def _walk(
    labels: np.ndarray, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, int, int, int]:
    """First occupied voxel on a ray, (distance, ix, iy, iz); distance < 0 when there is none."""
    depth, height, width = labels.shape
    enter, leave = 0.0, 1e30
    for axis in range(3):
        origin = ox if axis == 0 else (oy if axis == 1 else oz)
        direction = dx if axis == 0 else (dy if axis == 1 else dz)
        size = width if axis == 0 else (height if axis == 1 else depth)
        if abs(direction) < 1e-12:
            if origin < 0 or origin >= size:
                return -1.0, 0, 0, 0
        else:
            a, b = -origin / direction, (size - origin) / direction
            if a > b:
                a, b = b, a
            enter = max(enter, a)
            leave = min(leave, b)
    if enter >= leave:
        return -1.0, 0, 0, 0
    t = enter + 1e-9
    ix = min(max(math.floor(ox + t * dx), 0), width - 1)
    iy = min(max(math.floor(oy + t * dy), 0), height - 1)
    iz = min(max(math.floor(oz + t * dz), 0), depth - 1)
    sx, sy, sz = (1 if dx > 0 else -1), (1 if dy > 0 else -1), (1 if dz > 0 else -1)
    tx = ((ix + (sx > 0)) - ox) / dx if abs(dx) > 1e-12 else 1e30
    ty = ((iy + (sy > 0)) - oy) / dy if abs(dy) > 1e-12 else 1e30
    tz = ((iz + (sz > 0)) - oz) / dz if abs(dz) > 1e-12 else 1e30
    ax = abs(1 / dx) if abs(dx) > 1e-12 else 1e30
    ay = abs(1 / dy) if abs(dy) > 1e-12 else 1e30
    az = abs(1 / dz) if abs(dz) > 1e-12 else 1e30
    while True:
        if labels[iz, iy, ix] != 0:
            return t, ix, iy, iz
        if tx <= ty and tx <= tz:
            t = tx
            tx += ax
            ix += sx
            if ix < 0 or ix >= width:
                return -1.0, 0, 0, 0
        elif ty <= tz:
            t = ty
            ty += ay
            iy += sy
            if iy < 0 or iy >= height:
                return -1.0, 0, 0, 0
        else:
            t = tz
            tz += az
            iz += sz
            if iz < 0 or iz >= depth:
                return -1.0, 0, 0, 0


@numba.njit(cache=True, nogil=True)
def _normal(
    labels: np.ndarray, ix: int, iy: int, iz: int, reach: int
) -> tuple[float, float, float]:
    """Outward normal of the particle at a voxel: away from its own voxels nearby."""
    depth, height, width = labels.shape
    own = labels[iz, iy, ix]
    nx = ny = nz = 0.0
    for kz in range(-reach, reach + 1):
        for ky in range(-reach, reach + 1):
            for kx in range(-reach, reach + 1):
                if kx * kx + ky * ky + kz * kz > reach * reach:
                    continue
                x, y, z = ix + kx, iy + ky, iz + kz
                inside = 0 <= x < width and 0 <= y < height and 0 <= z < depth
                if inside and labels[z, y, x] == own:
                    nx -= kx
                    ny -= ky
                    nz -= kz
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    if length < 1e-9:
        return 0.0, 0.0, 1.0
    return nx / length, ny / length, nz / length


@numba.njit(cache=True, nogil=True)
def _cast(
    labels: np.ndarray,
    palette: np.ndarray,
    centre: np.ndarray,
    right: np.ndarray,
    up: np.ndarray,
    view: np.ndarray,
    light: np.ndarray,
    u0: float,
    v1: float,
    step: float,
    rows: int,
    columns: int,
    reach: int,
) -> np.ndarray:
    depth, height, width = labels.shape
    picture = np.empty((rows, columns, 3))
    far = 2.0 * (width + height + depth)
    for row in range(rows):
        v = v1 - (row + 0.5) * step
        for column in range(columns):
            u = u0 + (column + 0.5) * step
            ox = centre[0] + u * right[0] + v * up[0] - far * view[0]
            oy = centre[1] + u * right[1] + v * up[1] - far * view[1]
            oz = centre[2] + u * right[2] + v * up[2] - far * view[2]
            t, ix, iy, iz = _walk(labels, ox, oy, oz, view[0], view[1], view[2])
            if t >= 0:
                nx, ny, nz = _normal(labels, ix, iy, iz, reach)
                facing = nx * light[0] + ny * light[1] + nz * light[2]
                diffuse = max(facing, 0.0)
                # The shadow ray starts off the surface, else a voxel's own stairs shade it.
                px = ox + t * view[0] + 2.5 * nx
                py = oy + t * view[1] + 2.5 * ny
                pz = oz + t * view[2] + 2.5 * nz
                if diffuse > 0:
                    s, _, _, _ = _walk(labels, px, py, pz, light[0], light[1], light[2])
                    if s >= 0:
                        diffuse *= 0.25
                hx = light[0] - view[0]
                hy = light[1] - view[1]
                hz = light[2] - view[2]
                norm = math.sqrt(hx * hx + hy * hy + hz * hz)
                shine = max((nx * hx + ny * hy + nz * hz) / norm, 0.0) ** 30 * diffuse
                shade = 0.42 + 0.68 * diffuse
                for channel in range(3):
                    picture[row, column, channel] = min(
                        palette[labels[iz, iy, ix], channel] * shade + 45.0 * shine, 255.0
                    )
                continue
            value = BACKGROUND
            s = -oz / view[2]
            px, py = ox + s * view[0], oy + s * view[1]
            if 0 <= px < width and 0 <= py < height:
                value = SUBSTRATE
                hit, _, _, _ = _walk(labels, px, py, 1e-6, light[0], light[1], light[2])
                if hit >= 0:
                    value *= 0.74
            picture[row, column, :] = value
    return picture
