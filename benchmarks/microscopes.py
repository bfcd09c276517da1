"""Virtual microscopes beside the published images, in pictures and in numbers.

    SYNTHWIRE_MICROSCOPY=folder python benchmarks/microscopes.py [--out results/benchmarks]

For each of ptychography, STXM and SEM the sets of resources/virtual_microscopes.yaml are made anew
and compared with the published image: Wasserstein distance of the grey values (limit 0.05 of the
range), root mean square difference of the radial power spectra (limit 0.2 decades), and width of
the sharp edges (limit 20 %). Beside them stands what chance alone gives: the same numbers between
the two halves of the published image. Without the variable the images are downloaded. Only pixels
are looked at, never outlines. Writes microscopes.{pdf,svg,png,csv,json}; the exit status is 1 when
a limit is passed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from synthwire.datasets.image_sets import FOLDER_VARIABLE, prepare_image_set, published_image
from synthwire.figures.kit import layout, style
from synthwire.imaging import likeness
from synthwire.io import recordings, stacks
from synthwire.io.grey import to_grey8
from synthwire.schema import reader

ROOT = Path(__file__).resolve().parents[1]

LIMITS = {"histogram_distance": 0.05, "spectrum_difference": 0.2, "edge_width_change": 0.2}
# The SEM image has noise of 7 grey levels, whose own ridges must be smoothed away.
SMOOTHING_PX = {"ptychography": 1.0, "stxm": 1.0, "sem": 1.5}
SHOWN_PX = (440, 440)
SEED = 2022


def simulate(key: str, entry: dict, seed: int) -> np.ndarray:
    """Pages (scenes, height, width) of one simulated image set."""
    entry = reader.validate(entry, "image_set.schema.yaml", key)
    with tempfile.TemporaryDirectory() as folder:
        prepare_image_set(key, entry, Path(folder) / key, seed=seed, resources=ROOT / "resources")
        return stacks.read_stack(Path(folder) / key / "image.tif")


def halves(image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Upper and lower, left and right half of an image (height, width)."""
    height, width = image.shape
    return [
        (image[: height // 2], image[height // 2 :]),
        (image[:, : width // 2], image[:, width // 2 :]),
    ]


def compare(key: str, real: np.ndarray, simulated: np.ndarray) -> dict:
    """One row of the table: the three numbers, and what two halves of the real image give."""
    smoothing = SMOOTHING_PX[key]
    found = likeness.likeness([real], simulated, smoothing_px=smoothing)
    chance = [
        likeness.likeness([first], [second], smoothing_px=smoothing)
        for first, second in halves(real)
    ]
    return {
        "image": key,
        "histogram_distance": found.histogram_distance,
        "histogram_distance_halves": np.mean([item.histogram_distance for item in chance]),
        "spectrum_difference": found.spectrum_difference,
        "spectrum_difference_halves": np.mean([item.spectrum_difference for item in chance]),
        "edge_width_real_px": found.edge_width_px[0],
        "edge_width_simulated_px": found.edge_width_px[1],
        "edge_width_change": found.edge_width_ratio - 1,
    }


@style.styled
def draw(pairs: dict[str, tuple[np.ndarray, np.ndarray]], table: pd.DataFrame) -> style.Drawing:
    """A row each: published image, a simulated one, grey values, power spectra."""
    side, gap, left, row_height = 40.0, 3.0, 4.0, 54.0
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, row_height * len(pairs) + 4)
    letters = iter("abcdefghijkl")
    for row, (key, (real, simulated)) in enumerate(pairs.items()):
        top = 5 + row_height * row
        for column, (pixels, title) in enumerate(
            [(real, f"{key}, published"), (simulated[0], "simulated")]
        ):
            ax = layout.add_axes_mm(figure, left + column * (side + gap), top, side, side)
            ax.set_axis_off()
            layout.show_image(ax, pixels[-SHOWN_PX[0] :, : SHOWN_PX[1]])
            layout.panel_letter(ax, next(letters), title)
        facts = table.set_index("image").loc[key]
        start = left + 2 * (side + gap) + 11
        ax = layout.add_axes_mm(figure, start, top, 33, side)
        grey = np.arange(256)
        for pages, colour, name in (
            ([real], style.ANNOTATION_COLOUR, "published"),
            (simulated, style.PREDICTION_COLOUR, "simulated"),
        ):
            ax.semilogy(grey, likeness.grey_histogram(pages) + 1e-6, color=colour, label=name)
        ax.set(xlabel="Grey value", ylabel="Share of pixels", ylim=(1e-5, 1), xlim=(0, 255))
        ax.legend(loc="upper right")
        title = f"distance {facts.histogram_distance:.3f}"
        layout.panel_letter(ax, next(letters), title, inset_mm=9)
        ax = layout.add_axes_mm(figure, start + 46, top, 33, side)
        for pages, colour in (
            ([real], style.ANNOTATION_COLOUR),
            (simulated, style.PREDICTION_COLOUR),
        ):
            ax.loglog(*likeness.radial_spectrum(pages), color=colour)
        ax.set(xlabel="Frequency (cycles per pixel)", ylabel="Power", xlim=(1 / 64, 0.5))
        ax.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
        ax.minorticks_off()
        title = (
            f"{facts.spectrum_difference:.2f} decades; edges "
            f"{facts.edge_width_real_px:.1f}, {facts.edge_width_simulated_px:.1f} px"
        )
        layout.panel_letter(ax, next(letters), title, inset_mm=9)
    return style.Drawing(figure, table, {"limits": LIMITS, "seed": SEED})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    entries = yaml.safe_load((ROOT / "resources" / "virtual_microscopes.yaml").read_text("utf-8"))
    rows, pairs = [], {}
    for key, entry in entries.items():
        path = published_image(key, os.environ.get(FOLDER_VARIABLE), ROOT / "resources")
        real = to_grey8(recordings.read_image(path))
        simulated = simulate(key, entry, arguments.seed)
        rows.append(compare(key, real, simulated))
        pairs[key] = (real, simulated)
    table = pd.DataFrame(rows)
    print(table.round(3).T.to_string(header=False))
    style.save(draw(pairs, table), arguments.out / "microscopes")
    passed = all((table[column].abs() <= limit).all() for column, limit in LIMITS.items())
    print("all within the limits" if passed else f"beyond a limit of {LIMITS}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
