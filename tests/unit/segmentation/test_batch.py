"""Many images at the command line, good and bad, broken off and gone on with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from segmentation_cases import LEAST, write_images
from tiny_model import wires, write_bundled

from synthwire.cli import main
from synthwire.io.files import read_json, write_json
from synthwire.io.outlines import write_coco
from synthwire.io.stacks import write_stack
from synthwire.runtime import stopping
from synthwire.runtime.locking import alone_in
from synthwire.segmentation import batch
from synthwire.segmentation.apply import segment
from synthwire.segmentation.batch import Batch, BatchOptions
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import Preparation, Selection
from synthwire.segmentation.result_files import FILES, is_result

pytestmark = pytest.mark.usefixtures("tiny_bundled")


def run(*arguments) -> int:
    return main(["segment", *map(str, arguments), "-t", str(LEAST), "--device", "cpu"])


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file with what changes when it is written anew."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent != folder
    }


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*partial*")]


# -- a batch --------------------------------------------------------------------------------------


def test_bad_files_are_named_and_the_rest_go_on(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png", "two.png", "broken.png", "deep/one.png")
    content = (images / "broken.png").read_bytes()
    (images / "broken.png").write_bytes(content[: len(content) // 2])
    (images / "text.png").write_text("this is no image")
    (images / "zero.tif").write_bytes(b"")
    Image.fromarray(np.full((40, 40), 9, np.uint8)).save(images / "flat.png")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    assert run(images, tmp_path / "empty", tmp_path / "missing.png", "--out", out) == 1
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if line.startswith("synthwire: ")]
    doubts = [line for line in lines if ": noisy: " in line or ": uncertain: " in line]
    assert len(lines) - len(doubts) == 6
    for name, what in (
        ("empty", "no image in this folder"),
        ("missing.png", "no such file or folder"),
        ("broken.png", "truncated or damaged"),
        ("flat.png", "every pixel has the same value, 9"),
        ("text.png", "not an image"),
        ("zero.tif", "the file is empty"),
    ):
        assert sum(name in line and what in line for line in lines) == 1
    assert "3 images" in said.out
    assert "6 problems, named above" in said.out
    for place in ("two", "in/one", "deep/one"):
        assert is_result(out / place) == (place != "in/one")
    summary = pd.read_csv(out / "summary.csv")
    assert summary["status"].value_counts().to_dict() == {"done": 3, "failed": 4}
    assert sorted(summary["folder"].dropna()) == ["deep/one", "one", "two"]
    particles = pd.read_csv(out / "particles.csv")
    assert len(particles) == summary["particles"].sum() > 0
    counts = particles["folder"].value_counts()
    assert all(
        counts.get(row["folder"], 0) == row["particles"]
        for row in summary[summary["status"] == "done"].to_dict("records")
    )
    for suffix in ("pdf", "svg", "png", "csv", "json"):
        assert (out / f"distributions.{suffix}").stat().st_size
    assert not leftovers(out)


def test_summary_holds_what_the_particles_say(tmp_path):
    images = write_images(tmp_path / "in", "one.png")
    assert run(images, "--out", tmp_path / "out", "--pixel-size", "6x8nm") == 0
    (row,) = pd.read_csv(tmp_path / "out" / "summary.csv").to_dict("records")
    table = pd.read_csv(tmp_path / "out" / "one" / "particles.csv")
    assert row["mean_length_nm"] == pytest.approx(table["length_nm"].mean(), rel=1e-5)
    assert row["median_width_px"] == pytest.approx(table["width_px"].median(), rel=1e-5)
    assert row["sd_area_nm2"] == pytest.approx(table["area_nm2"].std(), rel=1e-5)
    assert (row["pixel_down_nm"], row["pixel_across_nm"]) == (6, 8)
    area_um2 = 64 * 96 * 48e-6
    assert row["particles_per_um2"] == pytest.approx(len(table) / area_um2, rel=1e-5)


def test_what_is_done_is_not_done_again(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png", "two.png")
    out = tmp_path / "out"
    assert run(images, "--out", out) == 0
    before, summary = state(out), (out / "summary.csv").read_bytes()
    assert run(images, "--out", out) == 0
    assert "2 done before" in capsys.readouterr().out
    assert state(out) == before
    assert (out / "summary.csv").read_bytes() == summary
    (images / "two.png").write_bytes((images / "one.png").read_bytes())
    assert run(images, "--out", out) == 0
    after = state(out)
    assert {name for name in before if after[name] != before[name]} == {
        f"two/{name}" for name in (*FILES, "SHA256SUMS")
    }
    assert run(images, "--out", out, "--redo") == 0
    assert not set(state(out).values()) & set(after.values())


def settings_of(**more) -> BatchOptions:
    return BatchOptions(device="cpu", **more)


def test_another_threshold_needs_no_network_but_other_settings_do(tmp_path):
    (path,) = write_images(tmp_path, "one.png").glob("*.png")
    out = tmp_path / "out"
    low, high = (Selection(threshold=t) for t in (0.1, 0.2))
    first = Batch(settings_of(selection=low), out)
    (many,) = first.process(path, Path("one"))
    second = Batch(settings_of(selection=high), out)
    (few,) = second.process(path, Path("one"))
    assert "model" in vars(first)
    assert "model" not in vars(second)  # it was never loaded
    assert not few.reused
    assert len(few.particles) < len(many.particles)
    assert few.row["detections"] == many.row["detections"]
    for preparation in ({"modality": "tem"}, {"pixel_size_nm": (3, 3)}, {"stretch": False}):
        other = Batch(settings_of(selection=high, preparation=Preparation(**preparation)), out)
        other.process(path, Path("one"))
        assert "model" in vars(other)


def test_other_weights_redo(tmp_path, monkeypatch):
    (path,) = write_images(tmp_path, "one.png").glob("*.png")
    Batch(settings_of(), tmp_path / "out").process(path, Path("one"))
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(write_bundled(tmp_path / "w", nms_threshold=0.5)))
    again = Batch(settings_of(), tmp_path / "out")
    card = {**again.card, "sha256": "another"}
    vars(again)["card"] = card
    (outcome,) = again.process(path, Path("one"))
    assert not outcome.reused


def test_pages_of_a_stack_have_folders_of_their_own(tmp_path):
    stack = tmp_path / "in" / "stack.tif"
    stack.parent.mkdir()
    write_stack(stack, [wires(0), wires(1), wires(2)], pixel_size_nm=6)
    out = tmp_path / "out"
    assert run(stack, "--out", out) == 0
    pages = ["page_0001", "page_0002", "page_0003"]
    assert sorted(path.name for path in (out / "stack").iterdir()) == pages
    summary = pd.read_csv(out / "summary.csv")
    assert summary["page"].tolist() == [0, 1, 2]
    assert read_json(out / "stack" / pages[1] / "coco.json")["images"][0]["page"] == 1
    before = state(out)
    assert run(stack, "--out", out) == 0
    assert state(out) == before
    write_stack(stack, [wires(0)], pixel_size_nm=6)  # the same name, now a single image
    assert run(stack, "--out", out) == 0
    assert is_result(out / "stack")
    write_stack(stack, [wires(0), wires(1)], pixel_size_nm=6)
    assert run(stack, "--out", out) == 0
    assert sorted(path.name for path in (out / "stack").iterdir()) == pages[:2]


def test_an_empty_page_of_a_stack_costs_no_other_page(tmp_path):
    """The others keep their numbers, and the outlines that go with them."""
    stack, out = tmp_path / "stack.tif", tmp_path / "out"
    write_stack(stack, [wires(0), np.zeros_like(wires()), wires(1)], pixel_size_nm=6)
    labels = np.stack([255 * (wires() > 128)] * 3).astype(np.uint8)
    labels[2] = 0
    labels[2, 10:20, 10:60] = 255
    write_stack(tmp_path / "truth.tif", list(labels), pixel_size_nm=6)
    assert run(stack, "--out", out, "--outlines", tmp_path / "truth.tif") == 0
    pages = ["page_0001", "page_0003"]
    assert sorted(path.name for path in (out / "stack").iterdir()) == pages
    summary = pd.read_csv(out / "summary.csv")
    assert summary["page"].tolist() == [0, 2]
    assert "every pixel has the same value on page 2 of 3; left out" in summary["remarks"][0]
    assert "same value" not in str(summary["remarks"][1])
    pixels = read_json(out / "stack" / pages[1] / "evaluation.json")["pixels"]
    assert pixels["tp"] + pixels["fn"] == 500  # of the third page's outline
    before = state(out)
    assert run(stack, "--out", out, "--outlines", tmp_path / "truth.tif") == 0
    assert state(out) == before


# -- what stands in the way -----------------------------------------------------------------------


def test_results_that_cannot_be_written_are_one_line(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png")
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below", "/dev/null/results"):
        assert run(images, "--out", out) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "cannot be written to" in line


def test_a_full_disk_is_one_line_for_each_image(tmp_path, capsys):
    """A file stands where the folder of an image's results should go."""
    images = write_images(tmp_path / "in", "one.png", "two.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "one").write_text("a file, not a folder")
    assert run(images, "--out", tmp_path / "out") == 1
    assert "out/one: holds something else than a result" in capsys.readouterr().err
    assert (tmp_path / "out" / "one").read_text() == "a file, not a folder"
    assert is_result(tmp_path / "out" / "two")


def test_files_of_others_are_never_removed(tmp_path, capsys):
    images = write_images(tmp_path / "in", "wires.png")
    (tmp_path / "out" / "wires").mkdir(parents=True)
    (tmp_path / "out" / "wires" / "thesis.tex").write_text("all of it")
    assert run(images, "--out", tmp_path / "out") == 1
    assert "it stays as it is" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out" / "wires").iterdir()] == ["thesis.tex"]


def test_two_runs_do_not_write_to_one_folder(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png")
    with alone_in(tmp_path / "out"):
        assert run(images, "--out", tmp_path / "out") == 1
    assert "another synthwire writes there" in capsys.readouterr().err
    assert run(images, "--out", tmp_path / "out") == 0


def test_without_a_model_nothing_is_tried(tmp_path, capsys, monkeypatch):
    images = write_images(tmp_path / "in", "one.png", "two.png")
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tmp_path))
    assert run(images, "--out", tmp_path / "out") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out" / "summary.csv").exists()


