"""Putting a file onto the desk from elsewhere, in the name of a person: the command line, a watched folder, mail."""

import time

from django.core.files import File
from django.db import transaction

from backoffice.accounts.models import User
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.services.applying import ask_approval, confirm_import
from backoffice.spreadsheets.services.checking import check_import, upload_file
from backoffice.spreadsheets.services.files import Request
from backoffice.spreadsheets.services.rules import can_ask_approval, can_confirm

SECONDS_BETWEEN_LOOKS = 1.0


@transaction.atomic
def hand_in(
    *,
    request: Request,
    actor: User,
    source: ImportJob.Source,
    reason: str = "",
    profile: ImportProfile | None = None,
) -> ImportJob:
    """Upload and check a file; of one that cannot be checked nothing is kept.

    Raises WrongMapping, UnreadableFile and RefusedError.
    """
    with request.path.open("rb") as content:
        job = upload_file(
            resource=request.resource,
            file=File(content),
            filename=request.filename,
            actor=actor,
            reason=reason,
            profile=profile,
            source=source,
        )
    try:
        return check_import(
            job=job,
            actor=actor,
            mapped=request.mapped,
            constants=request.constants,
            replaced=request.replaced,
            options=request.options,
        )
    except Exception:
        job.file.delete(save=False)
        raise


def apply_or_ask(*, job: ImportJob, actor: User, only_valid: bool = False, accepted: bool = False) -> ImportJob:
    """Apply an import if its owner may; where a manager has to approve it, ask for that. Else it waits as it is."""
    if can_confirm(job, actor, only_valid=only_valid, accepted=accepted) is None:
        return confirm_import(job=job, actor=actor, only_valid=only_valid, accepted=accepted)
    if can_ask_approval(job, actor) is None and (only_valid or not job.refused):
        return ask_approval(job=job, actor=actor)
    return job


def wait_for_decision(*, job: ImportJob, seconds: float) -> ImportJob:
    """Return the import once somebody has applied or discarded it, or as it is when so many seconds have passed."""
    deadline = time.monotonic() + seconds
    while ImportJob.objects.waiting().filter(pk=job.pk).exists() and time.monotonic() < deadline:
        time.sleep(min(SECONDS_BETWEEN_LOOKS, max(deadline - time.monotonic(), 0)))
    job.refresh_from_db()
    return job
