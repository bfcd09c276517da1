"""Finding particles in an image that is open in napari; napari makes the widget of the function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from synthwire.napari_plugin.layers import Layer, Work, particle_layers, pixel_size_of, pixels_of
from synthwire.segmentation.apply import segment
from synthwire.segmentation.correction import Correction
from synthwire.segmentation.options import THRESHOLD, parse_pixel_size

if TYPE_CHECKING:
    import napari


def find_particles(
    image: napari.layers.Image,
    modality: Literal["od", "transmission", "sem", "tem"] = "od",
    pixel_size: str = "",
    threshold: Annotated[float, {"min": 0.0, "max": 1.0, "step": 0.05}] = THRESHOLD,
    model: str = "",
) -> napari.qt.threading.FunctionWorker[list[napari.types.LayerDataTuple]]:
    """Find the particles of an image, and lay them and their centre-lines over it.

    pixel_size: as 6nm; empty takes the layer's scale, where it has units of length. model: path of
    a model; empty takes the one that comes with SynthWire.
    """
    from napari.qt.threading import create_worker

    data, options, _ = image.as_layer_data_tuple()
    # in a thread of its own, so that the window stays alive; napari shows what goes wrong there
    return create_worker(
        found_layers,
        *(data, options, modality, pixel_size, threshold, model),
        _start_thread=True,
        _progress=True,
    )


def found_layers(
    data: Any,
    options: Mapping[str, Any],
    modality: str = "od",
    pixel_size: str = "",
    threshold: float = THRESHOLD,
    model: str = "",
) -> list[Layer]:
    """Layers of the particles in an image layer's data (height, width[, 3 or 4]).

    options: the layer's, which place the new ones. InputError where the image is of no use.
    """
    name = str(options.get("name", "image"))
    pixels = pixels_of(data, options)
    size = parse_pixel_size(pixel_size) if pixel_size.strip() else pixel_size_of(options)
    result = segment(
        pixels, pixel_size_nm=size, modality=modality, threshold=threshold, model=model or None
    )
    info = {**result.info, "description": f"Particles that SynthWire found in {name}"}
    placed = {key: options[key] for key in ("scale", "translate", "units") if key in options}
    return particle_layers(Work(replace(result, name=name, info=info), Correction()), placed)
