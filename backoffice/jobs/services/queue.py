"""Asking for jobs, and for their end."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, refuse_if, require
from backoffice.jobs.broker import Broker
from backoffice.jobs.models import Job
from backoffice.jobs.querysets import REPEATABLE
from backoffice.jobs.registry import LONG_SECONDS, all_kinds, get_kind

AT_ONCE = timedelta()


@transaction.atomic
def enqueue_job(
    *,
    kind: str,
    key: str = "",
    args: Mapping[str, Any] | None = None,
    asked_by: User | None = None,
    delay: timedelta = AT_ONCE,
    queue: str = "",
) -> Job:
    """Ask for a job; it starts once the surrounding transaction has committed, and not before `delay`.

    No two jobs of a kind have one `key` (the intended time, or the object): asking again returns the job that is
    there already, whatever became of it. Without a key each call is a job of its own. `args` are plain values.
    The kind says which `queue` it waits in. Raises UnknownKind.
    """
    declared = get_kind(kind)
    defaults: dict[str, Any] = {"args": dict(args or {}), "asked_by": asked_by, "max_attempts": declared.max_attempts}
    defaults |= {"run_after": Now() + delay, "queue": queue or declared.queue}
    job, made = Job.objects.get_or_create(kind=kind, key=key or str(uuid.uuid4()), defaults=defaults)
    if made:
        push_job(job=job, delay=delay)
        job.refresh_from_db()
    return job


@transaction.atomic
def push_job(*, job: Job, delay: timedelta = AT_ONCE) -> None:
    """Send the message that lets a worker look at `job`. A message too many does no harm: a job starts once."""
    broker = Broker(job.queue)
    broker.delay = delay
    known = next((kind for kind in all_kinds() if kind.name == job.kind), None)
    timeout = known.time_limit if known else LONG_SECONDS  # a worker says that it does not know the kind
    async_task(
        "backoffice.jobs.tasks.run_job",
        job.pk,
        task_name=f"{job.kind} {job.pk}"[:100],
        q_options={"broker": broker, "timeout": timeout, "ack_failure": True, "save": False},
    )
    Job.objects.filter(pk=job.pk).update(message=broker.sent, pushed_at=Now())


@transaction.atomic
def push_orphaned_jobs() -> int:
    """Send messages anew for jobs whose message was lost; return how many."""
    grace = timedelta(seconds=settings.JOBS_ORPHAN_SECONDS)
    orphans = Job.objects.orphaned(grace=grace).select_for_update(skip_locked=True).order_by("pk")
    for job in orphans:
        push_job(job=job)
    return len(orphans)


def can_cancel_job(job: Job, user: User | None = None) -> Refusal | None:
    """Whether there is something to cancel."""
    return refuse_if(not job.is_open, _("The job has ended already, there is nothing to cancel."))


def can_retry_job(job: Job, user: User | None = None) -> Refusal | None:
    """Whether the job ended without doing all of its work."""
    return refuse_if(
        job.state not in REPEATABLE, _("Only a job that failed, was cancelled or was lost can run again.")
    ) or refuse_if(
        job.kind not in {kind.name for kind in all_kinds()},
        _("The desk no longer knows jobs of the kind “%(kind)s”.") % {"kind": job.kind},
    )


@transaction.atomic
def cancel_job(*, job: Job) -> None:
    """End a job that waits; ask one that runs to stop at its next check."""
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if waiting.update(state=Job.State.CANCELLED, cancel_requested=True, finished_at=Now()):
        return
    if not Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True):
        require(can_cancel_job(Job.objects.get(pk=job.pk)))


@transaction.atomic
def retry_job(*, job: Job) -> None:
    """Let a job that ended without success run again, with as many attempts as its kind has.

    Only the first of two calls does so: the second finds the job waiting, and is refused.
    """
    require(can_retry_job(Job.objects.select_for_update().get(pk=job.pk)))
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.QUEUED,
        max_attempts=F("attempt") + get_kind(job.kind).max_attempts,
        run_after=Now(),
        done=0,
        cancel_requested=False,
        error="",
        traceback="",
        change_key=uuid.uuid4(),
        finished_at=None,
    )
    push_job(job=job)
