"""Snakemake's messages for people, `snakemake --logger synthwire`: one line a job, and what failed.

Snakemake's own log file beside it keeps everything; its name is printed at the end. Plugins of
Snakemake are top-level modules with such a name.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

if TYPE_CHECKING:
    from synthwire.runtime.remaining import Remaining

# What else of Snakemake's own chatter says something to everyone.
WORTH_SAYING = ("Nothing to be done", "Complete log")
SAID_BY_THE_JOB = "CalledProcessError"  # it failed with a line of its own
CLEAR_LINE = "\r\033[K"  # a progress bar of a job may stand there


class LogHandler(LogHandlerBase):
    """Each job as it starts: the time, how many were started of how many, its rule's message.

    And how long the run still takes, once a record has brought a `synthwire_remaining`.
    """

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.total = 0
        self.started: dict[int, str] = {}  # what each job does
        self.remaining: Remaining | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line, if it has one."""
        try:
            line = self.line_of(record)
            if line:
                start = CLEAR_LINE if self.stream.isatty() else ""
                self.stream.write(f"{start}{line}\n")
                self.stream.flush()
        except Exception:
            self.handleError(record)

    def line_of(self, record: logging.LogRecord) -> str | None:
        """What a person reads of a record; None: nothing."""
        said = vars(record)  # what Snakemake adds to a record
        event = said.get("event")
        self.remaining = said.get("synthwire_remaining", self.remaining)
        if event == LogEvent.RUN_INFO:
            self.total = said["stats"].get("total", 0)
        elif event == LogEvent.JOB_INFO:
            self.started[said["jobid"]] = described(said)
            width = len(str(self.total))
            return (
                f"{time.strftime('%H:%M:%S')}  {len(self.started):{width}d}/{self.total}  "
                f"{described(said)}{self.time_left(said['jobid'], record.created)}"
            )
        elif event == LogEvent.JOB_FINISHED and self.remaining:
            self.remaining.end(said["job_id"], record.created)
        elif event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            jobs = said.get("job_error_info") or [said]
            return "\n".join(
                f"Failed: {self.started.get(job['jobid'], job['rule_name'])}"
                + ("; see " + ", ".join(job["log"]) if job["log"] else "")
                for job in jobs
            )
        elif record.levelno >= logging.WARNING or event is None:
            message = record.getMessage()
            worth_saying = message.startswith(WORTH_SAYING) or "synthwire_remaining" in said
            if record.levelno >= logging.WARNING or worth_saying:
                return None if SAID_BY_THE_JOB in message else message
        return None

    def time_left(self, job: int, now: float) -> str:
        """How long the run still takes as a job starts; nothing where nobody can tell."""
        if self.remaining is None:
            return ""
        # Snakemake imports plugins before the Snakefile has put its own library on the path
        from synthwire.study.run_times import duration

        self.remaining.start(job, now)
        left = self.remaining.seconds(now)
        return f" ({duration(60 * math.ceil(left / 60))} left)" if left >= 60 else ""


def described(job: Mapping[str, Any]) -> str:
    """A job's message, or its rule with the wildcards where it has none."""
    if not job["output"]:
        return f"Done: {job['rule_name']}"
    wildcards = ", ".join(f"{name} {value}" for name, value in dict(job["wildcards"]).items())
    return job["rule_msg"] or " ".join(filter(None, [job["rule_name"], wildcards]))
