"""Images as an instrument drops them: each measured once it is complete, the mean size watched.

The paper's outlook is a continuous stream of particle statistics that helps to identify change
points during manufacturing (Lin et al., npj Comput. Mater. 8, 88 (2022), discussion).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from synthwire.errors import InputError
from synthwire.figures.control_chart import draw_control_chart
from synthwire.figures.kit import style
from synthwire.io.csv_text import NUMBER, csv_text
from synthwire.io.files import sha256_of_json, writing
from synthwire.runtime import stopping
from synthwire.segmentation.batch import Batch
from synthwire.segmentation.change_points import LIMIT, Change, ChangeDetector
from synthwire.segmentation.places import files_of_image, find_images, free_place
from synthwire.segmentation.size_table import SizeTable
from synthwire.segmentation.summary import MeasuredImage

STATISTICS = "statistics.csv"
CONTROL_CHART = "control_chart"
MEASURES = {"length": "length_nm", "width": "width_nm", "area": "area_nm2"}

CONTROL_COLUMNS = {
    "time": "when the image was measured",
    "measured": "what the mean is of, a column of particles.csv",
    "mean": "over the particles of the image",
    "running_mean": "over all images since the last change",
    "cusum_up": "cumulative sum against an increase, in standard deviations",
    "cusum_down": "cumulative sum against a decrease",
    "change": "up or down where a change of the mean has become certain",
    "since": "row, from 1, of the first image after that change, as estimated",
    "settings": "digest of what shapes the rows; rows of other settings are not comparable",
    "content": "digest of image and settings",
}

TEXTS = ("image", "folder", "settings", "content")  # also where they look like numbers, or "NA"

Signature = tuple[tuple[int, int], ...]


class Arrivals:
    """The image files of a folder that are complete: size and time have not changed for a while."""

    def __init__(
        self,
        folder: Path,
        out: Path,
        settle_s: float,
        clock: Callable[[], float] = time.monotonic,
        leave_out: Path | None = None,
    ) -> None:
        self._leave_out = leave_out
        self._folder, self._out, self._settle_s, self._clock = folder, out, settle_s, clock
        self._waiting: dict[Path, tuple[Signature, float]] = {}
        self._taken: dict[Path, Signature] = {}

    def take(self) -> list[Path]:
        """Files that have become complete since the last call, oldest first.

        One that changes after it was taken is taken again. InputError when the folder is gone.
        """
        if not self._folder.is_dir():
            raise InputError(f"{self._folder}: no such folder")
        ready = []
        for path in find_images([self._folder], self._out, leave_out=self._leave_out)[0]:
            signature = _signature(path)
            if signature is None or self._taken.get(path) == signature:
                continue
            known, since = self._waiting.get(path, (None, 0.0))
            if known != signature:
                self._waiting[path] = signature, self._clock()
            elif self._clock() - since >= self._settle_s:
                ready.append((max(time_ns for _, time_ns in signature), path))
                self._taken[path] = signature
                del self._waiting[path]
        return [path for _, path in sorted(ready)]


def _signature(path: Path) -> Signature | None:
    """Sizes and times of a file and of those that belong to it; None while it is empty or gone."""
    try:
        states = [file.stat() for file in files_of_image(path)]
    except OSError:  # renamed, removed, or locked by whoever writes it
        return None
    if not all(state.st_size for state in states):
        return None
    return tuple((state.st_size, state.st_mtime_ns) for state in states)


class Record:
    """The growing statistics.csv, and the detector that reads along.

    A file that is there already is gone on with; InputError when it was made with other settings.
    """

    def __init__(self, path: Path, settings: str, measure: str) -> None:
        self.path, self._settings, self._measure = path, settings, measure
        self.detector = ChangeDetector()
        self.rows: list[dict[str, Any]] = []
        self._row_of_mean: list[int] = []  # images without particles have no mean
        if path.exists():
            self._take_up()

    def _take_up(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:  # killed while it wrote: the image will be taken anew
            self.path.write_bytes(whole)
        if not whole:
            self.path.unlink()
            return
        try:
            table = self._table()
            rows = table.astype(object).where(table.notna(), None).to_dict("records")
            others = {row["settings"] for row in rows} - {self._settings}
        except (ValueError, KeyError):
            raise InputError(f"{self.path}: no statistics of a watched folder") from None
        if others:
            raise InputError(
                f"{self.path}: measured with other settings or another model; go on with those, "
                "or name another folder with --out"
            )
        for row in rows:
            self.rows.append(row)
            self._watch(row["mean"])

    def _table(self) -> pd.DataFrame:
        types = dict.fromkeys(TEXTS, str)
        return pd.read_csv(self.path, dtype=types, keep_default_na=False, na_values=[""])

    def add(self, image: MeasuredImage) -> Change | None:
        """Append the row of one image; the change that it gives away, with rows as its numbers."""
        measured = self._measured(image.row)
        # as the table will have it, so that whoever goes on with the table comes to the same
        mean = float(NUMBER % image.row.get(f"mean_{measured}", math.nan))
        change = self._watch(mean, row=len(self.rows))
        row = {
            "time": datetime.now().astimezone().isoformat(timespec="seconds"),
            **image.row,
            "measured": measured,
            "mean": mean,
            "running_mean": self.detector.mean,
            "cusum_up": self.detector.up,
            "cusum_down": self.detector.down,
            "change": None
            if change is None
            else ("up" if change.after > change.before else "down"),
            "since": None if change is None else change.since + 1,
            "settings": self._settings,
            "content": image.content,
        }
        self._append(row)
        self.rows.append(row)
        return change

    def _measured(self, row: Mapping) -> str:
        """The column watched: in nm, unless the first image has no pixel size."""
        if self.rows:
            return self.rows[0]["measured"]
        physical = MEASURES[self._measure]
        return physical if not math.isnan(row["pixel_down_nm"]) else f"{self._measure}_px"

    def _watch(self, mean: float | None, row: int | None = None) -> Change | None:
        if mean is None or math.isnan(mean):  # no particles, or no pixel size
            return None
        self._row_of_mean.append(len(self.rows) - 1 if row is None else row)
        change = self.detector.update(mean)
        if change is None:
            return None
        return change._replace(
            at=self._row_of_mean[change.at], since=self._row_of_mean[change.since]
        )

    def _append(self, row: Mapping) -> None:
        new = not self.path.exists()
        line = csv_text(pd.DataFrame([row]), header=new)
        with writing(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def draw(self) -> None:
        """Write control_chart.{pdf,svg,png,csv,json} beside the table."""
        table = self._table() if self.rows else pd.DataFrame({"mean": []})
        table = table[table["mean"].notna()]
        if len(table):
            quantity, unit = _named(self.rows[0]["measured"])
            style.save(
                draw_control_chart(table, f"{quantity.capitalize()} ({unit})", LIMIT),
                self.path.with_name(CONTROL_CHART),
            )


def _named(measured: str) -> tuple[str, str]:
    """What a column's mean is called, and its unit."""
    quantity, unit = measured.rsplit("_", 1)
    return f"mean {quantity}", unit.replace("nm2", "nm²")


