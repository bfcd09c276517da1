"""Images that come in one by one, whole or half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_model import wires

from synthwire.errors import InputError
from synthwire.io.stacks import write_stack
from synthwire.segmentation import batch
from synthwire.segmentation.options import Selection
from synthwire.segmentation.result import PARTICLE_COLUMNS
from synthwire.segmentation.result_files import FILES, is_result
from synthwire.segmentation.size_table import read_sizes
from synthwire.segmentation.summary import MeasuredImage, summarise_particles
from synthwire.segmentation.watch import STATISTICS, Arrivals, Record, watch

SELECTION = Selection(threshold=0.13)


def png(path: Path, seed: int = 0) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(wires(seed)).save(path)
    return path.read_bytes()


# -- arrivals -------------------------------------------------------------------------------------


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def arrivals(tmp_path, clock):
    return Arrivals(tmp_path, tmp_path / "out", 2.0, clock)


def test_a_file_is_taken_once_it_has_stopped_growing(arrivals, clock, tmp_path):
    path = tmp_path / "a.png"
    content = png(path)
    path.write_bytes(content[:50])
    assert arrivals.take() == []
    clock.now = 1.9
    path.write_bytes(content[:100])
    for clock.now in (2.1, 4.0):
        assert arrivals.take() == []
    path.write_bytes(content)
    clock.now = 5.0
    assert arrivals.take() == []
    clock.now = 7.0
    assert arrivals.take() == [path]
    assert arrivals.take() == []


def test_a_file_that_changes_later_is_taken_again(arrivals, clock, tmp_path):
    path = tmp_path / "a.png"
    png(path)
    taken = []
    for clock.now in (0, 3, 6):
        taken += arrivals.take()
    assert taken == [path]
    png(path, seed=1)
    os.utime(path, ns=(1, 1))  # a copy may well bring an old time along
    for clock.now in (9, 12, 15):
        taken += arrivals.take()
    assert taken == [path, path]


def test_files_are_taken_in_the_order_of_their_making(arrivals, clock, tmp_path):
    for number, name in enumerate(("c.png", "a.png", "b.png")):
        png(tmp_path / name)
        os.utime(tmp_path / name, ns=(number, number))
    assert arrivals.take() == []
    clock.now = 3
    assert [path.name for path in arrivals.take()] == ["c.png", "a.png", "b.png"]


def test_empty_files_and_files_that_vanish_are_no_arrivals(arrivals, clock, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    png(tmp_path / "b.png")
    assert arrivals.take() == []
    (tmp_path / "b.png").unlink()
    clock.now = 9
    assert arrivals.take() == []


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Arrivals(tmp_path / "none", tmp_path / "out", 1.0).take()


# -- the record -----------------------------------------------------------------------------------


def measured(number: int, length_nm: float) -> MeasuredImage:
    """What `Batch` gives for an image with one particle of this length."""
    row = {"image": f"{number}.png", "page": None, "folder": str(number), "status": "done"}
    particles = pd.DataFrame([dict.fromkeys(PARTICLE_COLUMNS, 1.0) | {"length_nm": length_nm}])
    record = {"height": 10, "width": 10, "pixel_size_nm": [6.0, 6.0]}
    row |= {"particles": 1, "detections": 1, **summarise_particles(particles, record)}
    return MeasuredImage(row, particles, f"content {number}", False)


def lengths() -> list[float]:
    rng = np.random.default_rng(0)
    return [*rng.normal(400, 20, 20), *rng.normal(600, 20, 10)]


def test_a_change_of_the_mean_is_flagged_in_the_table(tmp_path):
    record = Record(tmp_path / STATISTICS, "same", "length")
    changes = [record.add(measured(number, length)) for number, length in enumerate(lengths())]
    (change,) = filter(None, changes)
    assert abs(change.since - 20) <= 2
    table = pd.read_csv(tmp_path / STATISTICS)
    assert len(table) == 30
    (row,) = table[table["change"].notna()].to_dict("records")
    assert (row["change"], row["since"], row["image"]) == (
        *("up", change.since + 1, f"{change.at}.png"),
    )
    assert table["mean"].to_numpy() == pytest.approx(lengths(), rel=1e-6)
    assert table["running_mean"].iloc[-1] == pytest.approx(
        np.mean(lengths()[change.since :]), rel=1e-6
    )
    record.draw()
    assert (tmp_path / "control_chart.pdf").stat().st_size


def test_a_record_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path):
    whole = Record(tmp_path / "whole.csv", "same", "length")
    for number, length in enumerate(lengths()):
        whole.add(measured(number, length))
    for number, length in enumerate(lengths()):
        Record(tmp_path / "parts.csv", "same", "length").add(measured(number, length))
    one, other = (pd.read_csv(tmp_path / name) for name in ("whole.csv", "parts.csv"))
    pd.testing.assert_frame_equal(one.drop(columns="time"), other.drop(columns="time"), rtol=0)


def test_texts_that_look_like_numbers_or_like_nothing_are_taken_up_as_they_are(tmp_path):
    texts = {"image": "7", "folder": "007"}, {"image": "NA", "folder": "NA"}
    record = Record(tmp_path / STATISTICS, "01e5", "length")
    for number, text in enumerate(texts):
        image = measured(number, 400.0)
        record.add(MeasuredImage({**image.row, **text}, image.particles, f"0{number}", False))
    again = Record(tmp_path / STATISTICS, "01e5", "length")
    for row, text, content in zip(again.rows, texts, ("00", "01"), strict=True):
        assert (row["image"], row["folder"], row["content"]) == (*text.values(), content)


def test_half_a_line_is_dropped(tmp_path):
    path = tmp_path / STATISTICS
    record = Record(path, "same", "length")
    for number, length in enumerate(lengths()[:3]):
        record.add(measured(number, length))
    whole = path.read_bytes()
    for cut in (len(whole) - 5, whole.find(b"\n") + 3, 10):
        path.write_bytes(whole[:cut])
        rows = whole[:cut].count(b"\n") - 1
        again = Record(path, "same", "length")
        assert len(again.rows) == max(rows, 0)
        again.add(measured(9, 500.0))
        assert len(pd.read_csv(path)) == max(rows, 0) + 1


def test_rows_of_other_settings_are_not_gone_on_with(tmp_path):
    Record(tmp_path / STATISTICS, "some", "length").add(measured(0, 400.0))
    with pytest.raises(InputError, match="measured with other settings or another model"):
        Record(tmp_path / STATISTICS, "others", "length")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no statistics of a watched folder"):
        Record(tmp_path / "other.csv", "some", "length")


def test_an_image_without_particles_has_a_row_and_no_mean(tmp_path):
    record = Record(tmp_path / STATISTICS, "same", "length")
    record.add(measured(0, 400.0))
    record.add(measured(1, np.nan))
    assert record.add(measured(2, 402.0)) is None
    table = pd.read_csv(tmp_path / STATISTICS)
    assert table["mean"].isna().tolist() == [False, True, False]
    assert table["running_mean"].iloc[-1] == pytest.approx(401)


# -- watching -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tiny_bundled")
def test_images_are_measured_as_they_come_and_once(tmp_path):
    """A file is half there at first; a bad one is named once; another session goes on."""
    folder, out = tmp_path / "in", tmp_path / "out"
    content = png(folder / "a.png")
    (folder / "a.png").write_bytes(content[:80])
    (folder / "bad.png").write_bytes(content[:100])
    said, complaints = [], []

    def session(looks, then=lambda look: None):
        def going_on():
            nonlocal looks
            looks -= 1
            then(looks)
            return looks > 0

        work = batch.Batch(batch.BatchOptions(selection=SELECTION, device="cpu"), out)
        return watch(
            folder,
            work,
            settle_s=0.2,
            interval_s=0.15,
            say=said.append,
            complain=complaints.append,
            going_on=going_on,
        )

    def finish(look):
        if look > 9:
            (folder / "a.png").write_bytes(content[: 100 - look])
        elif look == 9:
            (folder / "a.png").write_bytes(content)

    record = session(16, finish)
    assert [Path(row["image"]).name for row in record.rows] == ["a.png"]
    assert is_result(out / "a")
    assert len(complaints) == 1
    assert "bad.png: truncated or damaged" in complaints[0]
    png(folder / "night" / "a.png", seed=1)
    record = session(6)
    assert [row["folder"] for row in record.rows] == ["a", "night/a"]
    assert len(said) == 2
    chart = (out / "control_chart.csv").read_bytes()
    assert chart.count(b"\n") == 3
    (out / "control_chart.csv").unlink()  # as if killed before it was drawn
    session(6)
    assert (out / "control_chart.csv").read_bytes() == chart
    assert not list(out.rglob("*partial*"))


class Measuring:
    """In place of a batch: measures each file by its number of bytes."""

    identity, options = "same", batch.BatchOptions(selection=SELECTION)

    def __init__(self, out: Path) -> None:
        self.out = out
        out.mkdir(exist_ok=True)

    def attempt(self, path, place, complain, *, progress):
        size = path.stat().st_size
        found = measured(0, float(size))
        row = {**found.row, "image": str(path), "folder": place.as_posix()}
        return [MeasuredImage(row, found.particles, f"content {size}", False)]


def looking(folder: Path, out: Path, *steps) -> tuple[Record, list[str]]:
    """The record, and complaints, of a watch that looks twice after each step."""
    complaints: list[str] = []
    left = [step for step in steps for step in (step, None)]

    def going_on() -> bool:
        if left and (step := left.pop(0)) is not None:
            step()
            return True
        return bool(left)

    record = watch(
        folder,
        Measuring(out),
        settle_s=0,
        interval_s=0,
        say=lambda line: None,
        complain=complaints.append,
        going_on=going_on,
    )
    return record, complaints


def test_a_folder_that_goes_and_comes_back_is_waited_for(tmp_path):
    folder, away = tmp_path / "in", tmp_path / "away"
    png(folder / "a.png")
    steps = (
        lambda: None,
        lambda: folder.rename(away),
        lambda: away.rename(folder),
        lambda: png(folder / "b.png", 1),
    )
    record, complaints = looking(folder, tmp_path / "out", *steps, lambda: None)
    assert [Path(row["image"]).name for row in record.rows] == ["a.png", "b.png"]
    (line,) = complaints
    assert line.endswith("no such folder; waiting for it to come back")


def test_a_file_that_changes_has_a_row_more_and_is_said(tmp_path):
    folder = tmp_path / "in"
    content = png(folder / "a.png")
    change = (lambda: None, lambda: (folder / "a.png").write_bytes(content + b"more"), lambda: None)
    record, complaints = looking(folder, tmp_path / "out", *change)
    assert len(record.rows) == 2
    assert complaints == [
        f"{folder / 'a.png'}: has changed, and is measured anew; its old row stays"
    ]


def test_a_change_is_said_as_it_comes(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, length in enumerate(lengths()):
        (folder / f"{number:02}.png").write_bytes(bytes(round(length)))
        os.utime(folder / f"{number:02}.png", (number, number))
    looks, said = [], []
    watch(
        folder,
        Measuring(tmp_path / "out"),
        settle_s=0,
        interval_s=0,
        say=said.append,
        going_on=lambda: looks.append(True) or len(looks) < 4,
    )
    assert len(said) == 31
    (line,) = [line for line in said if line.startswith("CHANGE")]
    assert "mean length has risen from " in line
    assert abs(int(Path(line.split()[-1]).stem) - 20) <= 2
    assert said.index(line) > 20  # below the image that made it certain


def test_the_chart_is_drawn_though_a_file_keeps_growing_or_has_vanished(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    png(folder / "a.png")
    charts = []

    def grow():
        charts.append((out / "control_chart.csv").exists())
        with open(folder / "b.png", "ab") as file:
            file.write(b"more")

    looking(folder, out, *[grow] * 6)
    assert charts[0] is False and charts[-1] is True


def test_the_same_folder_by_another_path_is_gone_on_with(tmp_path, monkeypatch):
    folder, out = tmp_path / "in", tmp_path / "out"
    png(folder / "a.png")
    looking(folder, out, lambda: None, lambda: None)
    monkeypatch.chdir(tmp_path)
    record, _ = looking(Path("in"), out, lambda: png(folder / "b.png", 1), lambda: None)
    assert [row["folder"] for row in record.rows] == ["a", "b"]


@pytest.mark.usefixtures("tiny_bundled")
def test_what_is_doubtful_of_images_is_said_once(tmp_path):
    (tmp_path / "in").mkdir()
    for number in (1, 2):  # a converter's filler
        write_stack(tmp_path / "in" / f"{number}.tif", [wires(number)], pixel_size_nm=1000)
    looks, complaints = [], []
    watch(
        tmp_path / "in",
        batch.Batch(batch.BatchOptions(selection=SELECTION, device="cpu"), tmp_path / "out"),
        settle_s=0,
        interval_s=0,
        say=lambda line: None,
        complain=complaints.append,
        going_on=lambda: looks.append(True) or len(looks) < 4,
    )
    assert len([line for line in complaints if "1 µm per pixel exactly" in line]) == 1
    remarks = pd.read_csv(tmp_path / "out" / STATISTICS)["remarks"]
    assert len(remarks) == 2 and remarks.str.contains("1 µm per pixel exactly").all()


@pytest.mark.usefixtures("tiny_bundled")
def test_what_is_doubtful_of_a_table_of_pixel_sizes_is_said(tmp_path):
    for number in (1, 2):
        png(tmp_path / "in" / f"{number}.png", seed=number)
    (tmp_path / "sizes.csv").write_text("file,pixel_size_nm,note\n1.png,6,5\n")
    options = batch.BatchOptions(
        selection=SELECTION, device="cpu", pixel_sizes=read_sizes(tmp_path / "sizes.csv")
    )
    looks, complaints = [], []
    watch(
        tmp_path / "in",
        batch.Batch(options, tmp_path / "out"),
        settle_s=0,
        interval_s=0,
        say=lambda line: None,
        complain=complaints.append,
        going_on=lambda: looks.append(True) or len(looks) < 4,
    )
    assert 'write "6,5"' in complaints[0]
    assert [line for line in complaints if "no row" in line] == [
        f"{tmp_path / 'sizes.csv'}: no row for {tmp_path / 'in' / '2.png'}"
    ]


@pytest.mark.usefixtures("tiny_bundled")
def test_control_c_is_a_clean_end(tmp_path):
    png(tmp_path / "in" / "a.png")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "synthwire", "watch", str(tmp_path / "in"), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--settle", "0.1", "--interval", "0.1", "--device", "cpu", "-t", "0.13"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (out / STATISTICS).exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, error = process.communicate()
    assert process.returncode == 0
    assert error == ""
    assert said.splitlines()[-1] == f"1 image in {out / STATISTICS}"
    assert sorted(path.name for path in (out / "a").iterdir()) == sorted([*FILES, "SHA256SUMS"])
