"""The sidebar: which images, which model, what counts as a particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from synthwire.errors import InputError
from synthwire.io.complex_numbers import COMPLEX_PARTS, PHASE
from synthwire.io.files import MemoryFile
from synthwire.segmentation.options import MODALITIES, Selection
from synthwire.webapp import catalogue, features, inputs
from synthwire.webapp.findings import Network, Page, StoredPage, memory_of
from synthwire.webapp.limits import Limits
from synthwire.webapp.messages import show_error, show_remark
from synthwire.webapp.stored import Stored, is_result_zip, read_folder, read_zip
from synthwire.webapp.work import current_work, remember

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
    """The images: files with their digests, a sample or none, results that were opened again."""

    files: list[tuple[MemoryFile, str]]
    sample: catalogue.Sample | None
    stored: list[Stored]


def choose_images(limits: Limits) -> Choice:
    """Files of the user, those of a work that is taken up again, results, or a sample."""
    st.subheader("Image")
    uploads = st.file_uploader(
        "Your images",
        type=[*inputs.IMAGE_TYPES, *inputs.BESIDE_TYPES, "zip"],
        accept_multiple_files=True,
        key="uploads",
        help="PNG, JPEG, BMP, TIFF, DM3, DM4, MRC, SER, EMD, HDF5, SDF, SXM or NPY, stacks too, "
        "with the text that a microscope of JEOL, Hitachi or TESCAN wrote beside an image; or a "
        "zip that was downloaded here, to go on with it. They stay in this computer's memory, "
        "where a reload of the page finds them, and no file of them is kept; they are gone "
        "when the app ends.",
    )
    work = current_work()
    if uploads:
        files = inputs.with_companions(
            [(MemoryFile(item.name, item.getvalue()), digest_of(item)) for item in uploads]
        )
        if len(files) > limits.images:
            st.warning(
                f"The first {limits.images} of {len(files)} images are taken; "
                "`synthwire segment` takes any number."
            )
        work.files = files[: limits.images]
        st.session_state["uploaded"] = True
    elif st.session_state.pop("uploaded", False):
        work.files = []  # taken away by hand
    elif work.files:
        count = len(work.files)
        st.caption(f"Taken up again: {count} image{'s' if count > 1 else ''}, with what was done.")
        st.button("Put away", icon=":material/close:", key="put away", on_click=work.files.clear)
    if work.files:
        stored = []
        for file, _ in filter(lambda item: is_result_zip(item[0]), work.files):
            try:
                stored += read_zip_once(file, 4 * limits.largest_pixels)
            except InputError as error:
                show_error(error)
        images = [item for item in work.files if not is_result_zip(item[0])]
        return Choice(images, None, stored)
    if limits.result is not None:
        return Choice([], None, read_folder_once(limits.result))
    remember("sample", catalogue.samples()[0])
    sample = st.selectbox(
        "or a sample", catalogue.samples(), format_func=lambda item: item.label, key="sample"
    )
    file = sample.image()
    return Choice([(file, inputs.digest(file.content))], sample, [])


@st.cache_resource(max_entries=4, show_spinner="Reading the results …")
def read_folder_once(folder: Path) -> list[Stored]:
    return read_folder(folder)


@st.cache_resource(
    max_entries=4,
    show_spinner="Reading the results …",
    hash_funcs={MemoryFile: lambda file: (file.name, inputs.digest(file.content))},
)
def read_zip_once(file: MemoryFile, largest_bytes: int) -> list[Stored]:
    return read_zip(file, largest_bytes)


def field_of(kind: str, page: Page | StoredPage, sample: catalogue.Sample | None = None) -> str:
    """The key of a field that each image has for itself."""
    return f"{kind} {sample.key if sample else page.digest}"


def modality_of(page: Page, sample: catalogue.Sample | None) -> str:
    """As the user says; else the sample's own, or what the image looks like."""
    said = current_work().fields.get(field_of("modality", page, sample))
    if said:
        return str(said)
    if sample:
        return sample.modality
    if page.inspection().error:
        return page.modality
    return memory_of("guesses", 512)(page.key, lambda: inputs.guess_modality(page.image().pixels))


def choose_modality(page: Page, sample: catalogue.Sample | None) -> str:
    """The microscope that the image comes from."""
    names = list(MODALITY_NAMES)
    key = field_of("modality", page, sample)
    guessed = sample is None and key not in current_work().fields
    modality = modality_of(page, sample)
    if key not in st.session_state:
        st.session_state[key] = modality
    chosen = st.selectbox(
        "Microscope",
        names,
        format_func=MODALITY_NAMES.__getitem__,
        key=key,
        help="\n".join(f"- {MODALITY_NAMES[key]}: {MODALITIES[key]}" for key in names),
    )
    if chosen != modality:
        current_work().fields[key] = chosen
    elif guessed and not page.inspection().error:
        ground, they = ("bright", "dark") if modality == "tem" else ("dark", "bright")
        st.caption(f"As it looks: {they} particles on a {ground} ground.")
    return chosen


def crop_of(page: Page) -> str:
    """Which part of the image is picture, as the user says; empty where that cannot be read."""
    text = str(current_work().fields.get(field_of("crop", page), ""))
    try:
        inputs.parse_crop_field(text)
    except InputError:
        return ""
    return text.strip()


def choose_crop(page: Page) -> str:
    """The field of what is picture, which each image has for itself; see `crop_of`."""
    key = field_of("crop", page)
    remember(key, "")
    text = st.text_input(
        "Picture",
        placeholder="all but data bars",
        key=key,
        help="Where the picture is in the image: left,top,right,bottom in pixels, as "
        "0,0,1024,884, or how much to leave out, as bottom=59; none takes data bars for picture "
        "too. It can be drawn under Correct by hand, by Crop.",
    )
    current_work().fields[key] = text
    try:
        inputs.parse_crop_field(text)
    except InputError as error:
        show_error(error)
    return crop_of(page)


