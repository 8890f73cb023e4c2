"""Reports that run as jobs: those too large for a page, and those that run by themselves."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.mails import tell
from backoffice.accounts.models import User
from backoffice.jobs.context import JobContext
from backoffice.jobs.registry import job
from backoffice.jobs.schedules import register
from backoffice.jobs.services import enqueue_job, note_arrival, stop_plan
from reports.delivery import DELIVER, PRODUCE, deliver_run, tell_of_failure
from reports.models import ReportRun, ReportSchedule
from reports.rollups.services import check_rollups, refresh_rollups, rollups_are_behind
from reports.schedules import DECLARED
from reports.services import expire_runs, fail_run, produce_run, request_scheduled_run

EXPIRE = "reports.expire_runs"
REFRESH = "reports.refresh_rollups"
CHECK = "reports.check_rollups"
MINUTES = timedelta(minutes=5)


@job(kind=PRODUCE, title=_("Run a report"), atomic=False, time_limit=1800)
def produce_requested_run(context: JobContext, *, run: int) -> dict[str, Any]:
    """Produce the file of a run that somebody asked for."""
    return _produce(context, ReportRun.objects.get(pk=run))


@job(kind=ReportSchedule.run_kind, title=_("Run a scheduled report"), atomic=False, time_limit=1800)
def produce_scheduled_run(context: JobContext, *, schedule: str, due: str) -> dict[str, Any]:
    """Produce the one run of `schedule` for the local time `due`, however late it is."""
    row = ReportSchedule.objects.get(name=schedule)
    if not row.active:
        return {"paused": True}
    try:
        with context.effect():
            run = request_scheduled_run(schedule=row, intended_for=row.instant(due))
    except ValidationError as error:
        with context.effect():
            stop_plan(plan=row, problem=" ".join(error.messages))
        raise
    return _produce(context, run)


@job(kind=DELIVER, title=_("Send a report"), max_attempts=5)
def send_run(context: JobContext, *, run: int) -> dict[str, Any]:
    """Mail a run to the recipients of its schedule."""
    return {"sent": deliver_run(run=ReportRun.objects.get(pk=run))}


@job(kind=EXPIRE, title=_("Delete old report files"))
def delete_old_files(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Delete report files that are kept no longer."""
    return {"files": expire_runs(at=timezone.now())}


@job(kind=REFRESH, title=_("Reckon in what changed"), kept=MINUTES, wanted=rollups_are_behind)
def refresh(context: JobContext) -> dict[str, int]:
    """Reckon into the rollups what changed since they were."""
    return refresh_rollups()


@job(kind=CHECK, title=_("Compare the rollups with the rows"))
def check(context: JobContext, *, due: str = "") -> dict[str, list[str]]:
    """Look whether the rollups are what the rows add up to; tell the administrators when they are not."""
    found = check_rollups()
    if found:
        text = " ".join([gettext("What reports keep reckoned ahead was not what the rows add up to."), *found])
        text = f"{text} {gettext('It is reckoned anew; until then reports of these days read the rows.')}"
        context.report_problem(text)
        told = list(User.objects.administrators().values_list("email", flat=True))
        tell(told, gettext("Figures reckoned ahead were wrong"), text, page=context.job)
    return {"differences": found}


def _produce(context: JobContext, run: ReportRun) -> dict[str, Any]:
    try:
        with context.effect():
            run = produce_run(run=run)
            if run.schedule is not None and run.intended_for is not None:
                note_arrival(plan=run.schedule, intended_for=run.intended_for)
                enqueue_job(kind=DELIVER, key=str(run.pk), args={"run": run.pk})
    except (ValidationError, DatabaseError, OSError) as error:
        _fail(context, run, error)
        raise
    return {"run": run.pk, "rows": run.row_count}


def _fail(context: JobContext, run: ReportRun, error: Exception) -> None:
    """Note why there is no file; when it is not tried again, tell those who wait for it."""
    refused = error.messages if isinstance(error, ValidationError) else []
    with context.effect():
        fail_run(run=run, error=" ".join(refused) or str(error))
    if refused or context.job.attempt >= context.job.max_attempts:
        tell_of_failure(run=ReportRun.objects.select_related("schedule", "requested_by").get(pk=run.pk))


for declared in DECLARED:
    register(
        name=declared.name,
        kind=ReportSchedule.run_kind,
        cron=declared.cron,
        words=declared.words,
        args={"schedule": declared.name},
    )
register(name="delete old report files", kind=EXPIRE, cron="30 3 * * *", words=_("every night at 03:30"))
register(name="check the rollups", kind=CHECK, cron="40 2 * * *", words=_("every night at 02:40"))
