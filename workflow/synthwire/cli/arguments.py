"""What several commands take: how images are read, what counts as a particle, which model."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthwire.errors import InputError
from synthwire.io.complex_numbers import COMPLEX_PARTS
from synthwire.segmentation.options import (
    MODALITIES,
    Preparation,
    Selection,
    parse_area,
    parse_crop,
    parse_pixel_size,
)

if TYPE_CHECKING:
    from synthwire.segmentation.batch import BatchOptions


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """How images were made, and how they are read."""
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
        type=as_type(parse_pixel_size),
        metavar="SIZE",
        help="as 6nm, 0.006um or 6.6x7.8nm (down x across); without it the file's own, and if it "
        "has none, lengths are in pixels",
    )
    group.add_argument(
        "--pixel-sizes",
        type=Path,
        metavar="CSV",
        help="table with a row an image: columns file, and pixel_size (6nm) or pixel_size_nm (6); "
        "goes before --pixel-size and the file's own",
    )
    group.add_argument(
        "--i0",
        type=parse_incident,
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
        "--complex",
        choices=tuple(COMPLEX_PARTS),
        default=Preparation.complex_part,
        metavar="PART",
        help="of complex numbers, as ptychography gives them, phase or amplitude "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--crop",
        type=as_type(parse_crop),
        metavar="PART",
        help="what is picture: left,top,right,bottom in pixels, as 0,0,1024,884, or what to leave "
        "out, as bottom=59, or none (default: data bars are found and left out)",
    )
    group.add_argument(
        "--leave-out",
        type=Path,
        metavar="MASK",
        help="image as large as yours, not 0 where nothing is searched, as on dirt; or a folder of "
        "them, named as the images",
    )
    group.add_argument(
        "--no-stretch",
        action="store_true",
        help="leave the contrast of 8-bit images as it is",
    )


def add_particle_options(parser: argparse.ArgumentParser) -> None:
    """What counts as a particle."""
    group = parser.add_argument_group("particles")
    group.add_argument(
        "-t",
        "--threshold",
        type=number(0, 1),
        default=Selection.threshold,
        metavar="SCORE",
        help="least score, 0 to 1, of what counts as a particle (default: %(default)g)",
    )
    group.add_argument(
        "--min-area",
        type=as_type(parse_area),
        metavar="AREA",
        help="leave out smaller ones: as 50px or 4000nm2",
    )
    group.add_argument(
        "--keep-nested",
        action="store_true",
        help="keep particles that lie within a larger one; they are mostly its duplicates",
    )
    group.add_argument(
        "--exclude-border",
        action="store_true",
        help="leave out particles that the edge of the image cuts",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model looks at the images, how and where."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        metavar="MODEL",
        help="a run's model, as results/demo/models/12 (default: the one that comes with it)",
    )
    group.add_argument(
        "--scale",
        type=scale,
        metavar="N",
        help="show the image to the network once, N times enlarged (default: it looks at several "
        "sizes, and what it finds says at which of them its particles are as wide as those that "
        "it has learnt from)",
    )
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        metavar="NAME",
        help="cpu or cuda (default: cuda where there is a GPU)",
    )


def as_type(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """An argument's type whose InputError argparse shows as its own."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def number(low: float, high: float = math.inf) -> Callable[[str], float]:
    """The type of a number from low to high."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= min(high, sys.float_info.max):
            limits = f"from {low:g} to {high:g}" if high < math.inf else f"from {low:g} on"
            raise argparse.ArgumentTypeError(f"'{text}': a number {limits} is expected")
        return value

    return read


def scale(text: str) -> float:
    """An enlargement. Beyond the limits no image has a pixel left, or tiles are without number."""
    return number(0.01, 100)(text)


def parse_incident(text: str) -> dict[str, Any]:
    """I₀ as `Preparation` has it, from an argument."""
    if re.fullmatch(r"\d+\.?\d*", text):
        return {"percentile": float(text)}
    if re.fullmatch(r"\d+(,\d+){3}", text):
        return {"region": [int(side) for side in text.split(",")]}
    if Path(text).is_file():
        return {"image": text}
    raise argparse.ArgumentTypeError(
        f"'{text}' is no percentile, no region x,y,width,height, and no image file"
    )


def preparation_of(options: argparse.Namespace) -> Preparation:
    """How images are read, as `add_image_options` asks; InputError where arguments contradict."""
    incident = {} if options.i0 is None else {"incident": options.i0}
    if incident and options.modality != "transmission":
        raise InputError("--i0 goes with --modality transmission; other images have none")
    if options.leave_out is not None and not options.leave_out.exists():
        raise InputError(f"{options.leave_out}: no such file or folder")
    return Preparation(
        options.modality,
        options.pixel_size,
        energy_ev=options.energy,
        complex_part=options.complex,
        stretch=not options.no_stretch,
        crop=options.crop,
        **incident,
    )


def batch_options(options: argparse.Namespace) -> BatchOptions:
    """What the arguments say; InputError where they contradict one another."""
    from synthwire.segmentation.batch import BatchOptions  # here: --help need not wait for SciPy
    from synthwire.segmentation.size_table import read_sizes

    preparation = preparation_of(options)
    selection = Selection(
        options.threshold,
        remove_nested=not options.keep_nested,
        exclude_border=options.exclude_border,
        **(options.min_area or {}),
    )
    return BatchOptions(
        preparation,
        selection,
        options.model,
        options.device,
        options.scale,
        pixel_sizes={} if options.pixel_sizes is None else read_sizes(options.pixel_sizes),
        leave_out=options.leave_out,
    )
