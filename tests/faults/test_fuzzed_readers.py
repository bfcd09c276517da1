"""Every reader of what comes from elsewhere, given files with something wrong in them.

An array, outlines, a volume, or one line; within 5 s of processor time and 256 MiB of memory more
than before. SYNTHWIRE_FUZZ says how many files are made of each (15).
"""

from __future__ import annotations

import io
import os
import re
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from outline_cases import SHAPE
from PIL import Image
from stxm_scans import write_nexus, write_sdf
from test_damaged_outlines import FILES as OUTLINES
from test_damaged_recordings import FILES as MICROSCOPES
from tiny_model import wires

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.outlines.reading import read_outlines
from synthwire.io.recordings import read_recording
from synthwire.io.volumes import read_volume, write_volume
from synthwire.learning.weight_files import read_weights, write_weights

EXAMPLES = int(os.environ.get("SYNTHWIRE_FUZZ", "15"))
SECONDS, MEBIBYTES = 5, 256
GREY = wires(0, 32, 40)
IMAGES = {
    **{f"pillow.{form}": form for form in ("png", "jpeg", "bmp", "gif", "webp", "ppm")},
    **{f"{code}.tif": code for code in ("zlib", "lzw", "zstd", "jpeg", "packbits", "none")},
}


def make_image(path: Path) -> None:
    kind = IMAGES[path.name]
    if path.suffix == ".tif":
        code = None if kind == "none" else kind
        tifffile.imwrite(path, np.stack([GREY] * 2), photometric="minisblack", compression=code)
    else:
        Image.fromarray(GREY).save(path, kind)


def make_deep_png(path: Path) -> None:
    Image.fromarray(GREY.astype(np.uint16) * 200).save(path)


def make_palette(path: Path) -> None:
    Image.fromarray(np.stack([GREY] * 3, axis=2)).quantize(16).save(path)


def make_tiled(path: Path) -> None:
    tifffile.imwrite(path, np.pad(GREY, 8), tile=(16, 16), compression="zlib", resolution=(1, 2))


def make_ome(path: Path) -> None:
    sizes = {"PhysicalSizeX": 6.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 6.0}
    tifffile.imwrite(path, np.stack([GREY] * 3), ome=True, metadata={"axes": "ZYX", **sizes})


def make_imagej(path: Path) -> None:
    tifffile.imwrite(path, GREY, imagej=True, resolution=(1, 1), metadata={"unit": "nm"})


def make_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("scan", data=GREY, compression="gzip", chunks=(16, 20))


def make_microscope(path: Path) -> None:
    path.write_bytes(MICROSCOPES[path.name])


RECORDINGS: dict[str, Callable[[Path], object]] = {
    **dict.fromkeys(IMAGES, make_image),
    **dict.fromkeys(MICROSCOPES, make_microscope),
    "deep.png": make_deep_png,
    "palette.png": make_palette,
    "tiled.tif": make_tiled,
    "a.ome.tif": make_ome,
    "imagej.tif": make_imagej,
    "a.h5": make_hdf5,
    "a.nxs": write_nexus,
    "scan.hdr": lambda path: write_sdf(path.parent),
}
LARGE = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000, 2**40, 2**63 - 1]


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    """With bytes or numbers set, parts left out, doubled, put elsewhere, or the end cut off."""
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        if not content:
            break
        # heads are where it matters
        limit = data.draw(st.sampled_from([64, 512, len(content)]))
        place = data.draw(st.integers(0, min(limit, len(content)) - 1))
        length = data.draw(st.integers(1, 64))
        what = data.draw(st.sampled_from(["byte", "number", "leave out", "double", "cut", "move"]))
        if what == "byte":
            content[place] = data.draw(st.integers(0, 255))
        elif what == "number":
            size = data.draw(st.sampled_from([2, 4, 8]))
            order = data.draw(st.sampled_from(["little", "big"]))
            number = data.draw(st.sampled_from(LARGE)) % 256**size
            content[place : place + size] = number.to_bytes(size, order)
        elif what == "leave out":
            del content[place : place + length]
        elif what == "double":
            content[place:place] = content[place : place + length]
        elif what == "move":
            other = data.draw(st.integers(0, len(content) - 1))
            content[other : other + length] = content[place : place + length]
        else:
            del content[data.draw(st.integers(0, len(content) - 1)) :]
    return bytes(content)


@contextmanager
def bounded() -> Iterator[None]:
    """Fail where the block takes more processor time or memory than it may."""

    def late(*_: object) -> None:
        raise AssertionError(f"takes more than {SECONDS} s")

    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = memory("VmRSS")
    usual = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, usual)
    assert memory("VmHWM") - before < MEBIBYTES * 1024


def memory(what: str) -> int:
    """In KiB, as Linux counts it."""
    return int(re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def fuzzed(test: Callable) -> Callable:
    checks = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck])
    return checks(given(data=st.data())(test))


def assert_one_line(error: InputError, name: str) -> None:
    assert name in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("where", ["disk", "memory"])
