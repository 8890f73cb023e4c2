"""Work of the desk that takes longer than a page should wait: undo, runs on many rows, and exports."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.mails import address_of
from backoffice.accounts.models import User
from backoffice.bulk.models import BulkRun
from backoffice.bulk.services import carry_out, end_run
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.desk.bulk import KIND, work_of
from backoffice.desk.exporting import EXPORT, list_of, produce
from backoffice.jobs.context import JobCancelled, JobContext, LeaseLost
from backoffice.jobs.models import Job
from backoffice.jobs.registry import get_kind, job
from backoffice.jobs.schedules import register
from backoffice.jobs.services import enqueue_job, note_failure, stop_plan, tell_of_failure
from backoffice.spreadsheets.models import ExportFile, ExportSchedule
from backoffice.spreadsheets.services import (
    TELL_OWNER,
    deliver_export,
    expire_exports,
    fail_export,
    request_scheduled_export,
)

UNDO = "changes.undo"
EXPIRE = "spreadsheets.expire_exports"
DELIVER = "spreadsheets.deliver_export"
# So many objects are undone while the page waits.
LARGE = 5_000


def latest_undo(change_set: ChangeSet) -> Job | None:
    """Return the newest background job that undoes this change set."""
    return Job.objects.filter(kind=UNDO, key__startswith=f"{change_set.pk}:").order_by("-pk").first()


def request_undo(*, change_set: ChangeSet, actor: User, **asked: Any) -> Job:
    """Ask for an undo in the background; while one is open, that is it."""
    newest = latest_undo(change_set)
    if newest is not None and newest.is_open:
        return newest
    key = f"{change_set.pk}:{newest.pk if newest else 0}"
    return enqueue_job(kind=UNDO, key=key, args={"pk": change_set.pk, "actor": actor.pk, **asked}, asked_by=actor)


@job(kind=UNDO, title=_("Undo a change"), time_limit=3600)
def undo_in_background(context: JobContext, *, pk: int, actor: int, **asked: Any) -> dict[str, Any]:
    """Undo a large change set."""
    undo = undo_change_set(
        change_set=ChangeSet.objects.get(pk=pk),
        actor=User.objects.get(pk=actor),
        progress=context.progress,
        **asked,
    )
    return {"change_set": undo.pk}


@job(kind=KIND, title=_("Work on many rows"), time_limit=7200, atomic=False)
def carry_out_in_background(context: JobContext, *, pk: int) -> dict[str, Any]:
    """Carry out a large run, batch by batch; each commits if this worker still holds the job."""
    run = BulkRun.objects.select_related("actor").get(pk=pk)
    try:
        carry_out(run=run, work=work_of(run), effect=context.effect, progress=context.progress)
    except JobCancelled:
        with context.effect():
            end_run(run=run, state=BulkRun.State.STOPPED)
        raise
    return {"done": run.done, "skipped": run.skipped, "failed": run.failed}


@job(kind=EXPORT, title=_("Export rows"), time_limit=3600, atomic=False)
def export_in_background(context: JobContext, *, pk: int, total: int) -> dict[str, Any]:
    """Make a large export, with the rights that its owner has now, and tell them by mail how it went."""
    export = ExportFile.objects.select_related("owner").get(pk=pk)
    return _make(context, export, total, made=tell_of_export)


@job(kind=ExportSchedule.run_kind, title=_("Make a scheduled export"), time_limit=3600, atomic=False)
def make_scheduled_export(context: JobContext, *, schedule: str, due: str) -> dict[str, Any]:
    """Make the one export of a schedule for the local time `due`, however late it is."""
    plan = ExportSchedule.objects.active().select_related("owner").filter(pk=schedule).first()
    if plan is None:  # It was paused, or deleted, after this was asked for.
        return {"paused": True}
    try:
        with context.effect():
            export = request_scheduled_export(schedule=plan, intended_for=plan.instant(due))
    except ValidationError as error:
        with context.effect():
            stop_plan(plan=plan, problem=" ".join(error.messages))
        raise
    if export.state == ExportFile.State.MADE:
        return {"rows": export.rows}
    return _make(context, export, 0, made=send_by_schedule)


@job(kind=DELIVER, title=_("Send a scheduled export"), max_attempts=5, retry_on=(Exception,), atomic=False)
def send_export(context: JobContext, *, pk: int) -> dict[str, Any]:
    """Send an export to where its schedule wants it."""
    export = ExportFile.objects.select_related("schedule__owner").get(pk=pk)
    try:
        with context.effect():
            return {"sent": deliver_export(export=export)}
    except Exception as error:
        if _is_over(context, error):
            _tell_of_failure(context, export, _sentence(error))
        raise


@job(kind=EXPIRE, title=_("Delete old export files"))
def delete_old_exports(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Delete the files of exports that are kept no longer."""
    return {"deleted": expire_exports(at=timezone.now())}


def _make(context: JobContext, export: ExportFile, total: int, *, made: Callable[[ExportFile], None]) -> dict[str, Any]:
    """Make an export, and in the same transaction what follows; when it fails for good, tell of that."""
    try:
        with context.effect():
            export = produce(export, lambda done: context.progress(done, max(done, total)))
            made(export)
    except JobCancelled:
        with context.effect():
            fail_export(export=export, error=str(_("Stopped on request.")))
        raise
    except LeaseLost:
        raise
    except Exception as error:
        if _is_over(context, error):
            _fail(context, export, _sentence(error))
        raise
    context.progress(export.rows or 0, export.rows or 0)
    return {"rows": export.rows}


def _fail(context: JobContext, export: ExportFile, error: str) -> None:
    with context.effect():
        fail_export(export=export, error=error)
        if export.schedule is None:
            tell_of_export(ExportFile.objects.select_related("owner").get(pk=export.pk))
    if export.schedule is not None:
        _tell_of_failure(context, export, error)


def _sentence(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _is_over(context: JobContext, error: Exception) -> bool:
    """Whether the job is not tried again by itself."""
    return not isinstance(error, get_kind(context.job.kind).retry_on) or context.job.attempt >= context.job.max_attempts


def tell_of_export(export: ExportFile) -> None:
    """Have the owner of an export told, once, that it is there, or why it is not."""
    if export.state == ExportFile.State.MADE:
        subject = gettext("Your export “%(name)s” is ready") % {"name": export}
        text = ngettext(
            "It has %(rows)s row, and is kept until %(day)s.",
            "It has %(rows)s rows, and is kept until %(day)s.",
            export.rows or 0,
        )
        told = {"rows": f"{export.rows:,}", "day": date_format(timezone.localtime(export.expires_at))}
    else:
        subject = gettext("Your export of %(rows)s failed") % {"rows": export.sheet or list_of(export.model_label)}
        text, told = "%(error)s", {"error": export.error}
    text = f"{text % told}\n\n{address_of(export)}\n"
    args = {"to": export.owner.email, "subject": subject, "text": text}
    enqueue_job(kind=TELL_OWNER, key=f"export {export.pk} {export.state}", args=args)


def send_by_schedule(export: ExportFile) -> None:
    """Have an export sent to where its schedule wants it."""
    enqueue_job(kind=DELIVER, key=str(export.pk), args={"pk": export.pk})


def _tell_of_failure(context: JobContext, export: ExportFile, error: str) -> None:
    plan: Any = export.schedule
    at: Any = export.intended_for
    with context.effect():
        note_failure(plan=plan, intended_for=at)
    tell_of_failure(plan=plan, error=error)


register(name="delete old exports", kind=EXPIRE, cron="40 3 * * *", words=_("every night at 03:40"))
