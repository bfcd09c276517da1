"""What is drawn over the images of a file: masks of captions, a pixel size from scale bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthwire.io.burnt_in.drawings import Drawing, find_drawings, mask_of
from synthwire.io.burnt_in.reader import NoReader
from synthwire.io.burnt_in.scale_bar import BELIEVED, labelled_bars, read_scale_bar
from synthwire.io.calibration import length_words
from synthwire.io.calibration.doubts import odd_field
from synthwire.io.recordings import Recording

DISAGREEMENT = 0.05  # between a scale bar and the pixel size that a file gives


@dataclass(frozen=True)
class BurntIn:
    """What is drawn over the pages of a recording.

    drawings: of the first page, those of each part apart, the picture and the data bars. masks: of
    captions in each page's picture, None where it has none; empty where no page has any.
    """

    shape: tuple[int, int]
    drawings: tuple[Sequence[Drawing], ...] = ()
    masks: tuple[np.ndarray | None, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """A line for people, where there are captions."""
        if not self.masks:
            return ()
        return ("captions or a scale bar are drawn into the picture; they count as no particles",)

    def pixel_size(
        self, known: tuple[float, float] | None
    ) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
        """The pixel size (down, across) in nm, and what is to be said of it.

        known: what the file gives; a scale bar is then compared with it.
        """
        bars = [item for part in self.drawings for item in labelled_bars(part)]
        if not bars:
            return known, ()
        try:
            read = [read_scale_bar(part) for part in self.drawings]
        except NoReader:
            if known is not None:
                return known, ()
            return None, (
                f"a scale bar of {bars[0][1].length} px is drawn in; pip install "
                "'synthwire[formats]' has its label read, or give the pixel size",
            )
        found = max((bar for bar in read if bar), key=lambda bar: bar.confidence, default=None)
        if found is None:
            return known, ()
        size = found.pixel_nm
        if known is not None:
            if found.confidence < BELIEVED or abs(size / known[1] - 1) <= DISAGREEMENT:
                return known, ()
            return known, (
                f"the file gives {length_words(known[1])} per pixel, its scale bar "
                f"{length_words(size)} ({found}); the file's is taken",
            )
        if found.confidence < BELIEVED or odd_field((size, size), self.shape):
            return None, (
                f"the scale bar may say {length_words(size)} per pixel ({found}); give the pixel "
                "size if it does",
            )
        return (size, size), (f"pixel size {length_words(size)} from the scale bar: {found}",)


def find_burnt_in(recording: Recording) -> BurntIn:
    """What is drawn over the pages of a recording; over scans of photon energies nothing is."""
    height, width = recording.pages.shape[1:3]
    shape = (height, width)
    if recording.energies_ev is not None or recording.pages.dtype.kind == "b":
        return BurntIn(shape)
    window = recording.window
    part = (slice(0, height), slice(0, width)) if window is None else window.rows_columns
    found = [find_drawings(recording.pages[0][part])]
    masks: list[np.ndarray | None] = []
    for page in recording.pages if found[0] else ():
        inner = found[0] if not masks else find_drawings(page[part])
        mask = np.zeros(shape, dtype=bool)
        mask[part] = mask_of(inner, mask[part].shape)
        masks.append(mask if mask.any() else None)
    strips = [] if window is None else [slice(0, window.top), slice(window.bottom, height)]
    for rows in strips:
        strip = recording.pages[0][rows]
        if len(strip) >= 8:
            found.append(find_drawings(strip, strip=True))
    return BurntIn(shape, tuple(found), tuple(masks) if any(m is not None for m in masks) else ())