def test_an_error_of_our_own_keeps_its_traceback_and_stops_nothing(tmp_path, capsys, monkeypatch):
    images = write_images(tmp_path / "in", "one.png", "two.png")
    usual = read_images

    def broken(path, *arguments):
        if path.name == "one.png":
            raise ZeroDivisionError("a bug")
        return usual(path, *arguments)

    monkeypatch.setattr(batch, "read_images", broken)
    assert run(images, "--out", tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "ZeroDivisionError: a bug" in error
    assert is_result(tmp_path / "out" / "two")


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "synthwire", "segment", *map(str, arguments), "-t", str(LEAST)]
    return subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_batch_that_was_broken_off_goes_on(tmp_path, blow):
    images = write_images(tmp_path / "in", *(f"{number:03d}.png" for number in range(30)))
    out = tmp_path / "out"
    process = start(images, "--out", out, "--device", "cpu")
    while not is_result(out / "000"):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(blow)
    _, error = process.communicate()
    assert process.returncode == (-9 if blow == signal.SIGKILL else 130)
    if blow != signal.SIGKILL:
        assert "Traceback" not in error
        assert not leftovers(out)
    done = [path for path in out.iterdir() if path.is_dir() and not path.name.startswith(".")]
    assert 1 <= len(done) < 30
    assert all(
        sorted(p.name for p in path.iterdir()) == sorted([*FILES, "SHA256SUMS"]) for path in done
    )
    before = state(out)
    for path in sorted(images.iterdir())[len(done) + 1 :]:  # one more is enough
        path.unlink()
    process = start(images, "--out", out, "--device", "cpu")
    said, error = process.communicate()
    assert process.returncode == 0, error
    assert f"{len(done)} done before" in said
    after = state(out)
    assert all(after[name] == before[name] for name in before if "partial" not in name)
    assert not leftovers(out)


