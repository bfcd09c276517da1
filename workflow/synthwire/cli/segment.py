"""synthwire segment: the particles of images, found and measured."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synthwire.cli.arguments import (
    add_image_options,
    add_model_options,
    add_particle_options,
    batch_options,
)
from synthwire.cli.terminal import Commands, add_command, complain, count
from synthwire.errors import InputError, one_line

if TYPE_CHECKING:
    import pandas as pd

    from synthwire.segmentation.reference import References
    from synthwire.segmentation.summary import MeasuredImage

REMARKS = 6  # so many of an image stand on its line
LARGER_UNITS = ((1e6, "mm"), (1e3, "µm"))  # in nm, for lengths that are hard to read in it
DESCRIPTION = """\
Find the particles of images, and measure them.

PATH is an image, a stack, or a folder, which is searched with all folders in it: PNG, JPEG, BMP,
TIFF, DM3, DM4, MRC, SER, EMD, HDF5 (NeXus, HyperSpy, ptychography, any with one image), SDF (the
.hdr), SXM, NPY. Each page of a stack is an image of its own, but for a scan over photon energies,
of which one image is made. docs/images.md has a table of the formats.
"""
RESULTS = """\
what lies in DIR afterwards:
  NAME/overlay.png     the image with its particles, outlined and numbered
  NAME/particles.csv   length, width, area, orientation … of each, in nm and px
  NAME/coco.json       the particles as COCO annotations
  NAME/proposals.json  everything found with a score of 0.05 or more, in the same format
  NAME/image.png       the image as the model saw it
  NAME/labels.tif      label image; particles that overlap stand on several pages
  NAME/rois.zip        outlines for Fiji's ROI manager
  NAME/centrelines.csv one row a point along each wire, with its width by mask and intensity
  NAME/centrelines.zip the same as lines for Fiji, as wide as the wires
  NAME/intervals.csv   means, medians, densities, overlaps with their 95 % intervals
  particles.csv        the particles of all images
  summary.csv          one row an image, bad files included
  intervals.csv        the same over images, which are the units where there are three or more
  lengths.csv          distribution of the lengths, the edge's cuts allowed for (Kaplan-Meier)
  distributions.pdf    figure of their sizes and orientations; as svg, png and csv, too
  widths.pdf           figure of the width along the wires, and of their taper
NAME is the image's name without its suffix, and with its folder where names are equal. Pages of a
stack lie in NAME/page_0001 and so on.

A batch that was interrupted resumes where it stopped: give the same command again. Bad files are
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


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "segment",
        "PATH... --out DIR [options]",
        summary="find and measure the particles of images",
        description=DESCRIPTION,
        epilog=RESULTS,
        run=run,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="image or folder")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the results"
    )
    add_image_options(parser)
    add_particle_options(parser)
    add_model_options(parser)
    group = parser.add_argument_group("batch")
    group.add_argument(
        "--outlines",
        type=Path,
        metavar="PATH",
        help="outlines to compare with: a folder or zip of files named as the images, a file that "
        "names them (COCO, VIA, CVAT, Label Studio), or, of one image, any file; formats: "
        "those, LabelMe, Supervisely, Fiji ROIs, label images, masks, YOLO, QuPath, napari, "
        "ilastik, Cellpose",
    )
    group.add_argument("--redo", action="store_true", help="do again what is done already")


def run(options: argparse.Namespace) -> int:
    """Segment all images; 1 where something was wrong with one of them."""
    from synthwire.io.files import remove_left
    from synthwire.runtime import stopping
    from synthwire.runtime.locking import alone_in  # here, as below: --help need not wait for SciPy
    from synthwire.runtime.progress import progress_bar
    from synthwire.segmentation import places
    from synthwire.segmentation.batch import Batch
    from synthwire.segmentation.size_table import SizeTable
    from synthwire.segmentation.summary import failure_row, write_summary

    if options.outlines is not None and not options.outlines.exists():
        raise InputError(f"{options.outlines}: no such file or folder")
    paths, problems = places.find_images(
        options.paths, options.out, options.outlines, options.leave_out
    )
    for problem in problems:
        complain(problem)
    if not paths:
        return 1
    chosen = replace(
        batch_options(options),
        outlines=options.outlines,
        images=tuple(paths),
        redo=options.redo,
    )
    if isinstance(chosen.pixel_sizes, SizeTable):
        for remark in chosen.pixel_sizes.remarks(paths):
            complain(remark)
        chosen = replace(chosen, pixel_sizes=chosen.pixel_sizes.match(paths))
    rows, images = [], []
    with alone_in(options.out):
        remove_left(options.out)
        batch = Batch(chosen, options.out)
        _ = batch.identity  # without a model no file can be done
        with progress_bar(None, "segment", total=len(paths)) as bar:

            def note(problem: str) -> None:
                bar.clear()
                complain(problem)
                problems.append(problem)

            # what compiled code has swallowed of a request to end is heeded at the next image
            for path, place in stopping.heeding(places.places_of(paths).items()):
                bar.set_postfix_str(one_line(path.name), refresh=False)
                found = batch.attempt(path, place, note, progress=_tile_bar)
                if found is None:
                    rows.append(failure_row(path, problems[-1]))
                else:
                    images += found
                    rows += [image.row for image in found]
                    bar.clear()
                    _say_remarks(path, found)
                    for fault in dict.fromkeys(image.fault for image in found if image.fault):
                        if fault not in problems:
                            note(fault)
                bar.update()
            if batch.references:
                compared = any("ap" in image.row or image.fault for image in images)
                _say_what_is_there(batch.references, paths, complain if compared else note)
        particles, intervals = write_summary(options.out, rows, images)
    print(_closing_words(options.out, images, particles, intervals, len(problems)))
    return 1 if problems else 0


