"""What people give as outlines and is not read: named for what it is, and what to export then."""

from __future__ import annotations

from typing import Any

from synthwire.io.outlines.collector import JSON_SUFFIXES, Collector

INSTEAD = "export COCO JSON, a label image (PNG, TIFF) or Fiji ROIs"

BY_SUFFIX = {
    ".ilp": "an ilastik project; export its object identities or segmentation as TIFF or HDF5",
    ".qpdata": "QuPath's own data; export the objects as GeoJSON",
    ".qpproj": "a QuPath project; export the objects as GeoJSON",
    ".gz": "compressed; unpack it first",
    ".tar": "an archive; unpack it, or pack it as zip",
    ".7z": "an archive; unpack it, or pack it as zip",
    ".rar": "an archive; unpack it, or pack it as zip",
    ".npz": "an archive of arrays; save the one of labels with numpy.save",
    ".mat": f"MATLAB's data; {INSTEAD}",
    ".pkl": f"a Python pickle, which could run anything; {INSTEAD}",
    ".svg": f"a drawing; {INSTEAD}",
    ".xcf": "a GIMP picture; export the layer of labels as PNG",
    ".psd": "a Photoshop picture; export the layer of labels as PNG",
    ".tfrecord": f"TensorFlow's records; {INSTEAD}",
    ".parquet": f"a table; {INSTEAD}",
    ".xlsx": f"a table; {INSTEAD}",
    ".xls": f"a table; {INSTEAD}",
    ".ndjson": f"Labelbox's export; {INSTEAD}",
    ".yaml": "a list of settings; give the folder or the zip of YOLO's text files",
    ".yml": "a list of settings; give the folder or the zip of YOLO's text files",
    ".xml": "XML, but not CVAT's for images; export as CVAT for images 1.1 or COCO 1.0",
    ".csv": "a table, but neither VIA's nor napari's; " + INSTEAD,
    ".txt": "text, but neither YOLO's (a class and places from 0 to 1) nor Cellpose's outlines",
}


def what_is(collector: Collector) -> str:
    """One line that says what a file is that no reader knows, and what to give instead."""
    if collector.suffix in JSON_SUFFIXES:
        return _what_json_is(collector.json)
    if collector.suffix == ".xml":
        if b"<bndbox>" in collector.content:
            return f"boxes as Pascal VOC has them, no outlines; {INSTEAD}"
        if b"<polygon>" in collector.content:
            return f"XML of the old LabelMe; {INSTEAD}"
    known = BY_SUFFIX.get(collector.suffix)
    return known or f"'{collector.suffix}' is no format of outlines that is known; {INSTEAD}"


def _what_json_is(data: Any) -> str:
    if isinstance(data, dict):
        keys = set(data)
        if {"type", "objects", "transforms", "arcs"} <= keys:
            return "TopoJSON; export GeoJSON"
        if {"objects", "size"} <= keys:
            return f"Supervisely's JSON; {INSTEAD}"
        if {"data_row", "projects"} & keys:
            return f"Labelbox's export; {INSTEAD}"
        if {"item", "annotations"} <= keys:
            return f"Datumaro's or Darwin's JSON; {INSTEAD}"
        if {"imgHeight", "objects"} <= keys:
            return f"Cityscapes' JSON; {INSTEAD}"
        if "annotations" in keys:
            return "annotations without the list 'images' of COCO; export the whole COCO file"
    return (
        "neither COCO, nor VGG Image Annotator, nor LabelMe, nor Label Studio, nor GeoJSON with "
        "outlines"
    )
