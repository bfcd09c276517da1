"""Tables 1–4 and the full list of all models on all image sets, beside the published numbers.

Every table is a tidy frame for the CSV and a display, laid out like the paper's (bounding box /
segmentation mask), for people.
"""

from __future__ import annotations

from synthwire.study.full_table import full_table
from synthwire.study.image_table import image_table
from synthwire.study.study import Study
from synthwire.study.table_files import Table
from synthwire.study.training_table import training_table


def build_tables(study: Study) -> dict[str, Table]:
    """All tables: {"table1": …, "table2": …, "table3": …, "table4": …, "supplementary_table1": …}.

    A table for which `study.shown` names no image set is left out.
    """
    tables = {"table1": training_table(study)}
    for number, images in sorted(study.shown.items()):
        if images is not None:
            tables[f"table{number}"] = image_table(study, number, images)
    tables["supplementary_table1"] = full_table(study)
    return tables
