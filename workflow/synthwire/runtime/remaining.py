"""How long a run still takes, from what its jobs take in a table and how fast they go here."""

from __future__ import annotations

from collections.abc import Mapping

STEADY_S = 600.0  # of work at the table's pace that the first jobs are weighed against


class Remaining:
    """The time left of a run of jobs on several cores.

    seconds: of each job on one core, by its number, from a table; cores: that jobs share; measured,
    expected: seconds of the jobs that ended in earlier starts of the run, as they took and as the
    table has them.
    """

    def __init__(
        self,
        seconds: Mapping[int, float],
        cores: int,
        measured: float = 0.0,
        expected: float = 0.0,
    ) -> None:
        self._waiting = dict(seconds)
        self._cores = cores
        self._measured = measured
        self._expected = expected
        self._running: dict[int, tuple[float, float]] = {}

    @property
    def pace(self) -> float:
        """How many times as long as in the table jobs take here."""
        return (self._measured + STEADY_S) / (self._expected + STEADY_S)

    def start(self, job: int, now: float) -> None:
        """A job starts; now: in s."""
        if job in self._waiting:
            self._running[job] = (now, self._waiting.pop(job))

    def end(self, job: int, now: float) -> None:
        """A job has ended."""
        if job in self._running:
            started, seconds = self._running.pop(job)
            self._measured += now - started
            self._expected += seconds

    def seconds(self, now: float) -> float:
        """Time left, in s."""
        pace = self.pace
        running = sum(
            max(0.0, seconds * pace - (now - started))
            for started, seconds in self._running.values()
        )
        return (sum(self._waiting.values()) * pace + running) / self._cores
