"""Learn what the bundled model's scores are worth."""

from pathlib import Path

from synthwire.io.files import read_json, write_json
from synthwire.runtime.job import job
from synthwire.segmentation.rescoring_fields import Fields, learn_rescoring

with job(snakemake.log[0], snakemake.input, snakemake.output):
    folder = Path(snakemake.input.bundled)
    params = snakemake.params
    fitted = learn_rescoring(
        folder,
        Fields(
            params.structures,
            params.compression,
            params.domains,
            params.seed,
            params.fields,
            params.bare_fields,
        ),
        snakemake.threads,
    )
    sha256 = read_json(folder / "bundled.json")["sha256"]
    write_json(Path(snakemake.output[0]), {"model_sha256": sha256, **fitted}, indent=1)
