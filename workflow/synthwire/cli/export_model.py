"""synthwire export-model: a trained model for machines without PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.terminal import Commands, add_command
from synthwire.errors import InputError, not_installed

DESCRIPTION = """\
Write the portable form of a trained model: ONNX graphs, which run on onnxruntime without PyTorch
and Detectron2. Models with PointRend's mask head have none.

MODEL is a run's folder of one, as results/demo/models/12, or 'bundled'. The file lies beside the
weights, or at FILE, whose name ends in .onnx.zip; --model of the other commands takes it.
"""


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "export-model",
        "MODEL [--out FILE]",
        summary="make a trained model run without PyTorch",
        description=DESCRIPTION,
        run=run,
    )
    parser.add_argument("model", metavar="MODEL", help="a run's model, or 'bundled'")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="where to write it")


def run(options: argparse.Namespace) -> int:
    """Export one model."""
    from synthwire.inference.portable import SUFFIX
    from synthwire.segmentation.models import find_model, portable_path

    if options.out is not None and not options.out.name.endswith(SUFFIX):
        raise InputError(f"{options.out}: a name that ends in {SUFFIX} is expected")
    weights, card = find_model(options.model)
    if weights.name.endswith(SUFFIX):
        raise InputError(f"{weights}: is portable already")
    try:
        from synthwire.learning.export import export_model
    except ModuleNotFoundError as error:
        raise not_installed(str(error.name), "train") from None
    out = options.out or portable_path(weights)
    export_model(weights, card, out)
    print(out)
    return 0
