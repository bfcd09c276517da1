"""`snakemake --logger events`: each job of a plan as one line of JSON, for tests to read."""

from __future__ import annotations

import json
import logging

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Write jobs to standard output."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Print a job's rule, message, wildcards, outputs and resources."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            job = {
                "rule": record.rule_name,
                "message": record.rule_msg,
                "wildcards": dict(record.wildcards),
                "output": list(record.output),
                "resources": dict(record.resources.items()),
            }
            print(json.dumps(job, default=str), flush=True)
