"""Bytes to arrays and back; knows no nanowire.

files.py opens and writes whole files, JSON and text. recordings/ reads images of any format,
calibration/ what is said of the size of their pixels, units.py lengths and their units. grey.py
makes the 8-bit image that models see, stacks.py keeps such images in one TIFF, written_tiff.py
tells its readers the pixel size, volumes.py keeps labelled volumes. complex_numbers.py makes
complex images real.
masks.py encodes masks, coco.py keeps them as COCO data sets, outlines/ exchanges them with
annotation tools.
"""
