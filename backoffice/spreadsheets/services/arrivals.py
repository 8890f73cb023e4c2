"""Files that arrive by themselves for a profile: imported in the name of its owner, who is told what became of each."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.mails import address_of
from backoffice.accounts.models import User
from backoffice.changes.refusals import RefusedError
from backoffice.jobs.context import JobCancelled, LeaseLost
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.engine import ImportConflict
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.services.applying import confirm_import
from backoffice.spreadsheets.services.checking import discard_import
from backoffice.spreadsheets.services.files import Request
from backoffice.spreadsheets.services.handing import hand_in
from backoffice.spreadsheets.services.profiles import with_profile
from backoffice.spreadsheets.services.rules import can_confirm

TELL_OWNER = "spreadsheets.tell_owner"

logger = logging.getLogger(__name__)

type Effect = Callable[[], AbstractContextManager[Any]]
type Report = Callable[[str], None]

# What ends the whole look: the others wait for the next one.
STOPPING = (JobCancelled, LeaseLost, OperationalError, InterfaceError)


def owner_of(profile: ImportProfile) -> User:
    """Return in whose name files for a profile are imported. Raises RefusedError."""
    if profile.owner is None or not profile.owner.is_active:
        sentence = _("The profile “%(name)s” has no owner who works here. Give it one, then send the file again.")
        raise RefusedError(sentence % {"name": profile.name})
    return profile.owner


def hand_in_arrival(
    *, profile: ImportProfile, path: Path, filename: str, source: ImportJob.Source, reason: str
) -> ImportJob:
    """Upload and check a file as its profile says, in the name of its owner. Raises what `hand_in` does."""
    request = with_profile(Request(resource=profile.resource, path=path, filename=filename), profile)
    return hand_in(request=request, actor=owner_of(profile), source=source, reason=reason, profile=profile)


def apply_by_rule(job: ImportJob) -> ImportJob:
    """Apply a checked file if its profile says so and nothing speaks against it; else it waits for a person."""
    profile = job.profile
    if profile is None or profile.arrival != ImportProfile.Arrival.APPLY:
        return job
    if not job.changes_something and not job.refused:
        return discard_import(job=job, actor=profile.owner)
    if can_confirm(job, profile.owner) is None:
        try:
            return confirm_import(job=job, actor=profile.owner)
        except ImportConflict:
            logger.warning("Import %s waits: rows changed while it was checked", job.pk)
    return job


def tell_owner(profile: ImportProfile, *, key: str, subject: str, text: str) -> None:
    """Have the owner of a profile told by mail, once for each key."""
    if profile.owner is not None and profile.owner.is_active:
        args = {"to": profile.owner.email, "subject": subject, "text": text}
        enqueue_job(kind=TELL_OWNER, key=key, args=args)


def refused_words(filename: str, reason: str, *, kept: str) -> tuple[str, str]:
    """Return subject and text of the mail about a file that was not imported; `kept` says where it is."""
    return _("“%(file)s” was not imported") % {"file": filename}, f"{reason}\n\n{kept}\n"


def import_words(job: ImportJob) -> tuple[str, str]:
    """Return subject and text of the mail about a file that was imported, or waits."""
    outcome = {
        ImportJob.State.APPLIED: _("“%(file)s” was imported"),
        ImportJob.State.CANCELLED: _("“%(file)s” changes nothing"),
    }
    subject = outcome.get(ImportJob.State(job.state), _("“%(file)s” waits for you")) % {"file": job.filename}
    counts = ngettext(
        "%(rows)s row: %(created)s new, %(updated)s changed, %(unchanged)s unchanged, %(refused)s refused.",
        "%(rows)s rows: %(created)s new, %(updated)s changed, %(unchanged)s unchanged, %(refused)s refused.",
        job.rows,
    )
    return subject, f"{job.reason}.\n{counts % vars(job)}\n\n{address_of(job)}\n"
