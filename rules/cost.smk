# What a run takes, said before it starts. The synthwire logger follows the jobs, and says how long
# the rest will take.
from snakemake.logging import logger as snakemake_logger

from synthwire.runtime.remaining import Remaining
from synthwire.study import cost
from synthwire.study.run_times import seconds_of

# Pixels of the shortest side of an image of the data set.
SIDE_PX = min(config["structures"]["domain"][:2])


def trained_already(job):
    """Iterations in the checkpoint that a training goes on from."""
    checkpoints = Path(job.params.checkpoints)
    newest = max(checkpoints.glob("model_[0-9]*.pth"), default=None)
    return int(newest.stem.removeprefix("model_")) + 1 if newest else 0


def amounts(job):
    """What a job works through, in the units of benchmarks/job_times.tsv."""
    images = VALIDATION_PART + len(config["image_sets"])
    found = {
        "scene": len(SHARDS.get(job.wildcards.get("shard"), range(SCENES))),
        "image": images,
        "view": images * len(config["prediction"]["scales"]),
    }
    if job.rule.name in ("train_model", "train_variant"):
        todo = max(0, job.params.plan["iterations"] - trained_already(job))
        settings = job.params.settings
        found["megapixel"] = cost.megapixels_trained(settings, todo, SIDE_PX)
    return found


def say_cost():
    """Jobs, time and disk of a run on this machine; nothing where no time was measured."""
    if not workflow.local_exec:
        return
    times = cost.read_times(
        Path(own_file("benchmarks/job_times.tsv")),
        cost.NETWORKS.get(config["architecture"]["depth"]),
    )
    jobs = list(workflow.dag.needrun_jobs())
    costs = {
        job.jobid: cost.cost_of(job.rule.name, amounts(job), times)
        for job in jobs
        if job.output
    }
    if None in costs.values():
        return
    # How fast this machine is, by the jobs that ended in earlier starts.
    waiting = set(jobs)
    ended = [
        (seconds_of(job.benchmark), found.seconds)
        for job in workflow.dag.jobs
        if job not in waiting and job.benchmark and os.path.exists(job.benchmark)
        for found in [cost.cost_of(job.rule.name, amounts(job), times)]
        if found is not None
    ]
    remaining = Remaining(
        {number: it.seconds for number, it in costs.items()},
        ALL_CORES,
        sum(seconds for seconds, _ in ended),
        sum(expected for _, expected in ended),
    )
    snakemake_logger.info(
        f"{RUN}: {cost.statement(costs.values(), ALL_CORES, remaining.pace)}",
        extra={"synthwire_remaining": remaining},
    )
