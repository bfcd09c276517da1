"""Supplementary Note 7: time of training, measured here, and the arithmetic to the paper's GPUs."""

from pathlib import Path

import pandas as pd

from synthwire.figures.kit import style
from synthwire.figures.supplement.training_time import draw_training_time
from synthwire.io.files import read_json
from synthwire.learning.plan import Plan
from synthwire.learning.timing import operations_an_image, seconds_a_step
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.schema import section_defaults
from synthwire.study.supplement.training_time import paper_arithmetic, time_table, trainings_of
from synthwire.study.table_files import write_table

with job(snakemake.log[0], snakemake.input, snakemake.output):
    params, given = snakemake.params, snakemake.input
    plan = Plan(**params.plan)
    runs = [
        {"images_per_step": images, "processes": processes, "threads": threads}
        for processes, threads in params.shares
        for images in params.images_per_step
        if images % processes == 0
    ]
    measured = []
    for run in progress_bar(runs, "trainings of few steps"):
        seconds = seconds_a_step(
            params.architecture,
            params.training,
            plan,
            dataset=Path(given.dataset),
            shards=[Path(folder) for folder in given.images],
            weights=Path(given.weights) if given.get("weights") else None,
            steps=params.steps,
            **run,
        )
        measured.append({**run, "seconds": seconds})
    table = pd.DataFrame(measured)
    here = operations_an_image(params.architecture, params.training, plan, params.side_px)
    paper_plan = plan._replace(roi_batch=int(params.paper_rows[0]["roi_head"]))
    # random weights need a norm that measures, which takes no product more
    network = {**section_defaults("architecture"), "norm": "BN"}
    paper = operations_an_image(
        network, section_defaults("training"), paper_plan, params.paper_side_px
    )
    best_rate = float((here * table["images_per_step"] / table["seconds"]).max())
    facts = {
        "operations_here": here,
        "operations_paper": paper,
        "best_rate": best_rate,
        "side_px": params.side_px,
        "paper_side_px": params.paper_side_px,
    }
    arithmetic = paper_arithmetic(params.paper_rows, paper)
    write_table(
        time_table(table, arithmetic, facts), Path(snakemake.output.table[0]).with_suffix("")
    )
    drawing = draw_training_time(
        table, trainings_of(list(map(read_json, given.provenance))), arithmetic, facts
    )
    style.save(drawing, Path(snakemake.output.figure[0]).with_suffix(""))
