"""What models found in images, remembered between the script's runs.

The script runs from top to bottom whenever a user moves something, so whatever is slow is kept.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from synthwire.io.files import MemoryFile
from synthwire.segmentation.apply import scale_for, segment_image
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.result import Segmentation
from synthwire.webapp import inputs
from synthwire.webapp.layers import Layers, layers_of
from synthwire.webapp.memory import Edits, Memory

LOG = logging.getLogger("synthwire.app")
LOG.addHandler(logging.StreamHandler())
LOG.setLevel(logging.INFO)


@st.cache_resource
def memory_of(what: str, most: int) -> Memory:
    """One memory for each kind of result, for all sessions."""
    return Memory(most)


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def load_once(folder: Path | None) -> Model:
    """A model of `catalogue.models`, for all sessions."""
    model = load_model(folder)
    # Streamlit collects garbage after each run of this script, which would look through all that
    # came with torch: a third of a second, every time
    gc.collect()
    gc.freeze()
    return model


@dataclass(frozen=True)
class Page:
    """One image of one file, and how it is to be read."""

    file: MemoryFile
    digest: str
    number: int
    modality: str
    largest_pixels: int

    @property
    def key(self) -> tuple:
        return self.digest, self.file.name, self.number, self.modality

    @property
    def title(self) -> str:
        """Name of the image for people."""
        inspection = self.inspection()
        if inspection.error:
            return f"⚠ {self.file.name}"
        if inspection.pages > 1:
            return f"{self.file.name}, page {self.number + 1}"
        return self.file.name

    def inspection(self) -> inputs.Inspection:
        """What the file holds, whatever this page's number."""
        return memory_of("inspections", 512)(
            (self.digest, self.file.name, self.modality, self.largest_pixels),
            lambda: inputs.inspect(self.file, self.modality, self.largest_pixels),
        )

    def image(self) -> GreyImage:
        return memory_of("images", 8)(
            (*self.key, self.largest_pixels),
            lambda: inputs.read_page(self.file, self.number, self.modality, self.largest_pixels),
        )


@dataclass(frozen=True)
class Findings:
    """What a model found in an image; key tells it from all others but those of other sizes."""

    key: tuple
    result: Segmentation

    @property
    def layers(self) -> Layers:
        """Shapes to draw; they do not depend on the pixel size or the selection."""
        return memory_of("layers", 16)(self.key, lambda: layers_of(self.result))

    @property
    def edits(self) -> Edits:
        return st.session_state.setdefault("edits", {}).get(self.key, Edits())

    def change(self, edits: Edits) -> None:
        st.session_state.setdefault("edits", {})[self.key] = edits

    @property
    def picked(self) -> int | None:
        """Id of the particle that was clicked."""
        return st.session_state.setdefault("picked", {}).setdefault(self.key, None)

    def pick(self, number: int | None) -> None:
        st.session_state.setdefault("picked", {})[self.key] = number

    def select(self, rules: dict) -> Findings:
        """The particles by the user's rules and edits."""
        edits = self.edits
        result = self.result.select(
            **rules, removed_ids=tuple(edits.removed), kept_ids=tuple(edits.kept)
        )
        return replace(self, result=result)


@dataclass(frozen=True)
class Network:
    """A model that the user chose; enlargement is None where what it finds decides."""

    name: str
    folder: Path | None
    enlargement: float | None


def find(page: Page, network: Network, size_nm: tuple[float, float] | None) -> Findings:
    """All that a model finds in an image; the network runs once for an image and its settings."""
    model = load_once(network.folder)
    # other models ask for no size
    vote_nm = size_nm if model.card.get("pixel_nm_range") else None
    size_doubt = inputs.size_doubt(page.image(), size_nm)
    image = replace(page.image(), pixel_size_nm=vote_nm, pixel_size_doubt=size_doubt)
    # of a pixel size only the scale that it asks for makes a difference to the network
    sought = network.enlargement or ("from", scale_for(model, image))
    key = (*page.key, network.name, model.card["sha256"], sought)
    result = memory_of("segmentations", 64)(
        key, lambda: segment_page(page, image, model, network.enlargement)
    )
    if (size_nm, size_doubt) != (result.pixel_size_nm, result.info["pixel_size_doubt"]):
        # another pixel size at the same scale is another ruler, and no reason to run the network
        info = {**result.info, "pixel_size_doubt": size_doubt}
        result = memory_of("rulers", 64)(
            (key, size_nm, size_doubt),
            lambda: replace(result, pixel_size_nm=size_nm, measures=None, info=info),
        )
    return Findings(key, result)


def segment_page(page: Page, image: GreyImage, model: Model, scale: float | None) -> Segmentation:
    """Run the network, and say so on the page and in the log."""
    start = time.perf_counter()
    with st.spinner(f"Finding particles in {inputs.plain(page.file.name)} …", show_time=True):
        info = {"modality": page.modality}
        result = segment_image(image, model, scale=scale, info=info, progress=tile_bar)
    LOG.info("%s: %s took %.2f s", page.file.name, model.name, time.perf_counter() - start)
    return result


def tile_bar(tiles: Sequence) -> Iterator:
    """A progress bar over the tiles of a large image."""
    bar = st.progress(0.0) if len(tiles) > 1 else None
    for number, tile in enumerate(tiles):
        if bar:
            bar.progress(number / len(tiles), f"Part {number + 1} of {len(tiles)}")
        yield tile
    if bar:
        bar.empty()
