"""The web app's script, run by Streamlit without a browser."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from running import PATIENCE_S
from streamlit.testing.v1 import AppTest

from synthwire.inference import tiling
from synthwire.segmentation.options import MODALITIES
from synthwire.segmentation.result_files import FILES
from synthwire.webapp import catalogue, particle_charts
from synthwire.webapp.assets import SCRIPT
from synthwire.webapp.lower_part import FILE_LABELS

SAMPLES = {sample.key: sample for sample in catalogue.samples()}


@pytest.fixture
def app(weights_folder, tmp_path, monkeypatch) -> AppTest:
    """The app as it starts: with its first sample, and no model but the bundled one."""
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(weights_folder))
    monkeypatch.setenv("SYNTHWIRE_APP_MODELS", str(tmp_path / "runs"))
    monkeypatch.setenv("SYNTHWIRE_APP_MEGAPIXELS", "1")
    return AppTest.from_file(str(SCRIPT), default_timeout=PATIENCE_S)


@pytest.fixture
def inferences(monkeypatch) -> list:
    """Notes each time that the network runs, and lets it run."""
    st.cache_resource.clear()
    runs = []
    run = tiling.predict_any

    def noted(predictor, image, **settings):
        runs.append(settings["scale"])
        return run(predictor, image, **settings)

    monkeypatch.setattr(tiling, "predict_any", noted)
    return runs


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="png")
    return content.getvalue()


def particles(app: AppTest) -> int:
    return int(next(item.value for item in app.metric if item.label == "Particles"))


def messages(app: AppTest) -> list[str]:
    """The messages of errors, as people read them."""
    return [re.sub(r"\\(.)", r"\1", item.value) for item in app.error]


def healthy(app: AppTest) -> AppTest:
    """The app, after it has run without a message of an error."""
    assert not app.exception
    assert messages(app) == []
    return app


def choose(app: AppTest, **values) -> AppTest:
    """Set widgets by their keys, in which blanks are underscores, and run."""
    for name, value in values.items():
        key = name.replace("_", " ")
        widget = next(
            item
            for kind in ("slider", "select_slider", "toggle", "selectbox", "text_input")
            for item in app.get(kind)
            if item.key == key
        )
        widget.set_value(value)
    return app.run()


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def pick(app: AppTest, number: int) -> AppTest:
    """What a click on a particle leaves in the session; the browser's tests do click."""
    (context,) = app.session_state["picked"]
    app.session_state["picked"] = {context: number}
    return app.run()


def test_it_starts_with_a_sample(app):
    healthy(app.run())
    assert particles(app) > 0
    microscopes = app.selectbox(key="modality optical-density").options
    assert len(microscopes) == len(MODALITIES)
    assert any("400 × 400 px · 6 nm a pixel" in item.value for item in app.caption)


