"""PNG, JPEG, and the other formats that Pillow reads."""

from __future__ import annotations

import os
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from synthwire.errors import InputError
from synthwire.io.calibration import Calibration, fei, weigh
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.foreign import name_of
from synthwire.io.recordings.recording import Recording, require_pixels
from synthwire.io.recordings.tiff import upright
from synthwire.io.units import decode

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".jp2", ".pgm", ".ppm")

_TURN = 274  # EXIF's number of the orientation
_PNG_DEPTH = 24  # the byte that says how many bits a colour has
_WITH_PREVIEWS = ("MPO", "ICO", "ICNS", "JPEG")
MEMORY_FORMATS = ("PNG", "JPEG", "BMP")
MEMORY_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
MOST_PIXELS_A_BYTE = 8 * 1032


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    """Whatever no other format takes: Pillow itself tells what it is."""
    return True


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read an image with Pillow; from memory, where it is trusted less, PNG, JPEG and BMP alone."""
    formats = MEMORY_FORMATS if isinstance(path, MemoryFile) else None
    palette: np.ndarray | None = None
    remarks: tuple[str, ...] = ()
    jpeg = False
    try:
        with warnings.catch_warnings():
            # Pillow warns of 90 megapixels, which is a common stitched micrograph, and refuses
            # twice that; only the refusal is wanted.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with open_binary(path) as file:
                size = file.seek(0, os.SEEK_END)
            with open_binary(path) as file, Image.open(file, formats=formats) as opened:
                require_pixels(path, (opened.height, opened.width), largest_pixels)
                _require_content(path, opened, size)
                opened.load()
                image: Image.Image = ImageOps.exif_transpose(opened)
                jpeg = opened.format == "JPEG"
                frames = getattr(opened, "n_frames", 1)
                if frames > 1 and opened.format not in _WITH_PREVIEWS:
                    remarks = (f"the first of its {frames} frames is read",)
                if image.mode == "P" and "transparency" not in image.info:
                    palette = _palette(image)
                elif image.mode == "P":
                    image = image.convert("RGBA")
                elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
                    image = image.convert("RGB")
                elif image.mode == "LA":
                    image = image.convert("RGBA")
                pixels = np.array(image)
                if opened.format == "PNG" and image.mode in ("RGB", "RGBA"):
                    pixels, said = _with_16_bit(path, pixels, opened.getexif().get(_TURN, 1))
                    remarks += said
    except Image.DecompressionBombError:
        raise InputError(
            f"{path}: larger than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} megapixels; "
            "cut it into tiles or save it as TIFF"
        ) from None
    except InputError:
        raise
    except UnidentifiedImageError:
        what = name_of(path)
        raise InputError(
            f"{path}: not an image, but {what}"
            if what
            else f"{path}: not an image of any format that is read (docs/images.md lists them)"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, RuntimeError) as error:
        raise InputError(f"{path}: truncated or damaged image ({error})") from None
    found = _calibration(path, pixels.shape[:2]) if jpeg else Calibration()
    return Recording(
        pixels[np.newaxis],
        found.size_nm,
        palette=palette,
        remarks=remarks,
        pixel_size_doubt=found.doubt,
        pixel_size_remarks=found.remarks,
        picture_rows=found.picture_rows,
    )


def _with_16_bit(
    path: Path | MemoryFile, pixels: np.ndarray, turn: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pixels (height, width, 3 or 4) of a PNG with all 16 bit of a colour, of which Pillow takes 8.

    turn: EXIF's orientation. With a remark where imagecodecs, which reads them, is not installed.
    """
    with open_binary(path) as file:
        content = file.read()
    if content[_PNG_DEPTH] != 16:
        return pixels, ()
    try:
        from imagecodecs import png_decode
    except ModuleNotFoundError:
        return pixels, ("8 of its 16 bit a colour are read; pip install 'synthwire[formats]'",)
    deep = png_decode(content)
    if deep.shape[2] == 2:
        deep = deep[..., [0, 0, 0, 1]]
    return upright(deep[np.newaxis], turn)[0], ()


def _require_content(path: Path | MemoryFile, image: Image.Image, size: int) -> None:
    """Refuse, before it is decoded, what has more pixels than so many bytes can hold.

    PNG, which does best, holds 1032 bytes of 8 pixels in one. WebP and JPEG 2000 have no limit.
    """
    count = image.width * image.height
    if image.format not in ("WEBP", "JPEG2000") and count > MOST_PIXELS_A_BYTE * size + 10**6:
        raise InputError(
            f"{path}: damaged, or made to fill the memory: {image.height} × {image.width} pixels "
            f"in {size} bytes"
        )


def _calibration(path: Path | MemoryFile, shape: tuple[int, int]) -> Calibration:
    """The pixel size in the XML that Phenom's SEMs write behind a JPEG (height, width)."""
    with open_binary(path) as file:
        content = file.read()
    start = content.rfind(b"<FeiImage")
    if start < 0:
        return Calibration()
    return weigh([partial(fei.of_xml, decode(content[start:]))], shape)


def _palette(image: Image.Image) -> np.ndarray:
    """The colours (256, 3) that the values of an image stand for; black where it names none."""
    colours = np.zeros((256, 3), np.uint8)
    named = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours[: len(named)] = named
    return colours
