"""Applying a model to an image."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.inference import tiling
from synthwire.io.calibration import as_pixel_size
from synthwire.io.files import Source
from synthwire.io.masks import encode_mask
from synthwire.segmentation.images import GreyImage, read_images
from synthwire.segmentation.left_out import outside
from synthwire.segmentation.looks import Found, largest_scale, look_around
from synthwire.segmentation.models import Model, load_model_once
from synthwire.segmentation.options import THRESHOLD, Preparation, Selection
from synthwire.segmentation.part import placed_back, without_drawn
from synthwire.segmentation.rescoring import rescored
from synthwire.segmentation.result import DEFAULT_SELECTION, IMAGE_ID, Segmentation
from synthwire.segmentation.scale import start_scale
from synthwire.version import __version__

LEARNT = ("pixel_nm_range", "particle_width_px", "particle_width_log_sd")  # fields of a card


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

    image: path of a file (formats: docs/images.md), a MemoryFile, or an array (height, width) or
    (height, width, 3 or 4) of any number type, of which what a masked array masks is left out.
    pixel_size_nm: a number or (down, across); None takes what the file says, and without it lengths
    are in pixels alone. modality: a key of `MODALITIES`. model: from `load_model`, or what it
    takes; a loaded one is kept for the next call. page: which one of a file that holds several.
    scale: how many times enlarged the network sees the image; None chooses it so that particles
    look as what the network has learnt from.
    preparation: further fields of `Preparation`.
    InputError in one line when the image is of no use or the model is missing.
    """
    how = Preparation(modality, as_pixel_size(pixel_size_nm), **preparation)
    images = read_images(image, how)
    name, pages = images[0].name, images[0].pages
    if page is None and len(images) > 1:
        raise InputError(f"{name}: holds {pages} images; say which by page=0 …")
    if page is not None and not 0 <= page < pages:
        raise InputError(f"{name}: no page {page}; it holds {pages} from 0 on")
    chosen = next((one for one in images if page is None or (one.page or 0) == page), None)
    if chosen is None:
        raise InputError(f"{name}: on page {page} every pixel has the same value; no image")
    if not isinstance(model, Model):
        where = None if model is None else os.fspath(model)
        model = load_model_once(where, device=device)
    return segment_image(
        chosen,
        model,
        Selection(threshold=threshold),
        scale=scale,
        info={"modality": modality},
        progress=progress,
    )


def segment_image(
    image: GreyImage,
    model: Model,
    selection: Selection = DEFAULT_SELECTION,
    *,
    scale: float | None = None,
    info: Mapping[str, Any] | None = None,
    progress: Callable[[Sequence], Iterable] = iter,
) -> Segmentation:
    """Apply a model to a prepared image; info goes into coco.json as it is.

    Where a model whose scores allow for the ground finds nothing, the picture's negative is looked
    at, too: what would be found there is `in_the_negative` of the result's info.
    """
    result = _segment(image, model, selection, scale, info or {}, progress)
    sure = any(item["score"] >= selection.threshold for item in result.results)
    if "rescoring" in model.card and not sure:
        negative = replace(image, pixels=255 - image.pixels)
        turned = len(_segment(negative, model, selection, scale, {}, progress).ids)
        if turned:
            return replace(result, info={**result.info, "in_the_negative": turned})
    return result


def _segment(
    image: GreyImage,
    model: Model,
    selection: Selection,
    scale: float | None,
    info: Mapping[str, Any],
    progress: Callable[[Sequence], Iterable],
) -> Segmentation:
    found = _look(model, image, scale, progress)
    results = outside(without_drawn(found.results, image.drawn), image.left_out)
    learnt = {field: model.card[field] for field in LEARNT if field in model.card}
    if scale is not None:  # whoever says it need not be told that the pixel size asks for another
        learnt.pop("pixel_nm_range", None)
    return Segmentation(
        image.pixels,
        results,
        image.pixel_size_nm,
        image.name,
        image.page,
        found.scale,
        list(model.card["categories"]),
        {
            "description": f"Particles that SynthWire found in {image.name}",
            "synthwire": __version__,
            "model": model.name,
            "model_sha256": model.card["sha256"],
            "remarks": list(image.remarks),
            "pixel_size_doubt": image.pixel_size_doubt,
            "learnt": learnt,
            "looks": list(found.scales),
            "fitting_scale": found.fitting_scale,
            **({} if image.picture_px is None else {"picture_px": image.picture_px}),
            **({} if image.window is None else {"window": list(image.window)}),
            **({} if image.blank is None else {"blank": encode_mask(image.blank)}),
            **({} if image.left_out is None else {"left_out": encode_mask(image.left_out)}),
            **info,
        },
        selection,
    )


def scale_for(model: Model, image: GreyImage) -> float:
    """How many times enlarged a model should see an image by its pixel size alone; see
    `scale.start_scale`.
    """
    return start_scale(image.pixel_size_nm, model.card)


def _look(
    model: Model,
    image: GreyImage,
    scale: float | None,
    progress: Callable[[Sequence], Iterable],
) -> Found:
    """What a model finds at one scale, or, where it is None, at those that the evidence supports.

    A model whose card does not say how wide its particles are sees the image at one size.
    """
    if scale is not None and not 0 < scale < math.inf:
        raise InputError(f"scale {scale} is not above zero")
    pixels = image.pixels if image.window is None else image.pixels[image.window.rows_columns]

    def at(size: float, predict: Callable[..., list[dict]] = model.predictor) -> list[dict]:
        return tiling.predict_any(predict, pixels, image_id=IMAGE_ID, scale=size, progress=progress)

    height, width = pixels.shape
    if scale is None and "particle_width_log_sd" not in model.card:
        scale = start_scale(image.pixel_size_nm, model.card)
        scale = min(scale, largest_scale((height, width)))
    if scale is not None:
        found = Found(at(scale), None, (scale,))
    else:
        found = look_around(
            lambda size: at(size, model.predictor.at_one_size),
            (height, width),
            image.pixel_size_nm,
            model.card,
        )
    results = found.results
    if "rescoring" in model.card:
        known_px = model.card["particle_width_px"] / found.scale
        results = rescored(results, pixels, known_px, model.card["rescoring"])
    return found._replace(results=placed_back(results, image.window, image.pixels.shape))
