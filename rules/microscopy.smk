localrules:
    prepare_microscopy,


# A localrule, since compute nodes have no internet and published images may be downloaded.
rule prepare_microscopy:
    input:
        files=files_of_image_set,
        library=library_of("prepare_microscopy"),
    output:
        directory(f"{RUN}/microscopy/{{images}}"),
    log:
        f"{RUN}/logs/prepare_microscopy/{{images}}.log",
    benchmark:
        f"{RUN}/benchmarks/prepare_microscopy/{{images}}.tsv"
    # A published image that cannot be had is to end a run at its start.
    priority: 1
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        entry=lambda wildcards: config["image_sets"][wildcards.images],
        classes=CLASSES,
        seed=config["seed"],
        resources=own_file("resources"),
    message:
        "Image set {wildcards.images}: prepare images and outlines"
    script:
        "../workflow/scripts/prepare_microscopy.py"
