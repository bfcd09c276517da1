"""One image in, its particles out: the library's front door.

    from synthwire import segment
    result = segment("wires.tif", pixel_size_nm=6)
    result.particles      # pandas table, one row a particle
    result.masks          # boolean array (particles, height, width)
    result.save("wires")  # overlay, table, COCO, label image and Fiji ROIs

The command line and the web app stand on this module.
"""

from __future__ import annotations

import functools
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import synthwire
from synthwire import detections, weights
from synthwire.annotations import decode_mask, make_annotation
from synthwire.errors import InputError
from synthwire.figures import style
from synthwire.figures.segmentation import draw_overlay
from synthwire.files import Source, as_source, atomic_directory, json_ready, read_json
from synthwire.images import (
    Recording,
    as_pixel_size,
    one_channel,
    read_recording,
    to_grey8,
)
from synthwire.optical_density import density_pages, inverted
from synthwire.outlines import fiji_rois, label_tiff
from synthwire.scaling import choose_scale
from synthwire.settings import MODALITIES, THRESHOLD, Preparation, Selection, parse_pixel_size
from synthwire.statistics import COLUMNS, particle_statistics

if TYPE_CHECKING:
    from synthwire.inference import Predictor

__all__ = [
    "COMPARISON_FILES",
    "FILES",
    "MODALITIES",
    "PARTICLE_COLUMNS",
    "RESULT_FILES",
    "THRESHOLD",
    "GreyImage",
    "Masks",
    "Model",
    "Preparation",
    "Segmentation",
    "Selection",
    "comparison_files",
    "find_model",
    "is_result",
    "load_model",
    "parse_pixel_size",
    "read_images",
    "scale_for",
    "segment",
    "segment_image",
]

FILES = ("overlay.png", "particles.csv", "coco.json", "labels.tif", "rois.zip")
COMPARISON_FILES = ("comparison.png", "evaluation.json")  # where outlines are given
RESULT_FILES = FILES + COMPARISON_FILES
EVERYDAY = Selection()
IMAGE_ID = 1  # each image is a data set of its own
SCHEMAS = Path(__file__).resolve().parents[2] / "config" / "schemas"

PARTICLE_COLUMNS = {
    "id": "number of the particle, best score first; the same in all files of one image",
    **{
        name: meaning
        for name, meaning in COLUMNS.items()
        if name not in ("source", "image_id", "particle", "matched")
    },
}


# -- models ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """A network with its weights, and the card that says what it was made for.

    card: as bundled.json; sha256 tells the weights apart, pixel_nm_range is the pixel sizes that
    the network has learnt at, None where it takes any.
    """

    name: str
    predictor: Predictor
    card: Mapping[str, Any]


def load_model(model: str | os.PathLike | None = None, *, device: str = "auto") -> Model:
    """The bundled model (None or "bundled"), or one that a run has trained (results/x/models/12).

    device: auto, cpu or cuda. InputError in one line when there is no model, or no such device.
    """
    from synthwire import detectron, inference  # here, since PyTorch takes seconds to load

    path, card = find_model(model)
    predictor = inference.load(
        path,
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        classes=len(card["categories"]),
        device=detectron.device_name(device),
    )
    return Model(card["name"], predictor, card)


def find_model(model: str | os.PathLike | None = None) -> tuple[Path, dict]:
    """Weights and card of what `load_model` would load."""
    if model is None or str(model) == "bundled":
        return weights.bundled()
    return _trained(Path(model))


def _trained(folder: Path) -> tuple[Path, dict]:
    """Weights of a run's model, and a card made of its provenance."""
    path = folder / "model_final.pth"
    if not path.is_file() or not (folder / "provenance.json").is_file():
        raise InputError(
            f"{folder}: no model; 'bundled' is expected, or a run's folder of one, as "
            "results/demo/models/12, with model_final.pth and provenance.json in it"
        )
    from synthwire.configuration import section_defaults  # here, since it loads the generator

    provenance = read_json(folder / "provenance.json")
    try:
        training = provenance["config"]["training"]
        card = {
            "name": f"{folder.resolve().parents[1].name} {provenance['model']}",
            # a run of an older version may not know all fields
            "architecture": {
                **section_defaults("architecture", SCHEMAS),
                **provenance["config"]["architecture"],
            },
            "prediction": {
                **section_defaults("prediction", SCHEMAS),
                # as in training; the largest size where it drew one of several
                "min_size_px": training["min_size_px"][-1] if training["min_size_px"] else 0,
                "max_size_px": training["max_size_px"],
            },
            "nms_threshold": provenance["identity"]["plan"]["nms_threshold"],
            "categories": provenance["categories"],
            "pixel_nm_range": provenance.get("pixel_nm_range"),
            "sha256": provenance["identity_sha256"],
        }
    except KeyError as error:
        raise InputError(f"{folder / 'provenance.json'}: the field {error} is missing") from None
    return path, card


