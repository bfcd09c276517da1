"""TIFF: any number type, several pages, OME, ImageJ, the makers of electron microscopes, ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile

from synthwire.errors import InputError, not_installed
from synthwire.io.calibration import tiff_calibration
from synthwire.io.files import MemoryFile, Source, open_binary
from synthwire.io.recordings.display import as_shown
from synthwire.io.recordings.energies import page_energies
from synthwire.io.recordings.recording import Recording, require_bytes, require_pixels

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")

# Values of tags, as TIFF 6.0 numbers them.
_PHOTOMETRIC = 262
_WHITE_ZERO, _BLACK_ZERO, _RGB, _PALETTE, _INKS, _YCBCR = 0, 1, 2, 3, 5, 6
_LIGHTNESS_FIRST = (8, 9, 10)  # CIE's L*a*b*, in which colours are signed or shifted
_JPEG = (6, 7, 33007, 34892)  # compressions from which tifffile makes red, green and blue
_ALPHA = {1, 2}  # of the kinds of samples beside grey or the colours
_MASK = 4  # a bit of NewSubfileType
_THUMBNAIL = 3.9  # times smaller than the image; half of an odd side is more than a half
_ON_THEIR_SIDE = (5, 6, 7, 8)  # orientations whose rows are columns

_FILE_NAME = re.compile(r'\bFileName\s*=\s*["\']([^"\']+)')
STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(STARTS)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the one image or stack of a TIFF, turned upright as its tag Orientation says.

    Label and thumbnail pages beside it are passed over. InputError when it holds several images,
    is truncated or damaged, or too large.
    """
    try:
        with open_tiff(path) as tiff:
            series, remarks = _main_series(path, tiff)
            require_pixels(
                path,
                [side for side, axis in zip(series.shape, series.axes, strict=True) if axis != "S"],
                largest_pixels,
            )
            require_bytes(path, series.nbytes)
            size = tiff.filehandle.size
            if series.dataoffset is not None and series.dataoffset + series.nbytes > size:
                raise InputError(f"{path}: truncated TIFF ({size} bytes are too few)")
            page = series.keyframe
            photometric = _photometric(page)
            grey = photometric in (_WHITE_ZERO, _BLACK_ZERO)
            pages = _pages_first(series.asarray(), series.axes, grey=grey)
            channels = page.samplesperpixel
            if grey and channels > 1 and not (channels == 2 and set(page.extrasamples) & _ALPHA):
                remarks = (*remarks, f"the first of its {channels} channels is read")
            if photometric == _INKS and pages.ndim == 4 and pages.shape[3] == 4:
                pages = _without_inks(pages)
            bright_first = photometric == _YCBCR and page.compression not in _JPEG
            if (bright_first or photometric in _LIGHTNESS_FIRST) and pages.ndim == 4:
                pages = pages[..., 0]
            many = pages.ndim == 4 and channels > 4
            if photometric == _RGB and many:
                remarks = (*remarks, f"of its {channels} samples the three colours are read")
                pages = pages[..., :3]
            elif many:
                raise InputError(f"{path}: {channels} colour channels; 1, 3 or 4 are expected")
            elif photometric == _RGB and pages.ndim == 4 and page.extrasamples[:1] == (0,):
                pages = pages[..., :3]
                remarks = (*remarks, "its fourth sample, of which it says nothing, is left out")
            turn = int(page.tags.valueof("Orientation", 1))
            palette = _palette(page) if photometric == _PALETTE else None
            own = _own_tags(series, len(pages))
            if len({item.turn for item in own}) > 1:
                pages = _turned_alike(path, pages, [item.turn for item in own], turn)
            if len({item.colours for item in own}) > 1:
                pages, said = _in_own_colours(pages, own)
                palette, remarks = None, (*remarks, *said)
            found = tiff_calibration(tiff, tiff.series.index(series))
            side_nm = found.size_nm
            energies_ev, on_energies = page_energies(path, tiff, series, len(pages))
            return Recording(
                upright(pages, turn),
                side_nm[::-1] if side_nm and turn in _ON_THEIR_SIDE else side_nm,
                energies_ev,
                (*remarks, *_of_a_set(tiff), *_missing_parts(series), *on_energies),
                pixel_size_doubt=found.doubt,
                pixel_size_remarks=found.remarks,
                picture_rows=found.picture_rows if turn == 1 else None,
                palette=palette,
                white_level=_white_level(page, pages) if photometric == _WHITE_ZERO else None,
            )
    except InputError:
        raise
    except Exception as error:  # tifffile and its codecs raise dozens of types on damaged files
        require_codecs(path, error)
        raise InputError(f"{path}: truncated or damaged TIFF ({error})") from None


