"""Many images at the command line, good and bad, broken off and gone on with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_stxm_files import STACK, write_sdf
from tiny_model import wires, write_bundled

from synthwire.cli import main
from synthwire.io.files import read_json
from synthwire.io.outlines import write_coco
from synthwire.io.stacks import write_stack
from synthwire.segmentation import Preparation, Selection, apply, batch, result
from synthwire.segmentation.batch import Batch, BatchOptions, read_images, sole_user
from synthwire.segmentation.places import find_images, fingerprint, free_place, places_of

pytestmark = pytest.mark.usefixtures("tiny_bundled")
LEAST = "0.13"


def write_images(folder: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(wires(seed)).save(path)
    return folder


def run(*arguments) -> int:
    return main(["segment", *map(str, arguments), "-t", LEAST, "--device", "cpu"])


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file with what changes when it is written anew."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent != folder
    }


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*partial*")]


# -- places ---------------------------------------------------------------------------------------

parts = st.sampled_from(["a", "b", "A", "a.png", "page_0001"])
names = st.builds(lambda stem, suffix: stem + suffix, parts, st.sampled_from([".png", ".tif"]))
files = st.lists(
    st.builds(lambda folders, name: "/".join([*folders, name]), st.lists(parts, max_size=3), names),
    unique=True,
    max_size=12,
).filter(  # what can be a file system: no file is a folder of another
    lambda paths: (
        not any(str(parent) in paths for path in paths for parent in PurePosixPath(path).parents)
    )
)


def apart(places) -> bool:
    folded = [tuple(part.casefold() for part in place.parts) for place in places]
    return len(set(folded)) == len(folded) and not any(
        one != other and one == other[: len(one)] for one in folded for other in folded
    )


@settings(deadline=None)
@given(files)
def test_no_two_images_share_a_place(paths):
    paths = [Path("/data") / path for path in paths]
    places = places_of(paths)
    assert list(places) == paths
    assert apart(places.values())
    for path, place in places.items():
        if sum(path.stem.lower() == other.stem.lower() for other in paths) == 1 and all(
            part.lower() != path.stem.lower() for other in paths for part in other.parts
        ):
            assert place == Path(path.stem)


@settings(deadline=None)
@given(files)
def test_places_given_one_by_one_are_apart_too(paths):
    places = {}
    for path in paths:
        places[path] = free_place(Path("/data") / path, Path("/data"), places.values())
    assert apart(places.values())


def test_equal_stems_keep_their_folders_and_equal_paths_their_suffix():
    paths = [Path(name) for name in ("x/a/1.png", "x/b/1.png", "x/b/1.tif", "x/b/2.png")]
    places = [str(place) for place in places_of(paths).values()]
    assert places == ["a/1", "b/1.png", "b/1.tif", "2"]


def test_folders_are_searched_but_for_hidden_and_own_files(tmp_path):
    write_images(tmp_path, "a.png", "deep/er/b.TIF", ".hidden/c.png", ".d.png", "out/e/f.png")
    (tmp_path / "notes.txt").write_text("no image")
    write_images(tmp_path, "old/wires/overlay.png", "old/distributions.png")
    with sole_user(tmp_path / "old"):
        pass
    found, problems = find_images([tmp_path, tmp_path / "a.png"], tmp_path / "out")
    assert found == [tmp_path / "a.png", tmp_path / "deep/er/b.TIF"]
    assert not problems
    found, problems = find_images([tmp_path], tmp_path)
    assert (found, len(problems)) == ([], 1)
    assert "results cannot go where the images lie" in problems[0]


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
    assert len(lines) == 6
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
        assert result.is_result(out / place) == (place != "in/one")
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
        f"two/{name}" for name in result.FILES
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
    assert result.is_result(out / "stack")
    write_stack(stack, [wires(0), wires(1)], pixel_size_nm=6)
    assert run(stack, "--out", out) == 0
    assert sorted(path.name for path in (out / "stack").iterdir()) == pages[:2]


def test_all_files_of_a_scan_count(tmp_path):
    path = write_sdf(tmp_path, STACK)
    before = fingerprint(path)
    image = tmp_path / "scan_a001.xim"
    image.write_text(image.read_text().replace("1", "2"))
    assert fingerprint(path) != before


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
    assert result.is_result(tmp_path / "out" / "two")


def test_files_of_others_are_never_removed(tmp_path, capsys):
    images = write_images(tmp_path / "in", "wires.png")
    (tmp_path / "out" / "wires").mkdir(parents=True)
    (tmp_path / "out" / "wires" / "thesis.tex").write_text("all of it")
    assert run(images, "--out", tmp_path / "out") == 1
    assert "it stays as it is" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out" / "wires").iterdir()] == ["thesis.tex"]


def test_two_runs_do_not_write_to_one_folder(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png")
    with sole_user(tmp_path / "out"):
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
    assert result.is_result(tmp_path / "out" / "two")


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "synthwire", "segment", *map(str, arguments), "-t", LEAST]
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
    while not result.is_result(out / "000"):
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
    assert all(sorted(p.name for p in path.iterdir()) == sorted(result.FILES) for path in done)
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


@pytest.fixture
def compared(tmp_path):
    """Two images, and outlines of the first that are the network's own masks."""
    images = write_images(tmp_path / "in", "one.png", "two.png")
    own = apply.segment(images / "one.png", threshold=float(LEAST), device="cpu")
    (tmp_path / "outlines").mkdir()
    write_coco(tmp_path / "outlines" / "one.json", own.coco())
    return images, tmp_path / "outlines"


def test_outlines_give_average_precision(compared, tmp_path):
    images, outlines = compared
    for source in (outlines, outlines / "one.json"):
        out = tmp_path / f"out-{source.suffix}"
        assert run(images, "--out", out, "--outlines", source) == 0
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
