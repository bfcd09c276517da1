"""Search for the best parameters of the watershed on synthetic training images."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.annotations import read_coco
from synthwire.baselines import best_parameters, tune_watershed
from synthwire.figures import sources
from synthwire.files import atomic_path, write_json
from synthwire.job import job
from synthwire.progress import progress_bar

with job(snakemake.log[0]):
    settings = snakemake.params.settings
    pictures = sources.read_synthetic(
        snakemake.input.dataset, Path(snakemake.input.images[0]).parent
    )[: settings["images"]]
    search = tune_watershed(
        [(picture.image_id, picture.pixels) for picture in pictures],
        read_coco(snakemake.input.dataset),
        settings,
        snakemake.params.evaluation,
        progress=lambda steps: progress_bar(steps, "tune watershed"),
    )
    with atomic_path(snakemake.output.search) as temporary:
        search.to_csv(temporary, index=False, float_format="%.6g")
    write_json(
        snakemake.output.parameters,
        {
            "parameters": best_parameters(search)._asdict(),
            "ap_segm": search["ap_segm"].iloc[0],
            "images": len(pictures),
            "combinations": len(search),
        },
        indent=1,
    )