_remembered = functools.lru_cache(maxsize=2)(load_model)


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GreyImage:
    """One image ready for a network.

    pixels: uint8 (height, width), particles bright on dark; pixel_size_nm: (down, across) or None;
    name: of the file; page: from 0, None where the file holds this image alone.
    """

    pixels: np.ndarray
    pixel_size_nm: tuple[float, float] | None
    name: str
    page: int | None = None


def read_images(
    source: Source | np.ndarray, preparation: Preparation, *, largest_pixels: int | None = None
) -> list[GreyImage]:
    """The images of one file, or of one array (height, width[, 3 or 4]).

    Each page of a stack is an image, but for a stack over photon energies, of which one image is
    made. InputError in one line when it cannot be read, or when an image has no contrast at all.
    """
    if isinstance(source, np.ndarray):
        name = "image"
        recording = Recording(source[np.newaxis])
    else:
        source = as_source(source)
        name = source.name
        recording = read_recording(source, largest_pixels=largest_pixels)
    try:
        pages = _grey_pages(recording, preparation)
    except InputError as error:
        message = str(error)
        raise InputError(message if name in message else f"{source}: {message}") from None
    size = preparation.pixel_size_nm or recording.pixel_size_nm
    return [
        GreyImage(pixels, as_pixel_size(size), name, page if len(pages) > 1 else None)
        for page, pixels in enumerate(pages)
    ]


def _grey_pages(recording: Recording, preparation: Preparation) -> list[np.ndarray]:
    pages = [one_channel(page) for page in recording.pages]
    transmission = preparation.modality == "transmission"
    if preparation.energy_ev is not None and recording.energies_ev is None:
        raise InputError("the file names no photon energies, so there is no page at one")
    if transmission or recording.energies_ev is not None:
        pages = _optical_density(np.stack(pages), recording.energies_ev, preparation)
    prepared = []
    for number, page in enumerate(pages, start=1):
        finite = page[np.isfinite(page)]
        if finite.size and finite.min() == finite.max():
            which = f"page {number}: " if len(pages) > 1 else ""
            raise InputError(f"{which}every pixel has the same value, {finite[0]:g}; no image")
        grey = to_grey8(page.astype(float) if preparation.stretch else page)
        prepared.append(inverted(grey) if preparation.modality == "tem" else grey)
    return prepared


def _optical_density(pages: np.ndarray, energies_ev, preparation: Preparation) -> np.ndarray:
    incident: Any = "none"
    incident_pages = None
    if preparation.modality == "transmission":
        incident = preparation.incident
        if "image" in incident:
            incident_pages = read_recording(incident["image"]).pages
    whole = energies_ev is not None and preparation.energy_ev is None
    settings = {
        "incident": incident,
        "align": energies_ev is not None,
        "energy_ev": preparation.energy_ev,
        "ratio_ev": None,
        "average_ev": [min(energies_ev), max(energies_ev)] if whole else None,
    }
    return density_pages(pages, energies_ev, settings, incident_pages=incident_pages)


# -- results --------------------------------------------------------------------------------------


