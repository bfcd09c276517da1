"""How right lengths and widths of wires are on masks of known geometry, and what they cost.

    python benchmarks/centrelines.py [--directions 12] [--wires 1000]

Wires of 5 to 60 px width, nine times as long, in random directions and places of the pixel grid:
straight, bent by up to half a circle, tapered to half their width, and crossed, straight or bent,
by another one, whose pixels were taken for the wire's (bulge) or from it (gap). Prints, as
Markdown, the greatest deviations of each kind and width, then the processor time of so many wires,
centre-lines and widths by mask and by intensity. Widths count as right within 1 px or 5 %, lengths
within 2 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.imaging.projection import View
from synthwire.io.masks import decode_crop, encode_mask
from synthwire.particles.centrelines import measure_line, trace
from synthwire.particles.line_table import line_of
from synthwire.structures.scene import generate_scene

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/unit/particles"))
from wire_shapes import crossed, wire  # noqa: E402  (the tests' wires)

WIDTHS = (5, 8, 12, 20, 35, 60)
RATIO = 9  # length over width


def cases(rng: np.random.Generator, width: float) -> dict[str, tuple[np.ndarray, float]]:
    """Mask and true mean width of each kind of wire."""
    how = {"angle": rng.uniform(0, np.pi), "offset": rng.uniform(0, 1, 2)}
    length = RATIO * width
    straight, points = wire(length, width, **how)
    turn = rng.uniform(0.5, np.pi)
    bent, curve = wire(length, width, turn=turn, **how)
    tapered, _ = wire(length, width, end_width=width / 2, **how)
    share = rng.uniform(0.25, 0.75)  # another one across the middle half, at 45° to 135°
    angle = how["angle"] + np.pi * rng.uniform(0.25, 0.75)
    across, _ = wire(3 * width, width, angle=angle)
    bulge, gap = crossed(straight, across, points[int(share * len(points))])
    across, _ = wire(3 * width, width, angle=angle + share * turn)
    bent_bulge, bent_gap = crossed(bent, across, curve[int(share * len(curve))])
    return {
        "straight": (straight, width),
        "bent": (bent, width),
        "tapered": (tapered, 0.75 * width),
        "crossing, bulge": (bulge, width),
        "crossing, gap": (gap, width),
        "bent, crossing, bulge": (bent_bulge, width),
        "bent, crossing, gap": (bent_gap, width),
    }


def accuracy(directions: int, seed: int) -> pd.DataFrame:
    """A row a wire: its kind and width, and how far what is measured is off."""
    rows = []
    for width in WIDTHS:
        rng = np.random.default_rng([seed, width])
        for _ in range(directions):
            for kind, (mask, true) in cases(rng, width).items():
                found = measure_line(trace(mask))
                rows.append((kind, width, found.length / (RATIO * width) - 1, found.width - true))
    return pd.DataFrame(rows, columns=["kind", "width_px", "length_off", "width_off_px"])


def as_markdown(table: pd.DataFrame) -> str:
    """Greatest deviations of length (%) and width (px) by kind and width."""
    lines = [
        "| wires | " + " | ".join(f"{width} px" for width in WIDTHS) + " |",
        "|---" * (len(WIDTHS) + 1) + "|",
    ]
    for kind, rows in table.groupby("kind", sort=False):
        cells = []
        for width in WIDTHS:
            part = rows[rows["width_px"] == width]
            off = part["length_off"].abs().max(), part["width_off_px"].abs().max()
            cells.append(f"{100 * off[0]:.1f} %, {off[1]:.1f} px")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def pile(wires: int) -> tuple[list[dict], np.ndarray]:
    """Masks of a pile of wires as a beam projects them, and an image of them."""
    item = {"shape": "cylinder", "length_nm": 600, "width_nm": 80, "thickness_ratio": 1.0}
    plan = {
        "preset": "paper",
        "domain": [512, 512, 200],
        "voxel_size_nm": 10,
        "scenes": 1,
        "populations": [{"count": 85, "particles": [item]}],
    }
    view = View.of(generate_scene(plan, 1, 0).labels)
    rles = [encode_mask(mask) for mask in view.masks if mask.any()]
    image = (200 * (view.thickness > 0)).astype(np.uint8)
    return [rles[number % len(rles)] for number in range(wires)], image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directions", type=int, default=12)
    parser.add_argument("--wires", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = accuracy(options.directions, options.seed)
    print(as_markdown(table))
    right = table["length_off"].abs() <= 0.02
    off = table["width_off_px"].abs()
    right &= (off <= 1) | (off <= 0.05 * table["width_px"])
    print(f"\n{int(right.sum())} of {len(table)} within 2 % of length, and 1 px or 5 % of width")
    rles, image = pile(options.wires)
    start = time.process_time()
    lines = [line_of(rle, image) for rle in rles]
    seconds = time.process_time() - start
    pixels = np.median([decode_crop(rle)[0].sum() for rle in rles[:85]])
    print(f"{len(lines)} wires (median {pixels:.0f} px): {seconds:.2f} s of processor time")


if __name__ == "__main__":
    main()
