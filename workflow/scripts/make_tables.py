"""Write Tables 1–4 and the list of all models on all image sets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.files import read_json
from synthwire.job import job
from synthwire.tables import build_tables, write_table
from synthwire.verdict import build_verdict

with job(snakemake.log[0]):
    evaluations: dict[str, dict] = {}
    for result in map(read_json, snakemake.input.evaluations):
        evaluations.setdefault(result["model"], {})[result["images"]] = result
    models = pd.DataFrame(snakemake.params.rows)
    published = Path(snakemake.input.footnotes).parent
    selection = {
        "shown": {
            int(table.removeprefix("table")): images
            for table, images in snakemake.params.shown.items()
        },
        "image_sets": {
            images: {key: entry[key] for key in ("label", "kind", "source")}
            for images, entry in snakemake.params.image_sets.items()
        },
    }
    tables = build_tables(evaluations, models, published, **selection)
    tables |= build_verdict(
        evaluations, models, published, level=snakemake.params.level, **selection
    )
    folder = Path(snakemake.output[0]).parent
    for name, table in tables.items():
        write_table(table, folder / name)
