"""Microscopy images of any format, read: arrays with what their files say of them.

An image is (height, width) or (height, width, channels); a recording is what one file holds: one
or more pages of one shape with what the file says about pixel size and photon energies.
Pixel (row j, column i) covers [j, j+1] × [i, i+1]; sizes are given as (y, x).

One file a format, each with SUFFIXES, `recognises` and `read`: tiff; hdf5, whose layouts are emd,
hyperspy, ptychography and nexus (hdf5_items has what they share); digital_micrograph, mrc, ser,
nanonis (with binary to read numbers and pixels), sdf, arrays (NPY), and pillow (PNG, JPEG and the
rest), which names by foreign.py what is no image. formats.py has the table of them and finds the
right one; recording.py is what they give, and its limits. display.py shows values as a viewer does,
and calibrated.py weighs the pixel size; where TIFFs keep one stands in `synthwire.io.calibration`.
"""

from synthwire.io.recordings.formats import array_recording, read_image, read_recording
from synthwire.io.recordings.recording import Recording

__all__ = ["Recording", "array_recording", "read_image", "read_recording"]
