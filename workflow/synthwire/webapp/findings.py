"""What models found in images, remembered between the script's runs.

The script runs from top to bottom whenever a user moves something, so whatever is slow is kept.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from synthwire.io.complex_numbers import PHASE
from synthwire.io.files import MemoryFile
from synthwire.segmentation.apply import scale_for, segment_image
from synthwire.segmentation.correction import Correction, Step
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model
from synthwire.segmentation.options import Preparation
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import proposals_json, save_proposals
from synthwire.webapp import inputs
from synthwire.webapp.layers import Layers, layers_of, with_added
from synthwire.webapp.memory import Memory
from synthwire.webapp.stored import Stored
from synthwire.webapp.work import current_work

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

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
    """One image of one file, and how it is to be read.

    crop: as `options.parse_crop` takes it; leave_out: a mask of what is not searched; complex_part:
    what is taken of complex numbers.
    """

    file: MemoryFile
    digest: str
    number: int
    modality: str
    largest_pixels: int
    crop: str = ""
    leave_out: MemoryFile | None = None
    complex_part: str = PHASE

    @property
    def key(self) -> tuple:
        return self.digest, self.file.name, self.number, *self._how

    @property
    def _how(self) -> tuple:
        mask = self.leave_out
        known = mask and (mask.name, inputs.digest(mask.content))
        return self.modality, self.crop, self.complex_part, known

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
        """What the file holds, and why this page of it is no use."""
        found = memory_of("inspections", 512)(
            (self.digest, self.file.name, *self._how, self.largest_pixels),
            lambda: inputs.inspect(self.file, self._preparation, self.largest_pixels),
        )
        if self.number not in found.empty:
            return found
        error = f"{self.file.name}: on page {self.number + 1} every pixel has the same value"
        return replace(found, error=error)

    def image(self) -> GreyImage:
        return memory_of("images", 8)(
            (*self.key, self.largest_pixels),
            lambda: inputs.read_page(
                self.file, self.number, self._preparation, self.largest_pixels
            ),
        )

    @property
    def _preparation(self) -> Preparation:
        crop = inputs.parse_crop_field(self.crop)
        return Preparation(
            self.modality, crop=crop, leave_out=self.leave_out, complex_part=self.complex_part
        )


@dataclass(frozen=True)
class StoredPage:
    """A result that was opened again, in the place of an image."""

    stored: Stored

    @property
    def digest(self) -> str:
        return self.stored.digest

    @property
    def title(self) -> str:
        return self.stored.title

    def inspection(self) -> inputs.Inspection:
        return inputs.Inspection(1, self.stored.found.pixel_size_nm)

    def image(self) -> GreyImage:
        found = self.stored.found
        return GreyImage(found.image, found.pixel_size_nm, found.name, found.page)

    def findings(self, size_nm: tuple[float, float] | None) -> Findings:
        found, key = self.stored.found, ("stored", self.digest)
        current_work().corrections.setdefault(key, self.stored.correction)
        if size_nm != found.pixel_size_nm:
            found = memory_of("rulers", 64)(
                (key, size_nm), lambda: replace(found, pixel_size_nm=size_nm, measures=None)
            )
        return Findings(key, found, found, self.stored.folder)


@dataclass(frozen=True)
class Findings:
    """What a model found in an image, corrected by hand.

    key tells it from all others but those of other sizes. found: without what was done by hand.
    folder: of the result on disk that it was opened from.
    """

    key: tuple
    result: Segmentation
    found: Segmentation
    folder: Path | None = None

    @property
    def layers(self) -> Layers:
        """Shapes to draw; they do not depend on the pixel size or the selection."""
        layers = memory_of("layers", 16)(self.key, lambda: layers_of(self.found))
        return with_added(layers, self.result)

    @property
    def correction(self) -> Correction:
        return current_work().corrections.get(self.key, Correction())

    def change(self, correction: Correction) -> None:
        """Take up another state of the correction; a folder's result has it at once."""
        current_work().corrections[self.key] = correction
        changed = self.select(self.rules)
        if self.picked is not None and self.picked > len(changed.result.results):
            self.pick(None)
        if self.folder is not None:
            save_proposals(self.folder, proposals_json(changed.result))

    def do(self, step: Step) -> None:
        self.change(self.correction.do(step))

    @property
    def rules(self) -> dict:
        """The rules of the selection, without what was done by hand."""
        rules = asdict(self.result.selection)
        del rules["removed_ids"], rules["kept_ids"]
        return rules

    @property
    def picked(self) -> int | None:
        """Id of the particle that was clicked."""
        return st.session_state.setdefault("picked", {}).setdefault(self.key, None)

    def pick(self, number: int | None) -> None:
        st.session_state.setdefault("picked", {})[self.key] = number

    def select(self, rules: dict) -> Findings:
        """The particles by the user's rules and corrections."""
        work, correction = current_work(), self.correction
        known = work.corrected.get(self.key)
        if known is None or known[0] is not correction or known[1] is not self.found:
            known = (correction, self.found, correction.apply(self.found))
            work.corrected[self.key] = known
        return replace(self, result=known[2].select(**rules))


