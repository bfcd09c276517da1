"""`synthwire agreement` from the command line."""

from __future__ import annotations

import numpy as np
from PIL import Image

from synthwire.cli import main


def label_image(path, *boxes):
    labels = np.zeros((40, 60), np.uint8)
    for number, (x, y, width, height) in enumerate(boxes, start=1):
        labels[y : y + height, x : x + width] = number
    Image.fromarray(labels).save(path)
    return str(path)


def picture(folder):
    Image.fromarray(np.full((40, 60), 90, np.uint8)).save(folder / "wires.png")
    return str(folder / "wires.png")


def test_two_label_images_are_compared(tmp_path, capsys):
    first = label_image(tmp_path / "one.tif", (2, 2, 30, 6), (2, 20, 30, 6))
    second = label_image(tmp_path / "two.tif", (2, 2, 30, 6))
    assert main(["agreement", picture(tmp_path), first, second]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = {line.rsplit(None, 1)[0].strip(): line.rsplit(None, 1)[1] for line in lines}
    assert shown["of the first found in the second (%)"] == "50.0"
    assert shown["of the second found in the first (%)"] == "100.0"
    assert shown["outlines of the second"] == "1"


def test_what_was_done_to_the_outlines_is_said(tmp_path, capsys):
    mask = np.zeros((40, 60), np.uint8)
    mask[2:8, 2:30] = mask[20:26, 2:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    second = label_image(tmp_path / "two.tif", (2, 2, 30, 6))
    assert main(["agreement", picture(tmp_path), str(tmp_path / "mask.png"), second]) == 0
    assert "its 2 connected parts were taken as a particle each" in capsys.readouterr().err


def test_outlines_of_another_size_are_refused_in_one_line(tmp_path, capsys):
    first = label_image(tmp_path / "one.tif", (2, 2, 30, 6))
    Image.fromarray(np.eye(30, dtype=np.uint8)).save(tmp_path / "two.tif")
    assert main(["agreement", picture(tmp_path), first, str(tmp_path / "two.tif")]) == 1
    message = capsys.readouterr().err.strip()
    assert "\n" not in message and "two.tif" in message