def _say_remarks(path: Path, images: Sequence[MeasuredImage]) -> None:
    """The line of an image's file: how it and its outlines were read, and what may be wrong."""
    remarks = [remark for image in images for remark in image.remarks if remark != image.fault]
    remarks += _doubts_of(images)
    if not remarks:
        return
    more = f" … and {len(remarks) - REMARKS} more, in summary.csv" if len(remarks) > REMARKS else ""
    said, named = [], ""
    for remark in remarks[:REMARKS]:  # the file that several are of is named once
        file, _, rest = remark.partition(": ")
        said.append(rest if rest and file == named else remark)
        named = file
    complain(f"{path}: " + "; ".join(said) + more)


def _doubts_of(images: Sequence[MeasuredImage]) -> list[str]:
    """Doubts of the pages of a file; what differs in its numbers alone is said once."""
    alike: dict[str, list[str]] = {}
    for image in images:
        for doubt in image.doubts:
            alike.setdefault(re.sub(r"\d[\d.]*", "", doubt), []).append(doubt)
    return [
        lines[0] + (f" (alike on {count(len(lines) - 1, 'more page')})" if len(lines) > 1 else "")
        for lines in alike.values()
    ]


def _say_what_is_there(
    references: References, images: Sequence[Path], say: Callable[[str], None]
) -> None:
    """Which images were not compared, and what they could have been compared with."""
    from synthwire.io.outlines.pairing import listed

    missing = references.missing(images)
    if not missing:
        return
    of = "named as the images" if len(missing) == len(images) else f"of {listed(missing)}"
    there = listed(references.there)
    say(f"{references.path}: no outlines {of}" + (f"; there is {there}" if there else ""))


def _tile_bar(tiles: Sequence) -> Iterable:
    """A bar of its own for an image that takes many tiles."""
    from synthwire.runtime.progress import progress_bar

    return progress_bar(tiles, "  tiles") if len(tiles) > 1 else tiles


def _closing_words(
    out: Path,
    images: Sequence[MeasuredImage],
    particles: pd.DataFrame,
    intervals: pd.DataFrame,
    problems: int,
) -> str:
    from synthwire.segmentation.groups import in_words
    from synthwire.segmentation.summary import DISTRIBUTIONS, INTERVALS, PARTICLES, SUMMARY

    words = f"{count(len(images), 'image')}, {count(len(particles), 'particle')}"
    reused = sum(image.reused for image in images)
    if reused:
        words += f"; {reused} done before"
    if problems:
        words += f"; {count(problems, 'problem')}, named above"
    lines = [words]
    unknown = sum(math.isnan(image.row["pixel_down_nm"]) for image in images)
    if 0 < unknown < len(images):
        lines.append(f"{unknown} of them without a pixel size, so what follows is in pixels of all")
    if len(particles):
        unit = "nm" if particles["length_nm"].notna().all() else "px"
        for name in ("length", "width"):
            low, middle, high = particles[f"{name}_{unit}"].quantile([0.25, 0.5, 0.75])
            larger = [item for item in LARGER_UNITS if unit == "nm" and middle >= item[0]]
            side, shown = larger[0] if larger else (1.0, unit)
            lines.append(
                f"{name:7} median {middle / side:.4g} {shown}, half of them within "
                f"{low / side:.4g}–{high / side:.4g}"
            )
        lines += ["", "with 95 % intervals:", *in_words(intervals), ""]
    names = (SUMMARY, PARTICLES, INTERVALS, f"{DISTRIBUTIONS}.pdf")
    lines.append("  ".join(str(out / name) for name in names))
    return "\n".join(lines)
