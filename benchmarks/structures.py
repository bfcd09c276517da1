"""Speed of the structure generator beside PoreSpy, memory's own speed, and the paper's data set.

    pip install -r benchmarks/requirements.txt
    python benchmarks/structures.py [--scenes 60] [--jobs 2]

Measures, single-threaded unless said otherwise:
(a) 20 deposited, labelled round wires (r = 8 voxels) in 512 × 512 × 200 voxels, against PoreSpy's
    `generators.cylinders` with 20 cylinders of that radius in the same domain, which gives neither
    labels nor deposition; wires as long as the domain is wide;
(b) the same against allocating and filling one uint8 volume of that size;
(c) the paper's data set, preset `paper`: structures as compressed volumes, optical-density images
    and masks, in --jobs processes; from --scenes of its 1250 structures, scaled up;
(d) time a scene at 10, 40 and 160 particles.
Both generators are called once before the clock starts, since each compiles on its first call
(PoreSpy for some seconds). `--scenes 1250` makes the whole data set of (c). The last line is
`ratio_porespy=… ratio_limit=…`; the exit status is 1 when (a), (b) or (d) misses its limit.
"""

# ruff: noqa: E402 -- the thread counts must be set before numerical libraries are loaded
from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from synthwire.imaging.shard import image_shard
from synthwire.structures.scene import generate_scene
from synthwire.structures.settings import categories
from synthwire.structures.shard import generate_shard

DOMAIN = (512, 512, 200)
PAPER_SCENES = 1250
RATIO_LIMIT = 20.0
FILL_LIMIT = 5.0
GROWTH_LIMIT = 16.0  # of the time from 10 to 160 particles: linear


def seconds(repeats: int, *functions: Callable[[int], object]) -> list[float]:
    """Median processor time of each function, called in turn so that all meet the same machine.

    They are called with 0, 1, …; a first round warms up. On one thread, processor time is the run
    time on an idle machine.
    """
    times: list[list[float]] = [[] for _ in functions]
    for i in range(-1, repeats):
        for function, record in zip(functions, times, strict=True):
            start = time.process_time()
            function(abs(i))
            if i >= 0:
                record.append(time.process_time() - start)
    return [statistics.median(record) for record in times]


def wires(count: int, **particle) -> dict:
    """Settings of scenes with a fixed number of wires in the paper's domain."""
    particle = {
        "shape": "cylinder",
        "length_nm": 3072,
        "width_nm": 96,
        "thickness_nm": 96,
    } | particle
    return {
        "preset": "paper",
        "domain": list(DOMAIN),
        "populations": [{"count": count, "particles": [particle]}],
    }


def fill(_: int) -> np.ndarray:
    volume = np.empty(DOMAIN[::-1], dtype=np.uint8)
    volume.fill(1)
    return volume


def make_shard(task: tuple[Path, int, list[int]]) -> int:
    """One shard of the paper's data set, all stages. Returns the peak memory in bytes."""
    folder, shard, scenes = task
    place = folder / "structures" / f"{shard:03d}"
    generate_shard({"preset": "paper"}, 1, scenes, place)
    image_shard(
        place,
        folder / "images" / f"{shard:03d}",
        {"divisor": "projected_thickness", "blur_sigma_px": 2.0},
        categories({"preset": "paper"}),
    )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def paper_data_set(scenes: int, jobs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = list(range(scenes))
        size = max(1, scenes // (2 * jobs))  # two shards a process: the second shows a leak
        shards = [numbers[i : i + size] for i in range(0, scenes, size)]
        tasks = [(folder, shard, group) for shard, group in enumerate(shards)]
        context = multiprocessing.get_context("spawn")
        with context.Pool(jobs) as pool:
            # a first scene each, so that compiled code is loaded before the clock starts
            first = pool.map(make_shard, [(folder / "warm", job, [job]) for job in range(jobs)], 1)
            start = time.perf_counter()
            peaks = pool.map(make_shard, tasks, chunksize=1)
            took = time.perf_counter() - start
            pool.close()
            pool.join()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = sum(
            path.stat().st_size
            for kind in ("structures", "images")
            for path in (folder / kind).rglob("*")
            if path.is_file()
        )
    factor = PAPER_SCENES / scenes
    measured = "" if scenes == PAPER_SCENES else f", from {scenes} ({took:.1f} s)"
    print(
        f"(c) {PAPER_SCENES} structures with images and masks, {jobs} processes: "
        f"{took * factor / 60:.1f} min, {used * factor / 1e6:.0f} MB{measured}; "
        f"processors at work for {(children.ru_utime + children.ru_stime) / 60:.1f} min"
    )
    print(
        f"    peak memory a process: {max(first) / 1e6:.0f} MB after 1 scene, "
        f"{max(peaks) / 1e6:.0f} MB after {2 * size}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=int, default=60, help="structures measured for (c)")
    parser.add_argument("--jobs", type=int, default=2, help="processes for (c)")
    parser.add_argument("--repeats", type=int, default=15, help="runs of which the median counts")
    arguments = parser.parse_args()
    try:
        import porespy
    except ImportError:
        print("PoreSpy is missing: pip install -r benchmarks/requirements.txt", file=sys.stderr)
        return 2
    porespy.settings.tqdm["disable"] = True
    shape = list(DOMAIN)

    rounds, prisms = wires(20), wires(20, shape="prism")
    ours, boxes, peer, filled = seconds(
        arguments.repeats,
        lambda i: generate_scene(rounds, 1, i),
        lambda i: generate_scene(prisms, 1, i),
        lambda i: porespy.generators.cylinders(shape=shape, r=8, ncylinders=20, seed=i),
        fill,
    )
    print(f"(a) 20 wires: {ours * 1e3:.1f} ms round, {boxes * 1e3:.1f} ms rectangular; "
          f"PoreSpy {peer * 1e3:.0f} ms")  # fmt: skip
    print(f"(b) allocate and fill: {filled * 1e3:.1f} ms; generation takes "
          f"{ours / filled:.1f} times that (limit {FILL_LIMIT:g})")  # fmt: skip
    paper_data_set(arguments.scenes, arguments.jobs)
    small = {"length_nm": 900, "width_nm": 72, "thickness_nm": 48, "shape": "prism"}
    counts = (10, 40, 160)
    scenes = [wires(count, **small) for count in counts]
    makers = [lambda i, s=s: generate_scene(s, 1, i) for s in scenes]
    times = dict(zip(counts, seconds(arguments.repeats, *makers), strict=True))
    growth = times[160] / times[10]
    print("(d) " + ", ".join(f"{n} particles {t * 1e3:.1f} ms" for n, t in times.items())
          + f"; 160 against 10: {growth:.1f} times (limit {GROWTH_LIMIT:g})")  # fmt: skip
    ratio = peer / ours
    print(f"ratio_porespy={ratio:.1f} ratio_limit={RATIO_LIMIT:g}")
    met = ratio >= RATIO_LIMIT and ours <= FILL_LIMIT * filled and growth <= GROWTH_LIMIT
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
