"""Stored values made what a viewer shows: palettes, and white as zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synthwire.io.recordings.recording import Recording

_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_RAMP_STEP = 0.1  # of the whole range: neighbours in a ramp of colours differ by less
_STRONG, _ONE_HUE = 0.25, 0.9  # of the range, between channels; of the pixels with strong colours
_SAMPLE = 256  # rows and columns that tell colours


def as_shown(recording: Recording) -> Recording:
    """A recording whose values are brightness or colours, zero being black."""
    if recording.palette is not None:
        return _through_palette(recording)
    if recording.white_level is not None:
        pages = recording.pages
        if pages.dtype in (bool, np.uint64):  # 64 bit have more digits than a level
            dark = ~pages
        else:
            dark = pages.dtype.type(recording.white_level) - pages
        return replace(recording, pages=dark, white_level=None)
    if recording.pages.ndim == 4 and _is_many_coloured(recording.pages[0]):
        why = (
            "of its many colours the brightness is read; where they stand for numbers, as a "
            "rainbow's do, save these as grey"
        )
        return replace(recording, remarks=(*recording.remarks, why))
    return recording


def _through_palette(recording: Recording) -> Recording:
    """Each value replaced by its colour.

    But for false colours: in a ramp whose brightness goes up and down, as a rainbow's, the values
    are the picture, and its brightness is not.
    """
    palette = recording.palette
    plain = replace(recording, palette=None)
    if palette is None or _is_rainbow(palette[: int(recording.pages.max()) + 1]):
        why = "its palette is a ramp of false colours: the values are taken, not their colours"
        return replace(plain, remarks=(*recording.remarks, why))
    if (palette == palette[:, :1]).all():
        palette = palette[:, 0]
    return replace(plain, pages=palette[recording.pages])


def _is_many_coloured(page: np.ndarray) -> bool:
    """Whether most of a page (height, width, 3 or 4) has strong colours, and of several hues."""
    step = -(-max(page.shape) // _SAMPLE)
    colours = page[::step, ::step, :3].astype(float)
    strong = np.ptp(colours, axis=2) > _STRONG * colours.max()
    hues = np.bincount(colours[strong].argmax(axis=1), minlength=3)
    return bool(strong.mean() > 0.5 and hues.max() < _ONE_HUE * hues.sum())


def _is_rainbow(palette: np.ndarray) -> bool:
    """Whether neighbours are alike, but the brightness neither only rises nor only falls.

    A palette that was made for a picture has its colours in any order.
    """
    if len(palette) < 16:
        return False
    colours = palette / np.iinfo(palette.dtype).max
    steps = np.diff(colours @ _LUMINANCE)
    one_way = min(-steps[steps < 0].sum(), steps[steps > 0].sum()) < _RAMP_STEP
    return not one_way and np.abs(np.diff(colours, axis=0)).max(axis=1).mean() < _RAMP_STEP
