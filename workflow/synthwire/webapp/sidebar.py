"""The sidebar: which images, which model, what counts as a particle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.segmentation.options import MODALITIES, THRESHOLD
from synthwire.webapp import catalogue, features, inputs
from synthwire.webapp.findings import Network, Page
from synthwire.webapp.limits import Limits
from synthwire.webapp.messages import show_error, show_remark

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

MODALITY_NAMES = {
    "od": "X-ray: optical density",
    "transmission": "X-ray: transmission",
    "sem": "SEM",
    "tem": "TEM",
}
ENLARGEMENTS = {"Automatic": None, "¼ ×": 0.25, "½ ×": 0.5, "1 ×": 1.0, "2 ×": 2.0, "4 ×": 4.0}
SMALLEST_AREAS_PX = (0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
NO_OTHER = "None"


@dataclass(frozen=True)
class Choice:
    """What the sidebar says, but for the pixel size, which depends on the image."""

    files: list[tuple[MemoryFile, str]]  # with their digests
    sample: catalogue.Sample | None
    modality: str


def choose_images(limits: Limits) -> Choice:
    """Files of the user or a sample, and the microscope that they come from."""
    st.subheader("Image")
    uploads = st.file_uploader(
        "Your images",
        type=inputs.IMAGE_TYPES,
        accept_multiple_files=True,
        key="uploads",
        help="PNG, JPEG, TIFF, DM3, DM4, MRC, SER, EMD, HDF5, SXM or NPY, stacks too. They stay in "
        "this computer's memory, are written nowhere, and are gone when you close the page.",
    )
    sample = None
    if uploads:
        if len(uploads) > limits.images:
            st.warning(
                f"The first {limits.images} of {len(uploads)} images are taken; "
                "`synthwire segment` takes any number."
            )
        files = [
            (MemoryFile(item.name, item.getvalue()), digest_of(item))
            for item in uploads[: limits.images]
        ]
    else:
        sample = st.selectbox(
            "or a sample", catalogue.samples(), format_func=lambda item: item.label, key="sample"
        )
        file = sample.image()
        files = [(file, inputs.digest(file.content))]
    names = list(MODALITY_NAMES)
    modality = st.selectbox(
        "Microscope",
        names,
        index=names.index(sample.modality) if sample else 0,
        format_func=MODALITY_NAMES.__getitem__,
        key=f"modality {sample.key if sample else ''}",
        help="\n".join(f"- {MODALITY_NAMES[key]}: {MODALITIES[key]}" for key in names),
    )
    return Choice(files, sample, modality)


def digest_of(upload: UploadedFile) -> str:
    """Digest of an upload, computed once: reruns come with every move of a slider."""
    known = st.session_state.setdefault("digests", {})
    if upload.file_id not in known:
        known[upload.file_id] = inputs.digest(upload.getvalue())
    return known[upload.file_id]


def choose_pixel_size(page: Page) -> tuple[float, float] | None:
    """The pixel size (down, across) in nm: the file's own, or what the user says."""
    own = page.inspection().pixel_size_nm
    # images whose files say nothing share one field: they mostly come from one microscope
    key = f"pixel size {page.digest}" if own else "pixel size"
    text = st.text_input(
        "Pixel size",
        value=inputs.pixel_size_text(own),
        placeholder="e.g. 6 nm, 0.006 µm, 6.6 × 7.8 nm",
        key=key,
        help="As the file says, where it does. Without one, lengths are in pixels.",
    )
    try:
        size = inputs.parse_size_field(text)
    except InputError as error:
        show_error(error)
        size = own
    for remark in inputs.remarks_of(page.image(), size):
        show_remark(remark)
    return size


def choose_networks(limits: Limits) -> tuple[Network, Network | None]:
    """The model, and a second one to compare it with."""
    offered = list_models(limits.models)
    with st.expander("Model"):
        name = st.selectbox("Model", list(offered), key="model")
        others = [NO_OTHER, *(item for item in offered if item != name)]
        other = st.selectbox(
            "Compare with", others, key="other model", help="A second model, side by side."
        )
        enlargement = ENLARGEMENTS[
            st.selectbox(
                "Enlarge for the model",
                list(ENLARGEMENTS),
                key="enlargement",
                help="Models know particles of a certain width in pixels. Enlarge images whose "
                "particles are only a few pixels wide; make those smaller whose particles are "
                "wider than about 50.",
            )
        ]
    first = Network(name, offered[name], enlargement)
    second = None if other == NO_OTHER else Network(other, offered[other], enlargement)
    return first, second


@st.cache_data(ttl=30, show_spinner=False)
def list_models(runs: Path) -> dict[str, Path | None]:
    return catalogue.models(runs)


def choose_rules(size_nm: tuple[float, float] | None) -> dict:
    """Which results count as particles, as fields of `segmentation.options.Selection`."""
    st.subheader("Particles")
    threshold = st.slider(
        "Score threshold",
        0.05,
        1.0,
        THRESHOLD,
        0.01,
        key="threshold",
        help="How sure the model must be. The paper draws and counts instances from 0.7 on.",
    )
    per_pixel = None if size_nm is None else size_nm[0] * size_nm[1]
    area = features.FEATURES["area"]

    def text(pixels: int) -> str:
        if not pixels:
            return "any"
        return area.text(pixels * (per_pixel or 1), in_nm=per_pixel is not None)

    smallest = st.select_slider(
        "Smallest area", SMALLEST_AREAS_PX, format_func=text, key="smallest area"
    )
    nested = st.toggle(
        "Remove nested masks",
        value=True,
        key="nested",
        help="Leave out what lies within a particle of a better score, or is its double.",
    )
    border = st.toggle(
        "Leave out particles cut by the edge",
        key="border",
        help="Their lengths are too short; without them, long particles count too rarely.",
    )
    return {
        "threshold": threshold,
        "min_area_px": smallest,
        "remove_nested": nested,
        "exclude_border": border,
    }


def choose_outlines(sample: catalogue.Sample | None) -> MemoryFile | None:
    st.subheader("Known outlines")
    upload = st.file_uploader(
        "Compare with outlines",
        type=inputs.OUTLINE_TYPES,
        key="outlines",
        help="COCO, VIA, LabelMe, Label Studio, CVAT (also its zip), QuPath, YOLO, napari, Fiji "
        "ROIs (.roi, .zip), or a label image (Cellpose, ilastik).",
    )
    if upload is not None:
        return MemoryFile(upload.name, upload.getvalue())
    if sample is not None and st.toggle(
        "Compare with the sample's true outlines", key=f"truth {sample.key}"
    ):
        return sample.outlines()
    return None