def require_codecs(path: Source, error: Exception) -> None:
    """InputError where what tifffile complains of is that its codecs are not installed."""
    if "requires the 'imagecodecs' package" in str(error):
        raise not_installed(f"{path}: imagecodecs, which reads its compression,", "formats")


def open_tiff(path: Path | MemoryFile) -> tifffile.TiffFile:
    """Open a TIFF on disk or in memory, as the pages that it holds itself.

    OME and MicroManager files may name others that hold the rest of a series. In a folder these are
    found by themselves, and would count twice; or they are not there; and a file in memory must not
    lead to any other.
    """
    if not isinstance(path, MemoryFile):
        return tifffile.TiffFile(path, _multifile=False)
    return tifffile.TiffFile(open_binary(path), name=path.name, _multifile=False)


def _of_a_set(tiff: tifffile.TiffFile) -> tuple[str, ...]:
    """A remark on a file whose OME metadata name others of the same series."""
    names = set(_FILE_NAME.findall(tiff.ome_metadata or "")) if tiff.is_ome else set()
    if len(names) < 2:
        return ()
    return (f"one of {len(names)} files of an OME set; the pages that it holds itself are read",)


def _photometric(page: tifffile.TiffPage) -> int:
    """What the numbers of a page stand for, as TIFF numbers it.

    Where the tag is missing, zero is black, as for ImageJ and libtiff; tifffile says white.
    """
    if _PHOTOMETRIC in page.tags or page.photometric != _WHITE_ZERO:
        return int(page.photometric)
    return _RGB if page.samplesperpixel in (3, 4) else _BLACK_ZERO


def _missing_parts(series: tifffile.TiffPageSeries) -> tuple[str, ...]:
    """A remark on strips or tiles that were never written; they are read as zeros."""
    counts = [count for page in series.pages if page is not None for count in page.databytecounts]
    missing = counts.count(0)
    if not missing:
        return ()
    return (f"{missing} of its {len(counts)} strips or tiles are not in the file, and count as 0",)


def _main_series(
    path: Source, tiff: tifffile.TiffFile
) -> tuple[tifffile.TiffPageSeries, tuple[str, ...]]:
    """The one image of the file, with a remark where another of its size was left out.

    Label, mask and thumbnail pages beside it are passed over, and so are renderings of it: a colour
    page with a scale bar drawn in, or the same image in fewer bits.
    """
    series = [item for item in tiff.series if item.size and "Y" in item.axes and "X" in item.axes]
    series = [item for item in series if not item.keyframe.subfiletype & _MASK] or series
    if not series:
        raise InputError(f"{path}: the TIFF holds no image")
    largest = max(series, key=_pixel_count)
    rivals = [
        item
        for item in series
        if item is largest
        or (
            not item.keyframe.is_reduced and _THUMBNAIL * _pixel_count(item) > _pixel_count(largest)
        )
    ]
    if len(rivals) == 1:
        return largest, ()
    grey = [item for item in rivals if item.keyframe.samplesperpixel < 3 and item.dtype.kind != "b"]
    depth = max((item.dtype.itemsize for item in grey), default=0)
    deepest = [item for item in grey if item.dtype.itemsize == depth]
    if len(deepest) == 1 and 4 * _pixel_count(deepest[0]) >= 3 * _pixel_count(largest):
        others = " and ".join(
            f"{item.keyframe.samplesperpixel} × {8 * item.dtype.itemsize} bit"
            for item in rivals
            if item is not deepest[0]
        )
        return deepest[0], (f"its grey {8 * depth} bit are read, not the page of {others}",)
    raise InputError(
        f"{path}: holds {len(rivals)} images, of shapes "
        f"{', '.join(str(item.shape) for item in rivals)}; save each in a file of its own"
    )


def _pixel_count(series: tifffile.TiffPageSeries) -> int:
    """Pixels of all pages, colours counted once."""
    return series.size // series.sizes.get("sample", 1)