def test_the_network_runs_once_whatever_the_sliders_do(app, inferences):
    healthy(app.run())
    assert len(inferences) == 1
    counts = [particles(healthy(choose(app, threshold=value))) for value in (0.1, 0.5, 0.9, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0
    assert any("No particle at these settings" in item.value for item in app.info)
    healthy(choose(app, threshold=0.3, smallest_area=1000, nested=False, border=True))
    assert len(inferences) == 1


def set_picture(app: AppTest, text: str) -> AppTest:
    next(item for item in app.text_input if item.label == "Picture").set_value(text)
    return app.run()


def test_particles_are_searched_in_the_part_that_is_picture(app, inferences):
    whole = particles(healthy(app.run()))
    healthy(set_picture(app, "0,0,200,200"))
    assert any("picture: columns 0 to 200, rows 0 to 200" in item.value for item in app.caption)
    assert not app.warning  # what a person chose is nothing to be warned of
    assert len(inferences) == 2
    set_picture(app, "a half")
    assert messages(app)[0].startswith("crop 'a half': left,top,right,bottom")
    set_picture(app, "0,0,900,900")
    assert "leaves no picture within the image's 400 × 400 pixels" in messages(app)[0]
    assert particles(healthy(set_picture(app, ""))) == whole
    assert len(inferences) == 2


def test_of_complex_numbers_phase_or_amplitude_is_taken(app, inferences):
    app.run()
    assert not [item for item in app.selectbox if item.label == "Complex numbers"]
    np.save(file := io.BytesIO(), np.exp(1j * WIRES / 200) * (2 - WIRES / 255))
    healthy(upload(app, ("object.npy", file.getvalue())))
    part = next(item for item in app.selectbox if item.label == "Complex numbers")
    assert part.value == "phase"
    before = len(inferences)
    healthy(part.set_value("amplitude").run())
    assert len(inferences) > before  # another picture


def test_particles_are_gone_through_without_a_mouse(app):
    count = particles(healthy(app.run()))

    def chosen() -> str:
        return next(item.value for item in app.markdown if item.value.startswith("**Particle "))

    press(app, "next")
    first = chosen()
    press(app, "previous")
    last = chosen()
    assert (first != last) == (count > 1)
    press(healthy(app), "next")
    assert chosen() == first


def set_pixel_size(app: AppTest, text: str) -> AppTest:
    next(item for item in app.text_input if item.label == "Pixel size").set_value(text)
    return app.run()


def median_length(app: AppTest) -> tuple[float, str]:
    """The number that is shown, and its unit."""
    text = next(item.value for item in app.metric if item.label == "Median length")
    number, unit = text.split("\N{NO-BREAK SPACE}")
    return float(number.replace("\N{NARROW NO-BREAK SPACE}", "")), unit


def test_another_pixel_size_is_another_ruler_and_no_inference(app, inferences):
    healthy(app.run())
    assert next(item.value for item in app.text_input if item.label == "Pixel size") == "6 nm"
    length, unit = median_length(app)
    assert unit == "nm"
    assert median_length(healthy(set_pixel_size(app, "12"))) == (pytest.approx(2 * length), "nm")
    assert median_length(healthy(set_pixel_size(app, ""))) == (pytest.approx(length / 6), "px")
    assert len(inferences) == 1


def test_a_pixel_size_of_no_use_is_explained_and_the_file_s_own_taken(app):
    before = median_length(app.run())
    set_pixel_size(app, "six")
    (message,) = messages(app)
    assert message.startswith("pixel size 'six': a length above zero with its unit is expected")
    assert median_length(app) == before


def test_another_sample_brings_its_own_microscope(app, inferences):
    healthy(app.run())
    healthy(choose(app, sample=SAMPLES["tem"]))
    assert app.selectbox(key="modality tem").value == "tem"
    healthy(choose(app, sample=SAMPLES["optical-density"]))
    assert len(inferences) == 2


def test_particles_are_removed_and_kept_by_hand_and_the_numbers_follow(app):
    healthy(app.run())
    before = particles(app)
    healthy(pick(app, 1))
    assert any("**Particle 1**" in item.value for item in app.markdown)
    healthy(press(app, "remove"))
    assert particles(app) == before - 1
    assert any("left out" in item.value for item in app.markdown)
    healthy(press(app, "keep"))
    assert particles(app) == before
    healthy(press(app, "undo"))  # one step at a time
    assert particles(app) == before - 1
    healthy(press(app, "redo"))
    assert particles(app) == before
    healthy(press(app, "undo"))
    healthy(press(app, "undo"))
    assert particles(app) == before
    healthy(choose(app, threshold=1.0))
    healthy(press(app, "keep"))  # a particle of too low a score
    assert particles(app) == 1
    healthy(press(app, "undo"))
    assert particles(app) == 0


@pytest.mark.parametrize("part", ["Distributions", "Table", "Downloads"])
def test_each_part_is_shown(app, part):
    healthy(app.run())
    app.session_state["part"] = part
    healthy(app.run())
    if part == "Table":
        table, summary = (item.value for item in app.dataframe)
        assert len(table) == particles(app)
        assert summary.loc["Length (nm)", "n"] == particles(app)
    if part == "Downloads":
        labels = [item.label for item in app.get("download_button")]
        assert labels == ["All files (zip)", *(label for label, _ in FILE_LABELS.values())]
        assert set(FILE_LABELS) == set(FILES)


def test_a_sample_is_compared_with_its_true_outlines(app):
    healthy(app.run())
    healthy(app.toggle(key="truth optical-density").set_value(True).run())
    labels = {item.label for item in app.metric}
    assert {"Precision", "Recall", "F1", "Pixel accuracy"} <= labels
    assert any("missed (FN)" in item.value for item in app.get("html"))


def test_two_models_stand_side_by_side(app, weights_folder, tmp_path):
    # a run's folder with the same network
    folder = tmp_path / "runs" / "own" / "models" / "01"
    folder.mkdir(parents=True)
    card = json.loads((weights_folder / "bundled.json").read_text())
    (folder / "model_final.pth").write_bytes((weights_folder / "bundled.pth").read_bytes())
    provenance = {
        "model": "01",
        "config": {
            "architecture": card["architecture"],
            "training": {"min_size_px": [], "max_size_px": 1333},
        },
        "identity": {"plan": {"nms_threshold": 0.5}},
        "identity_sha256": "0" * 64,
        "categories": card["categories"],
    }
    (folder / "provenance.json").write_text(json.dumps(provenance))
    st.cache_data.clear()
    healthy(app.run())
    healthy(choose(app, other_model="own · 01"))
    headings = [item.value for item in app.markdown if "particles" in item.value]
    assert headings[0].startswith("**Bundled model**")
    assert headings[1].startswith("**own · 01**")


# -- uploads --------------------------------------------------------------------------------------


def upload(app: AppTest, *files: tuple[str, bytes], key: str = "uploads") -> AppTest:
    uploader = app.file_uploader(key=key)
    uploads = [(name, data, "application/octet-stream") for name, data in files]
    uploader.set_value(uploads if key == "uploads" else uploads[0])
    return app.run()


WIRES = np.zeros((120, 160), dtype=np.uint8)
WIRES[30:40, 20:140] = 200
WIRES[70:110, 60:70] = 150


def test_an_upload_takes_the_sample_s_place(app):
    app.run()
    healthy(upload(app, ("wires.png", png(WIRES))))
    assert any("wires.png · 160 × 120 px · no pixel size" in item.value for item in app.caption)
    assert next(item.value for item in app.metric if item.label == "Median length").endswith("px")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty.png: the file is empty"),
        (b"no image", "empty.png: not an image"),
        (png(np.full((64, 64), 9, np.uint8)), "every pixel has the same value"),
        (png(np.zeros((1000, 1001), np.uint8)), "at most 1 megapixels are taken"),
    ],
)
def test_an_upload_of_no_use_is_one_message(app, content, says):
    app.run()
    upload(app, ("empty.png", content))
    assert not app.exception
    (message,) = messages(app)
    assert says in message


