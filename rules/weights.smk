# Not part of `all`: `snakemake weights --configfile config/bundled.yaml` makes the bundled model's
# files, of the first row of the model table.
SHIPPED = next(iter(ROWS))


rule export_weights:
    input:
        weights=f"{MODELS_RUN}/models/{SHIPPED}/model_final.pth",
        provenance=f"{MODELS_RUN}/models/{SHIPPED}/provenance.json",
        dataset=f"{MODELS_RUN}/dataset/val.json",
        evaluations=expand(
            f"{RUN}/evaluation/{SHIPPED}/{{images}}.json", images=IMAGE_SETS
        ),
        template=own_file("resources/model_card.md.jinja"),
        library=library_of("export_weights"),
    output:
        directory(f"{RUN}/bundled"),
    log:
        f"{RUN}/logs/export_weights.log",
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        name=f"SynthWire {SHIPPED}",
        prediction=config["prediction"],
        pixel_size_nm=config["structures"]["voxel_size_nm"],
        domain=config["structures"]["domain"],
        labels={
            "synthetic": "Synthetic, held out",
            **{
                images: entry["label"]
                for images, entry in config["image_sets"].items()
            },
        },
        initial_weights=config["training"]["initial_weights"],
        rebuild="make weights",
    message:
        "Bundled model: export weights and model card"
    script:
        "../workflow/scripts/export_weights.py"


rule fit_rescoring:
    input:
        bundled=f"{RUN}/bundled",
        library=library_of("fit_rescoring"),
    output:
        f"{RUN}/bundled_rescoring.json",
    log:
        f"{RUN}/logs/fit_rescoring.log",
    conda:
        "../envs/learning.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        structures=config["structures"],
        compression=config["compression"],
        domains=config["imaging"]["domains"],
        seed=config["seed"],
        fields=600,
        bare_fields=400,
    message:
        "Bundled model: learn what its scores are worth on simulated fields"
    script:
        "../workflow/scripts/fit_rescoring.py"
