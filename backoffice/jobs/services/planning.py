"""Turning due times, and work that is there, into jobs."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from backoffice.jobs.clock import database_now
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.registry import all_kinds
from backoffice.jobs.schedules import Missed, Schedule, get_schedule
from backoffice.jobs.services.queue import enqueue_job

logger = logging.getLogger(__name__)

# A time is missed once it is older than this; the clock is looked at once a minute.
ON_TIME = timedelta(minutes=5)
MOST_AT_ONCE = 1000


def enqueue_due_jobs() -> int:
    """Enqueue what is due by every schedule, each in a transaction of its own; return how many jobs.

    A schedule that cannot be read keeps its error in `problem`, and the others go on.
    """
    enqueued = 0
    for pk in JobSchedule.objects.due().values_list("pk", flat=True):
        try:
            enqueued += _enqueue_due(pk)
        except (ValueError, LookupError) as error:
            logger.exception("Schedule %s is broken", pk)
            JobSchedule.objects.filter(pk=pk).update(problem=str(error), checked_at=database_now())
    return enqueued


@transaction.atomic
def _enqueue_due(pk: int) -> int:
    row = JobSchedule.objects.due().select_for_update(skip_locked=True).filter(pk=pk).first()
    if row is None:
        return 0
    schedule = get_schedule(row.name)
    if schedule is None:
        raise LookupError(f"No schedule “{row.name}” is declared; migrate removes it.")
    now = database_now()
    due, upcoming = due_times(schedule, first=row.next_due, now=now)
    jobs = [_enqueue(schedule, local) for local in due]
    JobSchedule.objects.filter(pk=pk).update(
        next_due=schedule.instant_of(upcoming),
        last_due=schedule.instant_of(due[-1]) if due else row.last_due,
        last_job=jobs[-1] if jobs else row.last_job_id,
        problem="",
        checked_at=now,
    )
    return len(jobs)


def enqueue_wanted_jobs() -> int:
    """Enqueue a job of each kind that has something to do and none under way, nor one that just failed; how many."""
    wanted = [kind.name for kind in all_kinds() if kind.wanted is not None and kind.wanted()]
    ready = [kind for kind in wanted if not Job.objects.holding_off(kind).exists()]
    for kind in ready:
        enqueue_job(kind=kind)
    return len(ready)


def due_times(schedule: Schedule, *, first: datetime, now: datetime) -> tuple[list[datetime], datetime]:
    """Return the local times from `first` to `now` that the policy for missed ones keeps, and the next one."""
    passed = []
    for upcoming in schedule.times_after(first - timedelta(microseconds=1)):
        if schedule.instant_of(upcoming) > now:
            break
        passed.append(upcoming)
    if schedule.missed == Missed.ALL:
        return passed[-MOST_AT_ONCE:], upcoming
    latest = passed[-1:]
    if schedule.missed == Missed.SKIP:
        latest = [local for local in latest if now - schedule.instant_of(local) <= ON_TIME]
    return latest, upcoming


def _enqueue(schedule: Schedule, local: datetime) -> Job:
    due = local.isoformat(timespec="minutes")
    return enqueue_job(kind=schedule.kind, key=f"{schedule.name} {due}", args={**schedule.args, "due": due})
