"""GeoJSON, as QuPath exports it: polygons in pixels, with holes and of several parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector

GEOMETRIES = (
    "Polygon", "MultiPolygon", "GeometryCollection", "Point", "MultiPoint", "LineString",
    "MultiLineString",
)  # fmt: skip


def recognises(collector: Collector) -> bool:
    nothing = collector.suffix == ".geojson" and collector.json == []
    return bool(_features(collector.json)) or _is_collection(collector.json) or nothing


def read(collector: Collector) -> None:
    """Take in the features with an area, as particles of the only image there is."""
    if len(collector.names) > 1:
        raise collector.error("GeoJSON is of one image; one file is expected for each")
    planes = set()
    for number, feature in enumerate(_features(collector.json), start=1):
        where = f"feature {number}"
        plane = (feature.get("geometry") or {}).get("plane") or {}
        planes.add((plane.get("z", 0), plane.get("t", 0)))
        properties = feature.get("properties") or {}
        mask_of = partial(_mask, collector, feature.get("geometry") or feature, where)
        collector.take(0, where, mask_of, _class(properties))
    if len(planes) > 1:
        collector.remark(f"{len(planes)} planes", "of a stack; all taken as those of one image")


def _is_collection(data: Any) -> bool:
    return isinstance(data, dict) and data.get("type") == "FeatureCollection"


def _features(data: Any) -> list[dict]:
    """Features of a collection, a list of them, or a single one; geometries alone, too."""
    if isinstance(data, dict) and isinstance(data.get("features"), list):
        data = data["features"]
    features = data if isinstance(data, list) else [data]
    if not all(isinstance(item, dict) for item in features):
        return []
    known = any(item.get("type") in ("Feature", *GEOMETRIES) for item in features)
    return features if known else []


def _class(properties: Mapping) -> str:
    kind = properties.get("classification")
    if not isinstance(kind, dict):
        return str(kind or "")
    return str(kind.get("name") or ": ".join(map(str, kind.get("names") or ())))


def _mask(collector: Collector, geometry: Mapping, where: str) -> dict:
    """RLE of a geometry; what an odd number of a polygon's rings encloses, parts united."""
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = [part for part in geometry["geometries"] if "Polygon" in part["type"]]
        masks = [_mask(collector, part, where) for part in parts]
    elif kind == "Polygon":
        return collector.mask_of_rings([_ring(ring) for ring in geometry["coordinates"]], where)
    elif kind == "MultiPolygon":
        masks = [
            collector.mask_of_rings([_ring(ring) for ring in part], where)
            for part in geometry["coordinates"]
        ]
    else:
        raise InputError(f"a {kind} encloses nothing")
    if not masks:
        raise InputError(f"a {kind} without polygons encloses nothing")
    return collector.merge(masks)


def _ring(points: Any) -> np.ndarray:
    return np.array([point[:2] for point in points], dtype=float)
