"""Writing what was checked."""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import require
from backoffice.spreadsheets.engine import ImportConflict, Outcome, apply_stage
from backoffice.spreadsheets.errorfiles import write_error_file
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.services.files import Request, checked, opened, resource_of, stage_again
from backoffice.spreadsheets.services.rules import can_ask_approval, can_confirm, can_work_on


def confirm_import(
    *,
    job: ImportJob,
    actor: User | None,
    only_valid: bool = False,
    accepted: bool = False,
    seen: str | None = None,
    reason: str = "",
    watch: Watch = unwatched,
) -> ImportJob:
    """Apply a checked import exactly as it was shown, all of it or, with `only_valid`, the rows not refused.

    `seen` is the mark of the check that was shown; of another one nothing is written.
    All in one transaction and one change set. Warnings must be `accepted`. Raises ImportConflict if a row to change
    was changed since the check; then nothing is written but what those rows are now, and the import waits to be
    checked again. `watch` is told how far it is.
    """
    try:
        return _apply(job, actor, watch, reason, only_valid=only_valid, accepted=accepted, seen=seen)
    except ImportConflict as conflict:
        ImportJob.objects.filter(pk=job.pk).update(conflicts=conflict.conflicts)
        raise


@transaction.atomic
def _apply(
    job: ImportJob, actor: User | None, watch: Watch, reason: str, *, only_valid: bool, accepted: bool, seen: str | None
) -> ImportJob:
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_confirm(job, actor, only_valid=only_valid, accepted=accepted, seen=seen))
    resource, stage = resource_of(job), stage_again(job, watch)
    words = reason or job.reason
    with recording(kind=ChangeSet.Kind.IMPORT, actor=actor, reason=words, source=job.filename):
        job.change_set_id = apply_stage(resource, stage, job.tables)
    stage.drop(but="problems" if job.refused else "")
    job.state, job.only_valid, job.finished_at = ImportJob.State.APPLIED, only_valid, timezone.now()
    job.reason, job.conflicts = words, []
    job.save()
    return job


@transaction.atomic
def ask_approval(*, job: ImportJob, actor: User | None) -> ImportJob:
    """Put an import that changes much before the managers; one of them applies or discards it."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_ask_approval(job, actor))
    job.approval_asked_at = timezone.now()
    job.save(update_fields=["approval_asked_at"])
    return job


@transaction.atomic
def search_changes(*, job: ImportJob, actor: User | None, limit: int, **narrowed: Any) -> list[dict[str, Any]]:
    """Return rows that a checked import would create or change, narrowed as `Merge.differences` says."""
    require(can_work_on(job, actor))
    resource = resource_of(job)
    merges = resource.merges(stage_again(job))
    return resource.shown_merge(merges).differences(limit=limit, **narrowed)


def import_file(
    *,
    request: Request,
    apply: bool,
    only_valid: bool = False,
    accepted: bool = False,
    actor: User | None = None,
    reason: str = "",
    errors: Path | None = None,
) -> tuple[Outcome, int | None]:
    """Check a file and, if `apply`, write it, in one transaction; return the outcome and the change set made, if any.

    With refused rows nothing is written unless `only_valid`, and with warnings unless they are `accepted`. Without
    `apply` the transaction is rolled back. Refused rows go to the file `errors`, if there are any and it is given.
    """
    change_set = None
    with transaction.atomic():
        with checked(request, f"run_{timezone.now():%Y%m%d%H%M%S%f}") as (found, stage, outcome):
            if errors and outcome.refused:
                with opened(request) as again:
                    write_error_file(sheet=again, stage=stage, path=errors)
            is_fine = (only_valid or not outcome.refused) and (accepted or not outcome.guards)
            if apply and outcome.changes_something and is_fine:
                source = Path(request.filename).name
                with recording(kind=ChangeSet.Kind.IMPORT, actor=actor, reason=reason, source=source):
                    change_set = apply_stage(found.resource, stage, outcome.tables)
        stage.drop()
        transaction.set_rollback(change_set is None)
    return outcome, change_set
