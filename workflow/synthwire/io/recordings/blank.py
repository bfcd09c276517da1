"""Pixels that are no picture: rims of turned or shifted images, lines that a scan never reached.

They are NaN, wholly transparent, or of one number. It counts only where its shape cannot be that of
the ground: it lies in corners so that a convex region is left, or it fills whole lines: zeros
two at least, to the image's end; any other number where it stops at once. Pictures in
frames of one grey, exact or not, are sought in framed.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from synthwire.io.burnt_in.window import Window
from synthwire.io.recordings.framed import framed
from synthwire.io.recordings.recording import SMALLEST_SIDE, Recording

_FULL, _EMPTY = 0.98, 0.02  # of a line: what may be missing, or be left, by noise
_HOLLOW = 0.25  # how much of the rim the picture's convex hull may cover
_LEAST_RIM = 16  # coarse pixels; a smaller one has no shape
_LEAST_CONVEX = 0.6  # of the image; less may be one particle on a ground of zeros,
_LEAST_TURNED = 0.4  # but for what reaches all four ends of the image
_LEAST_LINES = 0.05
# Of the lines beside those of one number, and of the rest: from there on it is the picture's own.
_FILLING, _OWN = 0.1, 0.25
_DARK = 10  # percentile of the picture's values
_COARSE = 256  # pixels of the longer side in which shapes are judged
_BLOCK, _SMEARED = 8, 20  # of JPEG; of 8 bit: how far a rim's number is smeared in a mixed block
# What programs write where they have no number, with either sign; some in six digits.
_NO_NUMBER, _DIGITS = float(np.finfo(np.float32).max), 1e-5


def without_blank(recording: Recording) -> Recording:
    """A recording with `valid` set where pixels are no picture, and a remark on them.

    Of a scan over photon energies the pages that it never reached are left out.
    """
    window = recording.window
    if window is not None:
        return _within(recording, window)
    pages, energies = recording.pages, recording.energies_ev
    remarks = list(recording.remarks)
    if energies is not None and len(energies) == len(pages):
        taken = np.array([_has_picture(page) for page in pages])
        if taken.any() and not taken.all():
            remarks.append(f"{(~taken).sum()} of {len(pages)} pages are empty and left out")
            pages = pages[taken]
            energies = tuple(np.asarray(energies)[taken].tolist())
    masks = [_valid(page) for page in pages]
    if _has_holes(pages):
        opaque = pages[..., 3] > 0
        masks = [
            shown if mask is None else mask & shown
            for mask, shown in zip(masks, opaque, strict=True)
        ]
        pages = pages[..., :3]
    valid = None
    if any(mask is not None for mask in masks):
        full = np.ones(pages.shape[1:3], bool)
        valid = np.stack([full if mask is None else mask for mask in masks])
        share = max(0.1, 100 * (1 - valid.mean()))
        remarks.append(f"{share:.3g} % of the pixels are no picture: a rim, or lines not scanned")
    return replace(
        recording, pages=pages, energies_ev=energies, remarks=tuple(remarks), valid=valid
    )


def _within(recording: Recording, window: Window) -> Recording:
    """The same of a recording of which a part alone is picture."""
    part = (slice(None), *window.rows_columns)
    inner = without_blank(replace(recording, pages=recording.pages[part], window=None))
    pages = recording.pages
    if len(inner.pages) < len(pages):
        pages = pages[[_has_picture(page) for page in pages[part]]]
    if inner.pages.ndim == 4:
        pages = pages[..., : inner.pages.shape[3]]
    valid = np.zeros(pages.shape[:3], bool)
    valid[part] = True if inner.valid is None else inner.valid
    return replace(inner, pages=pages, window=window, valid=valid)


def _has_picture(page: np.ndarray) -> bool:
    return bool((np.isfinite(page) & (page != 0)).any())


def _has_holes(pages: np.ndarray) -> bool:
    """Whether some pixels are wholly transparent, and all others not at all."""
    if pages.ndim != 4 or pages.shape[3] != 4:
        return False
    alpha = pages[..., 3]
    opaque = alpha == alpha.max()
    return bool(alpha.max() > 0 and not opaque.all() and (opaque | (alpha == 0)).all())


def _valid(page: np.ndarray) -> np.ndarray | None:
    """Where a page (height, width[, colours]) is a picture; None where that is everywhere."""
    values = page if page.ndim == 2 else page[..., :3].max(axis=2)
    valid = _numbers(values) if values.dtype.kind == "f" else None
    if valid is not None and valid.all():
        valid = None
    if valid is None and values.dtype.kind != "b":
        picture = framed(values)
        if picture is not None:
            return picture
    corners = values[[0, 0, -1, -1], [0, -1, 0, -1]]
    if values.dtype.kind != "b" and ((corners == 0) | ~np.isfinite(corners)).any():
        empty = (values == 0) if valid is None else (values == 0) | ~valid
        rim = _rim(empty, values)
        if rim is not None:
            valid = ~rim if valid is None else valid & ~rim
    elif values.dtype.kind != "b":
        for filling in np.unique(corners):
            rim = _rim(values == filling, values, filling)
            if rim is not None:
                valid = ~rim if valid is None else valid & ~rim
    if valid is None and values.dtype.kind != "b":
        valid = _without_filling(values)
    if valid is None and values.dtype == np.uint8:
        valid = _without_smeared(values)
    return _within_frames(page, valid) if valid is not None and valid.any() else None


def _numbers(values: np.ndarray) -> np.ndarray:
    """Which of some floats are numbers that were measured."""
    finite = np.isfinite(values)
    if values.dtype.itemsize < 4:
        return finite
    with np.errstate(invalid="ignore"):  # damaged files hold all kinds of NaN
        return finite & (np.abs(np.abs(values) / _NO_NUMBER - 1) > _DIGITS)


def _within_frames(page: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Where a page is a picture, of one that has a frame within another, as screenshots do."""
    part = ndimage.find_objects(valid.astype(np.uint8))[0]
    smaller = valid[part].size < valid.size and min(valid[part].shape) >= SMALLEST_SIDE
    inner = _valid(page[part]) if smaller else None
    if inner is not None:
        valid[part] &= inner
    return valid


