"""Supplementary Note 5: two annotators, and outlines that are wrong by a known number of pixels."""

from pathlib import Path

from synthwire.figures.kit import style
from synthwire.figures.supplement.outline_agreement import draw_outline_agreement
from synthwire.io.coco import read_coco
from synthwire.runtime.job import job
from synthwire.study.supplement.outline_agreement import (
    agreement_table,
    compare_annotators,
    perturbed_outlines,
    read_pair,
)
from synthwire.study.table_files import write_table

with job(snakemake.log[0], snakemake.input, snakemake.output):
    evaluation = {**snakemake.params.evaluation, "bootstrap_replicates": 0}
    pairs = {
        label: read_pair(Path(first), Path(second))
        for label, first, second in zip(
            snakemake.params.labels, snakemake.input.first, snakemake.input.second, strict=True
        )
    }
    agreed = compare_annotators(pairs, evaluation)
    truths = {label: truth for label, (truth, _) in pairs.items()}
    truths["Synthetic"] = read_coco(snakemake.input.validation)
    perturbed = perturbed_outlines(
        truths, snakemake.params.sizes_px, evaluation, snakemake.params.seed
    )
    write_table(agreement_table(agreed, perturbed), Path(snakemake.output.table[0]).with_suffix(""))
    style.save(
        draw_outline_agreement(agreed, perturbed), Path(snakemake.output.figure[0]).with_suffix("")
    )
