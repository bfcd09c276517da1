"""synthwire agreement: how well two sets of outlines of one image agree."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.terminal import Commands, add_command, complain
from synthwire.errors import InputError

DESCRIPTION = """\
Compare two sets of outlines of one image, as those of two annotators, or of one on two days. The
second is scored like a model's result against the first: that is the most that a model can be asked
for. Outlines come in any format that 'synthwire segment --outlines' reads.
"""
ROWS = {
    "outlines": "outlines of the first that count",
    "second_outlines": "outlines of the second",
    "ap_bbox": "AP of boxes (%)",
    "ap_segm": "AP of masks (%)",
    "ap50_segm": "AP50 of masks (%)",
    "recall50": "of the first found in the second (%)",
    "precision50": "of the second found in the first (%)",
    "accuracy": "pixels: TP/(TP+FP+FN) (%)",
}


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "agreement",
        "IMAGE FIRST SECOND",
        summary="how well two sets of outlines of one image agree",
        description=DESCRIPTION,
        run=run,
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image that they are of")
    parser.add_argument("first", type=Path, metavar="FIRST", help="outlines taken for the truth")
    parser.add_argument("second", type=Path, metavar="SECOND", help="outlines scored against them")


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from synthwire.evaluation.agreement import agreement_row  # here: --help is quick
    from synthwire.io.outlines.reading import read_outlines
    from synthwire.io.recordings import read_recording
    from synthwire.schema import validate
    from synthwire.study.supplement.outline_agreement import as_data_set

    pages = read_recording(options.image).pages
    if len(pages) != 1:
        raise InputError(f"{options.image}: {len(pages)} pages; give one image")
    shape = pages[0].shape[0], pages[0].shape[1]
    sets = []
    for path in (options.first, options.second):
        found = read_outlines(path, [str(options.image)], shape)
        for remark in found.remarks:
            complain(remark)
        sets.append(found.annotations)
    first, second = sets
    settings = validate({}, "evaluation.schema.yaml", "evaluation")
    row = agreement_row(as_data_set(first, shape), second, {**settings, "bootstrap_replicates": 0})
    width = max(map(len, ROWS.values()))
    for name, words in ROWS.items():
        digits = 0 if name.endswith("outlines") else 1
        print(f"{words:{width}}  {row[name]:6.{digits}f}")
    return 0