def _without_filling(values: np.ndarray) -> np.ndarray | None:
    """Where a page is a picture, without lines at its ends that were filled with one number."""
    picture = np.ones(values.shape, bool)
    for pixels, shown in ((values, picture), (values.T, picture.T)):
        for way, part in ((pixels, shown), (pixels[::-1], shown[::-1])):
            lines = _filled_lines(way)
            if lines:
                part[-lines:] = False
    return None if picture.all() else picture


def _filled_lines(values: np.ndarray) -> int:
    """How many of the last rows hold one number alone, and no picture.

    A picture's own ground may be one number, too; but then it has it beside these rows as well.
    Zeros are judged by `_rim`.
    """
    height, width = values.shape
    if values[-1, 0] == 0:
        return 0
    one = (values == values[-1, 0]).all(axis=1)
    lines = height if one.all() else int(np.argmin(one[::-1]))
    if not max(2, _LEAST_LINES * height) <= lines < height - 2:
        return 0
    last = height - lines - 1  # the one in which a scan was stopped
    inner = values[:last, width // 4 : width - width // 4] == values[-1, 0]
    own = inner[-2:].mean() >= _FILLING or inner.mean() >= _OWN
    return 0 if own else lines


def _without_smeared(values: np.ndarray) -> np.ndarray | None:
    """Where a page of a JPEG is a picture: blocks of one number that reach two corners are none.

    Blocks that hold a part of the picture are smeared all over; what in them is near the number
    belongs to it.
    """
    height, width = values.shape
    blocks = np.pad(values, ((0, -height % _BLOCK), (0, -width % _BLOCK)), mode="edge")
    blocks = blocks.reshape(blocks.shape[0] // _BLOCK, _BLOCK, -1, _BLOCK)
    level = blocks[:, 0, :, 0]
    plain = blocks.min(axis=(1, 3)) == blocks.max(axis=(1, 3))
    corners = (np.array([0, 0, -1, -1]), np.array([0, -1, 0, -1]))
    for number in np.unique(level[corners][plain[corners]]):
        labels, _ = ndimage.label(plain & (level == number), np.ones((3, 3)))
        found = labels[corners][labels[corners] > 0]
        if len(found) < 2:
            continue
        whole = np.isin(labels, found)
        mixed = ndimage.binary_dilation(whole, np.ones((3, 3)))
        rim, reached = (
            area.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)[:height, :width]
            for area in (whole, mixed)
        )
        rim |= reached & (np.abs(values.astype(np.int16) - int(number)) <= _SMEARED)
        picture = ndimage.uniform_filter(rim.astype(np.float32), _BLOCK + 1) < 0.5
        if not (_is_lines(picture) or _is_lines(picture.T) or _is_convex(picture)):
            continue
        if (values[picture] == number).mean() >= _FILLING:
            continue  # the picture's own ground
        beside = values[ndimage.binary_dilation(reached, np.ones((5, 5))) & ~reached]
        dark, bright = np.percentile(values[picture], (_DARK, 100 - _DARK))
        if beside.size and dark <= np.median(beside) <= bright:
            return picture
    return None


def without_dark_lines(recording: Recording) -> Recording:
    """A recording of transmitted intensities without the lines that have none, as of a shut beam.

    Where only these are no picture, its ground transmits; whole lines of zeros are no specimen.
    """
    values = recording.pages if recording.pages.ndim == 3 else recording.pages.max(axis=3)
    valid = np.ones(values.shape, bool) if recording.valid is None else recording.valid.copy()
    if recording.window is not None:
        inner = np.zeros(values.shape[1:], bool)
        inner[recording.window.rows_columns] = True
        valid &= inner
    lines = 0
    for shown, page in zip(valid, values, strict=True):
        for part, turned in ((shown, page), (shown.T, page.T)):
            there = part.sum(axis=1)
            dark = (there > 0) & (((turned <= 0) & part).sum(axis=1) >= _FULL * there)
            if dark.sum() < (there > 0).sum() / 2:
                part[dark] = False
                lines += int(dark.sum())
    if not lines:
        return recording
    said = f"{lines} lines within the image without any intensity are no picture"
    return replace(recording, valid=valid, remarks=(*recording.remarks, said))


def _rim(
    empty: np.ndarray, values: np.ndarray, filling: np.generic | None = None
) -> np.ndarray | None:
    """What of empty pixels is a rim or lines at the image's end; None where nothing is for sure.

    Beside a rim the picture begins at once; into what is black in it, it darkens, and it brightens
    into what is saturated. filling: the number of empty pixels; None: zero. Of others, lines are
    left to `_without_filling`.
    """
    labels, _ = ndimage.label(empty)
    at_corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
    rim = np.isin(labels, at_corners[at_corners > 0])
    square = np.ones((3, 3))
    block = rim & ndimage.binary_dilation(
        ndimage.binary_erosion(rim, square, border_value=1), square
    )  # without the zeros of a noisy picture that happen to touch it
    if filling is None and (_is_lines(~block) or _is_lines(~block.T)):
        rim = block
    elif not _is_convex(~rim):
        return None
    near = ndimage.binary_dilation(rim, square)
    beside = values[ndimage.binary_dilation(near, square) & ~near]
    beside = beside[np.isfinite(beside)]
    inside = values[~rim & np.isfinite(values)]
    if not beside.size:
        return None
    dark, bright = np.percentile(inside, (_DARK, 100 - _DARK))
    fades = np.median(beside) < dark if filling is None or filling < dark else False
    fades |= np.median(beside) > bright if filling is not None and filling > bright else False
    return None if fades else rim


def _is_lines(picture: np.ndarray) -> bool:
    """Whether whole rows are left, and none of the others; the last one may have been begun."""
    shares = picture.mean(axis=1)
    full, begun = shares > _FULL, (shares >= _EMPTY) & (shares <= _FULL)
    return bool(_LEAST_LINES < full.mean() < 1 and begun.sum() <= 1)


def _is_convex(picture: np.ndarray) -> bool:
    step = -(-max(picture.shape) // _COARSE)
    coarse = picture[::step, ::step]
    ends = (coarse[:3], coarse[-3:], coarse[:, :3], coarse[:, -3:])
    turned = all(end.any() for end in ends)
    if coarse.mean() < (_LEAST_TURNED if turned else _LEAST_CONVEX):
        return False
    rim = ~coarse
    covered = rim & convex_hull_image(coarse)
    return bool(rim.sum() >= _LEAST_RIM and covered.sum() <= _HOLLOW * rim.sum())
