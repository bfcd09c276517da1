"""synthwire compare: two groups of segmented images, with intervals and tests."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from synthwire.cli.arguments import as_type
from synthwire.cli.terminal import Commands, add_command, complain, count
from synthwire.errors import InputError
from synthwire.segmentation.options import parse_pixel_size

DESCRIPTION = """\
Say how two groups of images differ: sizes, densities, order, overlaps, each with its 95 % interval.

A and B are folders that 'synthwire segment' has written, or outlines: a COCO file, or with --images
whatever 'synthwire segment --outlines' reads. Images are the units of the tests, since
particles of one image are not independent: three or more of each group are needed. Below that
particles are taken as independent, and a line says so.
"""
RESULTS = """\
what lies in DIR afterwards:
  differences.csv      both groups' statistics, their difference, its interval, p, effect size
  comparison.pdf       figure of widths, lengths and differences; as svg, png and csv, too

example:
  synthwire compare results/monday results/friday --out results/monday_friday
  synthwire compare anna.json ben.json --out anna_ben --pixel-size 6nm
"""


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "compare",
        "A B --out DIR [options]",
        summary="say how the particles of two groups of images differ",
        description=DESCRIPTION,
        epilog=RESULTS,
        run=run,
    )
    parser.add_argument("first", type=Path, metavar="A", help="results or outlines of a group")
    parser.add_argument("second", type=Path, metavar="B", help="those of the other group")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the comparison"
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="PATH",
        help="the images that outlines are of: a folder, or one image; COCO files need none",
    )
    parser.add_argument(
        "-p",
        "--pixel-size",
        type=as_type(parse_pixel_size),
        metavar="SIZE",
        help="of the images of outlines, as 6nm; goes before what image files say, and comes after "
        "what a COCO file says",
    )


def run(options: argparse.Namespace) -> int:
    """Compare, write, and print what differs."""
    from synthwire.figures.groups import draw_groups  # here, as below: --help need not wait
    from synthwire.figures.kit import style
    from synthwire.segmentation.groups import compare, counted_twice
    from synthwire.segmentation.outline_groups import read_any_group
    from synthwire.segmentation.summary import write_table

    if options.first.resolve() == options.second.resolve():
        raise InputError(f"{options.second}: the same folder twice; another group is expected")
    for one, other in ((options.first, options.second), (options.second, options.first)):
        if one.resolve() in other.resolve().parents:
            raise InputError(f"{other}: lies within {one}, so its images would be in both groups")
    groups = [
        read_any_group(path, options.images, options.pixel_size, complain)
        for path in (options.first, options.second)
    ]
    names = [group.name for group in groups]
    if names[0] == names[1]:
        names = [str(options.first), str(options.second)]
    table = compare(*groups)
    unit = "nm" if all(group.in_nm for group in groups) else "px"
    if (table["drawn_from"] == "particles").any():
        complain(
            "fewer than three images in a group: particles are taken as independent, and what "
            "differs between images counts as a difference of the groups"
        )
    known = [bool(size) for group in groups for size in group.images["area_um2"].notna()]
    if any(known) and not all(known):
        complain(
            f"{known.count(False)} of {len(known)} images have no pixel size: lengths are compared "
            "in pixels, which are not the same for all; give --pixel-size, or segment with it"
        )
    for line in counted_twice(*groups):
        complain(line)
    write_table(options.out / "differences.csv", table)
    tables = {name: group.particles for name, group in zip(names, groups, strict=True)}
    style.save(draw_groups(tables, table, unit), options.out / "comparison")
    for name, group in zip(names, groups, strict=True):
        words = f"{count(len(group.images), 'image')}, {count(len(group.particles), 'particle')}"
        print(f"{name}: {words}")
    for row in table.to_dict("records"):
        if row["low"] > 0 or row["high"] < 0:
            ends = (row["percent"], row["percent_low"], row["percent_high"])
            percent = "{:+.1f} %, {:+.1f} to {:+.1f}; ".format(*ends)
            if math.isnan(row["percent"]):
                percent = ""
            print(
                f"{row['measure'].replace('_', ' ')}, {row['statistic']}: {row['first']:.4g} → "
                f"{row['second']:.4g} {row['unit']} ({percent}p = {row['p']:.2g})"
            )
    print(f"{options.out / 'differences.csv'}  {options.out / 'comparison.pdf'}")
    return 0
