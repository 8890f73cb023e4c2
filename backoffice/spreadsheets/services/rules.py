"""Who may do what with an import, and when."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, lacks, refuse_if
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.registry import get_resource


def can_import(resource: str, user: User | None) -> Refusal | None:
    """Whether `user` may import this kind of spreadsheet."""
    return lacks(
        user,
        get_resource(resource).import_permission,
        _("Your role does not allow importing %(kind)s. Ask a manager.") % {"kind": get_resource(resource).title},
    )


def can_work_on(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether `user` may see, check and discard this import: its owner may, and who may change all imports."""
    if user is None or job.owner_id == user.pk:
        return None
    return lacks(user, "spreadsheets.change_importjob", _("This import is a colleague's. Ask them, or a manager."))


def can_confirm(
    job: ImportJob, user: User | None, *, only_valid: bool = False, accepted: bool = False, seen: str | None = None
) -> Refusal | None:
    """Whether the import may be applied as it was checked; `accepted` says that its warnings are meant.

    `seen` is the mark of the check that a person looked at, if somebody did.
    """
    return (
        can_work_on(job, user)
        or can_import(job.resource, user)
        or refuse_if(job.state != ImportJob.State.CHECKED, _not_waiting(job))
        or refuse_if(
            seen not in {None, job.check_mark},
            _("The file was checked again after this page was shown. Look at what it would do now, then apply it."),
        )
        or refuse_if(not job.changes_something, _nothing_to_apply(job))
        or refuse_if(
            bool(job.refused) and not only_valid,
            _("Some rows are refused. Correct them in the file and upload it again, or apply the good rows only."),
        )
        or (can_approve(job, user) if job.needs_approval else None)
        or refuse_if(
            bool(job.guards) and not accepted,
            _("It changes more than is usual. Read the warnings, and say that they are meant."),
        )
    )


def can_approve(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether `user` may apply an import that changes so much that a manager has to look at it."""
    return can_work_on(job, user) or lacks(
        user, "spreadsheets.approve_importjob", _("It changes so much that a manager has to approve it. Ask for that.")
    )


def can_ask_approval(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether a manager may be asked to approve the import."""
    return (
        can_work_on(job, user)
        or can_import(job.resource, user)
        or refuse_if(
            job.state != ImportJob.State.CHECKED or not job.needs_approval, _("This import needs no approval.")
        )
        or refuse_if(job.approval_asked_at is not None, _("A manager was asked already."))
    )


def _not_waiting(job: ImportJob) -> str:
    if job.state == ImportJob.State.APPLIED:
        return _("It was applied already. Nothing was written a second time.")
    if job.state == ImportJob.State.CANCELLED:
        return _("It was discarded, and nothing was written. Upload the file again to import it.")
    return _("Only a checked import can be applied. Check it first.")


def _nothing_to_apply(job: ImportJob) -> str:
    if not job.rows:
        return _("Below the names of its columns the file has no rows. Fill some in and upload it again.")
    if job.refused:
        return _("No row can be applied as the file is. Correct the refused rows in it and upload it again.")
    return _("Nothing would change: there is nothing to apply.")


def can_check(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether the import may be read and checked once more."""
    return can_work_on(job, user) or refuse_if(
        job.state not in {ImportJob.State.UPLOADED, ImportJob.State.CHECKED},
        _("This import is finished. Upload the file again to import it once more."),
    )


def can_discard(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether the import may be given up."""
    waiting = {ImportJob.State.UPLOADED, ImportJob.State.CHECKED}
    return can_work_on(job, user) or refuse_if(
        job.state not in waiting, _("This import is finished; there is nothing to discard.")
    )