@fuzzed
def test_recordings(tmp_path_factory, name, where, data):
    folder = tmp_path_factory.getbasetemp() / f"fuzz-{name}"
    path = folder / name
    if not folder.exists():
        folder.mkdir()
        RECORDINGS[name](path)
        (folder / "whole").write_bytes(path.read_bytes())
        assert read_recording(path).pages.size
    content = damaged(data, (folder / "whole").read_bytes())
    path.write_bytes(content)
    try:
        with bounded():
            if where == "disk":
                found = read_recording(path)
            else:
                found = read_recording(MemoryFile(name, content), largest_pixels=10**6)
        assert found.pages.ndim in (3, 4)
    except InputError as error:
        assert_one_line(error, name)


@pytest.mark.parametrize("name", OUTLINES)
@fuzzed
def test_outlines(name, data):
    content = damaged(data, OUTLINES[name])
    try:
        with bounded():
            read_outlines(MemoryFile(name, content), ["a.png"], SHAPE)
    except InputError as error:
        assert_one_line(error, name)


def write_tiny_weights(path: Path) -> None:
    write_weights(path, {"model": {"layer.weight": np.ones((3, 3), np.float32)}})


FILES = {
    "a.tif": (lambda path: write_volume(path, np.stack([GREY] * 4), 5.0), read_volume),
    "a.pth": (write_tiny_weights, read_weights),
}


@pytest.mark.parametrize("name", FILES)
@fuzzed
def test_volumes_and_weights(tmp_path_factory, name, data):
    write, read = FILES[name]
    path = tmp_path_factory.getbasetemp() / f"whole-{name}"
    write(path)
    whole = path.read_bytes()
    path = path.with_name(f"fuzz-{name}")
    path.write_bytes(damaged(data, whole))
    try:
        with bounded():
            read(path)
    except InputError as error:
        assert_one_line(error, path.name)


# -- little files that stand for much --------------------------------------------------------------

SIDE = 60_000  # 3.4 GiB of bytes, which is less than a recording from disk may have


def bomb_tiff(path: Path, **more: object) -> None:
    """A whole TIFF of empty, compressed strips, whose header is then made to say SIDE × SIDE."""
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), compression="zlib", **more)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tags = tiff.pages.first.tags
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tags[tag].overwrite(10 * SIDE, dtype="I")


def bomb_zip(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.json", "w") as file,
    ):
        for _ in range(400):
            file.write(bytes(2**20))


def bomb_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("scan", shape=(10 * SIDE, SIDE), dtype=np.uint8, chunks=(64, 64))


def bomb_npy(path: Path) -> None:
    head = {"descr": "|u1", "fortran_order": False, "shape": (10 * SIDE, SIDE)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, head)
        file.write(bytes(1000))


def bomb_png(path: Path) -> None:
    Image.new("L", (12_000, 12_000)).save(path)


def bomb_gif(path: Path) -> None:
    """Found by fuzzing: 131 million pixels of canvas about a small frame took 3 GB."""
    Image.fromarray(GREY).save(path)
    content = bytearray(path.read_bytes())
    content[6:10] = (65_535).to_bytes(2, "little") + (2_000).to_bytes(2, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("write", [bomb_tiff, bomb_hdf5, bomb_npy, bomb_png, bomb_gif])
def test_images_that_stand_for_much_are_refused_before_anything_is_allocated(tmp_path, write):
    path = tmp_path / f"a.{write.__name__.removeprefix('bomb_')}"
    write(path)
    for source in (path, MemoryFile(path.name, path.read_bytes())):
        with bounded(), pytest.raises(InputError) as error:
            read_recording(source, largest_pixels=10**8)
        assert_one_line(error.value, path.name)
    if write is not bomb_png:
        with bounded(), pytest.raises(InputError):
            read_recording(path)


def test_a_place_that_no_file_has_is_one_line(tmp_path):
    """Found by fuzzing: in memory, h5py gives Python a place beyond what it can hold."""
    make_hdf5(tmp_path / "a.h5")
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[63:63] = content[63 : 63 + 48]
    content[64] = 0
    with pytest.raises(InputError, match=r"a\.h5: "):
        read_recording(MemoryFile("a.h5", bytes(content)))


def test_archives_that_stand_for_much_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    bomb_zip(path)
    for source in (path, MemoryFile(path.name, path.read_bytes())):
        with bounded(), pytest.raises(InputError) as error:
            read_outlines(source, ["a.png"], SHAPE)
        assert_one_line(error.value, path.name)


@pytest.mark.parametrize("name", ["../../a.json", "/etc/a.json", "a\\..\\a.json", "b/../../a.json"])
def test_names_in_archives_lead_nowhere(tmp_path, name):
    """Archives are read in memory; nothing of them is ever written."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, OUTLINES["coco.json"])
    before = sorted(tmp_path.parent.rglob("*"))
    assert read_outlines(MemoryFile("a.zip", content.getvalue()), ["a.png"], SHAPE).annotations
    assert sorted(tmp_path.parent.rglob("*")) == before
