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
    if not collector.content.strip():
        return "an empty file"
    if collector.text.lstrip().startswith(("{", "[")):
        return f"JSON by its content, but named {collector.suffix}; name it .json"
    if b"Exported using VGG Image Annotator" in collector.content[:200]:
        return "the table of VIA 3; save its project as JSON"
    if collector.suffix == ".csv" and b"region_shape_attributes" in collector.content:
        return "VIA's table without a row; export it again"
    known = BY_SUFFIX.get(collector.suffix)
    return known or f"'{collector.suffix}' is no format of outlines that is known; {INSTEAD}"


# Fields of JSON files, all of which tell a program's.
_FIELDS = (
    ({"type", "objects", "transforms", "arcs"}, "TopoJSON; export GeoJSON"),
    ({"objects", "size"}, f"Supervisely's JSON of no image, but of a video or the like; {INSTEAD}"),
    ({"objects", "info"}, f"ISAT's JSON; {INSTEAD}"),
    ({"objects", "imgHeight"}, f"Cityscapes' JSON; {INSTEAD}"),
    ({"item", "annotations"}, f"Darwin's JSON, of V7; {INSTEAD}"),
    ({"items", "categories"}, f"Datumaro's JSON; {INSTEAD}"),
    ({"instances", "metadata"}, f"SuperAnnotate's JSON; {INSTEAD}"),
    ({"asset", "regions"}, f"VoTT's JSON; {INSTEAD}"),
    ({"images", "project_name"}, f"Hasty's JSON; {INSTEAD}"),
    ({"data_row", "projects"}, f"Labelbox's export; {INSTEAD}"),
    ({"External ID", "Label"}, f"Labelbox's export; {INSTEAD}"),
    ({"images", "categories"}, "COCO without the list 'annotations'; export the whole COCO file"),
    ({"annotations"}, "annotations without the list 'images' of COCO; export the whole COCO file"),
)


def _what_json_is(data: Any) -> str:
    if not data:
        return "nothing in it; export again"
    first = data[0] if isinstance(data, list) and data else data
    keys = set(first) if isinstance(first, dict) else set()
    for fields, what in _FIELDS:
        if fields <= keys:
            return what
    return (
        "neither COCO, nor VGG Image Annotator, nor LabelMe, nor Label Studio, nor GeoJSON with "
        "outlines"
    )
