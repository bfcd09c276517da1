"""Outlines from and for annotation tools.

What is wrong with a single outline does not stop the reading: it is repaired or left out, and a
remark says which outline and what was done.

One file a format, each with `recognises` and `read`, with `names` where its files name images, and
with what writes it: coco, via (VGG Image Annotator), labelme, label_studio, supervisely, cvat,
geojson (QuPath), napari, yolo, cellpose, fiji (ROIs; fiji_shapes gives their areas), labels (label
images, whose numbers label_arrays reads). formats.py has the table of them and finds the right one;
unknown.py names what is none. pairing.py is the rule by which outlines find their image, sources.py
applies it to folders, archives (archives.py) and files, reading.py reads what it finds.
collector.py is what all formats share; geometry.py fills rings and finds those of a mask,
pictures.py reads masks that stand in JSON as small pictures.
"""

from synthwire.io.outlines.coco import write_coco
from synthwire.io.outlines.collector import Outlines
from synthwire.io.outlines.fiji import fiji_lines, fiji_rois, write_fiji_rois
from synthwire.io.outlines.geometry import fill, rings_of
from synthwire.io.outlines.labels import label_tiff, write_labels
from synthwire.io.outlines.reading import read_outlines
from synthwire.io.outlines.sources import Claim, OutlineSource

__all__ = [
    "Claim",
    "OutlineSource",
    "Outlines",
    "fiji_lines",
    "fiji_rois",
    "fill",
    "label_tiff",
    "read_outlines",
    "rings_of",
    "write_coco",
    "write_fiji_rois",
    "write_labels",
]
