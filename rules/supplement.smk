# The supplement: a target a note, and `supplement` for all. Settings: config/supplement.
from synthwire.config.notes import read_notes


def notes_settings():
    """Settings of all notes; one line and exit code 1 when something is wrong."""
    try:
        return read_notes(own_file("config/supplement"), config["supplement"])
    except InputError as error:
        print(f"synthwire: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


NOTES = notes_settings()


def note_table(name):
    """Files of a note's table."""
    return multiext(f"{RUN}/tables/{name}", ".csv", ".json", ".md", ".tex")


rule note5:
    input:
        first=[
            own_file(f"resources/annotations/{key}.json")
            for key in NOTES["note5"]["sets"]
        ],
        second=[
            own_file(f"resources/annotations/{key}_second.json")
            for key in NOTES["note5"]["sets"]
        ],
        validation=rules.split_dataset.output.validation,
        library=library_of("make_note_5"),
    output:
        table=note_table("note5"),
        figure=figure("fig_note5"),
    log:
        f"{RUN}/logs/note5.log",
    benchmark:
        f"{RUN}/benchmarks/note5.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        labels=list(NOTES["note5"]["sets"].values()),
        sizes_px=NOTES["note5"]["sizes_px"],
        evaluation=config["evaluation"],
        seed=config["seed"],
    message:
        "Note 5, two annotators: compare"
    script:
        "../workflow/scripts/make_note_5.py"