JEOL = (
    b"$CM_FORMAT JEOL\r\n$CM_FULL_SIZE 160 120\r\n$$SM_MICRON_BAR 40\r\n$$SM_MICRON_MARKER 1um\r\n"
)
HITACHI = "[SemImageFile]\r\nDataSize=160x120\r\nPixelSize=9.5\r\n".encode("utf-16")
TESCAN = b"[MAIN]\nDevice=MIRA3\nPixelSizeX=4.2e-09\nPixelSizeY=4.2e-09\n[SEM]\nHV=10000\n"


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("wires.txt", JEOL, "25 nm a pixel"),
        ("wires.TXT", HITACHI, "9.5 nm a pixel"),
        ("wires-png.hdr", TESCAN, "4.2 nm a pixel"),
    ],
)
def test_the_text_that_a_microscope_wrote_beside_an_image_gives_its_pixel_size(
    app, name, text, shown
):
    app.run()
    healthy(upload(app, (name, text), ("wires.png", png(WIRES))))
    assert any(shown in item.value for item in app.caption)
    assert next(item.value for item in app.metric if item.label == "Median length").endswith("nm")
    healthy(upload(app, ("wires.png", png(WIRES))))
    assert any("no pixel size" in item.value for item in app.caption)
    upload(app, (name, text))
    (message,) = messages(app)
    assert f"{name}: not" in message and "name the image" in message


def test_a_scan_is_dropped_with_its_images(app):
    app.run()
    axes = "".join(
        f'{name} = {{ Unit = "um"; Points = ({count}, '
        + ", ".join(f"{step * place:.4f}" for place in range(count))
        + "); };"
        for name, count, step in (("PAxis", 160, 0.01), ("QAxis", 120, 0.02))
    )
    header = f'ScanDefinition = {{ Type = "Image Scan"; Regions = (1, {{ {axes} }}); }};'
    rows = "".join("\t".join(map(str, row)) + "\n" for row in WIRES)
    healthy(upload(app, ("scan_a.xim", rows.encode()), ("scan.hdr", header.encode())))
    assert any("scan.hdr · 160 × 120 px · 20 × 10 nm a pixel" in item.value for item in app.caption)


