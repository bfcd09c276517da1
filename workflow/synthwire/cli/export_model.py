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

With --bioimageio it is a package for the model zoo of bioimage.io instead (.bioimageio.zip): one
ONNX graph from the image to boxes, scores and masks, test tensors made of a sample, a description.
"""


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "export-model",
        "MODEL [--out FILE] [--bioimageio]",
        summary="make a trained model run without PyTorch",
        description=DESCRIPTION,
        run=run,
    )
    parser.add_argument("model", metavar="MODEL", help="a run's model, or 'bundled'")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="where to write it")
    parser.add_argument(
        "--bioimageio", action="store_true", help="make a package for bioimage.io instead"
    )


def run(options: argparse.Namespace) -> int:
    """Export one model."""
    from synthwire.inference.portable import SUFFIX
    from synthwire.segmentation import zoo_package
    from synthwire.segmentation.models import find_model

    suffix = zoo_package.SUFFIX if options.bioimageio else SUFFIX
    if options.out is not None and not options.out.name.endswith(suffix):
        raise InputError(f"{options.out}: a name that ends in {suffix} is expected")
    weights, card = find_model(options.model)
    if weights.name.endswith(SUFFIX):
        raise InputError(f"{weights}: is portable already; the weights themselves are expected")
    out = options.out or weights.with_name(weights.stem + suffix)
    try:
        if options.bioimageio:
            _write_package(options.model, out)
        else:
            from synthwire.learning.export import export_model

            export_model(weights, card, out)
    except ModuleNotFoundError as error:
        raise not_installed(str(error.name), "train") from None
    print(out)
    return 0


def _write_package(model: str, out: Path) -> None:
    """A package of bioimage.io, tested and shown with the first sample of the app."""
    from synthwire.learning.export import OPSET
    from synthwire.learning.whole_graph import whole_graph
    from synthwire.segmentation.apply import segment
    from synthwire.segmentation.models import find_model, load_model
    from synthwire.segmentation.zoo_package import write_package
    from synthwire.webapp.catalogue import samples

    weights, card = find_model(model)
    graph, step = whole_graph(weights, card)
    shown = segment(samples()[0].image(), model=load_model(model, device="cpu"))
    write_package(out, graph, step, card, shown.image, shown.overlay(), OPSET)