def _pages_first(pixels: np.ndarray, axes: str, *, grey: bool) -> np.ndarray:
    """(pages, height, width[, channels]) from any order of axes that TIFF knows.

    grey: whether channels are no colours, but the signals of several detectors, or a mask; the
    first is then taken.
    """
    others = [index for index, axis in enumerate(axes) if axis not in "YXS"]
    order = [*others, axes.index("Y"), axes.index("X")]
    if "S" in axes:
        order.append(axes.index("S"))
    pixels = pixels.transpose(order)
    tail = pixels.shape[len(others) :]
    pixels = pixels.reshape(-1, *tail)
    if len(tail) == 3 and (grey or tail[2] < 3):
        return pixels[..., 0]
    return pixels


def upright(pages: np.ndarray, turn: int) -> np.ndarray:
    """Pages (pages, height, width, …) as they are meant to be seen; turn: the tag Orientation."""
    if turn in _ON_THEIR_SIDE:
        pages = pages.swapaxes(1, 2)
    if turn in (3, 4, 7, 8):
        pages = pages[:, ::-1]
    if turn in (2, 3, 6, 7):
        pages = pages[:, :, ::-1]
    return np.ascontiguousarray(pages)


class _Own(NamedTuple):
    """What a page says of itself: its tag Orientation, and its palette, empty where it has none."""

    turn: int
    colours: bytes
    palette: np.ndarray | None


def _own_tags(series: tifffile.TiffPageSeries, count: int) -> list[_Own]:
    """What each of so many pages says; nothing where the file describes the first one alone."""
    described = [page for page in series.pages if page is not None]
    if not len(described) == count > 1:
        return []
    found = []
    for item in described:
        page = item if isinstance(item, tifffile.TiffPage) else item.aspage()
        palette = _palette(page) if page.photometric == _PALETTE else None
        colours = b"" if palette is None else palette.tobytes()
        found.append(_Own(int(page.tags.valueof("Orientation", 1)), colours, palette))
    return found


def _turned_alike(path: Source, pages: np.ndarray, turns: list[int], as_first: int) -> np.ndarray:
    """Pages (pages, height, width, …), stored so that the first one's Orientation holds for all.

    InputError where some lie on their side and are not square.
    """
    shown = [upright(page[np.newaxis], turn) for page, turn in zip(pages, turns, strict=True)]
    if len({page.shape for page in shown}) > 1:
        raise InputError(
            f"{path}: its pages are turned in different ways, upright and on their side; save each "
            "in a file of its own"
        )
    back = {6: 8, 8: 6}.get(as_first, as_first)  # the others undo themselves
    return upright(np.concatenate(shown), back)


def _in_own_colours(pages: np.ndarray, own: list[_Own]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pages (pages, height, width) through the palette of each, and remarks on palettes."""
    shown = [
        as_shown(Recording(page[np.newaxis], palette=item.palette))
        for page, item in zip(pages, own, strict=True)
    ]
    grey = all(item.pages.ndim == 3 for item in shown)
    parts = [
        item.pages if grey or item.pages.ndim == 4 else np.repeat(item.pages[..., None], 3, axis=3)
        for item in shown
    ]
    return np.concatenate(parts), tuple(dict.fromkeys(line for r in shown for line in r.remarks))


def _without_inks(pages: np.ndarray) -> np.ndarray:
    """Red, green and blue from pages (…, 4) of cyan, magenta, yellow and black ink."""
    full = np.iinfo(pages.dtype).max
    paper = 1 - pages.astype(float) / full
    return np.rint(full * paper[..., :3] * paper[..., 3:]).astype(pages.dtype)


def _white_level(page: tifffile.TiffPage, pages: np.ndarray) -> float:
    """The value that is black where zero is white: the greatest there can be, or that there is."""
    if pages.dtype.kind == "u":
        return float(2 ** int(np.max(page.bitspersample)) - 1)
    if pages.dtype.kind == "f":
        finite = pages[np.isfinite(pages)]
        return float(finite.max() + finite.min()) if finite.size else 0.0
    return -1.0 if pages.dtype.kind == "i" else 1.0  # of integers with sign, -1 - value is in range


def _palette(page: tifffile.TiffPage) -> np.ndarray:
    """The colours (values, 3) of a palette, of 8 bit where they have no more.

    They have 16 bit in a TIFF; some programs write those of 8 bit as they are.
    """
    colours = np.asarray(page.colormap).T
    if colours.max() < 256:
        return colours.astype(np.uint8)
    low, high = colours & 255, colours >> 8
    return high.astype(np.uint8) if ((low == 0) | (low == high)).all() else colours
