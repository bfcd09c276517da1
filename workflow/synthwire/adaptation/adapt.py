"""An adaptation from images to a model: look, fit, train, compare."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import synthwire
from synthwire.adaptation import fields, run_config
from synthwire.adaptation.candidates import KINDS, VOXEL_NM, Space
from synthwire.adaptation.fit import Fit, finds_in, fit
from synthwire.adaptation.kinds import check_one_kind
from synthwire.adaptation.statistics import summarise
from synthwire.errors import InputError
from synthwire.io.calibration import pixel_side_nm
from synthwire.io.files import read_json, sha256, sha256_of_json, write_json, write_text
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.runtime.records import FOLDER, Record
from synthwire.schema import validate
from synthwire.segmentation.apply import segment_image
from synthwire.segmentation.images import GreyImage, read_images
from synthwire.segmentation.models import find_model, load_model, portable_path
from synthwire.segmentation.options import Preparation
from synthwire.segmentation.result import Segmentation

FIT_SHARE, LEAST_FIT_S = 0.33, 20.0  # of a round's time
# A second round, with finds of the model that the first has made, where there is time for both.
FIRST_SHARE, LEAST_MINUTES_OF_TWO = 0.35, 12.0
REST_S = 90.0  # that images of the data set, predictions and the page take, about
STEP_PER_LOOK = 3.5  # processor time of a step of training over that of a look at a field
SECOND_CORE = 0.7  # what a training's time becomes with it
STORED = "adaptation.json"
ORDER, FEWEST_ORDERED = 0.5, 20  # order parameter, and particles, from which wires are aligned
LEAST_ASPECT = 3.0  # of a particle that has a direction


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    images: paths; name: of the run; minutes: that all may take; scale: how many times enlarged a
    particle is fields.WIDTH_PX wide, None finds out; one_kind: whether to look if the images are of
    one kind; start: the model that looks at them, and from which the training goes on.
    """

    images: tuple[Path, ...]
    name: str
    preparation: Preparation
    minutes: float = 30.0
    scale: float | None = None
    seed: int = 1
    one_kind: bool = True
    processes: int = 1
    start: str = "bundled"

    @property
    def folder(self) -> Path:
        return Path("results") / self.name

    def record(self, step: str, *outputs: Path) -> None:
        """Record the sums of what a step has made, as the workflow's jobs do."""
        Record(self.folder, self.folder / FOLDER / "adapt" / f"{step}.sha256").write(outputs)

    def identity(self, card_sha256: str) -> str:
        """SHA-256 of all that shapes the fit, but for the time it has."""
        return sha256_of_json(
            {
                "images": sorted(sha256(path) for path in self.images),
                "preparation": str(self.preparation),
                "scale": self.scale,
                "seed": self.seed,
                "model": card_sha256,
            }
        )


@dataclass(frozen=True)
class Fitted:
    """A fit as it is stored in adaptation.json: the fit, the fields' side and scale, and the steps
    of the training that goes on from it.
    """

    found: Fit
    side: int
    scale: float
    steps: int


def rounds(request: Request) -> list[Request]:
    """The request, and before it that of a first round where there is time for two, unless a fit
    of one alone lies there: what the bundled model finds in images of a new kind is little, and its
    successor measures them better.
    """
    first = replace(request, name=f"{request.name}_first", minutes=FIRST_SHARE * request.minutes)
    alone = (request.folder / STORED).is_file() and not first.folder.exists()
    if alone or request.minutes < LEAST_MINUTES_OF_TWO:
        return [request]
    return [
        first,
        replace(
            request,
            minutes=request.minutes - first.minutes,
            one_kind=False,  # the first has looked
            start=str(model_file(first).parent),
        ),
    ]


def workflow_root() -> Path:
    """The folder with the Snakefile; InputError where the library was installed without it."""
    root = Path(synthwire.__file__).resolve().parents[2]
    if not (root / "Snakefile").is_file():
        raise InputError(
            "adapt trains with the workflow, which this installation lacks: clone the repository, "
            "type `make install` in it, and run .venv/bin/synthwire adapt there"
        )
    return root


