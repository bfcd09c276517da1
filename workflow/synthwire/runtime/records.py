"""The sums of a run's results, recorded by each job as it ends, and compared before they are used.

`results/NAME/checksums/RULE/JOB.sha256`, named as the job's log, holds the sums of what the job has
made; paths in it start at the run's folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from synthwire.errors import InputError
from synthwire.io.checksums import is_as_written, read_sums, sums_of, write_sums
from synthwire.runtime.locking import LOCK

FOLDER = "checksums"
LOGS = "logs"
# What a run's folder holds beside results.
BESIDE = (FOLDER, LOGS, "benchmarks", "checkpoints")
SETTINGS = "settings.json"  # those that the run was begun with, where they must not change
FOR_HAND = ("config.yaml", "models.tsv")  # of an adaptation, for people to change
BESIDE_RESULTS = ("tensorboard",)  # in any folder: a training's curves once more


class Record(NamedTuple):
    """Where the sums of one job's results stand: the run's folder and the file."""

    run: Path
    file: Path

    def remove(self) -> None:
        """Before a job makes anything: half of what it makes is nothing to compare with."""
        self.file.unlink(missing_ok=True)

    def write(self, outputs: Iterable[str | os.PathLike]) -> None:
        """Record files and folders of the run that the job has made."""
        paths = {Path(output).relative_to(self.run).as_posix(): Path(output) for output in outputs}
        write_sums(self.file, sums_of(paths))


def record_of(log: str | os.PathLike) -> Record | None:
    """The record of the job with this log, RUN/logs/…; None for a log elsewhere."""
    log = Path(log)
    for folder in log.parents:
        if folder.name == LOGS:
            name = log.relative_to(folder).with_suffix(".sha256")
            return Record(folder.parent, folder.parent / FOLDER / name)
    return None


def recorded(run: Path) -> dict[str, str]:
    """The sums of all results of a run by their path below its folder."""
    return {
        path: digits
        for file in sorted((run / FOLDER).rglob("*.sha256"))
        for path, digits in read_sums(file).items()
    }


def not_as_written(run: Path) -> Iterator[tuple[str, bool]]:
    """Recorded results of a run that are not as they were written: path, whether it is there."""
    for path, digits in recorded(run).items():
        if not is_as_written(run / path, digits):
            yield path, (run / path).is_file()


def check_inputs(inputs: Iterable[str | os.PathLike]) -> None:
    """InputError names the first file of a job's inputs that is not as its own job wrote it.

    What no job has made is not compared.
    """
    sums: dict[Path, dict[str, str]] = {}
    for path in map(Path, inputs):
        run = next((parent for parent in path.parents if (parent / FOLDER).is_dir()), None)
        if run is None:
            continue
        if run not in sums:
            sums[run] = recorded(run)
        name = path.relative_to(run).as_posix()
        for below, digits in sums[run].items():
            if (below == name or below.startswith(f"{name}/")) and not is_as_written(
                run / below, digits
            ):
                raise InputError(
                    f"{run / below}: not as it was written: damaged, or changed by hand; start "
                    "again, and it is made anew"
                )


class Verdict(NamedTuple):
    """What is wrong with a run: paths below its folder."""

    missing: list[str]
    changed: list[str]
    foreign: list[str]
    whole: int  # files as they were written


def verify(run: Path) -> Verdict:
    """Compare a whole run with what its jobs have recorded. InputError where there is no record."""
    sums = recorded(run)
    if not sums:
        raise InputError(
            f"{run}: no folder of a run with recorded sums in {FOLDER}/; results/NAME of a run of "
            "this version is expected"
        )
    wrong = list(not_as_written(run))
    foreign = [path for path in _present(run) if path not in sums]
    return Verdict(
        [path for path, there in wrong if not there],
        [path for path, there in wrong if there],
        foreign,
        len(sums) - len(wrong),
    )


def _present(run: Path) -> Iterator[str]:
    for place, folders, names in os.walk(run):
        here = Path(place)
        beside = BESIDE if here == run else BESIDE_RESULTS
        folders[:] = sorted(name for name in folders if name not in beside)
        for name in sorted(names):
            aside = here == run and name in (SETTINGS, *FOR_HAND)
            if not aside and name not in (LOCK, ".snakemake_timestamp"):
                yield (here / name).relative_to(run).as_posix()
