"""Pixel sizes at the command line: from texts beside images, from a table, and doubtful ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from segmentation_cases import LEAST
from tiny_model import wires

from synthwire.cli import main
from synthwire.segmentation.places import find_images, fingerprint

pytestmark = pytest.mark.usefixtures("tiny_bundled")

TESCAN = "[MAIN]\nDevice=VEGA3\nPixelSizeX={0}e-09\nPixelSizeY={0}e-09\n[SEM]\nHV=10000\n"


def run(*arguments) -> int:
    return main(["segment", *map(str, arguments), "-t", str(LEAST), "--device", "cpu"])


def tescan_folder(folder: Path, count: int = 2) -> Path:
    folder.mkdir()
    for number in range(count):
        tifffile.imwrite(folder / f"wire{number}.tif", wires(number), metadata=None)
        (folder / f"wire{number}-tif.hdr").write_text(TESCAN.format(8))
    return folder


def sizes_in(out: Path) -> dict[str, float]:
    table = pd.read_csv(out / "summary.csv")
    names = [Path(image).name for image in table["image"]]
    return dict(zip(names, table["pixel_down_nm"], strict=True))


def test_texts_beside_images_are_no_images_of_their_own(tmp_path, capsys):
    folder = tescan_folder(tmp_path / "in")
    assert run(folder, "--out", tmp_path / "out") == 0
    assert sizes_in(tmp_path / "out") == {"wire0.tif": 8, "wire1.tif": 8}
    assert "problem" not in capsys.readouterr().out
    # as a shell's in/* names them, they go with their images; alone they are nothing
    paths, problems = find_images(sorted(folder.iterdir()), tmp_path / "out")
    assert len(paths) == 2 and not problems
    paths, problems = find_images([folder / "wire0-tif.hdr"], tmp_path / "out")
    assert not paths and "name the image itself" in problems[0]


def test_another_text_beside_an_image_is_another_image(tmp_path):
    folder = tescan_folder(tmp_path / "in", 1)
    before = fingerprint(folder / "wire0.tif")
    assert run(folder, "--out", tmp_path / "out") == 0
    (folder / "wire0-tif.hdr").write_text(TESCAN.format(4))
    assert fingerprint(folder / "wire0.tif") != before
    assert run(folder, "--out", tmp_path / "out") == 0
    assert sizes_in(tmp_path / "out") == {"wire0.tif": 4}


def test_images_without_a_size_among_others_are_counted(tmp_path, capsys):
    folder = tescan_folder(tmp_path / "in")
    (folder / "wire1-tif.hdr").unlink()
    assert run(folder, "--out", tmp_path / "out") == 0
    assert "1 of them without a pixel size, so what follows is in" in capsys.readouterr().out


def test_a_table_goes_before_what_is_said_of_all(tmp_path, capsys):
    folder = tescan_folder(tmp_path / "in")
    table = tmp_path / "sizes.csv"
    table.write_text("file;pixel_size\nWIRE0.tif;6,5nm/px\nother.tif;3nm\n")
    out = tmp_path / "out"
    assert run(folder, "--out", out, "--pixel-sizes", table, "--pixel-size", "7NM") == 0
    assert sizes_in(out) == {"wire0.tif": 6.5, "wire1.tif": 7}
    said = capsys.readouterr().err
    assert f"{table}: no image for other.tif" in said
    assert f"{table}: no row for {folder / 'wire1.tif'}" in said
    table.write_text("file;pixel_size\nwire0.tif;5nm\n")
    assert run(folder, "--out", out, "--pixel-sizes", table, "--pixel-size", "7nm") == 0
    assert sizes_in(out) == {"wire0.tif": 5, "wire1.tif": 7}
    assert "1 done before" in capsys.readouterr().out


def test_a_fault_in_the_table_is_one_line_before_any_work(tmp_path, capsys):
    folder = tescan_folder(tmp_path / "in", 1)
    table = tmp_path / "sizes.csv"
    table.write_text("file,pixel_size\nwire0.tif,6\n")
    assert run(folder, "--out", tmp_path / "out", "--pixel-sizes", table) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and f"{table}: line 2, wire0.tif: pixel size '6'" in said[0]
    assert not (tmp_path / "out" / "summary.csv").exists()


def test_a_doubt_reaches_the_person_and_the_summary(tmp_path, capsys):
    noise = np.random.default_rng(6).normal(0, 90, (64, 96))
    image = (60 + 0.2 * wires() + noise).clip(0, 255).astype(np.uint8)
    tifffile.imwrite(tmp_path / "noise.tif", image)
    out = tmp_path / "out"
    assert run(tmp_path / "noise.tif", "--out", out) == 0
    (doubts,) = pd.read_csv(out / "summary.csv")["doubts"]
    assert "noisy: noise of " in doubts
    assert f"noise.tif: {doubts}\n" in capsys.readouterr().err
    above = ["segment", str(tmp_path / "noise.tif"), "--out", str(out), "-t", "1"]
    assert main([*above, "--device", "cpu"]) == 0  # the same results
    assert "noisy" not in capsys.readouterr().err  # nothing is found that it could hide


def test_a_doubtful_size_reaches_the_person_and_the_summary(tmp_path, capsys):
    size = {"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0}  # a converter's filler
    tifffile.imwrite(tmp_path / "wire.ome.tif", wires(), metadata=size)
    out = tmp_path / "out"
    assert run(tmp_path / "wire.ome.tif", "--out", out) == 0
    assert "wire.ome.tif: " in capsys.readouterr().err
    (remark,) = pd.read_csv(out / "summary.csv")["remarks"]
    assert "1 µm per pixel exactly" in remark
    assert run(tmp_path / "wire.ome.tif", "--out", out) == 0  # of what was done before, too
    assert "1 µm per pixel exactly" in capsys.readouterr().err
    assert run(tmp_path / "wire.ome.tif", "--out", out, "--pixel-size", "6nm") == 0
    assert "converters" not in capsys.readouterr().err


def test_the_closing_words_take_the_unit_that_reads_best(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "wire.tif", wires())
    out = tmp_path / "out"
    for size, unit in (("6nm", "nm"), ("600nm", "µm")):
        assert run(tmp_path / "wire.tif", "--out", out, "--pixel-size", size) == 0
        said = capsys.readouterr().out
        assert f" {unit}, half of them within " in said and "e+" not in said
