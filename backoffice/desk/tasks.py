"""Work of the desk that takes longer than a page should wait: undo, runs on many rows, and exports."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import User
from backoffice.bulk.models import BulkRun
from backoffice.bulk.services import carry_out, end_run
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.desk.bulk import KIND, work_of
from backoffice.desk.exporting import EXPORT, produce
from backoffice.jobs.context import JobCancelled, JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.registry import job
from backoffice.jobs.schedules import register
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ExportFile
from backoffice.spreadsheets.services import expire_exports, fail_export

UNDO = "changes.undo"
EXPIRE = "spreadsheets.expire_exports"
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
    """Make a large export, with the rights that its owner has now."""
    export = ExportFile.objects.select_related("owner").get(pk=pk)
    try:
        with context.effect():
            made = produce(export, lambda done: context.progress(done, max(done, total)))
    except JobCancelled:
        with context.effect():
            fail_export(export=export, error=str(_("Stopped on request.")))
        raise
    except ValidationError as error:
        with context.effect():
            fail_export(export=export, error=" ".join(error.messages))
        raise
    context.progress(made.rows or 0, made.rows or 0)
    return {"rows": made.rows}


@job(kind=EXPIRE, title=_("Delete old export files"))
def delete_old_exports(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Delete the files of exports that are kept no longer."""
    return {"deleted": expire_exports(at=timezone.now())}


register(name="delete old exports", kind=EXPIRE, cron="40 3 * * *", words=_("every night at 03:40"))
