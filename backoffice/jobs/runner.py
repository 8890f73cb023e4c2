"""Running one job: hold it, call its body, and write down how it ended."""

import logging
import traceback
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django_q.exceptions import TimeoutException

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.jobs.context import Heartbeat, JobCancelled, JobContext, LeaseLost
from backoffice.jobs.models import Job
from backoffice.jobs.registry import JobKind, UnknownKind, get_kind
from backoffice.jobs.services import claim_job, end_job, release_job
from backoffice.jobs.services.leases import pause_after

logger = logging.getLogger(__name__)

State = Job.State


def run_job(job_id: int) -> str:
    """Run the job if it is there to be started; return its state in a word, for the log of the cluster."""
    job = claim_job(job_id=job_id)
    if job is None:
        return "not to be started"
    label = "" if job.asked_by else "job"
    kind = ChangeSet.Kind.JOB
    with recording(kind=kind, actor=job.asked_by, actor_label=label, source=job.kind, key=job.change_key):
        _run(JobContext(job))
    return str(Job.objects.values_list("state", flat=True).get(pk=job_id))


def _run(context: JobContext) -> None:
    """Call the body; whatever it raises becomes a state of the job and a sentence."""
    job = context.job
    try:
        kind = get_kind(job.kind)
        _call_body(kind, context)
    except LeaseLost:
        logger.warning("Job %s (%s) was given to another worker; this run is undone", job.pk, job)
    except JobCancelled:
        _end(context, State.CANCELLED, error=_("Stopped on request."))
    except UnknownKind as error:
        _end(context, State.FAILED, error=str(error))
    except ValidationError as refusal:
        _end(context, State.FAILED, error=" ".join(refusal.messages))
    except TimeoutException:
        seconds = kind.time_limit
        _end(context, State.FAILED, error=_("It took longer than its limit of %(seconds)d s.") % {"seconds": seconds})
        raise  # the cluster replaces a worker that was interrupted anywhere
    except Exception as error:
        logger.exception("Job %s (%s) failed", job.pk, job)
        _end_or_repeat(context, kind, error)


def _call_body(kind: JobKind, context: JobContext) -> None:
    with Heartbeat(context) as heartbeat:
        if not kind.atomic:
            result = kind.body(context, **context.job.args)
            heartbeat.end()
            _succeed(context, result)
            return
        with transaction.atomic():
            result = kind.body(context, **context.job.args)
            heartbeat.end()  # from here on the row is locked by this transaction
            _succeed(context, result)


def _succeed(context: JobContext, result: Any) -> None:
    state = State.PARTLY_FAILED if context.problem else State.SUCCEEDED
    if not _end(context, state, error=context.problem, result={} if result is None else result):
        raise LeaseLost(str(context.job))


def _end(context: JobContext, state: str, **outcome: Any) -> bool:
    return end_job(job=context.job, state=state, done=context.done, total=context.total, **outcome)


def _end_or_repeat(context: JobContext, kind: JobKind, error: Exception) -> None:
    job = context.job
    outcome = {"error": str(error) or type(error).__name__, "traceback": traceback.format_exc()}
    if isinstance(error, kind.retry_on) and job.attempt < job.max_attempts:
        release_job(job=job, pause=pause_after(job.attempt), done=0, **outcome)
    else:
        _end(context, State.FAILED, **outcome)
