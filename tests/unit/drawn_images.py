"""Pictures with data bars, captions and scale bars, as instruments and people draw them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FACES = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral")
PLACES = ("below", "above", "left", "right", "within")
INKS = {"white": (255, 255, 255), "black": (0, 0, 0), "yellow": (255, 230, 0), "red": (255, 0, 0)}


def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"{face}.ttf"), size)


def rods(rng: np.random.Generator, shape: tuple[int, int], number: int = 12) -> np.ndarray:
    """0 … 1: soft-edged rods, some cut by the border."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    image = np.zeros(shape)
    for _ in range(number):
        cx, cy, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
        half, long = rng.uniform(3, 9), rng.uniform(25, 80)
        along = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        across = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
        body = np.clip(half - abs(across) + 0.5, 0, 1) * np.clip(long - abs(along) + 0.5, 0, 1)
        image = np.maximum(image, body * rng.uniform(0.5, 1))
    return ndimage.gaussian_filter(image, rng.uniform(0.5, 1.5))


KINDS = ("sem", "tem", "clean", "clipped", "saturated")


def picture(rng: np.random.Generator, kind: str, shape: tuple[int, int] = (400, 512)) -> np.ndarray:
    """A uint8 micrograph without anything drawn into it."""
    wires = rods(rng, shape)
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(0.2, 0.8))
    noise /= noise.std()
    haze = ndimage.gaussian_filter(rng.standard_normal(shape), 40)
    haze *= 12 / haze.std()
    grey = {
        "sem": lambda: 60 + 130 * wires + 10 * noise + haze,
        "tem": lambda: 175 - 130 * wires + 12 * noise + haze,
        "clean": lambda: 230 * wires,  # an optical density: zero where nothing is
        "clipped": lambda: -8 + 180 * wires + 12 * noise,
        "saturated": lambda: 90 + 260 * wires + 14 * noise,
    }[kind]()
    return np.clip(grey, 0, 255).astype(np.uint8)


def with_data_bar(
    image: np.ndarray,
    rng: np.random.Generator,
    *,
    ground: int = 0,
    rule: int = 0,
    top: bool = False,
    label: str = "500 nm",
    length: int = 120,
    face: str = "DejaVuSans",
    rows: int = 40,
) -> np.ndarray:
    """An image with a strip of text added below it (or above): what electron microscopes do."""
    ink = 255 if ground < 128 else 0
    strip = Image.new("L", (image.shape[1], rows), ground)
    pen = ImageDraw.Draw(strip)
    size = int(0.42 * rows)
    words = ("HV 10.0 kV", "mag 20 000x", "WD 4.1 mm", "det SE2")
    x = 6.0
    face_of = font(face, size)
    for word in rng.permutation(words)[: max(2, int(image.shape[1] / 230))]:
        pen.text((x, 0.3 * rows), str(word), ink, font=face_of)
        x += pen.textlength(str(word), font=face_of) + 14
    left = image.shape[1] - length - 12
    draw_bar(pen, (left, int(0.72 * rows)), length, 3, ink, ticks=int(rng.integers(2)) * 4)
    wide = pen.textlength(label, font=face_of)
    pen.text((left + (length - wide) / 2, 0.12 * rows), label, ink, font=face_of)
    pixels = np.asarray(strip).copy()
    if rule:
        (pixels[-rule:] if top else pixels[:rule])[:] = ink
    return np.vstack([pixels, image] if top else [image, pixels])


def draw_bar(pen, corner, length, thick, ink, *, ticks=0) -> None:
    left, top = corner
    pen.rectangle([left, top, left + length - 1, top + thick - 1], fill=ink)
    if ticks:
        for x in (left, left + length - 2):
            pen.rectangle([x, top - ticks, x + 1, top + thick - 1 + ticks], fill=ink)


class Drawn(NamedTuple):
    """An image with a scale bar, and where that stands: top, left, bottom, right."""

    image: np.ndarray
    box: tuple[int, int, int, int]


def with_scale_bar(
    image: np.ndarray,
    label: str,
    length: int,
    *,
    ink: str = "white",
    place: str = "above",
    size: int = 20,
    face: str = "DejaVuSans",
    thick: int = 6,
    ticks: int = 0,
    boxed: bool = False,
    corner: tuple[int, int] | None = None,
) -> Drawn:
    """A scale bar drawn into a picture, its label below, above, left or right of it or within."""
    height, width = image.shape[:2]
    colour = INKS[ink]
    grey = len(set(colour)) == 1
    canvas = Image.fromarray(image).convert("L" if grey else "RGB")
    pen = ImageDraw.Draw(canvas)
    fill = colour[0] if grey else colour
    face_of = font(face, size)
    x0, y0, x1, y1 = pen.textbbox((0, 0), label, font=face_of)
    wide, high = x1 - x0, y1 - y0
    pad = max(4, size // 3)
    beside = place in ("left", "right")
    whole = length + (wide + pad if beside else 0)
    if place == "within":
        whole = length
    left, top = corner or (width - whole - 3 * pad, height - high - thick - 5 * pad)
    left = max(left, 2 * pad)
    if boxed:
        back = 255 - colour[0] if grey else 0
        pen.rectangle(
            [
                left - pad,
                top - pad - ticks,
                left + max(whole, wide) + pad,
                top + high + thick + 3 * pad,
            ],
            fill=back if grey else (back,) * 3,
        )
    bar_left, bar_top, text = left, top, (left, top)
    if place == "above":  # the label above the bar
        bar_top = top + high + pad
        text = (left + (length - wide) / 2, top)
    elif place == "below":
        text = (left + (length - wide) / 2, top + thick + pad)
    elif place == "left":
        bar_left, bar_top, text = left + wide + pad, top + (high - thick) // 2, (left, top)
    elif place == "right":
        bar_top, text = top + (high - thick) // 2, (left + length + pad, top)
    if place == "within":
        bar_top = top + (high - thick) // 2
        part = int((length - wide) / 2 - pad)
        for start in (left, left + length - part):
            draw_bar(pen, (start, bar_top), part, thick, fill)
        text = (left + (length - wide) / 2, top)
    else:
        draw_bar(pen, (bar_left, bar_top), length, thick, fill, ticks=ticks)
    pen.text((text[0] - x0, text[1] - y0), label, fill, font=face_of)
    box = (bar_top, bar_left, bar_top + thick, bar_left + length)
    return Drawn(np.asarray(canvas), box)
