# Snakemake 9.27 lets 100 jobs start in a second, and to keep count of them plans anew once in a
# second for every job that has ended: after some 260 jobs that takes a processor core.
SNAKEMAKES_RATE = (100, 1)  # jobs, seconds


def plan_when_jobs_end():
    """Lift Snakemake's own limit on the jobs that start in a time; one that a user sets stays."""
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == SNAKEMAKES_RATE:
        workflow.scheduler.job_rate_limiter = None
