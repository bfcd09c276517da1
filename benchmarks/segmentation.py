"""How long one waits for the particles of an image, from the file to the files.

    python benchmarks/segmentation.py [--repeats 7] [--images 4] [--size 512] [--threads 2]
                                      [--sides 512 1024 2048 4096] [--wires 11 22 44 88]
                                      [--out results/benchmarks]

The bundled model in both its forms, portable (onnxruntime) and PyTorch, on synthetic
optical-density images.
(a) steady: about 85 wires on size × size pixels: read and prepare the file, network with its
    masks, measures, the files; medians over the repeats, image by image. Wall-clock and processor
    time are both given: on a machine that does other work only the second says what the task costs.
(b) growth, each image in a new process, from the import to the written files: images of `sides`
    pixels, which repeat one of 512 × 512 and 22 wires by reflection; and images of 1024 × 1024 with
    more and more wires. Given are seconds, peak memory, and how far the greatest lies above the
    straight line through the others: a cost of image times particles would lie far above.
(c) limits, where the machine is idle and has two cores: a network of 0.15 s and 0.4 s for all the
    rest at 512 × 512, a first result after 2.5 s, 2048 × 2048 in 8 s, 4096 × 4096 in 25 s and
    1.5 GB. What is beyond is said; the machine's load stands beside it.

Lin et al., npj Comput. Mater. 8, 88 (2022), give about 1 frame a second for their model on an
RTX 2070 GPU; what a frame includes they do not say. Ours is given as network alone, which is the
likely reading, and with all the rest.

Writes segmentation_times.csv and segmentation_growth.csv (every single time), segmentation.json
(the summary) and segmentation_growth.png.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from forms import FORMS, load_form
from inference import scenes

from synthwire.io.files import atomic_path, write_json
from synthwire.io.stacks import write_stack
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.segmentation import Preparation
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import read_images
from synthwire.segmentation.models import find_model

ROOT = Path(__file__).resolve().parents[1]

PAPER_FPS = 1.0  # "approximately 1 using a conventional GPU of type RTX 2070"
STAGES = ("read", "network", "measures", "files")
TILE_PX = 512  # side of the scene that larger ones repeat
PIXELS_WIRES, WIRES_SIDE = 22, 1024
LIMITS = {"network": 0.15, "rest": 0.4, "first_result": 2.5, 2048: 8.0, 4096: 25.0}
LIMIT_MB = 1500
COLD = """
import json, sys, time
start = time.perf_counter()
from synthwire.runtime.threads import wait_passively
wait_passively()
from pathlib import Path
from forms import load_form
from synthwire.segmentation import segment
imported = time.perf_counter()
model = load_form("{form}", {threads})
loaded = time.perf_counter()
result = segment("{image}", model=model)
first = time.perf_counter()
result.save("{folder}")
saved = time.perf_counter()
# not getrusage, which counts what the process that started this one had
print(json.dumps(dict(
    import_s=imported - start, load_s=loaded - imported, result_s=first - loaded,
    files_s=saved - first, wall_s=saved - start, processor_s=time.process_time(),
    particles=len(result.ids), found=len(result.results),
    peak_mb=int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
)))
"""


@contextmanager
def timed(rows: list[dict], **what) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    rows.append(
        {
            **what,
            "wall_s": time.perf_counter() - wall,
            "processor_s": time.process_time() - processor,
        }
    )


def steady(paths: list[Path], repeats: int, threads: int) -> pd.DataFrame:
    """Every stage of every image in both forms, `repeats` times after a first, uncounted round."""
    models = {form: load_form(form, threads) for form in FORMS}
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(-1, repeats):
            for number, path in enumerate(paths):
                for form, model in models.items():
                    what = {"form": form, "repeat": repeat, "image": number}
                    with timed(rows, stage="read", **what):
                        (image,) = read_images(path, Preparation())
                    with timed(rows, stage="network and measures", **what):
                        result = segment_image(image, model)
                    with timed(rows, stage="measures", **what):
                        replace(result, measures=None)
                    with timed(rows, stage="files", **what):
                        result.save(Path(folder) / path.stem)
    table = pd.DataFrame(rows)
    return table[table["repeat"] >= 0]


def by_stage(times: pd.DataFrame, clock: str) -> dict[str, float]:
    """Median seconds an image of each stage."""
    medians = times.groupby("stage")[clock].median()
    medians["network"] = medians["network and measures"] - medians["measures"]
    return {stage: float(medians[stage]) for stage in STAGES}


def cold(image: Path, form: str, threads: int) -> dict[str, float]:
    """What a new process takes for an image, and how much memory."""
    with tempfile.TemporaryDirectory() as folder:
        code = COLD.format(form=form, threads=threads, image=image, folder=Path(folder) / "result")
        paths = os.pathsep.join([str(ROOT / "workflow"), str(ROOT / "benchmarks")])
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(done.stdout)


def repeated(pixels: np.ndarray, side: int) -> np.ndarray:
    """An image of side × side pixels that repeats one by reflection, so that no seam is seen."""
    return np.pad(pixels, (0, side - len(pixels)), mode="symmetric")


def growth(sides: list[int], wires: list[int], width_px: float, threads: int) -> pd.DataFrame:
    """A row of `cold` for each form, side and number of wires."""
    images = [(side, PIXELS_WIRES) for side in sides] + [(WIRES_SIDE, count) for count in wires]
    counts = {count for _, count in images}
    tiles = {count: scenes(1, TILE_PX, width_px, wires=count)["pixels"][1] for count in counts}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for side, count in dict.fromkeys(images):
            path = Path(folder) / f"{side}_{count}.tif"
            write_stack(path, [repeated(tiles[count], side)])
            for form in FORMS:
                what = {"form": form, "side_px": side, "wires_a_tile": count}
                rows.append({**what, **cold(path, form, threads)})
                print(json.dumps(rows[-1]), flush=True)
    return pd.DataFrame(rows)


def series(table: pd.DataFrame) -> dict[str, tuple[str, pd.DataFrame]]:
    """Of what `growth` gives the two series, against pixels and against particles."""
    of_pixels = table[table["wires_a_tile"] == PIXELS_WIRES]
    of_pixels = of_pixels.assign(megapixels=of_pixels["side_px"] ** 2 / 1e6)
    of_wires = table[table["side_px"] == WIRES_SIDE].sort_values("particles")
    return {
        "pixels": ("megapixels", of_pixels.sort_values("side_px")),
        "particles": ("particles", of_wires),
    }


def above_the_line(x: np.ndarray, y: np.ndarray) -> float:
    """The last of some values over the straight line through the others; NaN of fewer than four."""
    if len(x) < 4:
        return float("nan")
    slope, start = np.polyfit(x[:-1], y[:-1], 1)
    return float(y[-1] / (start + slope * x[-1]))


def draw_growth(table: pd.DataFrame, path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(8.0, 3.4), layout="constrained")
    for ax, (name, (x, rows)) in zip(axes, series(table).items(), strict=True):
        for form, group in rows.groupby("form"):
            ax.plot(group[x], group["processor_s"], "o-", label=f"{form}")
        ax.set_xlabel("megapixels" if name == "pixels" else f"particles on {WIRES_SIDE}² px")
        ax.set_ylabel("processor time, s")
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
    figure.savefig(path, dpi=150)


def beyond(summary: dict) -> list[str]:
    """Which limits are not kept, a line each."""
    portable = summary["seconds_an_image"]["portable"]["wall"]
    found = {
        "network": portable["network"],
        "rest": sum(portable.values()) - portable["network"],
        "first_result": summary["first_result_s"],
        **{row["side_px"]: row["wall_s"] for row in summary["sizes"]},
    }
    lines = [
        f"{name}: {found[name]:.2f} s, the limit is {limit}"
        for name, limit in LIMITS.items()
        if name in found and found[name] > limit
    ]
    memory = max(row["peak_mb"] for row in summary["sizes"])
    return [*lines, *([f"memory: {memory:.0f} MB"] if memory > LIMIT_MB else [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    parser.add_argument("--wires", type=int, nargs="+", default=[11, 22, 44, 88])
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    stopwatch = Stopwatch()
    load = os.getloadavg()
    card = find_model()[1]
    width_px = card["particle_width_px"]
    data = scenes(options.images, options.size, width_px)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, pixels in data["pixels"].items():
            paths.append(Path(folder) / f"{number}.tif")
            write_stack(paths[-1], [pixels])
        firsts = [cold(paths[0], "portable", options.threads) for _ in range(3)]
        times = steady(paths, options.repeats, options.threads)
    grown = growth(options.sides, options.wires, width_px, options.threads)
    seconds = {
        form: {clock: by_stage(rows, f"{clock}_s") for clock in ("wall", "processor")}
        for form, rows in times.groupby("form")
    }
    portable = seconds["portable"]["wall"]
    parts = ("import_s", "load_s", "result_s")
    summary = {
        "model": card["name"],
        "size_px": options.size,
        "threads": options.threads,
        "seconds_an_image": seconds,
        "first_result_s": float(np.median([sum(run[part] for part in parts) for run in firsts])),
        "network_fps": 1 / portable["network"],
        "all_fps": 1 / sum(portable.values()),
        "paper_fps": PAPER_FPS,
        "sizes": grown[
            (grown["form"] == "portable") & (grown["wires_a_tile"] == PIXELS_WIRES)
        ].to_dict("records"),
        "above_the_line": {
            f"{form} {name}": above_the_line(
                rows.loc[rows["form"] == form, x].to_numpy(),
                rows.loc[rows["form"] == form, "processor_s"].to_numpy(),
            )
            for name, (x, rows) in series(grown).items()
            for form in FORMS
        },
        "load_average": {"before": load, "after": os.getloadavg()},
    }
    summary["beyond_the_limits"] = beyond(summary)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, table in (("segmentation_times", times), ("segmentation_growth", grown)):
        with atomic_path(options.out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.5g")
    draw_growth(grown, options.out / "segmentation_growth.png")
    write_json(options.out / "segmentation.json", record(stopwatch, **summary), indent=1)
    stages = {f"{form} {clock}": seconds[form][clock] for form in FORMS for clock in seconds[form]}
    print(pd.DataFrame(stages).rename_axis("stage").round(3).to_string())
    print(grown.round(2).to_string(index=False))
    print(
        "above the straight line:", {k: round(v, 2) for k, v in summary["above_the_line"].items()}
    )
    print(
        f"network_fps={summary['network_fps']:.2f} all_fps={summary['all_fps']:.2f} "
        f"first_result_s={summary['first_result_s']:.1f} load={load[0]:.1f}"
    )
    for line in summary["beyond_the_limits"]:
        print("beyond its limit:", line)


if __name__ == "__main__":
    main()
