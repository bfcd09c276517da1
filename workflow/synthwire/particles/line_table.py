"""Centre-lines as tables: a row a wire, and a row a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthwire.io.masks import decode_crop
from synthwire.particles.centrelines import Centreline, measure_line, trace
from synthwire.particles.profile_widths import add_profile_widths

Size = tuple[float, float] | None

LINE_COLUMNS = {
    "line_length_px": "length along the centre-line, from end to end",
    "end_to_end_px": "straight distance between the ends of the centre-line",
    "tortuosity": "length along the centre-line over the straight distance of its ends",
    "line_curvature_per_px": "mean curvature of the centre-line, without sign, in 1/pixel",
    "max_curvature_per_px": "greatest curvature of the centre-line",
    "mean_width_px": "mean width of the mask across the centre-line",
    "sd_width_px": "standard deviation of that width along the wire",
    "taper": "loss of width per length; 0.1 of a wire that is 10 nm thinner after 100 nm",
    "fwhm_px": "mean full width at half maximum of the image's intensities across the centre-line",
    "sd_fwhm_px": "standard deviation of that width along the wire",
    "line_length_nm": "length along the centre-line in nm; empty where the pixel size is unknown",
    "end_to_end_nm": "straight distance of its ends in nm",
    "line_curvature_per_um": "mean curvature in 1/µm",
    "max_curvature_per_um": "greatest curvature in 1/µm",
    "mean_width_nm": "mean width of the mask in nm",
    "sd_width_nm": "its standard deviation along the wire in nm",
    "fwhm_nm": "mean full width at half maximum in nm",
    "sd_fwhm_nm": "its standard deviation along the wire in nm",
}
POINT_COLUMNS = {
    "id": "number of the particle",
    "x_px": "place of a point of the centre-line, from the image's left edge",
    "y_px": "place of it, from the upper edge",
    "along_px": "distance from the wire's wider end along the centre-line",
    "width_px": "width of the mask there; empty near the ends and where another wire hides it",
    "fwhm_px": "full width at half maximum of the image's intensities there",
    "along_nm": "distance in nm; empty where the pixel size is unknown",
    "width_nm": "width of the mask in nm",
    "fwhm_nm": "full width at half maximum in nm",
}


def line_of(rle: Mapping, image: np.ndarray | None = None) -> Centreline | None:
    """Centre-line of an RLE, with widths by the image's intensities where there is an image.

    image: (height, width), particles bright on dark. None for an empty mask.
    """
    crop, top, left = decode_crop(dict(rle))
    line = trace(crop, left, top)
    return line if line is None or image is None else add_profile_widths(line, image)


def line_rows(lines: Mapping[int, Centreline | None], size: Size) -> pd.DataFrame:
    """A row a wire, in the order of `lines`, with the columns of `LINE_COLUMNS`; index: id.

    size: of a pixel (down, across) in nm; None where it is unknown.
    """
    rows = [_row(line, size) for line in lines.values()]
    index = pd.Index(list(lines), name="id", dtype="int64")
    return pd.DataFrame(rows, index=index, columns=list(LINE_COLUMNS), dtype=float)


def _row(line: Centreline | None, size: Size) -> list[float]:
    if line is None:
        return [math.nan] * len(LINE_COLUMNS)
    found = measure_line(line)
    if size is None:
        return [*found, *[math.nan] * (len(LINE_COLUMNS) - len(found))]
    true = measure_line(_in_nm(line, size))
    return [
        *found._replace(tortuosity=true.tortuosity, taper=true.taper),
        true.length,
        true.end_to_end,
        1000 * true.mean_curvature,
        1000 * true.max_curvature,
        *(true.width, true.width_sd, true.fwhm, true.fwhm_sd),
    ]


def _in_nm(line: Centreline, size: Sequence[float]) -> Centreline:
    """A line on the specimen, in nm; size: of a pixel (down, across), which need not be square.

    A piece of wire of length l and width w has the area of l w pixels, so what its length is
    stretched by in its direction, its width is not.
    """
    area, sides = math.prod(size), np.array(size[::-1])
    stretch = np.hypot(*(line.tangents * sides).T)
    return Centreline(
        line.points * sides,
        line.widths * area / stretch,
        line.tangents * sides / stretch[:, np.newaxis],
        line.curvatures * area / stretch**3,
        line.profile_widths * area / stretch,
    )


def line_points(lines: Mapping[int, Centreline | None], size: Size) -> pd.DataFrame:
    """A row a point of each centre-line, with the columns of `POINT_COLUMNS`; size: as above."""
    tables = []
    for number, line in lines.items():
        if line is None:
            continue
        true = _in_nm(line, size or (math.nan, math.nan))
        values = np.column_stack(
            [line.points]
            + [
                values
                for one in (line, true)
                for values in (one.along, one.widths, one.profile_widths)
            ]
        )
        table = pd.DataFrame(values, columns=list(POINT_COLUMNS)[1:])
        table.insert(0, "id", number)
        tables.append(table)
    return (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*POINT_COLUMNS])
    )
