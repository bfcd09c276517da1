# SynthWire: from random 3D nanowires to the tables and figures of
# Lin et al., npj Comput. Mater. 8, 88 (2022).
import os

from snakemake.utils import min_version

min_version("9.27")

# The paper's run, unless another configuration is named with --configfile.
if not workflow.overwrite_configfiles:

    configfile: f"{os.path.dirname(workflow.snakefile)}/config/config.yaml"


include: "rules/common.smk"
include: "rules/scheduling.smk"
include: "rules/locks.smk"
include: "rules/records.smk"
include: "rules/cost.smk"
include: "rules/structures.smk"
include: "rules/dataset.smk"
include: "rules/microscopy.smk"
include: "rules/training.smk"
include: "rules/baselines.smk"
include: "rules/evaluation.smk"
include: "rules/features.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/diagnosis.smk"
include: "rules/report.smk"
include: "rules/weights.smk"
include: "rules/variants.smk"
include: "rules/variant_runs.smk"
include: "rules/notes.smk"
include: "rules/peers.smk"
include: "rules/peer_runs.smk"
include: "rules/supplement.smk"


localrules:
    all,
    structures,
    images,
    dataset,
    train,
    evaluate,
    tables,
    figures,
    gallery,
    diagnosis,
    weights,


rule all:
    default_target: True
    input:
        rules.report.output,


rule structures:
    input:
        [] if VOLUMES else expand(rules.generate_structures.output, shard=SHARDS),


rule images:
    input:
        expand(f"{MODELS_RUN}/images/{{shard}}", shard=SHARDS),
        expand(rules.prepare_microscopy.output, images=config["image_sets"]),


rule dataset:
    input:
        rules.split_dataset.output,


rule train:
    input:
        expand(f"{MODELS_RUN}/models/{{model}}/model_final.pth", model=TRAINED),


rule evaluate:
    input:
        expand(
            f"{RUN}/evaluation/{{model}}/{{images}}.json",
            model=[*MODELS, *EVALUATED],
            images=IMAGE_SETS,
        ),


rule tables:
    input:
        rules.make_tables.output,


rule figures:
    input:
        FIGURES,


rule gallery:
    input:
        rules.make_gallery.output,


rule diagnosis:
    input:
        rules.make_figure_diagnosis.output,


rule weights:
    input:
        rules.export_weights.output,
        rules.fit_rescoring.output,
