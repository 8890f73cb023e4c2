"""Folders that are watched: each file dropped there is taken once, as the profile of the folder says.

A file is left alone until it has stayed the same for a while. Taking it and noting that it is taken are one
transaction; only then is it moved, to the folder `done`, or to `refused` with the reason in a text beside it. Where
the work stops in between, the next look moves the file and takes nothing again.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.changes.refusals import refuse_if, require
from backoffice.jobs.context import JobCancelled, LeaseLost
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.engine import ImportConflict
from backoffice.spreadsheets.models import ImportJob, ImportProfile, WatchedFile
from backoffice.spreadsheets.services.applying import confirm_import
from backoffice.spreadsheets.services.checking import discard_import
from backoffice.spreadsheets.services.files import Request
from backoffice.spreadsheets.services.handing import hand_in
from backoffice.spreadsheets.services.profiles import with_profile
from backoffice.spreadsheets.services.rules import can_confirm

TELL_OWNER = "spreadsheets.tell_owner"
DONE, REFUSED = "done", "refused"
# How programs call what they have not written whole yet.
UNFINISHED_STARTS = (".", "~")
UNFINISHED_ENDS = (".part", ".tmp", ".crdownload", ".filepart", "~")

logger = logging.getLogger(__name__)

type Effect = Callable[[], AbstractContextManager[Any]]
type Report = Callable[[str], None]

# What ends the whole look: the others wait for the next one.
STOPPING = (JobCancelled, LeaseLost, OperationalError, InterfaceError)


class StillWritten(Exception):
    """A file changed while it was taken. It is left until it is whole."""


def watched_folder(profile: ImportProfile) -> Path | None:
    """Return the folder whose files a profile takes, if there is one."""
    if not settings.SPREADSHEET_WATCH_FOLDER or not profile.folder:
        return None
    return Path(settings.SPREADSHEET_WATCH_FOLDER) / profile.folder


def take_arrivals(*, effect: Effect = transaction.atomic, report: Report = logger.warning) -> int:
    """Take the files of all watched folders that are whole and return how many; each in an `effect` of its own.

    One that cannot be taken holds up no other: `report` is told of it, and it is tried again at the next look.
    """
    taken = 0
    for profile in ImportProfile.objects.watching():
        folder = watched_folder(profile)
        if folder is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for path in arrivals(folder):
            try:
                taken += take_arrival(profile, path, effect)
            except STOPPING:
                raise
            except Exception:
                logger.exception("The file %s of a watched folder cannot be taken", path)
                report(_("“%(file)s” cannot be taken and moved. The log says why.") % {"file": path})
    forget_moved_files()
    return taken


def arrivals(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that may be whole; links may lead anywhere, and are no arrivals."""
    for path in sorted(folder.iterdir()):
        if not is_text(path.name):
            logger.warning("The file %r of a watched folder has no name that can be written", path)
            continue
        unfinished = path.name.startswith(UNFINISHED_STARTS) or path.name.lower().endswith(UNFINISHED_ENDS)
        if path.is_file() and not path.is_symlink() and not unfinished:
            yield path


def is_text(name: str) -> bool:
    """Whether a name is text for other programs too; the file system takes any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def take_arrival(profile: ImportProfile, path: Path, effect: Effect) -> bool:
    """Take a file if it is whole, and move it; return whether it was moved."""
    try:
        with effect():
            watched = settled(path)
            if watched is None:
                return False
            if watched.import_job_id is None and not watched.refusal:
                take_file(profile, path, watched)
        move_away(path, watched)
        with effect():
            watched.delete()
    except (StillWritten, FileNotFoundError):
        return False
    return True


def settled(path: Path) -> WatchedFile | None:
    """Return what is known of a file that stayed the same for long enough, locked; else note how it is now."""
    size, modified = signature(path)
    known = WatchedFile.objects.select_for_update(skip_locked=True, of=("self",)).filter(path=str(path))
    watched: WatchedFile | None = known.first()
    if watched is None:
        # It is new, or another worker is at it.
        WatchedFile.objects.get_or_create(path=str(path), defaults={"size": size, "modified_ns": modified})
        return None
    if (watched.size, watched.modified_ns) != (size, modified):
        WatchedFile.objects.filter(pk=watched.pk).update(
            size=size, modified_ns=modified, seen_at=Now(), import_job=None, refusal=""
        )
        return None
    quiet = timedelta(seconds=settings.SPREADSHEET_WATCH_SETTLE_SECONDS)
    return watched if WatchedFile.objects.filter(pk=watched.pk, seen_at__lte=Now() - quiet).exists() else None


def signature(path: Path) -> tuple[int, int]:
    """Return what tells one state of a file from another."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def take_file(profile: ImportProfile, path: Path, watched: WatchedFile) -> None:
    """Import a file as its profile says, or note why not; tell the owner of the profile."""
    try:
        with transaction.atomic():
            watched.import_job = import_arrival(profile, path, watched)
    except ValidationError as error:
        watched.refusal = " ".join(map(str, error.messages))
    watched.save(update_fields=["import_job", "refusal"])
    if profile.owner is not None and profile.owner.is_active:
        subject, text = told(profile, path, watched)
        args = {"to": profile.owner.email, "subject": subject, "text": text}
        enqueue_job(kind=TELL_OWNER, key=str(watched.pk), args=args)


