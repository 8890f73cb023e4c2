"""What imports leave behind: staging tables, and files with the rows that were refused."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.spreadsheets.errorfiles import write_error_file
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.services.files import opened, request_of, stage_of
from backoffice.spreadsheets.services.rules import can_work_on
from backoffice.spreadsheets.staging import drop_tables, stage_tables

REFUSED = "refused"


@transaction.atomic
def sweep_imports() -> int:
    """Cancel imports that nobody confirmed in time, drop staging tables that nobody needs; return how many went.

    Refused rows can be had for as long after the others were applied.
    """
    before = timezone.now() - timedelta(days=settings.SPREADSHEET_WAITING_DAYS)
    jobs = ImportJob.objects.forgotten(before=before).order_by("pk").select_for_update(skip_locked=True)
    swept = [cancelled(job) for job in jobs]
    needed = {job.token for job in ImportJob.objects.with_tables(since=before)}
    orphans = {name.rpartition("_")[0] for name in stage_tables()} - needed
    for token in orphans:
        drop_tables(token)
    for path in kept_error_files():
        if path.name.partition(".")[0] not in needed:
            path.unlink(missing_ok=True)
    return len(swept) + len(orphans)


def kept_error_files() -> list[Path]:
    """Return the error files that jobs have written."""
    return list((Path(settings.MEDIA_ROOT) / REFUSED).glob("import_*"))


def kept_error_file(job: ImportJob, suffix: str) -> Path:
    """Return where a job writes the refused rows of the last check of an import."""
    checked = job.checked_at.strftime("%Y%m%d%H%M%S%f") if job.checked_at else ""
    return Path(settings.MEDIA_ROOT) / REFUSED / f"{job.token}.{checked}{suffix}"


@transaction.atomic
def error_file(*, job: ImportJob, actor: User | None, path: Path, watch: Watch = unwatched) -> int:
    """Write the refused rows with their reasons to `path`, by its suffix, and return how many there were.

    Raises ValidationError when the check is too long ago, and RefusedError.
    """
    require(can_work_on(job, actor))
    if f"{job.token}_problems" not in stage_tables():
        raise ValidationError(_("The refused rows of this import are not kept any more. Upload its file again."))
    with opened(request_of(job, options=job.options)) as sheet:
        return write_error_file(sheet=sheet, stage=stage_of(job), path=path, watch=watch)


def cancelled(job: ImportJob) -> ImportJob:
    """Cancel an import: its staging tables go, its file stays."""
    drop_tables(job.token)
    job.state, job.finished_at = ImportJob.State.CANCELLED, timezone.now()
    job.save(update_fields=["state", "finished_at"])
    return job
