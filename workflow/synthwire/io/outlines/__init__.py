"""Outlines from and for annotation tools.

What is wrong with a single outline does not stop the reading: it is repaired or left out, and a
remark says which outline and what was done.

One file a format, each with `recognises` and `read`, and with what writes it: coco, via (VGG Image
Annotator), labelme, fiji (ROIs), labels (label images). formats.py has the table of them and finds
the right one; collector.py is what they share; geometry.py fills rings and finds those of a mask.
"""

from synthwire.io.outlines.coco import write_coco
from synthwire.io.outlines.collector import Outlines
from synthwire.io.outlines.fiji import fiji_rois, write_fiji_rois
from synthwire.io.outlines.formats import read_outlines
from synthwire.io.outlines.geometry import fill, rings_of
from synthwire.io.outlines.labels import label_tiff, write_labels

__all__ = [
    "Outlines",
    "fiji_rois",
    "fill",
    "label_tiff",
    "read_outlines",
    "rings_of",
    "write_coco",
    "write_fiji_rois",
    "write_labels",
]
