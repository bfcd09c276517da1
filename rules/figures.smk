SHOWN = config["tables"]
ATTACHED = config["figures"]["attached"]


rule make_figure_1:
    input:
        sets=[f"{RUN}/microscopy/{images}" for images in SHOWN.values()],
        library=library_of("make_figure_1"),
    output:
        figure("fig1"),
    log:
        f"{RUN}/logs/make_figure_1.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Figure 1, microscopy images: draw"
    script:
        "../workflow/scripts/make_figure_1.py"


rule make_figure_2:
    input:
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        structures=(
            [VOLUMES]
            if VOLUMES
            else expand(rules.generate_structures.output, shard=SHARDS)
        ),
        library=library_of("make_figure_2"),
    output:
        figure("fig2"),
    log:
        f"{RUN}/logs/make_figure_2.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        voxel_size_nm=config["structures"]["voxel_size_nm"],
    message:
        "Figure 2, synthesis of a training image: draw"
    script:
        "../workflow/scripts/make_figure_2.py"


rule make_figure_3:
    input:
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        evaluations=of_every_row("evaluation", "synthetic", "json"),
        predictions=of_every_row("predictions", "synthetic", "json"),
        library=library_of("make_figure_3"),
    output:
        figure("fig3"),
    log:
        f"{RUN}/logs/make_figure_3.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        models=list(ROWS),
        voxel_size_nm=config["structures"]["voxel_size_nm"],
        score=config["evaluation"]["accuracy_score"],
        pixel_colours=config["figures"]["pixel_colours"],
    message:
        "Figure 3, segmentation of a synthetic image: draw"
    script:
        "../workflow/scripts/make_figure_3.py"


rule make_figure_4:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table2']}",
        evaluations=of_every_row("evaluation", SHOWN["table2"], "json"),
        predictions=of_every_row("predictions", SHOWN["table2"], "json"),
        library=library_of("make_figure_4"),
    output:
        figure("fig4"),
    log:
        f"{RUN}/logs/make_figure_4.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        models=list(ROWS),
        score=config["evaluation"]["accuracy_score"],
        pixel_colours=config["figures"]["pixel_colours"],
    message:
        "Figure 4, segmentation of a microscopy image: draw"
    script:
        "../workflow/scripts/make_figure_4.py"


use rule make_figure_4 as make_figure_6 with:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table3']}",
        evaluations=of_every_row("evaluation", SHOWN["table3"], "json"),
        predictions=of_every_row("predictions", SHOWN["table3"], "json"),
        library=library_of("make_figure_4"),
    output:
        figure("fig6"),
    log:
        f"{RUN}/logs/make_figure_6.log",
    message:
        "Figure 6, segmentation of a microscopy image: draw"


use rule make_figure_4 as make_figure_8 with:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table4']}",
        evaluations=of_every_row("evaluation", SHOWN["table4"], "json"),
        predictions=of_every_row("predictions", SHOWN["table4"], "json"),
        library=library_of("make_figure_4"),
    output:
        figure("fig8"),
    log:
        f"{RUN}/logs/make_figure_8.log",
    message:
        "Figure 8, segmentation of a microscopy image: draw"


rule make_figure_5:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table2']}",
        evaluations=of_every_row("evaluation", SHOWN["table2"], "json"),
        statistics=of_every_row("statistics", SHOWN["table2"], "csv"),
        library=library_of("make_figure_5"),
    output:
        figure("fig5"),
    log:
        f"{RUN}/logs/make_figure_5.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        models=list(ROWS),
    message:
        "Figure 5, particle statistics: draw"
    script:
        "../workflow/scripts/make_figure_5.py"


use rule make_figure_5 as make_figure_7 with:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table3']}",
        evaluations=of_every_row("evaluation", SHOWN["table3"], "json"),
        statistics=of_every_row("statistics", SHOWN["table3"], "csv"),
        library=library_of("make_figure_5"),
    output:
        figure("fig7"),
    log:
        f"{RUN}/logs/make_figure_7.log",
    message:
        "Figure 7, particle statistics: draw"


use rule make_figure_5 as make_figure_9 with:
    input:
        image_set=f"{RUN}/microscopy/{SHOWN['table4']}",
        evaluations=of_every_row("evaluation", SHOWN["table4"], "json"),
        statistics=of_every_row("statistics", SHOWN["table4"], "csv"),
        library=library_of("make_figure_5"),
    output:
        figure("fig9"),
    log:
        f"{RUN}/logs/make_figure_9.log",
    message:
        "Figure 9, particle statistics: draw"


