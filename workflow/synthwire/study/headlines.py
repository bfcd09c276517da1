"""The results of a run in short: the best model of each image set, beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def headlines(tables: Mapping[str, pd.DataFrame], config: Mapping) -> list[dict[str, Any]]:
    """The best model of each shown image set by mask AP, the paper's best beside it, and the model
    that the synthetic validation images alone would choose.

    tables: the frames of table1 … table4, by name; those that are missing are left out.
    """
    rows = []
    for number in (1, 2, 3, 4):
        if f"table{number}" not in tables:
            continue
        table = tables[f"table{number}"]
        table = table[table["ap_segm"].notna()]
        # what is no row of the study: the shared base model, and weights from elsewhere
        if "epochs" in table:
            table = table[table["epochs"].notna()]
        if "selection" in table:
            table = table[table["selection"] != "elsewhere"]
        if table.empty:
            continue
        best = table.loc[table["ap_segm"].idxmax()]
        accuracy = _numbers(best, "accuracy")
        chosen = table[table.get("selection", pd.Series("", index=table.index)) == "validation"]
        rows.append(
            {
                "table": number,
                "label": "Synthetic validation" if number == 1 else image_set_label(config, number),
                "model": best["model"],
                "ap_segm": float(best["ap_segm"]),
                "interval": _numbers(best, "ap_segm_low", "ap_segm_high"),
                "ap_bbox": float(best["ap_bbox"]),
                "accuracy": accuracy[0] if accuracy else None,
                "chosen": chosen["model"].iloc[0] if len(chosen) else None,
                "chosen_ap_segm": float(chosen["ap_segm"].iloc[0]) if len(chosen) else None,
                "paper_ap_segm": _greatest(table, "paper_ap_segm"),
            }
        )
    return rows


def _numbers(row: pd.Series, *columns: str) -> list[float] | None:
    """The values of a row in some columns; None unless all are there."""
    values = [row.get(column, np.nan) for column in columns]
    return None if any(pd.isna(value) for value in values) else [float(value) for value in values]


def _greatest(table: pd.DataFrame, column: str) -> float | None:
    known = table[column].dropna() if column in table else []
    return float(max(known)) if len(known) else None


def image_set_label(config: Mapping, table: int) -> str:
    """What people call the image set that Table 2, 3 or 4 shows."""
    return config["image_sets"][config["tables"][f"table{table}"]]["label"]