class Masks(Sequence):
    """Masks of COCO annotations, each decoded only when it is looked at: big images have many."""

    def __init__(self, items: Sequence[Mapping]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> np.ndarray:
        return decode_mask(self._items[index]["segmentation"])


@dataclass(frozen=True)
class Segmentation:
    """What a model found in one image.

    image: uint8 (height, width), as the network saw it, before scaling. results: COCO results of
    all scores ≥ 0.05, best first; a particle's id is its place among them, from 1. scale: how many
    times the network saw the image enlarged. info: what made the results.
    """

    image: np.ndarray
    results: list[dict]
    pixel_size_nm: tuple[float, float] | None
    name: str
    page: int | None
    scale: float
    categories: list[dict]
    info: Mapping[str, Any]
    selection: Selection = EVERYDAY
    # of all results, so that a selection measures nothing anew
    measures: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.measures is None:
            object.__setattr__(self, "measures", self._measure())

    def _measure(self) -> pd.DataFrame:
        table = particle_statistics(
            {"images": [self.record], "annotations": []}, self.results, {"statistics_score": 0.0}
        )
        table.insert(0, "id", table["particle"] + 1)
        return table.sort_values("id", ignore_index=True)[list(PARTICLE_COLUMNS)]

    @property
    def record(self) -> dict:
        """COCO's record of the image."""
        height, width = self.image.shape
        size = self.pixel_size_nm
        return {
            "id": IMAGE_ID,
            "file_name": self.name,
            **({} if self.page is None else {"page": self.page}),
            "height": height,
            "width": width,
            "pixel_size_nm": None if size is None else list(size),
        }

    @functools.cached_property
    def ids(self) -> tuple[int, ...]:
        """Ids of the selected particles, best score first."""
        return self._ids_from(self.threshold)

    def _ids_from(self, score: float) -> tuple[int, ...]:
        """Ids that the selection leaves of all particles with at least this score."""
        rules, table = self.selection, self.measures
        chosen = (table["score"] >= score) & (table["area_px"] >= rules.min_area_px)
        chosen &= table["area_px"] > 0
        if rules.min_area_nm2 > 0:
            if self.pixel_size_nm is None:
                raise InputError("a least area in nm² needs the pixel size")
            chosen &= table["area_nm2"] >= rules.min_area_nm2
        if rules.exclude_border:
            chosen &= ~table["touches_border"].astype(bool)
        ids = table["id"][chosen].tolist()
        if rules.remove_nested:
            candidates = [{**self.results[number - 1], "id": number} for number in ids]
            left = detections.remove_nested(candidates, container_score=rules.threshold)
            ids = [item["id"] for item in left]
        unknown = set(rules.removed_ids + rules.kept_ids) - set(table["id"])
        if unknown:
            raise InputError(f"no particle {min(unknown)}; there are {len(table)}")
        return tuple(sorted((set(ids) | set(rules.kept_ids)) - set(rules.removed_ids)))

    @property
    def threshold(self) -> float:
        """Least score of a particle."""
        return self.selection.threshold

    @functools.cached_property
    def particles(self) -> pd.DataFrame:
        """One row for each selected particle; the columns are those of `PARTICLE_COLUMNS`."""
        return self.measures[self.measures["id"].isin(self.ids)].reset_index(drop=True)

    @functools.cached_property
    def annotations(self) -> list[dict]:
        """COCO annotations of all results, with their scores; the ids are the particles'."""
        return [
            make_annotation(
                number,
                IMAGE_ID,
                item["segmentation"],
                category_id=item["category_id"],
                score=item["score"],
            )
            for number, item in enumerate(self.results, start=1)
        ]

    @property
    def selected(self) -> list[dict]:
        """COCO annotations of the selected particles."""
        return [self.annotations[number - 1] for number in self.ids]

    @property
    def masks(self) -> np.ndarray:
        """Boolean masks (particles, height, width) of the selected particles; they may overlap."""
        masks = np.zeros((len(self.ids), *self.image.shape), dtype=bool)
        for mask, item in zip(masks, self.selected, strict=True):
            mask[:] = decode_mask(item["segmentation"])
        return masks

    def select(self, **rules: Any) -> Segmentation:
        """The same results by other rules, without a new inference; see `Selection`.

        Rules that are not named stay as they are.
        """
        return replace(self, selection=replace(self.selection, **rules))

    def coco(self, *, everything: bool = False) -> dict:
        """A COCO data set of this image: the selected particles, or all results."""
        return {
            "info": {**self.info, "scale": self.scale, "selection": asdict(self.selection)},
            "images": [self.record],
            "categories": self.categories,
            "annotations": self.annotations if everything else self.selected,
        }

    def as_files(self) -> dict[str, bytes]:
        """Content of each file of `FILES` by its name.

        overlay.png: the particles over the image. particles.csv: `particles`. coco.json: all
        results, whatever the selection. labels.tif: pixels are a particle's id; particles that
        overlap stand on several pages. rois.zip: for Fiji.
        """
        chosen = self.coco()
        table = self.particles.to_csv(index=False, lineterminator="\n", float_format="%.7g")
        text = json.dumps(
            json_ready(self.coco(everything=True)), ensure_ascii=False, separators=(",", ":")
        )
        files = {
            "overlay.png": self.overlay(),
            "particles.csv": table.encode(),
            "coco.json": (text + "\n").encode(),
            "labels.tif": label_tiff(self.record, chosen["annotations"], self.ids),
            "rois.zip": fiji_rois(chosen),
        }
        return {name: files[name] for name in FILES}

    def save(self, folder: str | os.PathLike, more: Mapping[str, bytes] | None = None) -> Path:
        """Write `as_files`, and `more`, to a folder, which appears whole or not at all.

        A result that lies there already is replaced; InputError when something else does.
        """
        folder = Path(folder)
        if folder.exists() and not is_result(folder):
            raise InputError(f"{folder}: holds something else than a result; it stays as it is")
        with atomic_directory(folder) as temporary:
            for name, content in {**self.as_files(), **(more or {})}.items():
                (temporary / name).write_bytes(content)
        return folder

    def overlay(self) -> bytes:
        """PNG: the image with each particle outlined and numbered by its id, and a scale bar."""
        return _png(draw_overlay(self.image, Masks(self.selected), self.ids, self.pixel_size_nm))

    def evaluate(self, outlines: Sequence[Mapping]) -> dict:
        """All metrics of the results against outlines of the image, COCO annotations.

        Average precision is over all scores; what is counted at one, at the selection's threshold.
        Nested, small and removed detections count for nothing, as in the selection. The keys are
        those of `evaluation.evaluate_predictions`.
        """
        from synthwire.configuration import validate  # here, since it loads the generator
        from synthwire.evaluation import evaluate_predictions

        settings = validate({}, "evaluation.schema.yaml", SCHEMAS, "evaluation")
        most = max(len(self.results), *settings["detections"])
        return evaluate_predictions(
            {
                "images": [self.record],
                "categories": self.categories,
                "annotations": [{**item, "image_id": IMAGE_ID} for item in outlines],
            },
            [self.annotations[number - 1] for number in self._ids_from(0.0)],
            {
                **settings,
                "accuracy_score": self.threshold,
                "detections": [most, most],
                "bootstrap_replicates": 0,
            },
        )

    @classmethod
    def from_coco(cls, data: Mapping, image: np.ndarray, selection: Selection) -> Segmentation:
        """What a coco.json of `save` holds, with its image (height, width), by other rules."""
        info, record = dict(data["info"]), data["images"][0]
        scale = info.pop("scale")
        del info["selection"]
        return cls(
            image,
            [
                {key: item[key] for key in ("image_id", "category_id", "bbox", "score")}
                | {"segmentation": item["segmentation"]}
                for item in sorted(data["annotations"], key=lambda item: item["id"])
            ],
            as_pixel_size(record["pixel_size_nm"]),
            record["file_name"],
            record.get("page"),
            scale,
            data["categories"],
            info,
            selection,
        )


def comparison_files(result: Segmentation, outlines: Sequence[Mapping]) -> dict[str, bytes]:
    """Content of each file of `COMPARISON_FILES`: a segmentation against outlines of its image.

    outlines: COCO annotations; those with iscrowd = 1 count neither for nor against.
    """
    from synthwire.figures.prediction import draw_prediction
    from synthwire.figures.sources import Picture

    evaluation = result.evaluate(outlines)
    record = result.record
    picture = Picture(
        Path(result.name),
        result.page or 0,
        IMAGE_ID,
        record["width"],
        record["height"],
        result.name,
        tuple({**item, "image_id": IMAGE_ID} for item in outlines),
        result.pixel_size_nm,
    )
    picture.__dict__["pixels"] = result.image  # it is here; the file may be gone or elsewhere
    drawing = draw_prediction(picture, result.selected, result.info["model"], evaluation, score=0.0)
    return {
        "comparison.png": _png(drawing.figure),
        "evaluation.json": (json.dumps(evaluation, indent=1) + "\n").encode(),
    }


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    with style.context():
        figure.savefig(content, format="png", dpi="figure", metadata={"Software": None})
    return content.getvalue()


def is_result(folder: Path) -> bool:
    """Whether a folder holds nothing but what `Segmentation.save` writes."""
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= set(RESULT_FILES)


# -- segmentation ---------------------------------------------------------------------------------


def segment(
    image: Source | np.ndarray,
    *,
    pixel_size_nm: float | Sequence[float] | None = None,
    modality: str = "od",
    model: str | os.PathLike | Model | None = None,
    threshold: float = THRESHOLD,
    page: int | None = None,
    scale: float | None = None,
    device: str = "auto",
    progress: Callable[[Sequence], Iterable] = iter,
    **preparation: Any,
) -> Segmentation:
    """Find the particles of one image.

    image: path of a file (PNG, JPEG, TIFF, HDF5, SDF), a MemoryFile, or an array (height, width)
    or (height, width, 3 or 4) of any number type. pixel_size_nm: a number or (down, across); None
    takes what the file says, and without it lengths are in pixels alone. modality: a key of
    `MODALITIES`. model: from `load_model`, or what it takes; a loaded one is kept for the next
    call. page: which one of a file that holds several. scale: how many times enlarged the network
    sees the image; None chooses it so that particles look as what the network has learnt from.
    preparation: further fields of `Preparation`.
    InputError in one line when the image is of no use or the model is missing.
    """
    how = Preparation(modality, as_pixel_size(pixel_size_nm), **preparation)
    images = read_images(image, how)
    if page is None and len(images) > 1:
        raise InputError(f"{images[0].name}: holds {len(images)} images; say which by page=0 …")
    if page is not None and not 0 <= page < len(images):
        raise InputError(f"{images[0].name}: no page {page}; it holds {len(images)} from 0 on")
    if not isinstance(model, Model):
        model = _remembered(model, device=device)
    return segment_image(
        images[page or 0],
        model,
        Selection(threshold=threshold),
        scale=scale,
        info={"modality": modality},
        progress=progress,
    )


def segment_image(
    image: GreyImage,
    model: Model,
    selection: Selection = EVERYDAY,
    *,
    scale: float | None = None,
    info: Mapping[str, Any] | None = None,
    progress: Callable[[Sequence], Iterable] = iter,
) -> Segmentation:
    """Apply a model to a prepared image; info goes into coco.json as it is."""
    scale = scale_for(model, image) if scale is None else scale
    if not 0 < scale < math.inf:
        raise InputError(f"scale {scale} is not above zero")
    from synthwire import tiling  # here, as in load_model

    results = tiling.predict_any(
        model.predictor, image.pixels, image_id=IMAGE_ID, scale=scale, progress=progress
    )
    return Segmentation(
        image.pixels,
        results,
        image.pixel_size_nm,
        image.name,
        image.page,
        scale,
        list(model.card["categories"]),
        {
            "description": f"Particles that SynthWire found in {image.name}",
            "synthwire": synthwire.__version__,
            "model": model.name,
            "model_sha256": model.card["sha256"],
            **(info or {}),
        },
        selection,
    )


def scale_for(model: Model, image: GreyImage) -> float:
    """How many times enlarged a model should see an image; see `scaling.choose_scale`."""
    return choose_scale(image.pixels, image.pixel_size_nm, model.card)
