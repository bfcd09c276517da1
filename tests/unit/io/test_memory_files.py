"""Files that are only in memory read as those on disk do, and lead to no other file."""

import io
import json
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from roifile import ImagejRoi
from stxm_scans import STACK, write_sdf

from synthwire.errors import InputError
from synthwire.io import recordings
from synthwire.io.coco import make_annotation
from synthwire.io.files import MemoryFile
from synthwire.io.masks import encode_mask
from synthwire.io.outlines import read_outlines, write_coco, write_fiji_rois, write_labels
from synthwire.io.outlines.fiji import LARGEST_ROI_ARCHIVE
from synthwire.io.outlines.label_arrays import read_labels
from synthwire.io.recordings.formats import companions_among

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 40), dtype=np.uint8)


def in_memory(path, name=None) -> MemoryFile:
    return MemoryFile(name or path.name, path.read_bytes())


def write(path, pixels=PIXELS):
    """Write pixels in the format that the suffix names."""
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["scan"] = pixels
    elif path.suffix == ".tif":
        tifffile.imwrite(path, pixels, metadata={"pixel_size_nm": [6.0, 6.0]})
    else:
        Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.h5"])
def test_images_are_those_on_disk(tmp_path, name):
    path = write(tmp_path / name)
    on_disk, uploaded = recordings.read_recording(path), recordings.read_recording(in_memory(path))
    np.testing.assert_array_equal(uploaded.pages, on_disk.pages)
    assert uploaded.pixel_size_nm == on_disk.pixel_size_nm


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.h5"])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, name):
    path = write(tmp_path / name)
    assert recordings.read_recording(path, largest_pixels=1200).pages.shape == (1, 30, 40)
    with pytest.raises(InputError, match=rf"{name}: 30 × 40 pixels; at most 0\.0011"):
        recordings.read_recording(in_memory(path), largest_pixels=1100)


def test_the_limit_counts_pages_and_not_colours(tmp_path):
    stack = tmp_path / "a.tif"
    tifffile.imwrite(stack, np.stack([PIXELS] * 3), photometric="minisblack")
    with pytest.raises(InputError, match="3 × 30 × 40 pixels"):
        recordings.read_recording(stack, largest_pixels=1200)
    colour = tmp_path / "rgb.tif"
    tifffile.imwrite(colour, np.stack([PIXELS] * 3, axis=-1), photometric="rgb")
    assert recordings.read_recording(colour, largest_pixels=1200).pages.shape == (1, 30, 40, 3)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89HDF\r\n\x1a\n", b"II*\0 and no more"])
def test_damaged_uploads_are_one_line_with_their_name(content):
    with pytest.raises(InputError, match=r"^my image\.png: [^\n]+$"):
        recordings.read_recording(MemoryFile("my image.png", content))


@pytest.mark.parametrize("kind", ["external", "storage", "virtual"])
def test_hdf5_that_draws_on_other_files_is_refused(tmp_path, kind):
    secret = tmp_path / "secret.h5"
    write(secret)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        if kind == "external":
            file["scan"] = h5py.ExternalLink(str(secret), "scan")
        elif kind == "storage":
            file.create_dataset(
                "scan", (30, 40), dtype=np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
            )
        else:
            layout = h5py.VirtualLayout((30, 40), dtype=np.uint8)
            layout[:] = h5py.VirtualSource(str(secret), "scan", shape=(30, 40))
            file.create_virtual_dataset("scan", layout)
    for read in (recordings.read_recording, read_labels):
        with pytest.raises(InputError, match="'scan' lies in another file"):
            read(in_memory(path))


def test_ome_tiff_that_names_other_files_reads_none_of_them(tmp_path):
    # on disk neither: in a folder they are found by themselves, and would be counted twice
    tifffile.imwrite(tmp_path / "b.ome.tif", PIXELS)
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="40" '
        'SizeY="30" SizeZ="2" SizeC="1" SizeT="1"><TiffData IFD="0" FirstZ="0"><UUID FileName='
        '"a.ome.tif">urn:uuid:1</UUID></TiffData><TiffData IFD="0" FirstZ="1"><UUID FileName='
        '"b.ome.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>'
    )
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, PIXELS, description=xml, metadata=None)
    assert len(recordings.read_recording(path).pages) == 1
    assert len(recordings.read_recording(in_memory(path)).pages) == 1


