"""Search for the best parameters of the watershed on synthetic training images."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, write_json
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.watershed import best_parameters, tune_watershed

with job(snakemake.log[0]):
    settings = snakemake.params.settings
    pictures = annotated_images.read_synthetic(
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
