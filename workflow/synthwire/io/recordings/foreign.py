"""Files that are not read as images, named for what they are, with what to do instead."""

from __future__ import annotations

from pathlib import Path

from synthwire.io.files import MemoryFile, open_binary

_START_BYTES = 4096

_EXPORT = "export the image as TIFF"
_SAVE = "save it as PNG or TIFF"
_OUTLINES = "outlines go with --outlines"
ZARR = "a Zarr store (HyperSpy's .zspy, OME-Zarr); save the image as .hspy or TIFF"
_ZARR_FILES = (".zgroup", ".zattrs", ".zarray", "zarr.json")
# What files of other formats begin with, what they are, and what helps.
_MARKS = (
    (b"%PDF", "a PDF document", "save the image itself"),
    (b"%!PS", "a PostScript document", "save the image itself"),
    (b"Iout", "an ImageJ ROI", _OUTLINES),
    (b"ZISRAWFILE", "a CZI file of Zeiss", _EXPORT),
    (b"\xda\xce\xbe\x0a", "an ND2 file of Nikon", _EXPORT),
    (b"\x70\0\0\0", "a LIF file of Leica", _EXPORT),
    (b"SIS\0", "an ETS file of Olympus", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "a compound file (OIB, ZVI, XRM and TXRM, or of Office)", _EXPORT),
    (b"ES\x01", "an EMI file of TIA", "name the .ser file beside it"),
    (b"AAMVHFSS", "a BCF file of Bruker", _EXPORT),
    (b"\\*File list", "a NanoScope file of Bruker", _EXPORT),
    (b"\\*Force file list", "a NanoScope file of Bruker", _EXPORT),
    (b"GWYP", "a Gwyddion file", _EXPORT),
    (b"GWYO", "a Gwyddion file", _EXPORT),
    (b"NRRD", "an NRRD file", _EXPORT),
    (b"SIMPLE  =", "a FITS file", _EXPORT),
    (b"CDF\x01", "a NetCDF file", _EXPORT),
    (b"CDF\x02", "a NetCDF file", _EXPORT),
    (b"MATLAB", "a MATLAB file", "save the array as TIFF or NPY"),
    (b"IMzML", "an imzML file", _EXPORT),
    (b"PAR1", "a Parquet table", "an image is expected"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"\xfd7zXZ", "an xz archive", "unpack it"),
    (b"BZh", "a bzip2 archive", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it"),
    (b"\x80\x04\x95", "a Python pickle", "save the array as NPY"),
    (b"ENVI", "an ENVI header", _EXPORT),
    (b"#?RADIANCE", "a Radiance image", _EXPORT),
    (b"# vtk", "a VTK file", _EXPORT),
    (b"\x7fELF", "a program", "an image is expected"),
    (b"P7\n", "a PAM image", _SAVE),
    (b"\xff\x0a", "a JPEG XL image", _SAVE),
    (b"\xff\xd8\xff", "a damaged JPEG, or one without loss or of more than 8 bit", _SAVE),
    (b"MZ", "a program", "an image is expected"),
)
_MARKS_WITHIN = (
    (4, b"JXL ", "a JPEG XL image", _SAVE),
    (4, b"ftyphei", "an HEIC photograph", _SAVE),
    (4, b"ftypmif", "an HEIC photograph", _SAVE),
    (4, b"ftyp", "a film, or a HEIF or AVIF image", "save the picture as PNG or TIFF"),
    (128, b"DICM", "a DICOM file", _EXPORT),
    (257, b"ustar", "a tar archive", "unpack it"),
    (344, b"n+1", "a NIfTI file", _EXPORT),
    (0, b"RIFF", "a film or a sound", "save the picture as PNG or TIFF"),
)
# Words in texts of known programs, looked for in this order.
_WORDS = (
    ('"FeatureCollection"', "a GeoJSON of outlines, as QuPath writes", _OUTLINES),
    ('"Feature"', "a GeoJSON of outlines, as QuPath writes", _OUTLINES),
    ('"annotations"', "a COCO or Label Studio JSON of outlines", _OUTLINES),
    ('"shapes"', "a LabelMe JSON of outlines", _OUTLINES),
    ('"_via_', "a VIA JSON of outlines", _OUTLINES),
    ("<svg", "an SVG drawing", _SAVE),
    ("<annotations", "a CVAT XML of outlines", _OUTLINES),
    ("<OME", "OME metadata without pixels", "name the OME-TIFF"),
    ("<!DOCTYPE html", "a web page", "the download may have failed"),
    ("<html", "a web page", "the download may have failed"),
    ("PixelSizeX", "a text that TESCAN writes beside an image", "name the image"),
    ("[SemImageFile]", "a text that Hitachi writes beside an image", "name the image"),
    ("$CM_", "a text that JEOL writes beside an image", "name the image"),
    ("version https://git-lfs", "a pointer to a file of Git LFS", "fetch the file: git lfs pull"),
)


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr store, whose files are no images."""
    return any((folder / name).is_file() for name in _ZARR_FILES)


def name_of(path: Path | MemoryFile) -> str | None:
    """What a file is, and what to do instead, in a few words; None for what is not known."""
    with open_binary(path) as file:
        start = file.read(_START_BYTES)
    for mark, what, advice in _MARKS:
        if start.startswith(mark):
            return f"{what}; {advice}"
    for offset, mark, what, advice in _MARKS_WITHIN:
        if start[offset:].startswith(mark):
            return f"{what}; {advice}"
    if not start.strip(b"\0"):
        return "a file that begins with zeros, as a copy that failed leaves it; copy it again"
    if start.startswith(b"PK\3\4"):
        return _name_of_zip(start)
    return _name_of_text(path, start)


def _name_of_zip(start: bytes) -> str:
    if b"[Content_Types].xml" in start or b"word/" in start or b"ppt/" in start:
        return "an Office document; save the image itself"
    if b".zattrs" in start or b".zgroup" in start or b"zarr.json" in start:
        return ZARR
    if b".npy" in start:
        return "an NPZ archive of arrays; save the one meant as NPY"
    if b".roi" in start:
        return f"a zip of ImageJ ROIs; {_OUTLINES}"
    return "a zip archive; unpack it"


def _name_of_text(path: Path | MemoryFile, start: bytes) -> str | None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = start.decode("utf-16", "replace")
    else:
        text = start.decode("utf-8-sig", "replace")
    odd = sum(
        letter == "\ufffd" or not (letter.isprintable() or letter.isspace()) for letter in text
    )
    if not text.strip() or odd > len(text) / 50:
        return None
    for word, what, advice in _WORDS:
        if word in text:
            return f"{what}; {advice}"
    if text.lstrip().startswith(("{", "[")):
        return "a JSON text; an image is expected"
    if path.suffix.lower() in (".csv", ".tsv", ".txt", ".dat", ".asc"):
        return "a text; save the numbers as an image (TIFF) or an array (NPY)"
    return "a text; an image is expected"
