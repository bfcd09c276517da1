"""Search for the best parameters of the watershed on synthetic training images."""

from synthwire.datasets.annotated_images import read_synthetic
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, write_json
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.watershed import best_parameters, tune_watershed

with job(snakemake.log[0], snakemake.input, snakemake.output):
    settings = snakemake.params.settings
    dataset = read_coco(snakemake.input.dataset)
    images = read_synthetic(dataset, snakemake.input.images)[: settings["images"]]
    search = tune_watershed(
        [(image.image_id, image.pixels) for image in images],
        dataset,
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
            "images": len(images),
            "combinations": len(search),
        },
        indent=1,
    )
