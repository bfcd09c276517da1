"""The pixel size of a recording, weighed, and completed by the texts beside its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from synthwire.io.calibration import Calibration, Found, sidecar_calibration, weigh
from synthwire.io.files import MemoryFile
from synthwire.io.recordings.recording import Recording


def calibrated(path: Path | MemoryFile, recording: Recording) -> Recording:
    """A recording whose pixel size has gone through all doubts.

    Where its file says none, or one that is doubtful, that of a text beside it is taken, as JEOL,
    Hitachi and TESCAN write.
    """
    shape = recording.pages.shape[1:3]
    own = Calibration()
    if recording.pixel_size_nm is not None:
        size = recording.pixel_size_nm
        own = weigh([lambda: Found(size)], shape)
    doubt = recording.pixel_size_doubt or own.doubt
    chosen = replace(own, doubt=doubt, remarks=(*recording.pixel_size_remarks, *own.remarks))
    if chosen.size_nm is None or doubt:
        beside = sidecar_calibration(path, shape)
        if beside.size_nm is None or (chosen.size_nm is not None and beside.doubt):
            chosen = replace(chosen, remarks=(*chosen.remarks, *beside.remarks))
        else:
            chosen = beside
    return replace(
        recording,
        picture_rows=chosen.picture_rows or recording.picture_rows,
        pixel_size_nm=chosen.size_nm,
        pixel_size_doubt=chosen.doubt,
        pixel_size_remarks=tuple(dict.fromkeys(chosen.remarks)),
    )
