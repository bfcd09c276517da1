"""Supplementary Notes 1 and 8: other kinds of particles, learnt and not learnt."""

from pathlib import Path

from synthwire.datasets.annotated_images import read_synthetic
from synthwire.figures.kit import style
from synthwire.figures.prediction import find_image, median_image
from synthwire.figures.supplement.classes import Kind, draw_classes
from synthwire.io.coco import read_coco
from synthwire.io.files import read_json
from synthwire.runtime.job import job
from synthwire.study.supplement.class_table import class_table, measure_classes
from synthwire.study.table_files import write_table

with job(snakemake.log[0], snakemake.input, snakemake.output):
    params = snakemake.params
    truths, results, shown = {}, {}, {}
    for kind in params.kinds:
        label = kind["label"]
        truths[label] = read_coco(kind["truth"])
        results[label] = {
            name: read_json(f"{folder}/{kind['key']}_predictions.json")
            for name, folder in kind["models"].items()
        }
        own = read_json(f"{next(iter(kind['models'].values()))}/{kind['key']}.json")
        pictures = read_synthetic(
            truths[label], kind["folders"], pixel_size_nm=kind["pixel_size_nm"]
        )
        shown[label] = find_image(pictures, median_image(own))
    rows, confusions = measure_classes(truths, results, params.evaluation)
    kinds = [
        Kind(label, truth["categories"], shown[label], results[label], confusions[label])
        for label, truth in truths.items()
    ]
    write_table(class_table(rows), Path(snakemake.output.table[0]).with_suffix(""))
    drawing = draw_classes(kinds, rows, score=params.evaluation["accuracy_score"])
    style.save(drawing, Path(snakemake.output.figure[0]).with_suffix(""))
