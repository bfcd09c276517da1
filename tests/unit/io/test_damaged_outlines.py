"""Any file of outlines with wrong bytes in it ends in outlines or in one line."""

import base64
import io
import json
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from outline_cases import SHAPE, SQUARE, coco, square
from PIL import Image
from roifile import ImagejRoi

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.outlines.fiji import fiji_rois
from synthwire.io.outlines.reading import read_outlines


def written(write) -> bytes:
    content = io.BytesIO()
    write(content)
    return content.getvalue()


def as_hdf5(file) -> None:
    with h5py.File(file, "w") as opened:
        opened["exported_data"] = square().astype(np.uint8)


def as_zip(file) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", json.dumps(coco([square()])))


def dumped(value) -> bytes:
    return json.dumps(value).encode()


RING = [*SQUARE, SQUARE[0]]
VALUE = {"points": SQUARE, "polygonlabels": ["wire"]}
ROI = ImagejRoi.frompoints(np.array(SQUARE))
PIXELS = square().astype(np.uint8)
FILES = {
    "coco.json": dumped(coco([square()])),
    "labelme.json": dumped({"imagePath": "a.png", "shapes": [{"points": SQUARE, "label": "x"}]}),
    "supervisely.json": dumped({"size": {}, "objects": [{"geometryType": "bitmap", "bitmap": {
        "origin": [5, 6], "data": base64.b64encode(zlib.compress(written(
            lambda file: Image.fromarray(PIXELS[6:20, 5:15]).save(file, "PNG")))).decode()}}]}),
    "via.json": dumped({"a": {"filename": "a.png", "regions": [{"shape_attributes": {
        "name": "rect", "x": 1, "y": 2, "width": 9, "height": 9}}]}}),
    "studio.json": dumped([{"data": {"image": "a.png"}, "annotations": [{"result": [
        {"type": "polygonlabels", "value": VALUE}]}]}]),
    "a.geojson": dumped({"type": "Polygon", "coordinates": [RING]}),
    "cvat.xml": b'<annotations><image name="a.png"><polygon points="1,1;9,1;9,9"/></image>'
                b"</annotations>",
    "napari.csv": b"index,shape-type,vertex-index,axis-0,axis-1\n0,polygon,0,1,1\n"
                  b"0,polygon,1,9,1\n0,polygon,2,9,9\n",
    "yolo.txt": b"0 0.1 0.1 0.4 0.1 0.4 0.4\n",
    "a_cp_outlines.txt": b"1,1,9,1,9,9\n",
    "a.roi": ROI.tobytes(),
    "rois.zip": fiji_rois(coco([square()])),
    "export.zip": written(as_zip),
    "a.png": written(lambda file: Image.fromarray(PIXELS).save(file, "PNG")),
    "a.bmp": written(lambda file: Image.fromarray(PIXELS).save(file, "BMP")),
    "a.tif": written(lambda file: tifffile.imwrite(file, PIXELS)),
    "overlay.tif": written(lambda file: tifffile.imwrite(
        file, PIXELS, imagej=True, metadata={"Overlays": [ROI.tobytes()] * 2})),
    "a.npy": written(lambda file: np.save(file, PIXELS)),
    "a_seg.npy": written(lambda file: np.save(file, {"masks": PIXELS}, allow_pickle=True)),
    "a.h5": written(as_hdf5),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(name):
    assert read_outlines(MemoryFile(name, FILES[name]), ["a.png"], SHAPE).annotations


@pytest.mark.parametrize("name", FILES)
@settings(deadline=None, max_examples=40)
@given(st.data())
def test_wrong_bytes_end_in_outlines_or_in_one_line(name, data):
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        read_outlines(MemoryFile(name, bytes(content[:end])), ["a.png"], SHAPE)
    except InputError as error:
        assert name in str(error)