def bundled_config() -> dict[str, Any]:
    """The configuration by which the bundled model was trained, with all its defaults."""
    path = workflow_root() / "config" / "bundled.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    return validate(config, "config.schema.yaml", path.name)


def read_all(request: Request) -> list[GreyImage]:
    """All images of all files; InputError names the file that is of no use."""
    return [image for path in request.images for image in read_images(path, request.preparation)]


def fit_images(
    request: Request,
    images: Sequence[GreyImage],
    say: Callable[[str], None],
    progress: Callable[[float, float], None],
) -> Fitted:
    """Look at the images, and find what explains them; what was found before is taken up.

    say: is told what is done, a line each. InputError where there is too little to learn from, or
    where the run was begun with other images.
    """
    stopwatch, began = Stopwatch(), time.monotonic()
    stored = request.folder / STORED
    _, card = find_model(request.start)
    identity = request.identity(card["sha256"])
    if stored.is_file():
        return _stored(stored, identity)
    model = load_model(request.start, device="cpu")
    say(f"looking at {len(images)} image{'s' if len(images) > 1 else ''}")
    seen = [in_pixels(segment_image(image, model, scale=request.scale)) for image in images]
    scale = request.scale or fields.fitting_scale(seen)
    cut = fields.cut(images, scale)
    side = cut.pixels.shape[1]
    started = time.process_time()
    finds = finds_in(model, cut.pixels)
    look_s = (time.process_time() - started) / len(cut.pixels)
    real = summarise(list(cut.pixels), finds)
    if request.one_kind:
        check_one_kind(real, cut.sources, [image.name for image in images])
    start = measured(seen, scale)
    space = Space(KINDS[request.preparation.modality], start["width_nm"], aligned(seen))
    say(
        f"{len(cut.pixels)} fields of {side} × {side} px, seen {scale:.3g} times enlarged; "
        "fitting the synthesis"
    )
    found = fit(
        real,
        space,
        start,
        model=request.start,
        side=side,
        seconds=max(LEAST_FIT_S, FIT_SHARE * 60 * request.minutes - (time.monotonic() - began)),
        processes=request.processes,
        seed=request.seed,
        progress=progress,
    )
    left = 60 * request.minutes - (time.monotonic() - began) - REST_S
    step_s = STEP_PER_LOOK * look_s * (SECOND_CORE if request.processes > 1 else 1)
    steps = int(np.clip(left / step_s, run_config.FEWEST_STEPS, run_config.MOST_STEPS)) // 10 * 10
    fitted = Fitted(found, side, scale, steps)
    _write_run(request, fitted, images, card)
    write_json(
        stored,
        record(
            stopwatch,
            identity=identity,
            images=sorted(sha256(path) for path in request.images),
            model_sha256=card["sha256"],
            seed=request.seed,
            side=side,
            scale=scale,
            steps=steps,
            space={
                "microscopes": list(space.microscopes),
                "width_nm": space.width_nm,
                "order": space.order,
            },
            candidates=found.candidates.tolist(),
            weights=found.weights.tolist(),
            distance=found.distance,
            before=found.before,
            history=list(found.history),
            evaluations=found.evaluations,
        ),
        indent=1,
    )
    request.record("fit", stored)
    return fitted


def _stored(path: Path, identity: str) -> Fitted:
    data = read_json(path)
    if isinstance(data, dict) and data.get("identity") != identity:
        raise InputError(
            f"{path.parent}: an adaptation to other images, or with other settings, lies there; "
            "choose another --name, or remove the folder"
        )
    try:
        space = data["space"]
        found = Fit(
            Space(
                tuple(space["microscopes"]),
                space["width_nm"],
                tuple(space["order"]) if space["order"] else None,
            ),
            np.array(data["candidates"]),
            np.array(data["weights"]),
            data["distance"],
            data["before"],
            tuple(data["history"]),
            data["evaluations"],
        )
        return Fitted(found, data["side"], data["scale"], data["steps"])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: damaged; remove it, and the fit is made anew") from None


