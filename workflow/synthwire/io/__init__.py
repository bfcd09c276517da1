"""Bytes to arrays and back; knows no nanowire.

files.py opens and writes whole files, JSON and text. recordings/ reads images of any format,
calibration.py what TIFFs say of the size of pixels, units.py units of length. grey.py makes the
8-bit image that models see, stacks.py keeps such images in one TIFF, volumes.py labelled volumes.
masks.py encodes masks, coco.py keeps them as COCO data sets, outlines/ exchanges them with
annotation tools.
"""
