rule generate_structures:
    input:
        library=library_of("generate_structures"),
    output:
        directory(f"{MODELS_RUN}/structures/{{shard}}"),
    log:
        f"{MODELS_RUN}/logs/generate_structures/{{shard}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/generate_structures/{{shard}}.tsv"
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_without("structures", "scenes", "scenes_per_shard"),
        scenes=lambda wildcards: SHARDS[wildcards.shard],
        seed=config["seed"],
    message:
        "Structures of shard {wildcards.shard}: place the particles"
    script:
        "../workflow/scripts/generate_structures.py"
