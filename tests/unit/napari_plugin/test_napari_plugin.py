"""The napari plugin without napari: its manifest, and what is read, drawn, changed and saved."""

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from npe2 import PluginManifest
from tiny_model import wires

import synthwire.napari_plugin
from synthwire.errors import InputError
from synthwire.io.masks import encode_mask
from synthwire.napari_plugin.reader import get_reader, read
from synthwire.napari_plugin.widget import found_layers
from synthwire.napari_plugin.writer import corrected, write_coco, write_result
from synthwire.segmentation.opened import open_folder
from synthwire.segmentation.result import CATEGORIES, Segmentation

SIZE = (60, 80)
RECTANGLES = ((10, 5, 24, 75), (5, 40, 50, 50), (34, 5, 48, 30))  # the first two cross
HOLED = (52, 60, 58, 78)


def box(top, left, bottom, right):
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result of three bars and one with a hole."""
    masks = [box(*corners) for corners in (*RECTANGLES, HOLED)]
    masks[-1][54:56, 66:70] = False
    found = [
        {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": encode_mask(mask)}
        | {"bbox": [float(np.flatnonzero(mask.any(0))[0]), 0.0, 5.0, 5.0]}
        for mask in masks
    ]
    result = Segmentation(
        wires(0, *SIZE), found, (6.0, 8.0), "a.png", None, 1.0, CATEGORIES, {"model": "none"}
    )
    return result.save(tmp_path_factory.mktemp("results") / "a")


@pytest.fixture
def layers(folder):
    return [(data, copy.copy(options), kind) for data, options, kind in read(str(folder))]


def shape_layer(kind, *shapes, **options):
    """A layer of shapes as napari gives it to a writer."""
    data = [np.array(points, dtype=float) for points in shapes]
    return data, {"name": "Shapes", "shape_type": [kind] * len(data), **options}, "shapes"


def areas(result):
    return result.masks.sum(axis=(1, 2)).tolist()


def test_the_manifest_names_what_is_there():
    path = Path(synthwire.napari_plugin.__file__).parent / "napari.yaml"
    manifest = PluginManifest.from_file(path)
    manifest.validate_imports()
    commands = {command.id for command in manifest.contributions.commands}
    used = [*manifest.contributions.readers, *manifest.contributions.writers]
    assert {item.command for item in (*used, *manifest.contributions.widgets)} == commands


def test_the_package_tells_napari_of_it(root):
    import tomllib

    entry = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]
    assert entry["napari.manifest"] == {"synthwire": "synthwire.napari_plugin:napari.yaml"}


def test_particles_that_overlap_are_shapes_of_their_own(layers):
    (image, _, kind), particles, lines = layers
    assert kind == "image" and image.shape == SIZE
    for _, options, _ in layers:
        assert options["scale"] == (6, 8) and options["units"] == ("nm", "nm")
    data, options, _ = particles
    assert options["features"]["id"].tolist() == [1, 2, 3, 4, 4]
    assert len(data) == len(options["edge_color"]) == len(options["features"])
    assert data[0].min(axis=0) == pytest.approx([10 - 0.5, 5 - 0.5])  # edges of pixels
    assert data[0].max(axis=0) == pytest.approx([24 - 0.5, 75 - 0.5])
    data, options, _ = lines
    assert options["shape_type"] == "path" and len(data) == 4
    assert data[0][:, 0] == pytest.approx(16.5, abs=0.1)
    assert options["features"]["line_length_nm"][0] == pytest.approx(70 * 8, rel=0.01)


def test_what_nobody_touched_is_saved_to_the_pixel(layers, folder, tmp_path):
    names = write_result(str(tmp_path / "again"), layers)
    assert {Path(name).name for name in names} == {path.name for path in folder.iterdir()}
    for name in ("coco.json", "particles.csv", "labels.tif"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_changes_become_steps_that_the_app_can_undo(layers, folder, tmp_path):
    image, (data, options, kind), _ = layers
    changed = [points.copy() for points in data]
    right = changed[0][:, 1] > 50
    changed[0][right, 1] -= 20  # the first is made shorter
    del changed[1]  # the second is deleted
    changed.append(np.array([[2.0, 5.0], [2.0, 30.0]]))  # a line, with another one's id
    features = options["features"].drop(index=1)
    features = pd.concat([features, features.iloc[:1]], ignore_index=True)
    kinds = ["polygon"] * 4 + ["line"]
    widths = [1] * 4 + [3]
    layer = (
        changed,
        {**options, "features": features, "shape_type": kinds, "edge_width": widths},
        kind,
    )
    write_result(str(tmp_path / "b"), [image, layer])
    found, correction = open_folder(tmp_path / "b")
    assert [step.kind for step in correction.steps] == ["removed", "reshaped", "drawn"]
    result = correction.apply(found)
    assert sorted(areas(result)) == [75, 100, 350, 14 * 50]
    assert found.ids == open_folder(folder)[0].ids
    assert areas(correction.undo().apply(found)).count(75) == 0
    marks = {item["attributes"]["by_hand"] for item in result.selected if "attributes" in item}
    assert marks == {"reshaped", "drawn"}
    write_result(str(tmp_path / "b"), read(str(tmp_path / "b")))  # and once more
    again = open_folder(tmp_path / "b")
    assert again[1] == correction and areas(again[1].apply(again[0])) == areas(result)


def test_shapes_are_drawn_on_any_image(tmp_path):
    pixels = np.random.default_rng(0).normal(100, 20, SIZE)
    options = {"name": "wires", "scale": (0.5, 0.5), "translate": (10, 0)}
    image = (pixels, {**options, "units": ("micrometer", "micrometer")}, "image")
    rectangle = shape_layer("rectangle", [[10, 10], [10, 29], [19, 29], [19, 10]], **options)
    oval = shape_layer("ellipse", [[30, 10], [30, 50], [50, 50], [50, 10]], **options)
    wide = shape_layer("path", [[35, 5], [35, 35]], scale=(1, 1), edge_width=2)
    result = corrected([image, rectangle, oval, wide])
    assert result.pixel_size_nm == (500, 500)
    assert areas(result)[0] == pytest.approx(9 * 19, rel=0.1)
    assert areas(result)[1] == pytest.approx(np.pi * 10 * 20, rel=0.03)
    assert areas(result)[2] == 60 * 4  # its layer's pixels are twice as large
    write_coco(str(tmp_path / "drawn.json"), [image, rectangle])
    data = json.loads((tmp_path / "drawn.json").read_text())
    (drawn,) = data["annotations"]
    assert drawn["attributes"]["by_hand"] == "drawn"
    assert data["images"][0]["pixel_size_nm"] == [500, 500]
    names = write_result(str(tmp_path / "drawn"), [image, rectangle])
    assert len(names) > 5 and open_folder(tmp_path / "drawn")[1].steps


@pytest.mark.usefixtures("tiny_bundled")
def test_the_widget_finds_particles_and_lays_them_on_the_image(tmp_path):
    options = {"name": "wires", "scale": (6, 6), "units": ("nanometer",) * 2, "translate": (3, 4)}
    particles, lines = found_layers(wires(), options, threshold=0.13)
    assert particles[1]["scale"] == (6, 6) and lines[1]["translate"] == (3, 4)
    assert "mean_width_nm" in particles[1]["features"]
    image = (wires(), options, "image")
    write_result(str(tmp_path / "found"), [image, particles, lines])
    found, correction = open_folder(tmp_path / "found")
    assert set(found.ids) == set(particles[1]["features"]["id"]) and not correction.steps
    with pytest.raises(InputError, match="3 axes"):
        found_layers(np.zeros((5, 9, 9)), options)


def test_what_is_no_result_is_left_to_other_readers(folder, tmp_path):
    assert get_reader(str(tmp_path)) is None
    (tmp_path / "a.tif").touch()
    assert get_reader(str(tmp_path / "a.tif")) is None
    assert get_reader([str(folder), str(folder / "coco.json")]) is read
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "proposals.json").write_text("{}")
    with pytest.raises(InputError, match="holds 2 results; open one of them"):
        get_reader(str(tmp_path))(str(tmp_path))
    with pytest.raises(InputError, match=r"image\.png"):
        read(str(tmp_path / "a"))


def test_what_cannot_be_saved_is_one_line(layers, tmp_path):
    image, particles, lines = layers
    square = [[10, 10], [10, 20], [20, 20], [20, 10]]
    turned = {"rotate": [[0.8, -0.6], [0.6, 0.8]]}
    cases = [
        ([shape_layer("polygon", square)], "without an image"),
        ([lines], "without an image"),
        ([image, image, particles], "several images"),
        ([image, shape_layer("polygon", square, **turned)], "turned or sheared"),
        ([image, shape_layer("polygon", [[999, 10], [999, 20], [980, 10]])], "shape 0: the pol"),
        ([image, shape_layer("polygon", [[0, 1, 1], [0, 1, 9], [0, 9, 9]])], "3 axes"),
        ([image, shape_layer("path", [[5, 5], [5, 5]])], "two points apart"),
    ]
    for chosen, says in cases:
        with pytest.raises(InputError, match=says) as caught:
            write_result(str(tmp_path / "no"), chosen)
        assert "\n" not in str(caught.value)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(InputError, match="something else than a result"):
        write_result(str(tmp_path / "mine"), layers)
