"""How long the jobs of a run took."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.errors import InputError


def seconds_of(benchmark: str | os.PathLike) -> float:
    """What a benchmark file of Snakemake says that its job took, in s; 0 where it says nothing."""
    try:
        return float(_table(benchmark)["s"].fillna(0.0).mean())
    except (ValueError, KeyError, TypeError):  # cut short, or not what Snakemake writes
        return 0.0


def _table(benchmark: str | os.PathLike) -> pd.DataFrame:
    return pd.read_csv(benchmark, sep="\t", na_values=["-", "NA"])


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Snakemake's benchmark files under `folder`, one row a job.

    The rule is the first part of a file's path below the folder (`{rule}.tsv` or
    `{rule}/{wildcards}.tsv`). Columns: rule, job, seconds, max_rss_mb (NaN where not measured).
    """
    rows = []
    for path in sorted(Path(folder).glob("**/*.tsv")):
        table = _table(path)
        if "s" not in table:
            raise InputError(f"{path}: column 's' is missing; is this a benchmark of Snakemake?")
        part = path.relative_to(folder).with_suffix("")
        memory = pd.to_numeric(table.get("max_rss", pd.Series(dtype=float)), errors="coerce")
        rows.append(
            {
                "rule": part.parts[0],
                "job": "/".join(part.parts[1:]),
                "seconds": float(pd.to_numeric(table["s"], errors="coerce").mean()),
                "max_rss_mb": float(memory.max()) if memory.notna().any() else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["rule", "job", "seconds", "max_rss_mb"])


def summarise_benchmarks(jobs: pd.DataFrame, order: Sequence[str] = ()) -> pd.DataFrame:
    """One row a rule: jobs, total, median and longest time in s, greatest memory in MB."""
    table = (
        jobs.groupby("rule", sort=False)
        .agg(
            jobs=("seconds", "size"),
            total_s=("seconds", "sum"),
            median_s=("seconds", "median"),
            longest_s=("seconds", "max"),
            max_rss_mb=("max_rss_mb", "max"),
        )
        .reset_index()
    )
    place = {rule: index for index, rule in enumerate(order)}
    return table.sort_values(
        "rule", key=lambda rules: rules.map(lambda rule: place.get(rule, len(place))), kind="stable"
    ).reset_index(drop=True)


def duration(seconds: float) -> str:
    """A time for people: 0.4 s, 12 s, 3 min 05 s, 2 h 04 min."""
    if not np.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
