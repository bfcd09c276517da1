"""Particles of an image as layers of napari (https://napari.org).

    python examples/napari_view.py wires.tif [--pixel-size 6nm] [--modality tem]
    python examples/napari_view.py wires.tif --result results/wires

The second form shows what `synthwire segment` has written, without a network. The image is one
layer, the particles are another, of shapes: they may overlap, each has its measures on hover, and
they can be edited. Both are in nanometres where the pixel size is known.

napari is not among SynthWire's packages: pip install "napari[all]" puts it beside them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from synthwire.figures.kit.overlay import choose_colours, contours
from synthwire.io.masks import decode_crops
from synthwire.segmentation import MODALITIES, Preparation, Selection, parse_pixel_size
from synthwire.segmentation.apply import segment
from synthwire.segmentation.images import read_images
from synthwire.segmentation.result import Segmentation

Layer = tuple[Any, dict[str, Any], str]


def layers(result: Segmentation) -> list[Layer]:
    """napari's LayerData, (data, options, type), of an image and of its particles.

    What a napari reader returns; `viewer.add_layer(napari.layers.Layer.create(*layer))` adds one.
    """
    scale = result.pixel_size_nm or (1.0, 1.0)
    placed = {"scale": scale, "units": ("nm" if result.pixel_size_nm else "pixel",) * 2}
    masks = decode_crops(item["segmentation"] for item in result.selected)
    colours = choose_colours(masks)
    polygons, numbers = [], []
    for number, mask in enumerate(masks):
        for ring in contours(mask):
            # napari's coordinates are (row, column), and whole numbers lie in the middle of pixels
            polygons.append(ring[:, ::-1] - 0.5)
            numbers.append(number)
    shapes = {
        "name": "particles",
        "shape_type": "polygon",
        "features": result.particles.iloc[numbers].reset_index(drop=True),
        "edge_color": [colours[number] for number in numbers],
        "face_color": [f"{colours[number]}40" for number in numbers],
        "edge_width": 1,
        **placed,
    }
    return [
        (result.image, {"name": result.name, "colormap": "gray", **placed}, "image"),
        (polygons, shapes, "shapes"),
    ]


def read_result(folder: Path, image: Path) -> Segmentation:
    """What `synthwire segment` wrote to a folder, with the image that it was made from."""
    data = json.loads((folder / "proposals.json").read_text(encoding="utf-8"))
    page = data["images"][0].get("page", 0)
    pixels = read_images(image, Preparation(data["info"]["modality"]))[page].pixels
    return Segmentation.from_coco(data, pixels, Selection(**data["info"]["selection"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--result", type=Path, help="folder that synthwire segment has written")
    parser.add_argument("--pixel-size", type=parse_pixel_size)
    parser.add_argument("--modality", choices=tuple(MODALITIES), default="od")
    options = parser.parse_args()
    if options.result:
        result = read_result(options.result, options.image)
    else:
        result = segment(options.image, pixel_size_nm=options.pixel_size, modality=options.modality)
    try:
        import napari
    except ImportError:
        raise SystemExit('napari is not installed: pip install "napari[all]"') from None
    viewer = napari.Viewer(title=f"{result.name}: {len(result.particles)} particles")
    for layer in layers(result):
        viewer.add_layer(napari.layers.Layer.create(*layer))
    napari.run()


if __name__ == "__main__":
    main()
