"""Imports that take longer than a page should wait."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import User
from backoffice.jobs.context import JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.registry import job
from backoffice.jobs.schedules import Missed, register
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.engine import ImportConflict
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.progress import Watch
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import (
    STOPPING,
    TELL_OWNER,
    check_import,
    confirm_import,
    error_file,
    kept_error_file,
    take_arrivals,
    take_mail,
)

CHECK = "spreadsheets.check_import"
APPLY = "spreadsheets.confirm_import"
REFUSED = "spreadsheets.write_error_file"
WATCH = "spreadsheets.take_arrivals"

logger = logging.getLogger(__name__)

# A service takes about so many times as long for a row as the engine.
SLOWER_BY_SERVICES = 100


def is_large(import_job: ImportJob) -> bool:
    """Whether working on the file takes longer than a page should wait."""
    share = SLOWER_BY_SERVICES if get_resource(import_job.resource).by_services else 1
    return bool(import_job.detected.get("unpacked", import_job.size) * share > settings.SPREADSHEET_PAGE_BYTES)


def latest_work(import_job: ImportJob, *kinds: str) -> Job | None:
    """Return the newest background job of these kinds about this import; of checking and applying if none is named."""
    return (
        Job.objects.filter(kind__in=kinds or [CHECK, APPLY], key__startswith=f"{import_job.pk}:")
        .order_by("-pk")
        .first()
    )


def request_work(kind: str, *, import_job: ImportJob, actor: User, **asked: Any) -> Job:
    """Ask for work on an import in the background; while some is open, that is it."""
    newest = latest_work(import_job, *([REFUSED] if kind == REFUSED else [CHECK, APPLY]))
    if newest is not None and newest.is_open:
        return newest
    key = f"{import_job.pk}:{newest.pk if newest else 0}"
    return enqueue_job(kind=kind, key=key, args={"pk": import_job.pk, "actor": actor.pk, **asked}, asked_by=actor)


def watch_of(context: JobContext) -> Watch:
    """Return what tells the job how far its import is, and stops it when somebody asked for that."""
    return lambda phase, done, total: context.progress(done, total, phase)


@job(kind=CHECK, title=_("Check a spreadsheet"), time_limit=1800)
def check_in_background(context: JobContext, *, pk: int, actor: int, **asked: Any) -> dict[str, Any]:
    """Check a large file."""
    import_job, user = ImportJob.objects.get(pk=pk), User.objects.get(pk=actor)
    checked = check_import(job=import_job, actor=user, watch=watch_of(context), **asked)
    return {"rows": checked.rows, "refused": checked.refused}


@job(kind=APPLY, title=_("Apply a spreadsheet"), time_limit=3600)
def confirm_in_background(context: JobContext, *, pk: int, actor: int, **asked: Any) -> dict[str, Any]:
    """Apply a large file. What changed since its check is kept on the import, for its page to show."""
    import_job, user = ImportJob.objects.get(pk=pk), User.objects.get(pk=actor)
    try:
        applied = confirm_import(job=import_job, actor=user, watch=watch_of(context), **asked)
    except ImportConflict as conflict:
        context.report_problem(" ".join(conflict.messages))
        return {}
    return {"change_set": applied.change_set_id, "created": applied.created, "updated": applied.updated}


@job(kind=REFUSED, title=_("Write the refused rows of a spreadsheet"), time_limit=1800)
def write_error_file_in_background(context: JobContext, *, pk: int, actor: int, suffix: str) -> dict[str, Any]:
    """Write the refused rows of a large file to where its owner fetches them."""
    import_job = ImportJob.objects.get(pk=pk)
    path = kept_error_file(import_job, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = error_file(
        job=import_job,
        actor=User.objects.get(pk=actor),
        path=path,
        watch=lambda phase, done, _total: context.progress(done, import_job.rows, phase),
    )
    return {"rows": rows}


@job(kind=WATCH, title=_("Look for spreadsheets that arrive"), atomic=False, kept=timedelta(hours=1))
def take_arrivals_in_background(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Take what was dropped into watched folders and sent by mail; each commits if this worker still holds the job."""
    looks = {"files": (take_arrivals, _("watched folders")), "mail": (take_mail, _("the mailbox"))}
    taken = dict.fromkeys(looks, 0)
    for name, (look, where) in looks.items():
        try:
            taken[name] = look(effect=context.effect, report=context.report_problem)
        except STOPPING:
            raise
        except Exception:
            logger.exception("What arrives in %s cannot be looked at", where)
            context.report_problem(gettext("Spreadsheets in %s cannot be looked at. The log says why.") % where)
    return taken


@job(kind=TELL_OWNER, title=_("Tell somebody of a file"), max_attempts=5)
def tell_owner(context: JobContext, *, to: str, subject: str, text: str) -> dict[str, Any]:
    """Mail somebody what became of a file."""
    return {"sent": EmailMessage(subject, text, to=[to]).send()}


register(
    name="look for spreadsheets that arrive",
    kind=WATCH,
    cron="* * * * *",
    words=_("every minute"),
    missed=Missed.SKIP,
)
