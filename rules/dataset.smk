if AUTHORS_LAYOUT is None:

    rule compress_optical_density:
        input:
            structures=volume_folder,
            # An edit of a microscope must not touch a data set that they had no part in.
            library=library_of(
                "compress_optical_density",
                without="" if config["imaging"]["domains"] else "imaging/microscopes",
            ),
        output:
            directory(f"{MODELS_RUN}/images/{{shard}}"),
        log:
            f"{MODELS_RUN}/logs/compress_optical_density/{{shard}}.log",
        benchmark:
            f"{MODELS_RUN}/benchmarks/compress_optical_density/{{shard}}.tsv"
        conda:
            "../envs/generation.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            settings=config["compression"],
            domains=config["imaging"]["domains"],
            classes=CLASSES,
            seed=config["seed"],
        message:
            "Images of shard {wildcards.shard}: compress the structures along z"
        script:
            "../workflow/scripts/compress_optical_density.py"

else:

    rule import_dataset:
        input:
            folders=list(AUTHORS_LAYOUT.values()),
            library=library_of("import_dataset"),
        output:
            directory(f"{MODELS_RUN}/images/{{shard}}"),
        log:
            f"{MODELS_RUN}/logs/import_dataset/{{shard}}.log",
        benchmark:
            f"{MODELS_RUN}/benchmarks/import_dataset/{{shard}}.tsv"
        conda:
            "../envs/generation.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            scenes=lambda wildcards: SHARDS[wildcards.shard],
            classes=CLASSES,
        message:
            "Images of shard {wildcards.shard}: import those of the authors' layout"
        script:
            "../workflow/scripts/import_dataset.py"


rule split_dataset:
    input:
        images=image_folders,
        library=library_of("split_dataset"),
    output:
        train=expand(f"{MODELS_RUN}/dataset/train_{{size}}.json", size=SIZES),
        validation=f"{MODELS_RUN}/dataset/val.json",
    log:
        f"{MODELS_RUN}/logs/split_dataset.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/split_dataset.tsv"
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        size_factor=config["dataset"]["size_factor"],
        parts=(TRAINING_PART, VALIDATION_PART),
        drawn=AUTHORS_LAYOUT is None,
        sizes=SIZES,
        seed=config["seed"],
    message:
        "Data set: split into training and validation"
    script:
        "../workflow/scripts/split_dataset.py"


# Not part of `all`: `snakemake export` writes the data set as the authors published theirs.
EXPORTED = {"train": f"train_{SIZES[-1]}", "validation": "val"}


rule export_dataset:
    input:
        images=image_folders,
        part=lambda wildcards: (f"{MODELS_RUN}/dataset/{EXPORTED[wildcards.part]}.json"),
        library=library_of("export_dataset"),
    output:
        directory(f"{MODELS_RUN}/authors_layout/{{part}}"),
    log:
        f"{MODELS_RUN}/logs/export_dataset/{{part}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/export_dataset/{{part}}.tsv"
    wildcard_constraints:
        part="|".join(EXPORTED),
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    message:
        "Data set, {wildcards.part}: export in the authors' layout"
    script:
        "../workflow/scripts/export_dataset.py"


localrules:
    export,


rule export:
    input:
        expand(rules.export_dataset.output, part=EXPORTED),
