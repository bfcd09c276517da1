"""Write the report of the run as one page that opens offline."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from synthwire.io.files import read_json, sha256_of_json, write_text
from synthwire.runtime.job import job
from synthwire.runtime.provenance import git_commit, versions
from synthwire.study.report import build_report


def rule_graph(config: dict, snakefile: str) -> str:
    """DOT text of the workflow's rules; empty where this environment lacks Snakemake."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "all", "--rulegraph", "dot"]
        command += ["--snakefile", snakefile, "--configfile", file.name, "--cores", "1"]
        asked = subprocess.run(command, capture_output=True, text=True)
    start = asked.stdout.find("digraph")
    return asked.stdout[start:] if asked.returncode == 0 and start >= 0 else ""


with job(snakemake.log[0], snakemake.input, snakemake.output) as log:
    graph = rule_graph(snakemake.params.config, snakemake.params.snakefile)
    if not graph:
        log.warning("no rule graph: Snakemake could not be asked for it in this environment")
    trained = [read_json(path) for path in snakemake.input.provenance]
    page = build_report(
        Path(snakemake.output[0]).parent,
        snakemake.params.config,
        captions=Path(snakemake.input.captions[0]).parent,
        rule_graph=graph,
        provenance={
            "git_commit": git_commit(),
            "versions": versions(),
            "platform": trained[0]["platform"],
            "training device": sorted({record["device"] for record in trained}),
            "data set SHA-256": {
                record["dataset"]: record["identity"]["dataset_sha256"] for record in trained
            },
            "configuration SHA-256": sha256_of_json(snakemake.params.config),
        },
    )
    write_text(snakemake.output[0], page)
