"""Captions, scale bars and data bars drawn into a picture, as microscopes and people leave them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS = ("nm", "um", "kV", "x", "HV", "WD", "mm", "mag", "SE", "BF", "a", "(b)", "A1", "det")


def draw_captions(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of a uint8 picture (Y, X) with a scale bar, lines of text, or a bar of data in it."""
    high, wide = image.shape
    canvas = Image.fromarray(image.copy())
    pen = ImageDraw.Draw(canvas)
    ink = (255, 255, 255, 0, 0, 220)[int(rng.integers(6))]
    size = max(8, int(rng.uniform(0.03, 0.11) * high))
    font = ImageFont.load_default(size)
    if rng.random() < 0.25:
        band = int(size * rng.uniform(1.2, 2.5))
        top = high - band if rng.random() < 0.8 else 0
        pen.rectangle([0, top, wide, top + band], fill=255 - ink)
        pen.text((rng.uniform(0, 0.1) * wide, top + 0.1 * band), _text(rng, 5), ink, font=font)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, 0.75) * wide, rng.uniform(0, 0.9) * high
        corner = rng.random() < 0.8
        if corner:  # most stand along a border
            y = rng.choice([0.02, 0.97]) * (high - 2.2 * size) + rng.uniform(0, 1) * size
        text = _text(rng, 2)
        length, thick = rng.uniform(0.08, 0.4) * wide, max(1, int(size * rng.uniform(0.08, 0.5)))
        if rng.random() < 0.3:
            box = [x - 3, y - 3, x + max(length, pen.textlength(text, font=font)) + 3, y + 2 * size]
            pen.rectangle(box, fill=255 - ink)
        if rng.random() < 0.7:
            pen.rectangle([x, y + 1.25 * size, x + length, y + 1.25 * size + thick], fill=ink)
        if rng.random() < 0.9:
            pen.text((x, y), text, ink, font=font)
    return np.asarray(canvas)


def _text(rng: np.random.Generator, most: int) -> str:
    return "  ".join(
        f"{rng.integers(1, 1000)} {WORDS[int(rng.integers(len(WORDS)))]}"
        for _ in range(int(rng.integers(1, most + 1)))
    )
