"""The command line: synthwire segment, synthwire watch, synthwire app."""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import synthwire
from synthwire.errors import InputError
from synthwire.segmentation.options import (
    MODALITIES,
    Preparation,
    Selection,
    parse_area,
    parse_pixel_size,
)

if TYPE_CHECKING:
    import pandas as pd

    from synthwire.segmentation.batch import BatchOptions, BatchResult

APP = Path(__file__).parent / "webapp"
DESCRIPTION = (
    "Find nanowires and other particles in microscopy images, one by one, and measure them."
)
EXAMPLES = """\
examples:
  synthwire segment wires.tif --out results
  synthwire segment scans/ --out results --modality tem --pixel-size 0.8nm
  synthwire watch /data/today --out results --pixel-size 6nm
  synthwire app

'synthwire COMMAND --help' tells all about a command.
"""

SEGMENT = """\
Find the particles of images, and measure them.

PATH is an image, a stack, or a folder, which is searched with all folders in it: PNG, JPEG, TIFF,
HDF5 (NeXus, any with one image), SDF (the .hdr). Each page of a stack is an image of its own, but
for a scan over photon energies, of which one image is made.
"""
SEGMENT_RESULTS = """\
what lies in DIR afterwards:
  NAME/overlay.png     the image with its particles, outlined and numbered
  NAME/particles.csv   length, width, area, orientation … of each, in nm and px
  NAME/coco.json       everything found with a score of 0.05 or more, as COCO annotations
  NAME/labels.tif      label image; particles that overlap stand on several pages
  NAME/rois.zip        outlines for Fiji's ROI manager
  particles.csv        the particles of all images
  summary.csv          one row an image, bad files included
  distributions.pdf    figure of their sizes and orientations; as svg, png and csv, too
NAME is the image's name without its suffix, and with its folder where names are equal. Pages of a
stack lie in NAME/page_0001 and so on.

A batch that was broken off goes on where it stopped: give the same command again. Bad files are
named and left out; the exit code is then 1.

examples:
  synthwire segment wires.tif --out results
        particles of an image of optical density; pixel size from its metadata, if there
  synthwire segment scans/*.tif --out results --modality tem --pixel-size 0.8nm
        bright-field TEM images, dark on bright
  synthwire segment stxm/ --out results --modality transmission --i0 10,10,40,40
        transmitted intensities; I₀ from an empty corner: x, y, width, height
  synthwire segment wires.tif --out results --outlines wires.json
        average precision against outlines drawn by hand
"""

