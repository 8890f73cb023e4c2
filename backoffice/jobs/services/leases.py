"""Holding a job while it runs: each step is an update that only the holder of the token can make."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.changes.models import ChangeSet
from backoffice.jobs.models import Job, Worker
from backoffice.jobs.services.queue import push_job

logger = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)


def lease_end() -> Any:
    """Return the time until which a sign of life given now is good."""
    return Now() + timedelta(seconds=settings.JOBS_LEASE_SECONDS)


def pause_after(attempt: int) -> timedelta:
    """Return how long to wait before trying again: 10 s, 20 s, 40 s and so on, an hour at most."""
    return min(FIRST_PAUSE * int(2 ** min(attempt - 1, 10)), LONGEST_PAUSE)


def claim_job(*, job_id: int) -> Job | None:
    """Make the caller the holder of the job and count the attempt; None when it is not there to be started."""
    token = uuid.uuid4()
    claimed = (
        Job.objects.claimable()
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING,
            attempt=F("attempt") + 1,
            token=token,
            lease_until=lease_end(),
            heartbeat_at=Now(),
            started_at=Now(),
            worker=Subquery(Worker.objects.filter(pk=settings.JOBS_WORKER).values("pk")[:1]),
            done=0,
            total=0,
            phase="",
            phase_started_at=Now(),
        )
    )
    return Job.objects.select_related("asked_by").get(pk=job_id) if claimed else None


def prolong_lease(*, job: Job, **progress: Any) -> bool | None:
    """Give a sign of life, with what there is to say of the job's progress.

    Return whether the job should stop, or None when another holds it by now.
    """
    held = Job.objects.held_by(job.token).filter(pk=job.pk)
    if not held.update(lease_until=lease_end(), heartbeat_at=Now(), **progress):
        return None
    return held.values_list("cancel_requested", flat=True).first()


def end_job(*, job: Job, state: str, **outcome: Any) -> bool:
    """Let the holder end the job in `state`; False when another holds it by now."""
    change_set = ChangeSet.objects.filter(key=OuterRef("change_key")).values("pk")
    ended = (
        Job.objects.held_by(job.token)
        .filter(pk=job.pk)
        .update(
            state=state,
            token=None,
            lease_until=None,
            finished_at=Now(),
            change_set=Subquery(change_set[:1]),
            **outcome,
        )
    )
    return bool(ended)


@transaction.atomic
def release_job(*, job: Job, pause: timedelta, **outcome: Any) -> bool:
    """Let the holder put the job back into the queue, to be tried again after `pause`."""
    released = (
        Job.objects.held_by(job.token)
        .filter(pk=job.pk)
        .update(state=Job.State.QUEUED, token=None, lease_until=None, run_after=Now() + pause, **outcome)
    )
    if released:
        push_job(job=job, delay=pause)
    return bool(released)


@transaction.atomic
def recover_jobs() -> int:
    """Take jobs from workers that gave no sign of life: try them again, or count them as lost; return how many.

    The row lock is the strong one: it waits for nobody and passes over jobs whose worker is about to commit.
    """
    expired = Job.objects.expired().select_for_update(skip_locked=True).order_by("pk")
    for job in expired:
        _recover(job)
    return len(expired)


def _recover(job: Job) -> None:
    sentence = _("The worker died or lost the database during attempt %(attempt)d of %(limit)d.") % {
        "attempt": job.attempt,
        "limit": job.max_attempts,
    }
    if job.cancel_requested:
        end_job(job=job, state=Job.State.CANCELLED, error=sentence)
    elif job.attempt >= job.max_attempts:
        logger.error("Job %s (%s) is lost: %s", job.pk, job, sentence)
        end_job(job=job, state=Job.State.LOST, error=sentence)
    else:
        release_job(job=job, pause=timedelta(), error=sentence)
