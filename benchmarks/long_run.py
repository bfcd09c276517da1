"""Do memory and open files stay flat over hundreds of images?

    python benchmarks/long_run.py [--images 500] [--side 128] [--out results/benchmarks]

Twice, with the bundled model:
(a) the workflow generates so many scenes, images them and predicts them, each stage in jobs of its
    own; watched is the job that predicts;
(b) `synthwire watch` measures the same images as they lie in a folder.
The process is looked at four times a second. What an image needs goes up and down; what is kept is
the least, below which a twentieth of the looks lie. Flat is: of the last fifth of the looks it is
at most 5 % above that of the second fifth, in memory (resident) and in open files.

Writes the figure long_run.{pdf,svg,png}, every look in its csv, the growths in its json. The exit
status is 1 where something grows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import yaml
from PIL import Image

from synthwire.datasets.annotated_images import read_image_set
from synthwire.figures.kit import layout, style
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.segmentation.watch import STATISTICS

ROOT = Path(__file__).resolve().parents[1]
LOOK_S, GROWTH = 0.25, 1.05
KEPT = 5  # percentile
RUN = "long"
SET = "many"
QUANTITIES = {"memory_mb": "Memory (MB)", "open_files": "Open files"}
PROCESSES = {"predict": style.BLUE, "watch": style.ORANGE}


def look(process: psutil.Process) -> dict[str, float]:
    return {
        "memory_mb": process.memory_info().rss / 1e6,
        "open_files": process.num_fds(),
    }


def looks_at(process: psutil.Process, images: Callable[[], float]) -> list[dict]:
    """Looks until the process has ended or `images`, how many are done, is NaN."""
    rows = []
    while True:
        try:
            done = images()
            if np.isnan(done):
                return rows
            rows.append({"images": done, **look(process)})
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return rows
        time.sleep(LOOK_S)


def configuration(images: int, side: int) -> dict:
    """config/test.yaml with the bundled model and one set of so many simulated images."""
    config = yaml.safe_load((ROOT / "config" / "test.yaml").read_text(encoding="utf-8"))
    kept = ("seed", "structures", "compression", "dataset", "architecture", "training")
    return {
        **{key: config[key] for key in kept},
        "name": RUN,
        "models": {"select": ["01"], "evaluated": {"bundled": {"weights": "bundled"}}},
        "image_sets": {
            SET: {
                "source": "simulated",
                "microscope": "sem",
                "label": "Simulated SEM",
                "kind": "sem",
                "scenes": images,
                "structures": {"preset": "paper", "domain": [side, side, 60], "voxel_size_nm": 8},
            }
        },
        "tables": dict.fromkeys(("table2", "table3", "table4"), SET),
    }


def predict(folder: Path, images: int, side: int) -> list[dict]:
    """Looks at the job that predicts all images of the set."""
    (folder / "config.yaml").write_text(yaml.safe_dump(configuration(images, side)))
    target = f"results/{RUN}/predictions/bundled/{SET}.json"
    command = [
        *(sys.executable, "-m", "snakemake", target, "--cores", "2", "--quiet", "all"),
        *("--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
        *("--configfile", str(folder / "config.yaml")),
    ]
    workflow = subprocess.Popen(command)
    while workflow.poll() is None:
        job = job_of(workflow.pid, "predict")
        if job is not None:
            rows = looks_at(job, lambda: 0)
            break
        time.sleep(LOOK_S)
    if workflow.wait() != 0:
        raise SystemExit(f"{target}: the workflow failed")
    for number, row in enumerate(rows):  # it tells nobody how far it is: about evenly
        row["images"] = images * number / max(1, len(rows) - 1)
    return rows


def job_of(pid: int, script: str) -> psutil.Process | None:
    """The process that runs workflow/scripts/SCRIPT.py below Snakemake."""
    for process in psutil.Process(pid).children(recursive=True):
        try:
            line = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if line and "python" in line[0] and any(part.endswith(f"{script}.py") for part in line):
            return process
    return None


def watch(folder: Path, images: int) -> list[dict]:
    """Looks at `synthwire watch` on the images of the set."""
    inbox, out = folder / "in", folder / "watched"
    inbox.mkdir()
    pages = read_image_set(folder / "results" / RUN / "microscopy" / SET)
    for page in pages:
        Image.fromarray(page.pixels).save(inbox / f"{page.image_id:04d}.png")
    command = [
        *(sys.executable, "-m", "synthwire", "watch", str(inbox), "--out", str(out)),
        *("--settle", "0", "--interval", "0.1", "--pixel-size", "8nm", "--device", "cpu"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    table = out / STATISTICS

    def done() -> float:
        count = len(table.read_text().splitlines()) - 1 if table.exists() else 0
        return np.nan if count >= images or process.poll() is not None else count

    rows = looks_at(psutil.Process(process.pid), done)
    process.terminate()  # Ctrl-C is ignored where a shell has started this in the background
    if process.wait() != 0:
        raise SystemExit(f"{out}: the watch failed")
    return rows


def growths(table: pd.DataFrame) -> dict[str, float]:
    """What is kept in the last fifth over that in the second, of each process and quantity."""
    result = {}
    for name, rows in table.groupby("process"):
        fifth = len(rows) // 5
        for quantity in QUANTITIES:
            values = rows[quantity].to_numpy()
            early, late = values[fifth : 2 * fifth], values[-fifth:]
            result[f"{name}_{quantity}"] = float(
                np.percentile(late, KEPT) / np.percentile(early, KEPT)
            )
    return result


@style.styled
def draw(table: pd.DataFrame, facts: dict) -> style.Drawing:
    """Memory and open files over the images that are done, both processes."""
    figure = layout.new_figure(style.SINGLE_COLUMN_MM, 80)
    for axes, (quantity, label) in zip(
        figure.subplots(2, 1, sharex=True), QUANTITIES.items(), strict=True
    ):
        for name, rows in table.groupby("process"):
            axes.plot(rows["images"], rows[quantity], color=PROCESSES[name], label=name)
        axes.set(ylabel=label, ylim=(0, 1.1 * table[quantity].max()))
    axes.set_xlabel("Images")
    axes.legend(loc="lower center")
    return style.Drawing(figure, table, facts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            *(
                {"process": "predict", **row}
                for row in predict(folder, options.images, options.side)
            ),
            *({"process": "watch", **row} for row in watch(folder, options.images)),
        ]
    table = pd.DataFrame(rows)
    found = growths(table)
    facts = record(stopwatch, images=options.images, side=options.side, growths=found)
    style.save(draw(table, facts), options.out / "long_run")
    print(" ".join(f"{key}={value:.3f}" for key, value in found.items()))
    return 0 if max(found.values()) <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
