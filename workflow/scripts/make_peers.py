"""Other methods, trained for as long as one of ours, beside ours."""

from pathlib import Path

from synthwire.datasets.annotated_images import read_synthetic
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.figures.kit import style
from synthwire.figures.prediction import find_image, median_image
from synthwire.figures.supplement.peers import draw_peers
from synthwire.io.coco import read_coco
from synthwire.io.files import read_json
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.study.supplement.peers_table import Method, peers_elsewhere, peers_table
from synthwire.study.table_files import write_table

OWN_LICENCE = "MIT"

with job(snakemake.log[0], snakemake.input, snakemake.output):
    params, given, made = snakemake.params, snakemake.input, snakemake.output
    truth = read_coco(given.validation)
    times = read_json(given.times)
    methods, predictions = [], {}
    for variant, provenance in zip(params.variants.values(), given.provenance, strict=True):
        trained, folder = read_json(provenance), Path(variant["evaluations"][0])
        methods.append(
            Method(
                name=variant["label"],
                licence=OWN_LICENCE,
                overlaps=True,
                evaluation=read_json(folder / "synthetic.json"),
                processor_s=trained["processor_s"],
                steps=trained["identity"]["plan"]["iterations"],
                seconds_an_image=times[variant["label"]],
                ours=True,
            )
        )
        predictions[variant["label"]] = read_json(folder / "synthetic_predictions.json")
    peers = zip(
        params.peers.values(), given.trainings, given.applications, given.predictions, strict=True
    )
    for entry, training, application, found in progress_bar(list(peers), "evaluate peers"):
        trained, results = read_json(training), read_json(found)
        methods.append(
            Method(
                name=entry["label"],
                licence=entry["licence"],
                overlaps=entry["overlaps"],
                evaluation=evaluate_predictions(
                    truth, results, params.evaluation, seed=params.seed
                ),
                processor_s=trained["processor_s"],
                steps=trained["steps"],
                seconds_an_image=read_json(application)["seconds_an_image"],
            )
        )
        predictions[entry["label"]] = results
    write_table(peers_table(methods), Path(made.table[0]).with_suffix(""))
    write_table(peers_elsewhere(given.elsewhere), Path(made.elsewhere[0]).with_suffix(""))
    pictures = read_synthetic(truth, given.images, pixel_size_nm=params.voxel_size_nm)
    drawing = draw_peers(
        find_image(pictures, median_image(methods[0].evaluation)),
        methods,
        predictions,
        score=params.evaluation["accuracy_score"],
    )
    style.save(drawing, Path(made.figure[0]).with_suffix(""))
