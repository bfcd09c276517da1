# Other methods on the same work: each in an environment of its own, for as long as one of ours.
localrules:
    install_peers,


rule install_peers:
    input:
        lambda wildcards: own_file(f"envs/peers/{wildcards.environment}.txt"),
    output:
        touch(f"{ENVIRONMENTS}/{{environment}}.ready"),
    log:
        f"{ENVIRONMENTS}/{{environment}}.log",
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        python=sys.executable,
        folder=lambda wildcards: f"{ENVIRONMENTS}/{wildcards.environment}",
    message:
        "Peers: install the environment {wildcards.environment}"
    shell:
        "{{ {params.python} -m venv --clear {params.folder} && {params.folder}/bin/pip install "
        "--quiet --no-deps --require-hashes --requirement {input}; }} > {log} 2>&1"


rule train_peer:
    input:
        peer_environment,
        dataset=of_peers_clock(variant_training_set),
        images=of_peers_clock(variant_image_folders),
        clock=of_peers_clock(
            lambda wildcards: f"{TRAININGS[wildcards.model]}/provenance.json"
        ),
        script=lambda wildcards: own_file(f"workflow/peers/{wildcards.peer}.py"),
        common=own_file("workflow/peers/peer.py"),
    output:
        model=directory(f"{VARIED}/peers/{{peer}}/model"),
        record=f"{VARIED}/peers/{{peer}}/training.json",
    log:
        f"{MODELS_RUN}/logs/train_peer/{{peer}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/train_peer/{{peer}}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        python=peer_python,
        one_thread=ONE_THREAD,
        seed=config["seed"],
    message:
        "Peer {wildcards.peer}: train as long as one of ours"
    shell:
        "{params.one_thread} {params.python} {input.script} train --dataset {input.dataset} "
        "--images {input.images} --as-long-as {input.clock} --seed {params.seed} "
        "--model {output.model} --record {output.record} > {log} 2>&1"


# Alone on the machine, since it measures the time of an image.
rule apply_peer:
    input:
        peer_environment,
        dataset=rules.split_dataset.output.validation,
        images=image_folders,
        timed=f"{RUN}/peers/timed.png",
        model=rules.train_peer.output.model,
        script=rules.train_peer.input.script,
        common=rules.train_peer.input.common,
    output:
        predictions=f"{RUN}/peers/{{peer}}/predictions.json",
        record=f"{RUN}/peers/{{peer}}/application.json",
    log:
        f"{RUN}/logs/apply_peer/{{peer}}.log",
    benchmark:
        f"{RUN}/benchmarks/apply_peer/{{peer}}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        python=peer_python,
        one_thread=ONE_THREAD,
    message:
        "Peer {wildcards.peer}: segment the validation images"
    shell:
        "{params.one_thread} {params.python} {input.script} apply --dataset {input.dataset} "
        "--images {input.images} --timed {input.timed} --model {input.model} "
        "--predictions {output.predictions} --record {output.record} > {log} 2>&1"


rule time_variants:
    input:
        dataset=rules.split_dataset.output.validation,
        images=image_folders,
        weights=[f"{TRAININGS[name]}/model_final.pth" for name in OURS],
        library=library_of("time_variants"),
    output:
        picture=f"{RUN}/peers/timed.png",
        times=f"{RUN}/peers/times.json",
    log:
        f"{RUN}/logs/time_variants.log",
    benchmark:
        f"{RUN}/benchmarks/time_variants.tsv"
    conda:
        "../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        side_px=512,
        variants=[
            {
                "label": variant.label,
                "architecture": variant.config["architecture"],
                "prediction": variant.config["prediction"],
                "nms": variant.row["nms"],
            }
            for variant in OURS.values()
        ],
        classes=len(CLASSES),
    message:
        "Peers: time our own models"
    script:
        "../workflow/scripts/time_variants.py"


rule peers:
    input:
        files_compared("peers"),
        trainings=expand(rules.train_peer.output.record, peer=PEERS),
        applications=expand(rules.apply_peer.output.record, peer=PEERS),
        predictions=expand(rules.apply_peer.output.predictions, peer=PEERS),
        provenance=[f"{TRAININGS[name]}/provenance.json" for name in OURS],
        times=rules.time_variants.output.times,
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        elsewhere=own_file("resources/peers_elsewhere.tsv"),
        library=library_of("make_peers"),
    output:
        table=note_table("peers"),
        elsewhere=note_table("peers_elsewhere"),
        figure=figure("fig_peers"),
    log:
        f"{RUN}/logs/peers.log",
    benchmark:
        f"{RUN}/benchmarks/peers.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        peers=PEERS,
        variants=lambda wildcards: variants_of("peers"),
        voxel_size_nm=config["structures"]["voxel_size_nm"],
        evaluation=config["evaluation"],
        seed=config["seed"],
    message:
        "Peers: compare"
    script:
        "../workflow/scripts/make_peers.py"
