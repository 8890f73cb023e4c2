"""Folders that are watched: each file dropped there is taken once, as the profile of the folder says.

They lie in one place, a folder of this machine or a bucket. A file is left alone until it has stayed the same for a
while. Taking it and noting that it is taken, and whereto it goes, are one transaction; only then is it moved, to the
folder `done`, or to `refused` with the reason in a text beside it. Where the work stops in between, the next look
moves the file and takes nothing again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.spreadsheets.models import ImportJob, ImportProfile, WatchedFile
from backoffice.spreadsheets.places import Changed, Place, State, watched_place
from backoffice.spreadsheets.readers import Limits, refuse_large
from backoffice.spreadsheets.services.arrivals import (
    STOPPING,
    Effect,
    Report,
    apply_by_rule,
    hand_in_arrival,
    import_words,
    owner_of,
    refused_words,
    tell_owner,
)

DONE, REFUSED = "done", "refused"
# How programs call what they have not written whole yet.
UNFINISHED_STARTS = (".", "~")
UNFINISHED_ENDS = (".part", ".tmp", ".crdownload", ".filepart", "~")

logger = logging.getLogger(__name__)


def watched_words(profile: ImportProfile) -> str:
    """Return for people where the files lie that a profile takes, or where folders are watched; nothing if none are."""
    there = watched_place()
    return there.words(profile.folder) if there else ""


def take_arrivals(*, effect: Effect = transaction.atomic, report: Report = logger.warning) -> int:
    """Take the files of all watched folders that are whole and return how many; each in an `effect` of its own.

    A folder or a file at which something fails holds up no other: `report` is told of it, and it is tried again at
    the next look.
    """
    there = watched_place()
    if there is None:
        return 0
    taken = 0
    for profile in ImportProfile.objects.watching():
        found: list[tuple[str, State]] = []
        with reported(_("“%s” cannot be looked at. The log says why."), there.words(profile.folder), report):
            found.extend(arrivals(there, profile.folder))
        for name, state in found:
            with reported(_("“%s” cannot be taken and moved. The log says why."), there.words(name), report):
                taken += take_arrival(there, profile, name, state, effect)
    with reported(_("“%s” cannot be looked at. The log says why."), there.words(), report):
        forget_moved_files(there)
    return taken


@contextmanager
def reported(sentence: str, where: str, report: Report) -> Iterator[None]:
    """Log what fails at one place and `report` it, so that the others are worked on."""
    try:
        yield
    except STOPPING:
        raise
    except Exception:
        logger.exception("A watched folder or a file of it cannot be worked on: %s", where)
        report(sentence % where)


def arrivals(there: Place, folder: str) -> Iterator[tuple[str, State]]:
    """Yield the files in a folder that may be whole, each with its state."""
    for name, state in there.files(folder):
        if not is_text(name):
            logger.warning("The file %r of the watched folder %s has no name that can be used", name, folder)
        elif not name.startswith(UNFINISHED_STARTS) and not name.lower().endswith(UNFINISHED_ENDS):
            yield f"{folder}/{name}", state


def is_text(name: str) -> bool:
    """Whether a name is text for other programs too, and one name; file systems take any bytes, buckets a backslash."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\\" not in name


def take_arrival(there: Place, profile: ImportProfile, name: str, state: State, effect: Effect) -> bool:
    """Take a file if it is whole, and move it; return whether it was moved."""
    try:
        with effect():
            watched = settled(there.words(name), state)
            if watched is None:
                return False
            if watched.import_job_id is None and not watched.refusal:
                take_file(there, profile, name, watched)
            if not watched.target:
                watched.target = free_name(there, name, REFUSED if watched.refusal else DONE)
                watched.save(update_fields=["target"])
        move_away(there, name, watched)
        with effect():
            watched.delete()
    except (Changed, FileNotFoundError):
        return False
    return True


def settled(path: str, state: State) -> WatchedFile | None:
    """Return what is known of a file that stayed the same for long enough, locked; else note how it is now."""
    now = state._asdict()
    watched: WatchedFile | None = (
        WatchedFile.objects.select_for_update(skip_locked=True, of=("self",)).filter(path=path).first()
    )
    if watched is None:
        # It is new, or another worker is at it.
        WatchedFile.objects.get_or_create(path=path, defaults=now)
        return None
    if state_of(watched) != state:
        anew = {"seen_at": Now(), "import_job": None, "refusal": "", "target": ""}
        WatchedFile.objects.filter(pk=watched.pk).update(**now, **anew)
        return None
    quiet = timedelta(seconds=settings.SPREADSHEET_WATCH_SETTLE_SECONDS)
    return watched if WatchedFile.objects.filter(pk=watched.pk, seen_at__lte=Now() - quiet).exists() else None


def state_of(watched: WatchedFile) -> State:
    """Return the state in which a file was seen last."""
    return State(watched.size, watched.version)


def take_file(there: Place, profile: ImportProfile, name: str, watched: WatchedFile) -> None:
    """Import a file as its profile says, or note why not; tell the owner of the profile."""
    try:
        with transaction.atomic():
            watched.import_job = import_arrival(there, profile, name, state_of(watched))
        subject, text = import_words(watched.import_job)
    except ValidationError as error:
        watched.refusal = " ".join(map(str, error.messages))
        kept = _("The file is in the folder %(folder)s/refused, with this reason beside it.")
        subject, text = refused_words(base_of(name), watched.refusal, kept=kept % {"folder": profile.folder})
    watched.save(update_fields=["import_job", "refusal"])
    tell_owner(profile, key=str(watched.pk), subject=subject, text=text)


def import_arrival(there: Place, profile: ImportProfile, name: str, state: State) -> ImportJob:
    """Upload and check a file in the state that was seen, and apply it where its profile says so."""
    owner_of(profile)
    refuse_large(state.size, Limits.from_settings())
    reason = _("Dropped into the folder %(folder)s") % {"folder": profile.folder}
    job = None
    try:
        with there.fetched(name, state) as path:
            source = ImportJob.Source.FOLDER
            job = hand_in_arrival(profile=profile, path=path, filename=base_of(name), source=source, reason=reason)
    except (Changed, FileNotFoundError):
        if job is not None:
            job.file.delete(save=False)
        raise
    return apply_by_rule(job)


def base_of(name: str) -> str:
    """Return what a file is called in its folder."""
    return name.rpartition("/")[2]


def free_name(there: Place, name: str, folder: str) -> str:
    """Return where in `folder`, beside a file, it can be moved to: over nothing that is there."""
    parent, _slash, base = name.rpartition("/")
    target = f"{parent}/{folder}/{base}"
    if there.exists(target):
        target = f"{parent}/{folder}/{timezone.localtime():%Y-%m-%d %H.%M.%S.%f} {base}"
    return target


def move_away(there: Place, name: str, watched: WatchedFile) -> None:
    """Move a file that was taken out of the folder, beside its reason where it was refused."""
    if watched.refusal:
        reason = f"{watched.target}.txt"
        # One that an interrupted move has left.
        there.delete(reason)
        there.save(reason, ContentFile(f"{watched.refusal}\n".encode()))
    there.move(name, watched.target, state_of(watched))


def forget_moved_files(there: Place) -> None:
    """Let go of what is known of files that are no longer there."""
    root = there.words("")
    for watched in WatchedFile.objects.order_by("pk"):
        if not there.exists(watched.path.removeprefix(root).lstrip("/")):
            watched.delete()
