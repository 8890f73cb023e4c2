"""Reports that run as jobs: those too large for a page, and those that run by themselves."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.context import JobContext
from backoffice.jobs.registry import job
from backoffice.jobs.schedules import register
from reports.models import ReportRun, ReportSchedule
from reports.schedules import DECLARED
from reports.services import expire_runs, fail_run, produce_run, request_scheduled_run

PRODUCE = "reports.produce_run"
SCHEDULED = "reports.run_schedule"
EXPIRE = "reports.expire_runs"


@job(kind=PRODUCE, title=_("Run a report"), atomic=False, time_limit=1800)
def produce_requested_run(context: JobContext, *, run: int) -> dict[str, Any]:
    """Produce the file of a run that somebody asked for."""
    return _produce(context, ReportRun.objects.get(pk=run))


@job(kind=SCHEDULED, title=_("Run a scheduled report"), atomic=False, time_limit=1800)
def produce_scheduled_run(context: JobContext, *, schedule: str, due: str) -> dict[str, Any]:
    """Produce the one run of `schedule` for the local time `due`, however late it is."""
    row = ReportSchedule.objects.get(name=schedule)
    if not row.active:
        return {"paused": True}
    with context.effect():
        run = request_scheduled_run(schedule=row, intended_for=_instant(due))
    return _produce(context, run)


@job(kind=EXPIRE, title=_("Delete old report files"))
def delete_old_files(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Delete report files that are kept no longer."""
    return {"files": expire_runs(at=timezone.now())}


def _produce(context: JobContext, run: ReportRun) -> dict[str, Any]:
    try:
        with context.effect():
            run = produce_run(run=run)
    except ValidationError as error:
        _fail(context, run, " ".join(error.messages))
        raise
    except (DatabaseError, OSError) as error:
        _fail(context, run, str(error))
        raise
    return {"run": run.pk, "rows": run.row_count}


def _fail(context: JobContext, run: ReportRun, sentence: str) -> None:
    with context.effect():
        fail_run(run=run, error=sentence)


def _instant(due: str) -> datetime:
    return datetime.fromisoformat(due).replace(tzinfo=ZoneInfo(settings.TIME_ZONE))


for declared in DECLARED:
    register(
        name=declared.name, kind=SCHEDULED, cron=declared.cron, words=declared.words, args={"schedule": declared.name}
    )
register(name="old-report-files", kind=EXPIRE, cron="30 3 * * *", words=_("every night at 03:30"))
