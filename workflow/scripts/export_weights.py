"""Write the bundled model's files: weights in half precision and the cards."""

from pathlib import Path

from synthwire.io.files import read_json
from synthwire.runtime.job import job
from synthwire.segmentation.model_card import export_model

with job(snakemake.log[0], snakemake.input, snakemake.output):
    export_model(
        Path(snakemake.input.weights),
        read_json(Path(snakemake.input.provenance)),
        name=snakemake.params.name,
        prediction=snakemake.params.prediction,
        pixel_size_nm=snakemake.params.pixel_size_nm,
        domain=snakemake.params.domain,
        dataset=Path(snakemake.input.dataset),
        evaluations={Path(path).stem: Path(path) for path in snakemake.input.evaluations},
        labels=snakemake.params.labels,
        initial_weights=snakemake.params.initial_weights,
        rebuild=snakemake.params.rebuild,
        template=Path(snakemake.input.template),
        output=Path(snakemake.output[0]),
    )
