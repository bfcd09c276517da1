"""synthwire watch: images as they come in, measured and watched."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.arguments import (
    add_image_options,
    add_model_options,
    add_particle_options,
    batch_options,
    number,
)
from synthwire.cli.terminal import Commands, add_command, complain, count
from synthwire.errors import InputError, one_line

DESCRIPTION = """\
Measure images as an instrument drops them into a folder, and tell when their mean size changes.

A file is taken when it has stopped growing. Ctrl-C ends it; started again, it goes on with what has
come in the meantime.
"""
RESULTS = """\
what lies in the folder of results, beside the folders of the images ('synthwire segment --help'):
  statistics.csv       one row an image, appended as they come
  control_chart.pdf    mean size of each image, running mean, and changes; as svg and png, too

A change is flagged by a self-starting CUSUM (Hawkins, The Statistician 36, 299 (1987)) on the
images' means: without a change it gives one false alarm in about 465 images.

examples:
  synthwire watch /data/today --out results --pixel-size 6nm
  synthwire watch . --out ../results --modality sem --measure width --settle 10
"""


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "watch",
        "DIR [options]",
        summary="measure images as they come in, and flag changes of their size",
        description=DESCRIPTION,
        epilog=RESULTS,
        run=run,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder that images come into")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the results (default: DIR/synthwire)",
    )
    add_image_options(parser)
    add_particle_options(parser)
    add_model_options(parser)
    group = parser.add_argument_group("watching")
    group.add_argument(
        "--measure",
        choices=("length", "width", "area"),
        default="length",
        help="size whose mean is watched (default: %(default)s)",
    )
    group.add_argument(
        "--settle",
        type=number(0),
        default=2.0,
        metavar="S",
        help="seconds that a file must stay as it is to count as complete (default: %(default)g)",
    )
    group.add_argument(
        "--interval",
        type=number(0),
        default=1.0,
        metavar="S",
        help="seconds between two looks (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Watch the folder until it is interrupted."""
    from synthwire.io.files import remove_left
    from synthwire.runtime.locking import alone_in  # here, as below: --help need not wait for SciPy
    from synthwire.segmentation.batch import Batch
    from synthwire.segmentation.watch import watch

    out = options.out or options.folder / "synthwire"
    if not options.folder.is_dir():
        raise InputError(f"{options.folder}: no such folder")
    with alone_in(out):
        remove_left(out)
        batch = Batch(batch_options(options), out)
        print(f"watching {options.folder}; results in {out}; Ctrl-C ends it", flush=True)
        record = watch(
            options.folder,
            batch,
            measure=options.measure,
            settle_s=options.settle,
            interval_s=options.interval,
            say=lambda line: print(one_line(line), flush=True),
            complain=complain,
        )
    print(f"{count(len(record.rows), 'image')} in {record.path}")
    return 0