# -- comparison with outlines ---------------------------------------------------------------------


def test_a_request_to_end_that_compiled_code_swallows_ends_at_the_next_image(
    tmp_path, capsys, monkeypatch
):
    images = write_images(tmp_path / "in", "a.png", "b.png")
    attempt = Batch.attempt

    def swallowing(*arguments, **more):
        with pytest.raises(stopping.Stop):
            os.kill(os.getpid(), signal.SIGINT)
        return attempt(*arguments, **more)

    monkeypatch.setattr(Batch, "attempt", swallowing)
    usual = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    try:
        assert run(images, "--out", tmp_path / "out") == 130
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        stopping._State.requested = None
    assert is_result(tmp_path / "out" / "a")
    assert not (tmp_path / "out" / "b").exists()
    assert capsys.readouterr().err.endswith("synthwire: stopped\n")


@pytest.fixture
def compared(tmp_path):
    """Two images, and outlines of the first that are the network's own masks."""
    images = write_images(tmp_path / "in", "one.png", "two.png")
    own = segment(images / "one.png", threshold=LEAST, device="cpu")
    (tmp_path / "outlines").mkdir()
    write_coco(tmp_path / "outlines" / "one.json", own.coco())
    return images, tmp_path / "outlines"


def test_outlines_give_average_precision(compared, tmp_path, capsys):
    images, outlines = compared
    for source in (outlines, outlines / "one.json"):
        out = tmp_path / f"out-{source.suffix}"
        assert run(images, "--out", out, "--outlines", source) == 0
        assert f"{source}: no outlines of two.png; there is one." in capsys.readouterr().err
        summary = pd.read_csv(out / "summary.csv").set_index("folder")
        assert summary.loc["one", "ap50"] == pytest.approx(100)
        assert summary.loc["one", "false_positives"] == 0
        assert np.isnan(summary.loc["two", "ap50"])
        assert (out / "one" / "comparison.png").exists()
        assert not (out / "two" / "comparison.png").exists()
        before = state(out)
        assert run(images, "--out", out, "--outlines", source) == 0
        assert state(out) == before


