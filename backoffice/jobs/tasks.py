"""What the cluster calls, and the jobs that look after jobs."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.jobs import runner, schedules
from backoffice.jobs.context import JobContext
from backoffice.jobs.registry import job
from backoffice.jobs.services import (
    delete_old_jobs,
    delete_passing_jobs,
    enqueue_due_jobs,
    push_orphaned_jobs,
    recover_jobs,
)


def run_job(job_id: int) -> str:
    """Run one job: the only work that messages of the queue name."""
    return runner.run_job(job_id)


def tick() -> dict[str, int]:
    """Once a minute: find lost jobs and lost messages, enqueue what is due, and forget what came and went."""
    return {
        "recovered": recover_jobs(),
        "sent again": push_orphaned_jobs(),
        "due": enqueue_due_jobs(),
        "forgotten": delete_passing_jobs(),
    }


@job(kind="jobs.delete_old", title=_("Delete old jobs"))
def delete_old(context: JobContext, *, due: str) -> dict[str, Any]:
    """Keep the tables of jobs small."""
    return {"deleted": delete_old_jobs()}


schedules.register(
    name="delete old jobs",
    kind="jobs.delete_old",
    cron="20 3 * * *",
    words=_("Every day at 03:20"),
    missed=schedules.Missed.LATEST,
)