WATCH = """\
Measure images as an instrument drops them into a folder, and tell when their mean size changes.

A file is taken when it has stopped growing. Ctrl-C ends it; started again, it goes on with what has
come in the meantime.
"""
WATCH_RESULTS = """\
what lies in the folder of results, beside the folders of the images ('synthwire segment --help'):
  statistics.csv       one row an image, appended as they come
  control_chart.pdf    mean size of each image, running mean, and changes; as svg and png, too

A change is flagged by a self-starting CUSUM (Hawkins, The Statistician 36, 299 (1987)) on the
images' means: without a change it gives one false alarm in about 465 images.

examples:
  synthwire watch /data/today --out results --pixel-size 6nm
  synthwire watch . --out ../results --modality sem --measure width --settle 10
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for bad input, 2 for wrong use, 130 for Ctrl-C.

    arguments: without the program's name; None takes those of this process.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    # What Detectron2 0.6 and torch tell each other is of no use to anyone here.
    warnings.filterwarnings("ignore", message="torch.meshgrid")
    try:
        return options.run(options)
    except InputError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain("stopped")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # whoever read our output has gone; Python would complain again when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _terminate(number: int, _frame) -> NoReturn:
    raise SystemExit(128 + number)  # unwinds, so that half-written folders go


def _complain(message: str) -> None:
    print(f"synthwire: {message}", file=sys.stderr, flush=True)


# -- arguments ------------------------------------------------------------------------------------


class _Help(argparse.RawDescriptionHelpFormatter):
    """Texts as they stand here, options in one narrow column, each argument named once."""

    def __init__(self, prog: str) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(prog, max_help_position=24, width=min(100, columns - 2))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        return f"{names} {self._format_args(action, action.dest.upper())}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "synthwire",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"synthwire {synthwire.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_segment(commands)
    _add_watch(commands)
    _add_app(commands)
    return parser


def _add_command(
    commands, name: str, usage: str, summary: str, description: str, epilog: str, run
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        usage=f"synthwire {name} {usage}",
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=_Help,
    )
    parser.set_defaults(run=run)
    return parser


def _add_segment(commands) -> None:
    parser = _add_command(
        commands,
        "segment",
        "PATH... --out DIR [options]",
        "find and measure the particles of images",
        SEGMENT,
        SEGMENT_RESULTS,
        _segment,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="image or folder")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the results"
    )
    _add_image_options(parser)
    _add_particle_options(parser)
    _add_model_options(parser)
    group = parser.add_argument_group("batch")
    group.add_argument(
        "--outlines",
        type=Path,
        metavar="PATH",
        help="outlines to compare with: a folder of files named as the images (COCO, VIA or "
        "LabelMe JSON, Fiji ROIs, label images), a COCO file that names them, or, of one image, "
        "any file",
    )
    group.add_argument("--redo", action="store_true", help="do anew what is done already")


def _add_watch(commands) -> None:
    parser = _add_command(
        commands,
        "watch",
        "DIR [options]",
        "measure images as they come in, and flag changes of their size",
        WATCH,
        WATCH_RESULTS,
        _watch,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder that images come into")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the results (default: DIR/synthwire)",
    )
    _add_image_options(parser)
    _add_particle_options(parser)
    _add_model_options(parser)
    group = parser.add_argument_group("watching")
    group.add_argument(
        "--measure",
        choices=("length", "width", "area"),
        default="length",
        help="size whose mean is watched (default: %(default)s)",
    )
    group.add_argument(
        "--settle",
        type=_number(0),
        default=2.0,
        metavar="S",
        help="seconds that a file must stay as it is to count as complete (default: %(default)g)",
    )
    group.add_argument(
        "--interval",
        type=_number(0),
        default=1.0,
        metavar="S",
        help="seconds between two looks (default: %(default)g)",
    )


def _add_app(commands) -> None:
    parser = _add_command(
        commands,
        "app",
        "[options]",
        "open the web app on this machine",
        "Open the web app. It is served to this machine alone, and needs no internet.",
        "",
        _app,
    )
    parser.add_argument(
        "--port", type=int, default=8501, help="port to serve on (default: %(default)s)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open a browser; print the address alone"
    )


def _add_image_options(parser) -> None:
    kinds = "\n".join(f"  {name:14}{meaning}" for name, meaning in MODALITIES.items())
    group = parser.add_argument_group("images", f"modalities:\n{kinds}")
    group.add_argument(
        "-m",
        "--modality",
        choices=tuple(MODALITIES),
        default=Preparation.modality,
        metavar="KIND",
        help="how the images were made (default: %(default)s)",
    )
    group.add_argument(
        "-p",
        "--pixel-size",
        type=_readable(parse_pixel_size),
        metavar="SIZE",
        help="as 6nm, 0.006um or 6.6x7.8nm (down x across); without it the file's own, and if it "
        "has none, lengths are in pixels",
    )
    group.add_argument(
        "--i0",
        type=_incident,
        metavar="I0",
        help="for transmission, where I₀ comes from: a percentile of each image's intensities "
        "(default: 95), an empty region x,y,width,height in pixels, or an image without specimen",
    )
    group.add_argument(
        "--energy",
        type=float,
        metavar="EV",
        help="of a scan over photon energies the image at this one (default: the mean over all)",
    )
    group.add_argument(
        "--no-stretch",
        action="store_true",
        help="leave the contrast of 8-bit images as it is",
    )


def _add_particle_options(parser) -> None:
    group = parser.add_argument_group("particles")
    group.add_argument(
        "-t",
        "--threshold",
        type=_number(0, 1),
        default=Selection.threshold,
        metavar="SCORE",
        help="least score, 0 to 1, of what counts as a particle (default: %(default)g)",
    )
    group.add_argument(
        "--min-area",
        type=_readable(parse_area),
        metavar="AREA",
        help="leave out smaller ones: as 50px or 4000nm2",
    )
    group.add_argument(
        "--keep-nested",
        action="store_true",
        help="keep particles that lie within a larger one; they are mostly its doubles",
    )
    group.add_argument(
        "--exclude-border",
        action="store_true",
        help="leave out particles that the edge of the image cuts",
    )


def _add_model_options(parser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        metavar="MODEL",
        help="a run's model, as results/demo/models/12 (default: the one that ships with it)",
    )
    group.add_argument(
        "--scale",
        type=_number(0, above=True),
        metavar="N",
        help="show the image to the network N times enlarged (default: by the pixel size, or else "
        "by how wide its particles seem, so that it looks as what the network has learnt from)",
    )
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        metavar="NAME",
        help="cpu or cuda (default: cuda where there is a GPU)",
    )


def _readable(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """An argument's type whose InputError argparse shows as its own."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _number(low: float, high: float = math.inf, *, above: bool = False) -> Callable[[str], float]:
    """The type of a number from low to high, or above low."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low < value if above else low <= value) or not value <= min(
            high, sys.float_info.max
        ):
            limits = f"from {low:g} to {high:g}" if high < math.inf else f"from {low:g} on"
            limits = f"above {low:g}" if above else limits
            raise argparse.ArgumentTypeError(f"'{text}': a number {limits} is expected")
        return value

    return read


def _incident(text: str) -> dict[str, Any]:
    """I₀ as `options.Preparation` has it."""
    if re.fullmatch(r"\d+\.?\d*", text):
        return {"percentile": float(text)}
    if re.fullmatch(r"\d+(,\d+){3}", text):
        return {"region": [int(side) for side in text.split(",")]}
    if Path(text).is_file():
        return {"image": text}
    raise argparse.ArgumentTypeError(
        f"'{text}' is no percentile, no region x,y,width,height, and no image file"
    )


# -- commands -------------------------------------------------------------------------------------


def _settings(options: argparse.Namespace) -> BatchOptions:
    from synthwire.segmentation.batch import (
        BatchOptions,  # here, as below: --help need not wait for SciPy
    )

    incident = {} if options.i0 is None else {"incident": options.i0}
    if incident and options.modality != "transmission":
        raise InputError("--i0 goes with --modality transmission; other images have none")
    preparation = Preparation(
        options.modality,
        options.pixel_size,
        energy_ev=options.energy,
        stretch=not options.no_stretch,
        **incident,
    )
    selection = Selection(
        options.threshold,
        remove_nested=not options.keep_nested,
        exclude_border=options.exclude_border,
        **(options.min_area or {}),
    )
    return BatchOptions(preparation, selection, options.model, options.device, options.scale)


def _segment(options: argparse.Namespace) -> int:
    from synthwire.runtime.progress import progress_bar
    from synthwire.segmentation import batch, places
    from synthwire.segmentation.summary import (
        failed_row,
        write_summary,
    )

    if options.outlines is not None and not options.outlines.exists():
        raise InputError(f"{options.outlines}: no such file or folder")
    paths, problems = places.find_images(options.paths, options.out)
    for problem in problems:
        _complain(problem)
    if not paths:
        return 1
    settings = replace(
        _settings(options), outlines=options.outlines, single=len(paths) == 1, redo=options.redo
    )
    rows, outcomes = [], []
    with batch.sole_user(options.out):
        work = batch.Batch(settings, options.out)
        _ = work.identity  # without a model no file can be done
        with progress_bar(None, "segment", total=len(paths)) as bar:

            def complain(message: str) -> None:
                bar.clear()
                _complain(message)
                problems.append(message)

            for path, place in places.places_of(paths).items():
                bar.set_postfix_str(path.name, refresh=False)
                found = work.attempt(path, place, complain, progress=_tile_bar)
                if found is None:
                    rows.append(failed_row(path, problems[-1]))
                else:
                    outcomes += found
                    rows += [outcome.row for outcome in found]
                bar.update()
            if settings.outlines and not any("ap" in row for row in rows):
                complain(f"{settings.outlines}: no outlines named as the images")
        particles = write_summary(options.out, rows, outcomes)
    print(_closing_words(options.out, outcomes, particles, len(problems)))
    return 1 if problems else 0


def _tile_bar(tiles: Sequence) -> Iterable:
    """A bar of its own for an image that takes many tiles."""
    from synthwire.runtime.progress import progress_bar

    return progress_bar(tiles, "  tiles") if len(tiles) > 1 else tiles


def _closing_words(
    out: Path, outcomes: Sequence[BatchResult], particles: pd.DataFrame, problems: int
) -> str:

    words = f"{_count(len(outcomes), 'image')}, {_count(len(particles), 'particle')}"
    reused = sum(outcome.reused for outcome in outcomes)
    if reused:
        words += f"; {reused} done before"
    if problems:
        words += f"; {_count(problems, 'problem')}, named above"
    lines = [words]
    if len(particles):
        unit = "nm" if particles["length_nm"].notna().all() else "px"
        for name in ("length", "width"):
            low, middle, high = particles[f"{name}_{unit}"].quantile([0.25, 0.5, 0.75])
            lines.append(
                f"{name:7} median {middle:.4g} {unit}, half of them within {low:.4g}–{high:.4g}"
            )
    from synthwire.segmentation.summary import DISTRIBUTIONS, PARTICLES, SUMMARY

    names = (SUMMARY, PARTICLES, f"{DISTRIBUTIONS}.pdf")
    lines.append("  ".join(str(out / name) for name in names))
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _watch(options: argparse.Namespace) -> int:
    from synthwire.segmentation import batch, watch

    out = options.out or options.folder / "synthwire"
    if not options.folder.is_dir():
        raise InputError(f"{options.folder}: no such folder")
    with batch.sole_user(out):
        work = batch.Batch(_settings(options), out)
        print(f"watching {options.folder}; results in {out}; Ctrl-C ends it", flush=True)
        record = watch.watch(
            options.folder,
            work,
            measure=options.measure,
            settle_s=options.settle,
            interval_s=options.interval,
            say=lambda line: print(line, flush=True),
            complain=_complain,
        )
    print(f"{_count(len(record.rows), 'image')} in {record.path}")
    return 0


def _app(options: argparse.Namespace) -> int:
    script = APP / "main.py"
    if not script.is_file():
        raise InputError(f"{script}: no such file; the web app is part of a SynthWire checkout")
    # that it serves this machine alone stands in webapp/.streamlit/config.toml
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(script)),
        f"--server.port={options.port}",
        f"--server.headless={str(options.no_browser).lower()}",
    ]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:  # the server has had it, too
        return 0
