"""synthwire adapt: a model for a user's own images, without an annotation."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synthwire.cli.arguments import add_image_options, number, preparation_of, scale
from synthwire.cli.terminal import Commands, add_command, complain, count
from synthwire.errors import InputError

if TYPE_CHECKING:
    from synthwire.adaptation.adapt import Fitted, Request
    from synthwire.segmentation.images import GreyImage

DESCRIPTION = """\
Adapt the bundled model to unlabelled images of one instrument and kind of specimen.

Random structures and a virtual microscope are fitted until synthetic images look like yours, by
statistics that need no outlines; then the model learns from them, and from nothing else. Some five
images are enough. This is a run of the workflow, whose configuration stays as a file to read, to
change, and to train again.
"""
RESULTS = """\
what lies in results/NAME afterwards:
  model                the new model: synthwire segment IMAGES --model results/NAME/model
  adaptation.html      yours and synthetic images side by side, both models' finds, a verdict
  config.yaml          the run's configuration; snakemake --configfile takes it, on a cluster, too
  adaptation.json      what the fit found, and the images' hashes

results/NAME_first is the same of a first round; its model looks at the images for the second.

An adaptation that was interrupted goes on where it stopped: give the same command again.

examples:
  synthwire adapt my_images/ --name mine
  synthwire adapt grid1.dm3 grid2.dm3 --name steel --modality tem --minutes 60
"""
LEAST_MINUTES = 3.0


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "adapt",
        "PATH... --name NAME [options]",
        summary="make a model for your own images, without an annotation",
        description=DESCRIPTION,
        epilog=RESULTS,
        run=run,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="image or folder")
    parser.add_argument(
        "-n", "--name", required=True, type=run_name, metavar="NAME", help="of the run"
    )
    parser.add_argument(
        "--minutes",
        type=number(LEAST_MINUTES),
        default=30.0,
        metavar="N",
        help="that all of it may take, about (default: %(default)g)",
    )
    parser.add_argument(
        "--fit-only",
        action="store_true",
        help="stop before the training, and print the command that does it, here or on a cluster",
    )
    parser.add_argument(
        "--mixed",
        action="store_true",
        help="learn from images of several kinds at once, without asking",
    )
    parser.add_argument(
        "--scale",
        type=scale,
        metavar="N",
        help="enlargement at which particles are some 14 px wide (default: by what the bundled "
        "model finds)",
    )
    parser.add_argument(
        "--seed", type=seed, default=1, metavar="N", help="of all that is random (default: 1)"
    )
    add_image_options(parser)


def run_name(text: str) -> str:
    """A name as the workflow's configuration takes it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text):
        raise argparse.ArgumentTypeError(
            f"'{text}': letters, digits, _ . and - are expected, a letter or digit first"
        )
    return text


def seed(text: str) -> int:
    """A seed as NumPy takes it."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}': a whole number from 0 on is expected")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Fit, train, compare, and say the verdict."""
    from synthwire.adaptation import adapt  # here, as below: --help need not wait
    from synthwire.adaptation.evidence import write_evidence
    from synthwire.segmentation import places

    adapt.workflow_root()
    if options.pixel_sizes is not None:
        raise InputError("--pixel-sizes: images of one kind have one; give it by --pixel-size")
    if options.leave_out is not None and options.leave_out.is_dir():
        raise InputError(f"{options.leave_out}: a folder; one mask for all images is expected here")
    folder = Path("results") / options.name
    paths, problems = places.find_images(options.paths, folder, None, options.leave_out)
    if problems:
        raise InputError(problems[0])
    request = adapt.Request(
        tuple(paths),
        options.name,
        replace(preparation_of(options), leave_out=options.leave_out),
        options.minutes,
        options.scale,
        options.seed,
        one_kind=not options.mixed,
        processes=adapt.processor_count(),
    )
    images = adapt.read_all(request)
    if options.fit_only:
        found = fitted(request, images).found
        print(
            f"distance {found.before:.2f} → {found.distance:.2f}\n"
            f"train: snakemake {adapt.model_file(request)} --cores all "
            f"--configfile {adapt.config_path(request)}"
        )
        return 0
    *before, request = adapt.rounds(request)
    for earlier in before:
        fitted(earlier, images)
        adapt.train(earlier, compared=False)
    last = fitted(request, images)
    adapt.train(request)
    evidence = write_evidence(request, last, images)
    print(evidence.verdict)
    for reason in evidence.reasons:
        print(f"- {reason}")
    print(f"{count(len(images), 'image')}; {folder / 'adaptation.html'}  {folder / 'model'}")
    return 0


def fitted(request: Request, images: Sequence[GreyImage]) -> Fitted:
    """Fit, and show how far it is."""
    from synthwire.adaptation.adapt import fit_images
    from synthwire.runtime.locking import alone_in
    from synthwire.runtime.progress import progress_bar

    with alone_in(request.folder), progress_bar(None, "fit", total=100) as bar:

        def say(line: str) -> None:
            bar.clear()
            complain(line)

        def progress(share: float, distance: float) -> None:
            bar.set_postfix_str(f"distance {distance:.2f}", refresh=False)
            bar.update(min(100, round(100 * share)) - bar.n)

        return fit_images(request, images, say, progress)