def test_rare_formats_are_read_from_disk_only(tmp_path):
    path = write(tmp_path / "a.ppm")
    assert recordings.read_recording(path).pages.shape == (1, 30, 40)
    with pytest.raises(InputError, match="not an image"):
        recordings.read_recording(in_memory(path, "a.png"))


def test_a_scan_is_read_with_the_images_that_came_with_its_header(tmp_path):
    path = write_sdf(tmp_path)
    files = [in_memory(file) for file in sorted(tmp_path.iterdir())]
    header = next(file for file in files if file.name == path.name)
    images = companions_among(header, files)
    assert len(images) == len(STACK)
    on_disk = recordings.read_recording(path)
    uploaded = recordings.read_recording(replace(header, beside=tuple(images)))
    np.testing.assert_array_equal(uploaded.pages, on_disk.pages)
    assert uploaded.pixel_size_nm == on_disk.pixel_size_nm
    assert uploaded.energies_ev == on_disk.energies_ev
    with pytest.raises(InputError, match=r"scan\.hdr: no scan_a000\.xim beside it"):
        recordings.read_recording(replace(header, beside=tuple(images[1:])))
    with pytest.raises(InputError, match="name the scan's .hdr file"):
        recordings.read_recording(images[0])


# -- outlines -------------------------------------------------------------------------------------

MASK = np.zeros(PIXELS.shape, dtype=bool)
MASK[5:9, 10:30] = True
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "height": 30, "width": 40}],
    "categories": [{"id": 1, "name": "nanowire"}],
    "annotations": [make_annotation(1, 1, encode_mask(MASK))],
}


def test_outlines_are_those_on_disk(tmp_path):
    write_coco(tmp_path / "a.json", COCO)
    write_fiji_rois(tmp_path / "a.zip", COCO)
    write_labels(tmp_path / "a.tif", COCO)
    for name in ("a.json", "a.zip", "a.tif"):
        path = tmp_path / name
        on_disk = read_outlines(path, ["a.png"], MASK.shape)
        assert len(on_disk.annotations) == 1
        assert read_outlines(in_memory(path), ["a.png"], MASK.shape) == on_disk


def test_a_single_roi_in_memory():
    roi = ImagejRoi.frompoints([[10, 5], [30, 5], [30, 9], [10, 9]], name="wire")
    found = read_outlines(MemoryFile("a.roi", roi.tobytes()), ["a.png"], MASK.shape)
    assert found.annotations[0]["area"] == MASK.sum()


def test_an_archive_that_unpacks_to_too_much_is_refused():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.roi", bytes(LARGEST_ROI_ARCHIVE + 1))
    with pytest.raises(InputError, match=r"a\.zip: unpacks to more than 256 MiB"):
        read_outlines(MemoryFile("a.zip", content.getvalue()), ["a.png"], MASK.shape)


@pytest.mark.parametrize("name", ["a.json", "a.zip", "a.roi", "a.tif"])
def test_damaged_outlines_in_memory_are_one_line(name):
    with pytest.raises(InputError, match=rf"^{name}: [^\n]+$"):
        read_outlines(MemoryFile(name, b"\0nothing"), ["a.png"], MASK.shape)


@pytest.mark.parametrize("counts", ["z" * 50, None, [1, 2000], [-1, 1201], {}, ["a"]])
def test_a_broken_run_length_code_is_one_line(counts):
    broken = json.loads(json.dumps(COCO))
    broken["annotations"][0]["segmentation"]["counts"] = counts
    upload = MemoryFile("a.json", json.dumps(broken).encode())
    with pytest.raises(InputError, match=r"^a\.json: annotation 1: "):
        read_outlines(upload, ["a.png"], MASK.shape)
