"""What is no image is named for what it is."""

import io
import json
import zipfile

import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording


def zipped(name, content=b"x"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


def geojson(**more):
    return {"type": "FeatureCollection", "features": [], **more}


def npz():
    content = io.BytesIO()
    np.savez(content, image=np.zeros((9, 9)))
    return content.getvalue()


CASES = [
    ("wires.geojson", json.dumps(geojson()).encode(), "GeoJSON"),
    ("wires.geojson", json.dumps(geojson(), indent=1).encode("utf-8-sig"), "GeoJSON"),
    ("wires.geojson", json.dumps(geojson()).encode("utf-16"), "GeoJSON"),
    ("wires.json", b'{"version": "5.0", "shapes": []}', "LabelMe"),
    ("coco.json", b'{"images": [], "annotations": []}', "COCO"),
    ("via.json", b'{"_via_settings": {}}', "VIA"),
    ("other.json", b'{"a": 1}', "JSON"),
    ("annotations.xml", b"<?xml version='1.0'?><annotations><image/></annotations>", "CVAT"),
    ("wires.roi", b"Iout\0\xe3" + bytes(60), "ImageJ ROI"),
    ("wires.zip", zipped("0001.roi"), "zip of ImageJ ROIs"),
    ("wires.zip", zipped("a.tif"), "zip archive; unpack it"),
    ("wires.npz", npz(), "NPZ"),
    ("wires.zspy", zipped(".zgroup"), "Zarr"),
    ("report.docx", zipped("word/document.xml"), "Office"),
    ("paper.pdf", b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    ("a.czi", b"ZISRAWFILE" + bytes(90), "CZI"),
    ("a.nd2", b"\xda\xce\xbe\x0a" + bytes(90), "ND2"),
    ("a.lif", b"\x70\0\0\0" + bytes(90), "LIF"),
    ("a.txrm", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90), "TXRM"),
    ("a.fits", b"SIMPLE  =                    T" + bytes(90), "FITS"),
    ("a.dcm", bytes(128) + b"DICM" + bytes(90), "DICOM"),
    ("a.heic", b"\0\0\0\x18ftypheic" + bytes(90), "HEIC"),
    ("a.mat", b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600), "MATLAB"),
    ("a.spm", b"\\*File list\r\n\\Version: 0x09200201", "NanoScope"),
    ("page.png", b"<!DOCTYPE html><html><body>not found</body></html>", "web page"),
    ("a.tif", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9", "Git LFS"),
    ("a.csv", b"x,y\n1,2\n3,4\n", "a text; save the numbers"),
    ("a.emi", b"ES\x01\0" + bytes(90), "ser file"),
    ("a.pam", b"P7\nWIDTH 9\nHEIGHT 9\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(81), "PAM"),
    ("a.jxl", b"\xff\x0a" + bytes(90), "JPEG XL"),
    ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "JPEG XL"),
    ("a.jpg", b"\xff\xd8\xff\xf7\0\x0b\x0c" + bytes(90), "more than 8 bit"),  # JPEG-LS
    ("a.mrc", bytes(5000), "copy it again"),
]


@pytest.mark.parametrize(("name", "content", "says"), CASES)
@pytest.mark.parametrize("on_disk", [True, False])
def test_files_of_other_kinds_are_named(tmp_path, name, content, says, on_disk):
    source = MemoryFile(name, content)
    if on_disk:
        source = tmp_path / name
        source.write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: not an image, but [^\n]*{says}[^\n]*$"):
        read_recording(source)


def test_what_nobody_knows_is_said_so():
    with pytest.raises(InputError, match=r"^a\.xyz: not an image of any format that is read"):
        read_recording(MemoryFile("a.xyz", bytes(range(128, 256)) * 9))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("ENVI\nsamples = 320\nlines = 240\nbands = 1\n", "ENVI header"),
        ("[MAIN]\nDevice=VEGA3\nPixelSizeX=8e-09\n", "TESCAN"),
    ],
)
def test_other_headers_are_no_scans(tmp_path, content, says):
    (tmp_path / "a.hdr").write_text(content)
    with pytest.raises(InputError, match=rf"a\.hdr: not the header of an SDF scan, but .*{says}"):
        read_recording(tmp_path / "a.hdr")