if ATTACHED:

    use rule make_figure_4 as make_figure_attached with:
        input:
            image_set=f"{RUN}/microscopy/{ATTACHED}",
            evaluations=of_every_row("evaluation", ATTACHED, "json"),
            predictions=of_every_row("predictions", ATTACHED, "json"),
            library=library_of("make_figure_4"),
        output:
            figure("fig_attached"),
        log:
            f"{RUN}/logs/make_figure_attached.log",
        message:
            "Figure of the attached image set, segmentation: draw"

    use rule make_figure_5 as make_figure_attached_statistics with:
        input:
            image_set=f"{RUN}/microscopy/{ATTACHED}",
            evaluations=of_every_row("evaluation", ATTACHED, "json"),
            statistics=of_every_row("statistics", ATTACHED, "csv"),
            library=library_of("make_figure_5"),
        output:
            figure("fig_attached_statistics"),
        log:
            f"{RUN}/logs/make_figure_attached_statistics.log",
        message:
            "Figure of the attached image set, particle statistics: draw"


rule make_figure_12:
    input:
        evaluations=[
            path
            for images in ["synthetic", *SHOWN.values()]
            for path in of_every_row("evaluation", images, "json")
        ],
        library=library_of("make_figure_12"),
    output:
        figure("fig12"),
    log:
        f"{RUN}/logs/make_figure_12.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels={
            "synthetic": "Synthetic",
            **{
                images: config["image_sets"][images]["label"]
                for images in SHOWN.values()
            },
        },
    message:
        "Figure 12, precision and recall: draw"
    script:
        "../workflow/scripts/make_figure_12.py"


rule make_figure_instance_quality:
    input:
        evaluations=rules.make_figure_12.input.evaluations,
        library=library_of("make_figure_instance_quality"),
    output:
        figure("fig_instance_quality"),
    log:
        f"{RUN}/logs/make_figure_instance_quality.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=rules.make_figure_12.params.labels,
        area_limits_px=config["evaluation"]["area_limits_px"],
    message:
        "Figure of instance quality: draw"
    script:
        "../workflow/scripts/make_figure_instance_quality.py"


rule make_figure_comparison:
    input:
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        evaluations=of_every_row("evaluation", "synthetic", "json"),
        predictions=of_every_row("predictions", "synthetic", "json"),
        watershed_evaluation=f"{RUN}/evaluation/watershed/synthetic.json",
        watershed_predictions=f"{RUN}/predictions/watershed/synthetic.json",
        watershed=rules.tune_watershed.output.parameters,
        library=library_of("make_figure_comparison"),
    output:
        figure("fig_comparison"),
    log:
        f"{RUN}/logs/make_figure_comparison.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        models=list(ROWS),
        voxel_size_nm=config["structures"]["voxel_size_nm"],
        score=config["evaluation"]["accuracy_score"],
        area_limits_px=config["evaluation"]["area_limits_px"],
    message:
        "Figure of models and watershed: draw"
    script:
        "../workflow/scripts/make_figure_comparison.py"


rule make_figure_feature_maps:
    input:
        features=rules.extract_features.output[0],
        image_set=f"{RUN}/microscopy/{SHOWN['table2']}",
        library=library_of("make_figure_feature_maps"),
    output:
        figure("fig_feature_maps"),
    log:
        f"{RUN}/logs/make_figure_feature_maps.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Figure of feature maps: draw"
    script:
        "../workflow/scripts/make_figure_feature_maps.py"


rule make_gallery:
    input:
        library=library_of("make_gallery"),
    output:
        shapes=figure("fig_gallery_shapes"),
        presets=figure("fig_gallery_presets"),
    log:
        f"{RUN}/logs/make_gallery.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        seed=config["seed"],
    message:
        "Gallery of shapes and presets: draw"
    script:
        "../workflow/scripts/make_gallery.py"


rule make_figure_training:
    input:
        metrics=expand(f"{MODELS_RUN}/models/{{model}}/metrics.json", model=TRAINED),
        evaluations=of_every_row("evaluation", "synthetic", "json"),
        library=library_of("make_figure_training"),
    output:
        figure("fig_training"),
    log:
        f"{RUN}/logs/make_figure_training.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        models=TRAINED,
        rows=list(ROWS),
    message:
        "Figure of the trainings: draw"
    script:
        "../workflow/scripts/make_figure_training.py"


rule make_figure_hyperparameters:
    input:
        evaluations=[
            path
            for images in ["synthetic", *SHOWN.values()]
            for path in of_every_row("evaluation", images, "json")
        ],
        published=own_file("resources/paper/table1.tsv"),
        library=library_of("make_figure_hyperparameters"),
    output:
        figure("fig_hyperparameters"),
    log:
        f"{RUN}/logs/make_figure_hyperparameters.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        rows=list(ROWS.values()),
        labels=rules.make_figure_12.params.labels,
    message:
        "Figure of the hyperparameters: draw"
    script:
        "../workflow/scripts/make_figure_hyperparameters.py"


FIGURES = [
    f"{RUN}/figures/{name}{suffix}"
    for name in [
        *(f"fig{number}" for number in (*range(1, 10), 12) if has_volumes(number)),
        *(["fig_attached", "fig_attached_statistics"] if ATTACHED else []),
        "fig_instance_quality",
        "fig_comparison",
        "fig_feature_maps",
        "fig_training",
        "fig_hyperparameters",
    ]
    for suffix in FIGURE_FORMATS
]
