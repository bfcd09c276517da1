"""Microscopy images of any format, read: arrays with what their files say of them.

An image is (height, width) or (height, width, channels); a recording is what one file holds: one
or more pages of one shape with what the file says about pixel size and photon energies.
Pixel (row j, column i) covers [j, j+1] × [i, i+1]; sizes are given as (y, x).

One file a format, each with `recognises` and `read`: tiff, nexus and sdf (STXM scans), pillow (PNG,
JPEG and the rest). formats.py has the table of them and finds the right one; recording.py is what
they give, and its limits. Where TIFFs keep a pixel size stands in `synthwire.io.calibration`.
"""

from synthwire.io.recordings.formats import read_image, read_recording
from synthwire.io.recordings.recording import Recording

__all__ = ["Recording", "read_image", "read_recording"]
