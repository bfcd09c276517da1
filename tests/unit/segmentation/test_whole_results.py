"""Results of a batch that were damaged since they were written: seen, not used, made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tiny_model import wires

from synthwire import cli
from synthwire.segmentation.batch import Batch, BatchOptions
from synthwire.segmentation.result_files import FILES


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "wires.png"
    Image.fromarray(wires()).save(path)
    return path


def test_damaged_files_are_made_anew_as_they_were(tiny_bundled, image, tmp_path):
    def process() -> bool:
        (found,) = Batch(BatchOptions(device="cpu"), tmp_path).process(image, Path("wires"))
        return found.reused

    assert not process()
    folder = tmp_path / "wires"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(FILES) < set(whole)
    assert process()
    damaged = {name: content[: len(content) // 2] for name, content in whole.items()}
    damaged["coco.json"] = whole["coco.json"].replace(b"1", b"2", 1)
    for name in ("particles.csv", "coco.json", "labels.tif", "SHA256SUMS"):
        (folder / name).write_bytes(damaged[name])
        assert not process(), name
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert process()


def test_bad_files_take_one_line_each_and_no_traceback(tiny_bundled, image, tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    content = image.read_bytes()
    (folder / "=cmd.png").write_bytes(content[: len(content) // 2])
    (folder / "a\nb\x1b[31m.png").write_bytes(content[:60])
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 255
    (folder / "flipped.png").write_bytes(flipped)
    assert cli.main(["segment", str(folder), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "Traceback" not in told
    assert len([line for line in told.splitlines() if line.startswith("synthwire: ")]) >= 3
    assert "Traceback" not in (tmp_path / "out" / "summary.csv").read_text()
