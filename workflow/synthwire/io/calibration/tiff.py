"""Where TIFFs keep the size of pixels: one line a place, tried in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import tifffile

from synthwire.io.calibration import (
    cameras,
    fei,
    imagej,
    jeol,
    light,
    ome,
    ours,
    resolution,
    tescan,
    zeiss,
)
from synthwire.io.calibration.calibration import ODD, Calibration, Found, weigh
from synthwire.io.calibration.sizes import different_sizes

# Of the whole file. A new program is a function (tiff, series) and its name here.
OF_FILES: tuple[Callable[[tifffile.TiffFile, int], Found | None], ...] = (
    ours.pixel_size,  # before ImageJ's, which we write beside it for ImageJ, with fewer digits
    ome.pixel_size,
    imagej.pixel_size,
    light.metamorph_pixel_size,
)
# Of one page's private tags. A new instrument is a file with a function of a page, and its name
# here; one that writes a text beside its images stands in `sidecars`, too.
OF_PAGES: tuple[Callable[[tifffile.TiffPage], Found | None], ...] = (
    zeiss.pixel_size,
    fei.pixel_size,
    fei.xml_pixel_size,
    tescan.pixel_size,
    cameras.sis_pixel_size,
    cameras.gatan_pixel_size,
    cameras.tvips_pixel_size,
    cameras.amt_pixel_size,
    jeol.pixel_size,
    zeiss.atlas_pixel_size,
    zeiss.orion_pixel_size,
    light.micromanager_pixel_size,
    light.aperio_pixel_size,
    light.hamamatsu_pixel_size,
    resolution.pixel_size,
)
_PRIVATE = 32768  # the first number of the makers' own tags
VOXEL_SIZES = (ours.voxel_size, imagej.voxel_size, ome.voxel_size)


def tiff_calibration(tiff: tifffile.TiffFile, series: int = 0) -> Calibration:
    """The pixel size of a series, and what is to be said of it.

    Plain resolution tags (dots per inch) are no pixel size: nearly every program writes 72 there.
    Where pages say different sizes, as of a series of magnifications, there is none.
    """
    keyframe = tiff.series[series].keyframe
    shape = keyframe.imagelength, keyframe.imagewidth
    found = weigh(_readers(tiff, series), shape)
    sizes = _sizes_of_pages(tiff.series[series], shape)
    said = different_sizes(sizes)
    if said is None or found.size_nm not in sizes:
        return found
    return Calibration(remarks=(said,))


def _sizes_of_pages(series: tifffile.TiffPageSeries, shape: Sequence[int]) -> list:
    """The sizes (y, x) in nm that private tags of each page (height, width) say, or None."""
    described = [page for page in series.pages if page is not None]
    if len(described) < 2 or max(series.keyframe.tags.keys()) < _PRIVATE:
        return []
    pages = (page if isinstance(page, tifffile.TiffPage) else page.aspage() for page in described)
    return [
        weigh([partial(of_page, page) for of_page in OF_PAGES], shape).size_nm for page in pages
    ]


def _readers(tiff: tifffile.TiffFile, series: int) -> Iterator[Callable[[], Found | None]]:
    for of_file in OF_FILES:
        yield partial(of_file, tiff, series)
    keyframe = tiff.series[series].keyframe
    first = tiff.pages.first  # of a file with a second image it may be the one with the tags
    same_size = first.shape[:2] == keyframe.shape[:2]
    for page in (keyframe, first) if first is not keyframe and same_size else (keyframe,):
        for of_page in OF_PAGES:
            yield partial(of_page, page)


def tiff_voxel_size(tiff: tifffile.TiffFile) -> float | None:
    """Side of the voxels of a TIFF volume's first series in nm, by the first that knows it.

    Voxels count as cubes.
    """
    for read in VOXEL_SIZES:
        try:
            side = float(read(tiff) or 0)
        except ODD:
            continue  # odd metadata do not make the volume unreadable
        if 0 < side < float("inf"):
            return side
    return None
