"""Supplementary Note 7: what a training costs, here and on the paper's GPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthwire.learning.plan import PAPER_IMAGES_PER_BATCH
from synthwire.study.table_files import Table

# Greatest rates in single precision on their data sheets, in operations a second: of V100 and A100
# (the paper had "A100/V100"), and of A100 with TF32, which Detectron2's convolutions take there.
GPU_PEAKS = {"V100": 15.7e12, "A100": 19.5e12, "A100, TF32": 156e12}
PAPER_HOURS = (5.0, 10.0)  # "a total time of 5–10 h"
PAPER_GPUS = 4


def trainings_of(records: Sequence[Mapping]) -> pd.DataFrame:
    """From the provenance of trainings: model, images, steps, seconds; without resumed ones."""
    return pd.DataFrame(
        [
            {
                "model": record["model"],
                "images": record["dataset_images"],
                "steps": record["identity"]["plan"]["iterations"],
                "seconds": record["duration_s"],
            }
            for record in records
            if record["resumed_at_iteration"] is None
        ],
        columns=["model", "images", "steps", "seconds"],
    )


def paper_arithmetic(rows: Sequence[Mapping], operations: float) -> pd.DataFrame:
    """For trainings of the paper: operations, and the rate a GPU that 5 and 10 h ask for.

    rows: of its Table 1 (model, epochs, dataset_size); operations: of one image in one step.
    """
    found = []
    for row in rows:
        steps = int(np.ceil(row["epochs"] * row["dataset_size"] / PAPER_IMAGES_PER_BATCH))
        total = steps * PAPER_IMAGES_PER_BATCH * operations
        found.append(
            {
                "model": row["model"],
                "dataset_size": row["dataset_size"],
                "epochs": row["epochs"],
                "steps": steps,
                "operations": total,
                **{
                    f"rate_{hours:g}h": total / (hours * 3600 * PAPER_GPUS) for hours in PAPER_HOURS
                },
            }
        )
    return pd.DataFrame(found)


def time_table(measured: pd.DataFrame, arithmetic: pd.DataFrame, facts: Mapping) -> Table:
    """First what was measured here, then the arithmetic to the paper's trainings.

    measured: images_per_step, processes, threads, seconds; facts: operations_here,
    operations_paper (of one image in one step), best_rate (operations a second here).
    """
    lines = [
        {
            "Training": "measured here",
            "Steps": "–",
            "Images a step": str(row.images_per_step),
            "Processes": str(row.processes),
            "Threads": str(row.threads),
            "s a step": f"{row.seconds:.2f}",
            "GFLOP/s": f"{1e-9 * facts['operations_here'] * row.images_per_step / row.seconds:.0f}",
        }
        for row in measured.itertuples()
    ]
    for row in arithmetic.itertuples():
        low, high = (1e-12 * getattr(row, f"rate_{hours:g}h") for hours in PAPER_HOURS[::-1])
        lines.append(
            {
                "Training": f"the paper's No. {row.model}",
                "Steps": str(row.steps),
                "Images a step": str(PAPER_IMAGES_PER_BATCH),
                "Processes": f"{PAPER_GPUS} GPUs",
                "Hours at the best rate here": f"{row.operations / facts['best_rate'] / 3600:.0f}",
                "TFLOP/s of each GPU in 5–10 h": f"{low:.1f}–{high:.1f}",
            }
        )
    peaks = ", ".join(f"{name} {1e-12 * peak:g}" for name, peak in GPU_PEAKS.items())
    return Table(
        pd.concat([measured.assign(what="measured"), arithmetic.assign(what="paper")]),
        pd.DataFrame(lines).fillna("–"),
        f"Time of training. One image of a step is {1e-9 * facts['operations_here']:.1f} GFLOP in "
        f"this run's network and {1e-9 * facts['operations_paper']:.0f} in the paper's, forward "
        f"and backward. The data sheets' greatest rates are (TFLOP/s) {peaks}.",
    )