def import_arrival(profile: ImportProfile, path: Path, watched: WatchedFile) -> ImportJob:
    """Upload and check a file in the name of the owner of its profile, and apply it where the profile says so."""
    owner = profile.owner
    require(
        refuse_if(
            owner is None or not owner.is_active,
            _("The profile “%(name)s” has no owner who works here. Give it one, then drop the file again.")
            % {"name": profile.name},
        )
    )
    reason = _("Dropped into the folder %(folder)s") % {"folder": profile.folder}
    request = with_profile(Request(resource=profile.resource, path=path, filename=path.name), profile)
    job = hand_in(request=request, actor=owner, reason=reason, profile=profile)  # type: ignore[arg-type]
    try:
        expect_unchanged(path, watched)
    except (StillWritten, FileNotFoundError):
        job.file.delete(save=False)
        raise
    return apply_by_rule(job, profile)


def expect_unchanged(path: Path, watched: WatchedFile) -> None:
    """Raise StillWritten if a file is no longer as it was when it seemed whole."""
    if signature(path) != (watched.size, watched.modified_ns):
        raise StillWritten


def apply_by_rule(job: ImportJob, profile: ImportProfile) -> ImportJob:
    """Apply a checked file if its profile says so and nothing speaks against it; else it waits for a person."""
    if profile.arrival != ImportProfile.Arrival.APPLY:
        return job
    if not job.changes_something and not job.refused:
        return discard_import(job=job, actor=profile.owner)
    if can_confirm(job, profile.owner) is None:
        try:
            return confirm_import(job=job, actor=profile.owner)
        except ImportConflict:
            logger.warning("Import %s waits: rows changed while it was checked", job.pk)
    return job


def told(profile: ImportProfile, path: Path, watched: WatchedFile) -> tuple[str, str]:
    """Return subject and text of the mail about a file."""
    job = watched.import_job
    if job is None:
        subject = _("“%(file)s” was not imported") % {"file": path.name}
        text = _("%(reason)s\n\nThe file is in the folder %(folder)s/refused, with this reason beside it.")
        return subject, text % {"reason": watched.refusal, "folder": profile.folder}
    outcome = {
        ImportJob.State.APPLIED: _("“%(file)s” was imported"),
        ImportJob.State.CANCELLED: _("“%(file)s” changes nothing"),
    }
    subject = outcome.get(ImportJob.State(job.state), _("“%(file)s” waits for you")) % {"file": path.name}
    counts = ngettext(
        "%(rows)s row: %(created)s new, %(updated)s changed, %(unchanged)s unchanged, %(refused)s refused.",
        "%(rows)s rows: %(created)s new, %(updated)s changed, %(unchanged)s unchanged, %(refused)s refused.",
        job.rows,
    )
    address = settings.DESK_URL.rstrip("/") + reverse("admin:spreadsheets_importjob_change", args=[job.pk])
    return subject, f"{counts % vars(job)}\n\n{address}\n"


def move_away(path: Path, watched: WatchedFile) -> None:
    """Move a file that was taken out of the folder, beside its reason where it was refused."""
    folder = path.parent / (REFUSED if watched.refusal else DONE)
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.exists():
        target = folder / f"{timezone.localtime():%Y-%m-%d %H.%M.%S.%f} {path.name}"
    if watched.refusal:
        target.with_name(f"{target.name}.txt").write_text(f"{watched.refusal}\n", encoding="utf-8")
    path.rename(target)


def forget_moved_files() -> None:
    """Let go of what is known of files that are no longer there."""
    for watched in WatchedFile.objects.order_by("pk"):
        if not Path(watched.path).exists():
            watched.delete()