def complex_part_of(page: Page) -> str:
    """What is taken of complex numbers, as the user says."""
    return str(current_work().fields.get(field_of("complex", page), PHASE))


def choose_complex_part(page: Page) -> str:
    """Phase or amplitude, for an image of complex numbers; see `complex_part_of`."""
    if not page.inspection().complex:
        return page.complex_part
    key = field_of("complex", page)
    remember(key, PHASE)
    return st.selectbox(
        "Complex numbers",
        list(COMPLEX_PARTS),
        format_func=str.capitalize,
        key=key,
        help="\n".join(f"- {name.capitalize()}: {text}" for name, text in COMPLEX_PARTS.items()),
    )


def left_out_of(page: Page) -> MemoryFile | None:
    """The mask of what is not searched in an image, as the user has given it."""
    return current_work().fields.get(field_of("leave out", page))


def choose_left_out(page: Page) -> MemoryFile | None:
    """The upload of what to leave out, which each image has for itself; see `left_out_of`."""
    key, fields = field_of("leave out", page), current_work().fields
    known = fields.get(key)
    with st.expander("Leave out", icon=":material/hide_image:" if known else None):
        upload = st.file_uploader(
            "Mask of what to leave out",
            type=inputs.MASK_TYPES,
            key=key,
            help="An image as large as yours, white where nothing is to be searched, as on dirt, "
            "and black elsewhere. What it leaves out counts as no area either.",
        )
        if upload is not None:
            fields[key] = known = MemoryFile(upload.name, upload.getvalue())
        elif st.session_state.get("mask given") == key:  # taken away by hand
            fields[key] = known = None
        elif known is not None:  # of a work that was taken up again, or said for all images
            st.caption(f"{inputs.plain(known.name)} is left out.")
            st.button("Put away", key=f"put away {key}", on_click=fields.pop, args=(key,))
        # of another image's field nothing is known, once that is no longer shown
        st.session_state["mask given"] = key if upload is not None else None
    return known


def digest_of(upload: UploadedFile) -> str:
    """Digest of an upload, computed once: reruns come with every move of a slider."""
    known = st.session_state.setdefault("digests", {})
    if upload.file_id not in known:
        known[upload.file_id] = inputs.digest(upload.getvalue())
    return known[upload.file_id]


def size_of(page: Page | StoredPage) -> tuple[float, float] | None:
    """The pixel size (down, across) in nm as the user says, or else the file's own."""
    own = page.inspection().pixel_size_nm
    try:
        text = current_work().fields.get(field_of("pixel size", page))
        return own if text is None else inputs.parse_size_field(text)
    except InputError:
        return own


def choose_pixel_size(page: Page | StoredPage, pages: Sequence[Page | StoredPage]) -> None:
    """The field of the pixel size, which each image has for itself; see `size_of`."""
    key = field_of("pixel size", page)
    remember(key, inputs.pixel_size_text(page.inspection().pixel_size_nm))
    text = st.text_input(
        "Pixel size",
        placeholder="e.g. 6 nm, 0.006 µm, 6.6 × 7.8 nm",
        key=key,
        help="As the file says, where it does. Without one, lengths are in pixels. It can be "
        "measured along a scale bar under Correct by hand.",
    )
    current_work().fields[key] = text
    try:
        inputs.parse_size_field(text)
    except InputError as error:
        show_error(error)
    if size_of(page) is None:
        st.caption("No pixel size: lengths are in pixels.")
    if len(pages) > 1:
        st.button(
            "For all images",
            key="for all",
            icon=":material/select_all:",
            help="Take this microscope, pixel size, picture, mask and part of complex numbers "
            "for all images.",
            on_click=say_for_all,
            args=(page, pages),
        )
    for remark in inputs.remarks_of(page.image(), size_of(page)):
        show_remark(remark)


def say_for_all(page: Page | StoredPage, pages: Sequence[Page | StoredPage]) -> None:
    fields = current_work().fields
    for other in pages:
        for kind in ("pixel size", "modality", "crop", "complex"):
            key = field_of(kind, other)
            said = st.session_state.get(field_of(kind, page))
            if said is not None:
                fields[key] = said
                st.session_state.pop(key, None)
        fields[field_of("leave out", other)] = fields.get(field_of("leave out", page))


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


def choose_rules(size_nm: tuple[float, float] | None, before: Selection) -> dict:
    """Which results count as particles, as fields of `segmentation.options.Selection`.

    before: what holds until somebody says otherwise.
    """
    st.subheader("Particles")
    remember("threshold", max(0.05, before.threshold))
    remember("smallest area", max(area for area in SMALLEST_AREAS_PX if area <= before.min_area_px))
    remember("nested", before.remove_nested)
    remember("border", before.exclude_border)
    threshold = st.slider(
        "Score threshold",
        0.05,
        1.0,
        step=0.01,
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
        help="COCO, VIA, LabelMe, Label Studio, Supervisely, CVAT (also its zip), QuPath, YOLO, "
        "napari, Fiji ROIs (.roi, .zip), or a label image (Cellpose, ilastik).",
    )
    if upload is not None:
        return MemoryFile(upload.name, upload.getvalue())
    if sample is not None and st.toggle(
        "Compare with the sample's true outlines", key=f"truth {sample.key}"
    ):
        return sample.outlines()
    return None
