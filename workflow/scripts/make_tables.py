"""Write Tables 1–4 and the list of all models on all image sets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.files import read_json
from synthwire.job import job
from synthwire.tables import build_tables, write_table

with job(snakemake.log[0]):
    image_sets = snakemake.params.image_sets
    evaluations: dict[str, dict] = {}
    for result in map(read_json, snakemake.input.evaluations):
        evaluations.setdefault(result["model"], {})[result["images"]] = result
    tables = build_tables(
        evaluations,
        pd.DataFrame(snakemake.params.rows),
        Path(snakemake.input.footnotes).parent,
        shown={
            int(table.removeprefix("table")): images
            for table, images in snakemake.params.shown.items()
        },
        image_sets={
            images: {
                "label": entry["label"],
                "kind": entry["kind"],
                "simulated": entry["source"] == "simulated",
            }
            for images, entry in image_sets.items()
        },
    )
    folder = Path(snakemake.output[0]).parent
    for name, table in tables.items():
        write_table(table, folder / name)