def watch(
    folder: Path,
    batch: Batch,
    *,
    measure: str = "length",
    settle_s: float = 2.0,
    interval_s: float = 1.0,
    say: Callable[[str], None] = print,
    complain: Callable[[str], None] = print,
    going_on: Callable[[], bool] = lambda: True,
) -> Record:
    """Segment the images that come into a folder until `going_on` says no, or a signal to end,
    which waits for the end of an image, or of a tile of a large one.

    Each image's results go into a folder of its own below batch.out, its row into statistics.csv.
    settle_s: how long a file must stay as it is to count as complete; interval_s: between two
    looks. say, complain: get one line on each image, change, bad file, image without a row in the
    table of pixel sizes, or remark that is new, and where the folder is gone, for whose return it
    waits.
    """
    settings = sha256_of_json([batch.identity, asdict(batch.options.selection), measure])[:12]
    record = Record(batch.out / STATISTICS, settings, measure)
    # by their whole path, since the folder may be given by another one than before
    places = {Path(row["image"]).resolve(): _place(row) for row in record.rows}
    done = {(Path(row["image"]).resolve(), row["content"]) for row in record.rows}
    arrivals = Arrivals(folder, batch.out, settle_s, leave_out=batch.options.leave_out)
    drawn = 0  # a chart that is there may be of before a kill
    told: set[str] = set()
    gone = ""
    sizes = batch.options.pixel_sizes
    if isinstance(sizes, SizeTable) and sizes.doubt:
        complain(sizes.doubt)
    with stopping.undisturbed():
        try:
            while going_on():
                ready, away = _look(arrivals)
                if away and not gone:
                    complain(f"{away}; waiting for it to come back")
                gone = away
                for path in ready:
                    stopping.heed()
                    whole = path.resolve()
                    if whole not in places:
                        places[whole] = free_place(path, folder, places.values())
                    images = batch.attempt(path, places[whole], complain, progress=stopping.heeding)
                    new = [image for image in images or () if (whole, image.content) not in done]
                    if new and any(known == whole for known, _ in done):
                        complain(f"{path}: has changed, and is measured anew; its old row stays")
                    done |= {(whole, image.content) for image in new}
                    for image in new:
                        change = record.add(image)
                        say(_image_line(record.rows[-1]))
                        for remark in image.remarks:
                            if remark not in told:  # images of one microscope share most of theirs
                                complain(f"{path}: {remark}")
                        told.update(image.remarks)
                        if change is not None:
                            say(_change_line(record, change))
                    if new and isinstance(sizes, SizeTable):
                        for line in sizes.missing([path]):
                            complain(line)
                if len(record.rows) > drawn and not ready:
                    record.draw()
                    drawn = len(record.rows)
                stopping.sleep(interval_s)
        except stopping.Stop:
            pass
        if len(record.rows) > drawn:
            record.draw()
    return record


def _look(arrivals: Arrivals) -> tuple[list[Path], str]:
    """What has arrived; and, where the folder is gone, as one of a network may be, that it is."""
    try:
        return arrivals.take(), ""
    except InputError as error:
        return [], str(error)


def _place(row: Mapping) -> Path:
    """The folder of a file's results, given the row of one of its images."""
    folder = Path(row["folder"])
    return folder if row["page"] is None else folder.parent


def _image_line(row: Mapping) -> str:
    clock = datetime.fromisoformat(row["time"]).strftime("%H:%M:%S")
    page = "" if row["page"] is None else f" page {int(row['page']) + 1}"
    count = f"{row['particles']} particle{'s' * (row['particles'] != 1)}"
    line = f"{clock}  {row['image']}{page}: {count}"
    if math.isnan(row["mean"]):
        return line
    quantity, unit = _named(row["measured"])
    return f"{line}, {quantity} {row['mean']:.4g} {unit}, running mean {row['running_mean']:.4g}"


def _change_line(record: Record, change: Change) -> str:
    quantity, unit = _named(record.rows[0]["measured"])
    verb = "has risen" if change.after > change.before else "has fallen"
    return (
        f"CHANGE    {quantity} {verb} from {change.before:.4g} to {change.after:.4g} {unit} "
        f"since {record.rows[change.since]['image']}"
    )