def test_a_mask_says_what_is_left_out(app, inferences):
    app.run()
    turned = np.ascontiguousarray(WIRES.T)
    healthy(upload(app, ("a.png", png(WIRES)), ("b.png", png(turned))))

    def mask_key() -> str:
        return next(item.key for item in app.file_uploader if item.key.startswith("leave out"))

    half = np.zeros(WIRES.shape, np.uint8)
    half[:, :80] = 255
    first, runs = mask_key(), len(inferences)
    healthy(upload(app, ("dirt.png", png(half)), key=first))
    assert any("50% left out by the mask" in item.value for item in app.caption)
    assert len(inferences) == runs + 1
    choose(app, page=1)  # the other image has none
    healthy(app)
    assert not any("left out by the mask" in item.value for item in app.caption)
    choose(app, page=0)
    healthy(app)
    assert any("dirt.png is left out" in item.value for item in app.caption)
    press(app, f"put away {first}")
    healthy(app.run())
    assert not any("left out" in item.value for item in app.caption)
    upload(app, ("dirt.png", png(half[:50])), key=first)
    assert not app.exception
    assert messages(app) == [
        "dirt.png: 50 × 160 pixels, but a.png, of which it is a mask, has 120 × 160"
    ]


def test_names_of_files_are_shown_as_they_are(app):
    app.run()
    healthy(upload(app, ("a_1_ [b](c) $x$.png", png(WIRES))))
    shown = next(item.value for item in app.caption if "160 × 120" in item.value)
    assert shown.startswith(r"a\_1\_ \[b\](c) \$x\$.png · ")


def test_several_images_are_chosen_from_and_pooled(app, inferences):
    app.run()
    turned = np.ascontiguousarray(WIRES.T)
    healthy(upload(app, ("a.png", png(WIRES)), ("b.png", b"broken"), ("a.png", png(turned))))
    options = app.selectbox(key="page").options
    assert options == ["a.png", "⚠ b.png", "a.png"]
    app.session_state["part"] = "All images"
    app.run()
    assert messages(app) == ["b.png: not an image, but a text; an image is expected"]
    assert any("1 of 3 images cannot be read" in item.value for item in app.warning)
    rows = app.dataframe[0].value
    assert list(rows.index) == ["a", "a_2"]
    app.run()
    assert len(inferences) == 3  # the sample, and each good image once


def test_outlines_are_compared_or_refused(app):
    healthy(app.run())
    outlines = json.loads(SAMPLES["optical-density"].outlines().content)
    healthy(upload(app, ("truth.json", json.dumps(outlines).encode()), key="outlines"))
    assert "Recall" in {item.label for item in app.metric}
    upload(app, ("truth.json", b"[1, 2]"), key="outlines")
    assert not app.exception
    assert "truth.json: neither COCO, nor VGG" in messages(app)[0]
    assert particles(app) > 0


# -- what goes wrong ------------------------------------------------------------------------------


def test_missing_weights_are_one_message(app, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tmp_path))
    st.cache_resource.clear()
    app.run()
    assert not app.exception
    assert "bundled.onnx.zip: no such file" in messages(app)[0]


def test_a_wrong_setting_is_one_message(app, monkeypatch):
    monkeypatch.setenv("SYNTHWIRE_APP_MEGAPIXELS", "lots")
    app.run()
    assert not app.exception
    assert messages(app)[0].startswith("SYNTHWIRE_APP_MEGAPIXELS: 'lots' is no number")


def test_a_bug_of_ours_is_a_message_and_a_line_in_the_log(app, monkeypatch, caplog):
    def broken(*_arguments, **_settings):
        raise RuntimeError("a bug")

    monkeypatch.setattr(particle_charts, "particles_figure", broken)
    app.run()
    assert not app.exception
    assert "stands in the app's log" in messages(app)[0]
    assert "a bug" not in messages(app)[0]
    assert "RuntimeError: a bug" in caplog.text