def test_outlines_for_none_of_the_images_are_a_mistake(compared, tmp_path, capsys):
    images, outlines = compared
    (images / "one.png").unlink()
    shutil.copy(images / "two.png", images / "three.png")
    assert run(images, "--out", tmp_path / "out", "--outlines", outlines) == 1
    assert "no outlines named as the images" in capsys.readouterr().err
    assert run(images, "--out", tmp_path / "out", "--outlines", tmp_path / "none") == 1
    assert "none: no such file or folder" in capsys.readouterr().err


def test_wrong_outlines_cost_the_comparison_alone(compared, tmp_path, capsys):
    images, outlines = compared
    shutil.copy(outlines / "one.json", outlines / "two.json")
    shutil.copy(outlines / "one.json", outlines / "two.geojson")
    data = read_json(outlines / "one.json")
    data["annotations"].append({**data["annotations"][0], "id": 999, "segmentation": [[1, 1]]})
    write_json(outlines / "one.json", data)
    out = tmp_path / "out"
    for _ in range(2):  # as it is, and taken up again
        assert run(images, "--out", out, "--outlines", outlines) == 1
        said = capsys.readouterr()
        summary = pd.read_csv(out / "summary.csv").set_index("folder")
        assert summary["status"].tolist() == ["done", "done"]
        assert summary.loc["one", "ap50"] == pytest.approx(100)
        assert "annotation 999: " in summary.loc["one", "remarks"]
        assert "annotation 999: " in said.err
        assert np.isnan(summary.loc["two", "ap50"])
        assert "two.geojson, two.json" in summary.loc["two", "remarks"]
        assert "two.geojson, two.json" in said.err
        assert "1 problem, named above" in said.out
        assert is_result(out / "two")


def test_labelme_files_beside_their_images(tmp_path):
    images = write_images(tmp_path / "in", "one.png", "two.png", "three.png")
    for name in ("one", "two"):
        shapes = [{"label": "nanowire", "points": [[4, 4], [60, 4], [60, 12], [4, 12]]}]
        write_json(images / f"{name}.json", {"imagePath": f"{name}.png", "shapes": shapes})
    out = tmp_path / "out"
    assert run(images, "--out", out, "--outlines", images) == 0
    summary = pd.read_csv(out / "summary.csv").set_index("folder")
    assert summary["outlines"].fillna(-1).to_dict() == {"one": 1, "two": 1, "three": -1}
