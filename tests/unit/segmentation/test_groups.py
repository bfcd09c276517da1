"""Groups of results: their statistics, and how two differ."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from segmentation_cases import rectangles
from tiny_model import wires

from synthwire import cli
from synthwire.errors import InputError
from synthwire.segmentation.groups import (
    STATISTICS_COLUMNS,
    compare,
    describe,
    in_words,
    length_distribution,
    read_group,
)
from synthwire.segmentation.outline_groups import read_any_group


def write_group(folder, width, images=4, pixel_size_nm=None, seed=0):
    """Results of images with four wires each, about `width` px wide; two of them cross."""
    rng = np.random.default_rng(seed)
    for number in range(images):
        corners = []
        for k in range(3):
            high = width + int(rng.integers(0, 3))
            left = 4 + int(rng.integers(0, 8))
            corners.append(
                (2 + 16 * k, left, 2 + 16 * k + high, left + 45 + int(rng.integers(0, 9)))
            )
        corners.append((0, 68, 30, 68 + width))  # the edge cuts it
        corners.append((30, 20, 58, 20 + width))  # across the third
        result = rectangles(*corners)
        object.__setattr__(result, "image", wires(100 * seed + number, 60, 80))
        object.__setattr__(result, "pixel_size_nm", pixel_size_nm)
        object.__setattr__(result, "measures", result._measure())
        result.select(threshold=0.1).save(folder / f"image_{number}")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    return (
        write_group(folder / "thin", 6, pixel_size_nm=(5.0, 5.0)),
        write_group(folder / "thick", 9, pixel_size_nm=(5.0, 5.0), seed=1),
    )


def row_of(table, measure, statistic):
    return table[(table["measure"] == measure) & (table["statistic"] == statistic)].iloc[0]


def test_a_group_is_described_with_intervals(folders):
    group = read_group(folders[0])
    table = describe(group)
    assert list(table.columns) == list(STATISTICS_COLUMNS)
    assert (table["drawn_from"] == "images").all() and (table["units"] == 4).all()
    width = row_of(table, "mean_width", "mean")
    assert width["unit"] == "nm"
    assert width["value"] == pytest.approx(group.particles["mean_width_nm"].mean())
    assert width["low"] < width["value"] < width["high"]
    density = row_of(table, "number", "density")
    assert density["value"] == pytest.approx(4.5 / (60 * 80 * 25e-6))  # one of five is cut
    assert row_of(table, "agglomerates", "share of particles")["value"] == pytest.approx(0.4)
    covered = row_of(table, "area", "share covered")["value"]
    overlapped = row_of(table, "overlap", "share of the covered area")["value"]
    assert covered * 4800 * (1 + overlapped) * 4 == pytest.approx(group.particles["area_px"].sum())


def test_intervals_of_few_images_stay_within_what_is_possible(tmp_path):
    """The three images' wires are short and level, long and upright, and both."""
    level, upright = [(4, 4, 10, 20), (20, 4, 26, 20)], [(4, 40, 56, 46), (4, 60, 56, 66)]
    for number, corners in enumerate((level, upright, [level[0], upright[1]])):
        rectangles(*corners).select(threshold=0.1).save(tmp_path / f"image_{number}")
    table = describe(read_group(tmp_path))
    order = row_of(table, "orientation", "order")
    assert order["drawn_from"] == "images" and (order["low"], order["high"]) == (0, 1)
    shares = table[table["statistic"].str.startswith("share")].dropna()
    assert len(shares) >= 2 and (shares["low"] >= 0).all() and (shares["high"] <= 1).all()
    length = row_of(table, "line_length", "median")
    assert length["low"] == 0 < length["value"] < length["high"]


def test_lengths_are_distributed_as_the_edge_lets_them(folders):
    group = read_group(folders[0])
    table = length_distribution(group)
    assert list(table.columns) == ["length_nm", "share_longer", "low", "high"]
    assert table["share_longer"].is_monotonic_decreasing
    within = (table["low"] <= table["share_longer"]) & (table["share_longer"] <= table["high"])
    assert within.all() and table["low"].min() >= 0 and table["high"].max() <= 1
    median = row_of(describe(group), "line_length", "median without the edge's cuts")["value"]
    below = table[table["share_longer"] <= 0.5]["length_nm"]
    assert below.iloc[0] == pytest.approx(median)


def test_words_for_a_terminal(folders):
    lines = in_words(describe(read_group(folders[0])))
    assert lines[0].startswith("length along the wire, median: ") and " nm (" in lines[0]
    assert "of the particles touch others: 40 %" in lines[-1]