def _write_run(
    request: Request, fitted: Fitted, images: Sequence[GreyImage], card: dict[str, Any]
) -> None:
    config = run_config.run_configuration(
        request.name,
        fitted.found,
        card,
        bundled_config(),
        start=str(find_model(request.start)[0]) if request.start != "bundled" else "bundled",
        steps=fitted.steps,
        seed=request.seed,
    )
    sizes = {image.pixel_size_nm for image in images}
    size = sizes.pop() if len(sizes) == 1 else None
    write_text(request.folder / "models.tsv", run_config.model_table(fitted.steps))
    write_text(
        config_path(request),
        run_config.as_text(
            config,
            fitted.found,
            path=config_path(request),
            target=model_file(request),
            images=f"{len(images)} image{'s' if len(images) > 1 else ''}",
            scale=fitted.scale,
            pixel_nm=None
            if size is None
            else pixel_side_nm({"pixel_size_nm": size}) / fitted.scale,
        ),
    )


def config_path(request: Request) -> Path:
    """The run's configuration."""
    return request.folder / "config.yaml"


def model_file(request: Request) -> Path:
    """The weights that the run trains."""
    return request.folder / "models" / run_config.ROW / "model_final.pth"


def evaluation_files(request: Request) -> list[Path]:
    """What the run measures of the bundled model and of the new one."""
    return [
        request.folder / "evaluation" / model / f"{images}.json"
        for model in ("bundled", run_config.ROW)
        for images in run_config.SETS
    ]


def train(request: Request, *, compared: bool = True) -> None:
    """Run the workflow on the configuration, and leave results/NAME/model.

    compared: whether it and the bundled model are measured, too. InputError where it fails;
    Snakemake has then said why.
    """
    from synthwire.learning.export import export_model  # here: PyTorch takes seconds to load

    targets = [str(model_file(request))]
    if compared:
        targets += map(str, evaluation_files(request))
    command = [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--snakefile", str(workflow_root() / "Snakefile")),
        *("--configfile", str(config_path(request))),
        *("--cores", str(request.processes), "--logger", "synthwire", "--rerun-incomplete"),
    ]
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        raise InputError(
            f"{config_path(request)}: the training stopped, as said above; the same command goes on"
        )
    weights, card = find_model(model_file(request).parent)
    export_model(weights, card, portable_path(weights))
    request.record("export", portable_path(weights))
    link = request.folder / "model"
    if not link.is_symlink():
        link.symlink_to(Path("models") / run_config.ROW)


def in_pixels(item: Segmentation) -> Segmentation:
    """A result without its pixel size: the synthesis draws what pixels show, square or not."""
    return replace(item, pixel_size_nm=None, measures=None)


def measured(segmentations: Sequence[Segmentation], scale: float) -> dict[str, float]:
    """What the present model's particles say of the structures, as `Space.structure` names it."""
    tables = [item.particles for item in segmentations]
    widths = np.concatenate([table["width_px"] for table in tables]) * scale * VOXEL_NM
    ratios = np.concatenate([table["aspect_ratio"] for table in tables])
    area_um2 = sum(item.image.size for item in segmentations) * (scale * VOXEL_NM / 1000) ** 2
    if not len(widths):
        return {"width_nm": fields.WIDTH_PX * VOXEL_NM}
    return {
        "width_nm": float(np.median(widths)),
        "width_sigma": float(np.clip(np.std(np.log(widths)), 0.05, 0.8)),
        "aspect_ratio": float(np.median(ratios)),
        "length_sigma": float(np.clip(np.std(np.log(widths * ratios)), 0.1, 0.9)),
        "count_per_um2": len(widths) / area_um2,
    }


def aligned(segmentations: Sequence[Segmentation]) -> tuple[float, float] | None:
    """Mean and standard deviation of the directions in degrees, where particles are aligned."""
    angles = [
        item.particles.loc[item.particles["aspect_ratio"] >= LEAST_ASPECT, "orientation_deg"]
        for item in segmentations
    ]
    together = np.radians(np.concatenate(angles))
    if len(together) < FEWEST_ORDERED:
        return None
    mean = np.mean(np.exp(2j * together))
    if abs(mean) < ORDER:
        return None
    # wrapped normal distribution of the doubled angle
    spread = np.sqrt(-2 * np.log(min(abs(mean), 0.9999))) / 2
    return float(np.degrees(np.angle(mean)) / 2 % 180), float(np.degrees(spread))


def processor_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
