"""What the cluster calls, and the jobs that look after jobs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.jobs import runner, schedules
from backoffice.jobs.context import JobContext
from backoffice.jobs.querysets import CANARY
from backoffice.jobs.registry import job
from backoffice.jobs.services import (
    answer_canary,
    delete_gone_workers,
    delete_old_jobs,
    delete_passing_jobs,
    enqueue_due_jobs,
    enqueue_due_plans,
    push_orphaned_jobs,
    recover_jobs,
    watch_plans,
)

START = "jobs.start_planned"
WATCH = "jobs.watch_planned"
A_WHILE = timedelta(hours=1)


def run_job(job_id: int) -> str:
    """Run one job: the only work that messages of the queue name."""
    return runner.run_job(job_id)


def tick() -> dict[str, int]:
    """Find lost jobs and lost messages, enqueue what is due, and forget what came and went.

    `run_worker` calls it each minute; so many of them as there are get in nobody's way.
    """
    return {
        "recovered": recover_jobs(),
        "sent again": push_orphaned_jobs(),
        "due": enqueue_due_jobs(),
        "forgotten": delete_passing_jobs() + delete_gone_workers(),
    }


@job(kind=CANARY, title=_("Sign of life of a worker"), max_attempts=1, time_limit=30, kept=timedelta(minutes=5))
def sing(context: JobContext, *, worker: str) -> None:
    """Prove that a job gets from its asker through the queue into a process of this worker, and commits."""
    answer_canary(worker=UUID(worker))


@job(kind=START, title=_("Start what is planned for now"), kept=A_WHILE)
def start_planned(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Start what colleagues planned for now."""
    return {"started": enqueue_due_plans(now=timezone.now())}


@job(kind=WATCH, title=_("Look for what did not arrive"), kept=A_WHILE)
def watch_planned(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Tell of what colleagues planned that should be there and is not."""
    return {"missing": watch_plans(now=timezone.now())}


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
schedules.register(name="start what is planned", kind=START, cron="* * * * *", words=_("every minute"))
schedules.register(name="look for what did not arrive", kind=WATCH, cron="*/5 * * * *", words=_("every five minutes"))
