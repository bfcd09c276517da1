"""How long one waits for the particles of an image, from the file to the files.

    python benchmarks/segmentation.py [--repeats 7] [--images 4] [--size 512] [--threads 2]
                                      [--device auto] [--out results/benchmarks]

The bundled model on synthetic optical-density images of size × size pixels, about 85 wires each.
(a) cold: a new process imports SynthWire, loads the model, gives its first result;
(b) steady: read and prepare the file, network with its masks, measures, the five files; medians
    over the repeats, image by image. Wall-clock and processor time are both given: on a machine
    that does other work only the second says what the task costs.

Lin et al., npj Comput. Mater. 8, 88 (2022), give about 1 frame a second for their model on an
RTX 2070 GPU; what a frame includes they do not say. Ours is given as network alone, which is the
likely reading, and with all the rest.

Writes segmentation_times.csv (every single time) and segmentation.json (the summary). The last line
is `network_fps=… all_fps=… first_result_s=…`.
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

import numpy as np
import pandas as pd
from inference import scenes

from synthwire.io.files import atomic_path, write_json
from synthwire.io.stacks import write_stack
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.segmentation import Preparation
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import read_images
from synthwire.segmentation.models import load_model

ROOT = Path(__file__).resolve().parents[1]

PAPER_FPS = 1.0  # "approximately 1 using a conventional GPU of type RTX 2070"
STAGES = ("read", "network", "measures", "files")
COLD = """
import json, sys, time
start = time.perf_counter()
import torch
torch.set_num_threads({threads})
from synthwire.segmentation import load_model, segment
imported = time.perf_counter()
model = load_model(device="{device}")
loaded = time.perf_counter()
segment("{image}", model=model)
first = time.perf_counter()
seconds = imported - start, loaded - imported, first - loaded
print(json.dumps(dict(zip(("import", "load", "first"), seconds))))
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


def steady(paths: list[Path], repeats: int, device: str) -> pd.DataFrame:
    """Every stage of every image, `repeats` times after one round that does not count."""
    model = load_model(device=device)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(-1, repeats):
            for number, path in enumerate(paths):
                what = {"repeat": repeat, "image": number}
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


def cold(image: Path, repeats: int, threads: int, device: str) -> dict[str, float]:
    """Median seconds of import, load and first result, each time in a new process."""
    code = COLD.format(threads=threads, device=device, image=image)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    runs = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout))
    return {key: float(np.median([run[key] for run in runs])) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()

    import torch

    from synthwire.learning import weights

    torch.set_num_threads(options.threads)
    stopwatch = Stopwatch()
    card = weights.bundled().card
    data = scenes(options.images, options.size, card["particle_width_px"])
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, pixels in data["pixels"].items():
            paths.append(Path(folder) / f"{number}.tif")
            write_stack(paths[-1], [pixels])
        first = cold(paths[0], min(3, options.repeats), options.threads, options.device)
        times = steady(paths, options.repeats, options.device)
    seconds = {clock: by_stage(times, f"{clock}_s") for clock in ("wall", "processor")}
    whole = {clock: sum(stages.values()) for clock, stages in seconds.items()}
    summary = {
        "model": card["name"],
        "size_px": options.size,
        "threads": options.threads,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "cold_s": first,
        "seconds_an_image": seconds,
        "network_fps": 1 / seconds["wall"]["network"],
        "all_fps": 1 / whole["wall"],
        "paper_fps": PAPER_FPS,
        "load_average": os.getloadavg(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    with atomic_path(options.out / "segmentation_times.csv") as temporary:
        times.to_csv(temporary, index=False)
    write_json(options.out / "segmentation.json", record(stopwatch, **summary), indent=1)
    print(pd.DataFrame(seconds).rename_axis("stage").round(3).to_string())
    print({key: round(value, 2) for key, value in first.items()}, "(cold, s)")
    print(
        f"network_fps={summary['network_fps']:.2f} all_fps={summary['all_fps']:.2f} "
        f"first_result_s={sum(first.values()):.1f}"
    )


if __name__ == "__main__":
    main()