def test_each_result_has_its_own_intervals(folders):
    table = pd.read_csv(folders[0] / "image_0" / "intervals.csv")
    assert list(table.columns) == list(STATISTICS_COLUMNS)
    assert set(table["drawn_from"]) == {"particles"}
    particles = pd.read_csv(folders[0] / "image_0" / "particles.csv")
    width = row_of(table, "mean_width", "mean")
    assert width["value"] == pytest.approx(particles["mean_width_nm"].mean(), rel=1e-5)
    reach = 1.96 * particles["mean_width_nm"].std() / np.sqrt(len(particles))
    assert width["high"] - width["value"] > reach  # Student's t of five is wider


def test_thicker_wires_are_found_thicker(folders):
    table = compare(*map(read_group, folders))
    width = row_of(table, "mean_width", "mean")
    assert width["low"] > 0 and width["p"] < 0.01
    assert width["low"] < 15 < width["high"] + 3  # 3 px of 5 nm
    assert width["percent"] == pytest.approx(100 * width["difference"] / width["first"])
    assert width["effect"] > 1
    length = row_of(table, "line_length", "mean")
    assert length["low"] < 0 < length["high"]
    back = compare(*map(read_group, folders[::-1]))
    assert row_of(back, "mean_width", "mean")["difference"] == pytest.approx(-width["difference"])