@dataclass(frozen=True)
class Network:
    """A model that the user chose; enlargement is None where what it finds decides."""

    name: str
    folder: Path | None
    enlargement: float | None


# what the last run has left on the page are numbers of another image
HIDE_THE_LAST = '<style>[data-stale="true"] { display: none; }</style>'


class CancelledError(Exception):
    """A person stopped the search for particles in an image."""


def find(
    page: Page | StoredPage,
    network: Network,
    size_nm: tuple[float, float] | None,
    place: DeltaGenerator,
) -> Findings:
    """All that a model finds in an image; the network runs once for an image and its settings.

    place: an `st.empty`, in which it says so meanwhile. CancelledError when it was
    stopped by hand.
    """
    if isinstance(page, StoredPage):
        return page.findings(size_nm)
    model = load_once(network.folder)
    # other models ask for no size
    vote_nm = size_nm if model.card.get("pixel_nm_range") else None
    size_doubt = inputs.size_doubt(page.image(), size_nm)
    image = replace(page.image(), pixel_size_nm=vote_nm, pixel_size_doubt=size_doubt)
    # of a pixel size only the scale that it asks for makes a difference to the network
    sought = network.enlargement or ("from", scale_for(model, image))
    key = (*page.key, network.name, model.card["sha256"], sought)
    result = memory_of("segmentations", 64)(
        key, lambda: segment_page(key, page, image, model, network.enlargement, place)
    )
    if (size_nm, size_doubt) != (result.pixel_size_nm, result.info["pixel_size_doubt"]):
        # another pixel size at the same scale is another ruler, and no reason to run the network
        info = {**result.info, "pixel_size_doubt": size_doubt}
        result = memory_of("rulers", 64)(
            (key, size_nm, size_doubt),
            lambda: replace(result, pixel_size_nm=size_nm, measures=None, info=info),
        )
    return Findings(key, result, result)


def segment_page(
    key: tuple,
    page: Page,
    image: GreyImage,
    model: Model,
    scale: float | None,
    place: DeltaGenerator,
) -> Segmentation:
    """Run the network, and say so on the page and in the log; CancelledError where it may not."""
    cancelled = st.session_state.setdefault("cancelled", set())
    if key in cancelled:
        raise CancelledError(inputs.plain(page.title))
    start = time.perf_counter()
    name = inputs.plain(page.title)
    with place.container(), st.spinner(f"Finding particles in {name} …", show_time=True):
        st.html(HIDE_THE_LAST)
        st.button(
            "Cancel",
            icon=":material/cancel:",
            key=f"cancel {len(cancelled)} {hash(key)}",
            on_click=cancelled.add,
            args=(key,),
        )
        info = {"modality": page.modality}
        result = segment_image(image, model, scale=scale, info=info, progress=tile_bar)
    place.empty()
    LOG.info("%s: %s took %.2f s", page.file.name, model.name, time.perf_counter() - start)
    return result


def tile_bar(tiles: Sequence) -> Iterator:
    """A progress bar over the tiles of a large image; a search that was cancelled ends here."""
    bar = st.progress(0.0) if len(tiles) > 1 else st.empty()
    for number, tile in enumerate(tiles):
        if len(tiles) > 1:
            bar.progress(number / len(tiles), f"Part {number + 1} of {len(tiles)}")
        yield tile
    bar.empty()
