"""What people do to schedules: run one now, pause it, let it go on."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, refuse_if, require
from backoffice.jobs.clock import database_now
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.schedules import Schedule, get_schedule
from backoffice.jobs.services.queue import enqueue_job


def can_run_schedule(row: JobSchedule, user: User | None = None) -> Refusal | None:
    """Whether its job may run now: while the last one is under way, another would do the same."""
    return _undeclared(row) or refuse_if(
        row.last_job is not None and row.last_job.is_open,
        _("“%(name)s” is under way already. Wait until it has ended.") % {"name": row.name},
    )


def can_pause_schedule(row: JobSchedule, user: User | None = None) -> Refusal | None:
    """Whether it may be paused."""
    return refuse_if(row.paused, _("“%(name)s” is paused already.") % {"name": row.name})


def can_resume_schedule(row: JobSchedule, user: User | None = None) -> Refusal | None:
    """Whether it may go on."""
    return _undeclared(row) or refuse_if(not row.paused, _("“%(name)s” is not paused.") % {"name": row.name})


@transaction.atomic
def run_schedule(*, schedule: JobSchedule, asked_by: User | None = None) -> Job:
    """Enqueue the schedule's job for this moment, paused or not; its next time stays as it is."""
    row = _lock(schedule)
    require(can_run_schedule(row, asked_by))
    declared = _declared(row)
    now = database_now().astimezone(ZoneInfo(declared.time_zone)).replace(tzinfo=None)
    due = now.isoformat(timespec="seconds")
    job = enqueue_job(
        kind=declared.kind, key=f"{declared.name} {due}", args={**declared.args, "due": due}, asked_by=asked_by
    )
    JobSchedule.objects.filter(pk=row.pk).update(last_job=job)
    return job


@transaction.atomic
def pause_schedule(*, schedule: JobSchedule) -> None:
    """Let the schedule's times pass without a job."""
    require(can_pause_schedule(_lock(schedule)))
    JobSchedule.objects.filter(pk=schedule.pk).update(paused=True)


@transaction.atomic
def resume_schedule(*, schedule: JobSchedule) -> None:
    """Let the schedule go on at its next time; those that passed while it was paused are not made up for."""
    row = _lock(schedule)
    require(can_resume_schedule(row))
    declared = _declared(row)
    upcoming = declared.instant_of(next(declared.times_after(database_now())))
    JobSchedule.objects.filter(pk=row.pk).update(paused=False, next_due=upcoming)


def _lock(schedule: JobSchedule) -> JobSchedule:
    rows = JobSchedule.objects.select_related("last_job").select_for_update(of=("self",))
    return rows.get(pk=schedule.pk)  # type: ignore[no-any-return]


def _declared(row: JobSchedule) -> Schedule:
    declared = get_schedule(row.name)
    if declared is None:
        raise LookupError(row.name)
    return declared


def _undeclared(row: JobSchedule) -> Refusal | None:
    return refuse_if(
        get_schedule(row.name) is None,
        _("“%(name)s” is not declared any more; the next migration removes it.") % {"name": row.name},
    )