def test_the_command_writes_table_and_figure(folders, tmp_path, capsys):
    arguments = ["compare", *map(str, folders), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert "thin: 4 images, 20 particles" in text and "mean width, mean: " in text
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert len(table) == len(compare(*map(read_group, folders)))
    names = {path.suffix for path in (tmp_path / "out").glob("comparison.*")}
    assert names == {".pdf", ".svg", ".png", ".csv", ".json"}


def outlines_of(folder, out, **record):
    """A COCO file of all images of a group of results, as an annotation tool writes it."""
    images, annotations = [], []
    for number, place in enumerate(sorted(folder.glob("image_*")), start=1):
        data = json.loads((place / "coco.json").read_text())
        images.append({**data["images"][0], "id": number, "file_name": f"{place.name}.png"})
        images[-1] |= record
        for item in data["annotations"]:
            plain = {key: item[key] for key in ("segmentation", "category_id", "bbox", "area")}
            annotations.append({**plain, "id": len(annotations) + 1, "image_id": number})
    data = {"images": images, "annotations": annotations, "categories": data["categories"]}
    out.write_text(json.dumps(data))
    return out


def test_outlines_are_compared_as_results_are(folders, tmp_path, capsys):
    thin = outlines_of(folders[0], tmp_path / "thin.json")
    thick = outlines_of(folders[1], tmp_path / "thick.json", pixel_size_nm=None)
    say = ["--out", str(tmp_path / "out"), "--pixel-size", "5nm"]
    assert cli.main(["compare", str(thin), str(thick), *say]) == 0
    assert "thin: 4 images, 20 particles" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    expected = compare(*map(read_group, folders))
    for measure, statistic in (("mean_width", "mean"), ("number", "density"), ("area", "share")):
        pair = [
            found[
                (found["measure"] == measure) & found["statistic"].str.startswith(statistic)
            ].iloc[0]
            for found in (table, expected)
        ]
        for column in ("first", "second", "low", "high"):
            assert pair[0][column] == pytest.approx(pair[1][column], rel=1e-5, nan_ok=True)
    assert np.isnan(row_of(table, "fwhm", "mean")["first"])  # no image, no intensities


def test_outlines_of_other_formats_come_with_their_images(folders, tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    outlines = tmp_path / "labels"
    outlines.mkdir()
    for place in sorted(folders[0].glob("image_*")):
        shutil.copy(place / "image.png", images / f"{place.name}.png")
        shutil.copy(place / "labels.tif", outlines / f"{place.name}.tif")
    (outlines / "image_3.tif").unlink()
    say = ["--out", str(tmp_path / "out"), "--images", str(images), "--pixel-size", "5nm"]
    assert cli.main(["compare", str(outlines), str(folders[1]), *say]) == 0
    said = capsys.readouterr()
    assert "labels: 3 images, 15 particles" in said.out
    assert "no outlines of image_3.png; left out" in said.err
    (images / "image_4.png").write_text("no picture")
    assert cli.main(["compare", str(outlines), str(folders[1]), *say]) == 0
    assert "image_4.png: not an image, but a text" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert row_of(table, "mean_width", "mean")["unit"] == "nm"
    assert row_of(table, "fwhm", "mean")["first"] > 0


def test_a_coco_file_is_compared_as_flawed_as_tools_write_it(folders, tmp_path):
    data = json.loads(outlines_of(folders[0], tmp_path / "whole.json").read_text())
    data["images"].append({**data["images"][0], "id": "none", "file_name": "none.png"})
    data["annotations"][1]["segmentation"] = [[1, 1, 2, 2]]
    for item in data["annotations"]:
        item["image_id"] = str(item["image_id"])
        del item["id"]
    del data["categories"]
    (tmp_path / "flawed.json").write_text(json.dumps(data))
    said: list[str] = []
    group = read_any_group(tmp_path / "flawed.json", None, None, said.append)
    assert (len(group.images), len(group.particles)) == (5, 19)
    assert any("annotation number 2: " in line and "left out" in line for line in said)


def test_groups_that_share_images_or_mix_units_are_said(folders, tmp_path, capsys):
    around = str(folders[0].parent)
    assert cli.main(["compare", str(folders[0]), around, "-o", str(tmp_path / "out")]) == 1
    assert "in both groups" in capsys.readouterr().err
    known = outlines_of(folders[0], tmp_path / "known.json")
    unknown = outlines_of(folders[1], tmp_path / "unknown.json", pixel_size_nm=None)
    assert cli.main(["compare", str(known), str(unknown), "-o", str(tmp_path / "out")]) == 0
    assert "4 of 8 images have no pixel size" in capsys.readouterr().err


def test_images_that_count_twice_are_said(folders, tmp_path, capsys):
    shutil.copytree(folders[0] / "image_0", tmp_path / "thick" / "again")
    shutil.copytree(folders[1], tmp_path / "thick" / "one")
    shutil.copytree(folders[1] / "image_1", tmp_path / "thick" / "two")
    say = [str(folders[0]), str(tmp_path / "thick"), "-o", str(tmp_path / "out")]
    assert cli.main(["compare", *say]) == 0
    said = capsys.readouterr().err
    assert "1 of the second group's 6 results are of an image that another one is of" in said
    assert "1 of the images are in both groups" in said and "first group's" not in said
    say[1] = str(folders[1])
    assert cli.main(["compare", *say]) == 0
    assert capsys.readouterr().err == ""


def test_a_group_without_particles_has_no_percent(folders, tmp_path, capsys):
    for number in range(3):
        rectangles((2, 2, 8, 40)).select(threshold=0.99).save(tmp_path / "none" / f"i{number}")
    say = [str(tmp_path / "none"), str(folders[1]), "-o", str(tmp_path / "out")]
    assert cli.main(["compare", *say]) == 0
    said = capsys.readouterr().out
    assert "area, share covered: 0 → 0.39" in said and "nan" not in said
    straight = compare(*map(read_group, folders))  # without taper, but for rounding
    assert np.isnan(row_of(straight, "taper", "mean")["percent"])


def test_few_images_are_said_to_be_few(folders, tmp_path, capsys):
    single = write_group(tmp_path / "single", 6, images=1)
    assert cli.main(["compare", str(single), str(folders[1]), "-o", str(tmp_path / "out")]) == 0
    assert "fewer than three images" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert set(table["unit"].dropna()) <= {"px", "1/µm²"}  # one of them has no pixel size
    assert np.isnan(row_of(table, "area", "share covered")["low"])


def test_what_is_no_result_is_one_line(folders, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_group(tmp_path / "none")
    (tmp_path / "a.zip").touch()
    (tmp_path / "flat.json").write_text(
        '{"images": [{"id": 1}], "annotations": [], "categories": []}'
    )
    (tmp_path / "sizes.json").write_text(
        '{"images": [{"id": 1, "file_name": "a.png", "height": 9, "width": 9, '
        '"pixel_size_nm": [6]}], "annotations": [], "categories": []}'
    )
    for name, says in (
        ("none", "no such file or folder"),
        ("a.zip", "give the images with --images"),
        ("flat.json", "images: number 1 says no height and width"),
        ("sizes.json", r"image 'a.png': pixel_size_nm \[6\]; one length in nm above zero"),
    ):
        with pytest.raises(InputError, match=says):
            read_any_group(tmp_path / name, None, None, print)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no results of synthwire segment"):
        read_group(tmp_path / "empty")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.drop(columns="line_length_px"), "'line_length_px' is missing"),
        (lambda table: table.drop(columns="fwhm_nm"), "'fwhm_nm' is missing"),
        (lambda table: table.drop(columns="id"), "'id' is missing"),
        (lambda table: table.replace({True: "WAHR", False: "FALSCH"}), "'touches_border': True or"),
        (lambda table: table.assign(taper="0,1"), "'taper': numbers in each row"),
        (lambda table: table.assign(id=table["id"] + 50), r"is not of coco\.json; segment again"),
        (lambda table: pd.DataFrame(), r"particles\.csv: no table"),
    ],
)
def test_a_table_that_another_hand_wrote_is_one_line(folders, tmp_path, change, says):
    shutil.copytree(folders[0], tmp_path / "group")
    path = tmp_path / "group" / "image_1" / "particles.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(InputError, match=says):
        read_group(tmp_path / "group")


def test_what_another_program_made_of_a_result_is_one_line(folders, tmp_path):
    shutil.copytree(folders[0], tmp_path / "group")
    path = tmp_path / "group" / "image_1" / "coco.json"
    data = json.loads(path.read_text())
    del data["info"]
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"coco\.json: 'info' is missing; segment again"):
        read_group(tmp_path / "group")
