"""The part of a recording that is picture: all but the data bars, or what a user says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synthwire.io.burnt_in.data_bar import find_data_bars, is_drawn
from synthwire.io.burnt_in.window import Window, window_by_hand
from synthwire.io.recordings.recording import Recording


def with_window(recording: Recording, crop: Mapping[str, Any] | None = None) -> Recording:
    """A recording with its `window`, and a remark where nobody has asked for it.

    crop: as `window_by_hand` takes it; {} leaves all as it is; None finds data bars: by the rows
    that the file says the picture has, else in the picture itself, alike on the first and the last
    page. Scans over photon energies have none. InputError where a crop leaves no picture.
    """
    height, width = recording.pages.shape[1:3]
    if crop is not None:
        return replace(recording, window=window_by_hand(crop, height, width))
    window = _found(recording)
    if window is None:
        return recording
    where = [
        f"the {name} {rows} rows"
        for name, rows in (("upper", window.top), ("lower", height - window.bottom))
        if rows
    ]
    remark = f"{' and '.join(where)} are a data bar and left out (--crop none takes them in)"
    return replace(recording, window=window, remarks=(*recording.remarks, remark))


def _found(recording: Recording) -> Window | None:
    height, width = recording.pages.shape[1:3]
    rows = recording.picture_rows
    if rows is not None and rows < height and is_drawn(recording.pages[0][rows:]):
        return Window(0, 0, width, rows)
    if recording.energies_ev is not None:
        return None
    first = find_data_bars(recording.pages[0])
    if first is None or len(recording.pages) == 1:
        return first
    return first if find_data_bars(recording.pages[-1]) == first else None
