"""Spreadsheets that come by mail: each is taken once, as the profile says that names its sender.

Taking a file and noting that it is taken are one transaction; then its message is moved, to the folder of the mailbox
for messages that are done, or for refused ones where any of its files was refused. Where the work stops in between,
the next look moves the message and takes nothing again.

Anybody can write any sender into a message. So a file that came by mail obeys the guard rails like any other, and is
applied without a person only where the mailbox's own server has verified the sender; else it waits, whatever its
profile says. What no profile wants stays where it is, with a star, and administrators are told of it once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.letters import Attachment, Letter, UnreadableLetter, spreadsheets_in
from backoffice.spreadsheets.mailboxes import Mailbox, mailbox_address, opened
from backoffice.spreadsheets.models import ImportJob, ImportProfile, MailedFile
from backoffice.spreadsheets.senders import is_listed
from backoffice.spreadsheets.services.arrivals import (
    STOPPING,
    TELL_OWNER,
    Effect,
    Report,
    apply_by_rule,
    hand_in_arrival,
    import_words,
    owner_of,
    refused_words,
    tell_owner,
)

REASON_LENGTH = 200
# A message is not delivered once more after so long.
REMEMBERED = timedelta(days=180)

logger = logging.getLogger(__name__)


def mailbox_words() -> str:
    """Return for people which mailbox is looked into; nothing if none is."""
    return str(mailbox_address(settings.SPREADSHEET_MAILBOX)) if settings.SPREADSHEET_MAILBOX else ""


def take_mail(*, effect: Effect = transaction.atomic, report: Report = logger.warning) -> int:
    """Take the spreadsheets of unread mail and return how many; each in an `effect` of its own.

    A message at which something fails holds up no other: `report` is told of it, and it is tried again at the next
    look.
    """
    if not settings.SPREADSHEET_MAILBOX:
        return 0
    address = mailbox_address(settings.SPREADSHEET_MAILBOX)
    taken, unwanted = 0, []
    with opened(address) as box:
        for head in box.waiting():
            with reported(head.uid, report):
                letter = Letter.of(head, verified_by=address.verified_by)
                profile, why_not = profile_for(letter)
                if profile is not None:
                    taken += take_letter(box, letter, profile, effect)
                else:
                    unwanted.append((letter, why_not, box.has_spreadsheet(letter.uid)))
        leave(box, unwanted, effect)
    MailedFile.objects.filter(taken_at__lt=Now() - REMEMBERED).delete()
    return taken


@contextmanager
def reported(uid: str | None, report: Report) -> Iterator[None]:
    """Log what fails at a message and `report` it, so that the others are worked on."""
    try:
        yield
    except STOPPING:
        raise
    except Exception:
        logger.exception("The message of number %s in the mailbox cannot be taken", uid)
        report(_("The message of number %s in the mailbox cannot be taken. The log says why.") % uid)


def profile_for(letter: Letter) -> tuple[ImportProfile | None, str]:
    """Return the profile that names the sender of a message, or why there is none.

    One with a word of its subject comes before those that take any.
    """
    profiles = [each for each in ImportProfile.objects.mailed() if is_listed(letter.sender, each.mail_from)]
    wanting = [each for each in profiles if each.mail_subject.lower() in letter.subject.lower()]
    nearest = [each for each in wanting if each.mail_subject] or wanting
    if len(nearest) == 1:
        return nearest[0], ""
    if nearest:
        names = ", ".join(f"“{each}”" for each in nearest)
        return None, _("more than one import profile takes it: %(names)s") % {"names": names}
    if profiles:
        return None, _("no import profile takes mail of this subject from there")
    return None, _("no import profile names its sender")


def take_letter(box: Mailbox, letter: Letter, profile: ImportProfile, effect: Effect) -> int:
    """Take the spreadsheets of a message that were not taken yet, then move it away. Return how many were taken."""
    try:
        files = fetched(box, letter)
    except FileNotFoundError:
        return 0
    except UnreadableLetter as error:
        with effect():
            refuse_letter(letter, profile, " ".join(error.messages))
        box.put_away(letter.uid, box.address.refused)
        return 0
    noted = []
    for file in files:
        with effect():
            noted.append(take_attachment(letter, profile, file))
    box.put_away(letter.uid, box.address.refused if any(each.refusal for each in noted) else box.address.done)
    return len(noted)


def fetched(box: Mailbox, letter: Letter) -> list[Attachment]:
    """Fetch the spreadsheets of a message. Raises UnreadableLetter, and FileNotFoundError where it is gone."""
    if letter.size > settings.SPREADSHEET_MAIL_BYTES:
        too_large = _(
            "The message is larger than the %(limit)d MB that are taken by mail. Upload its file on the desk."
        )
        raise UnreadableLetter(too_large % {"limit": settings.SPREADSHEET_MAIL_BYTES // 1024**2})
    message = box.whole(letter.uid)
    if message is None:
        raise FileNotFoundError
    return spreadsheets_in(message)


def take_attachment(letter: Letter, profile: ImportProfile, file: Attachment) -> MailedFile:
    """Import a spreadsheet as its profile says, or note why not, and tell the owner; of one known, what was noted."""
    mailed, is_new = MailedFile.objects.get_or_create(message=letter.identity, sha256=file.sha256)
    if not is_new:
        return mailed
    try:
        with transaction.atomic():
            mailed.import_job = import_attachment(letter, profile, file)
    except ValidationError as error:
        note_refusal(mailed, profile, file.filename, " ".join(map(str, error.messages)))
        return mailed
    mailed.save(update_fields=["import_job"])
    subject, text = import_words(mailed.import_job)
    if not letter.verified and profile.arrival == ImportProfile.Arrival.APPLY:
        text = f"{_('It waits because nobody vouches for its sender. Look whether it is from there.')}\n\n{text}"
    tell_owner(profile, key=f"mail {mailed.pk}", subject=subject, text=text)
    return mailed


def import_attachment(letter: Letter, profile: ImportProfile, file: Attachment) -> ImportJob:
    """Upload and check a spreadsheet, and apply it where its profile says so and its sender is verified."""
    owner_of(profile)
    said = {"sender": letter.sender, "subject": letter.subject}
    reason = (_("Sent by %(sender)s: %(subject)s") % said)[:REASON_LENGTH]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(file.content)
        job = hand_in_arrival(
            profile=profile, path=path, filename=file.filename, source=ImportJob.Source.MAIL, reason=reason
        )
    return apply_by_rule(job) if letter.verified else job


def refuse_letter(letter: Letter, profile: ImportProfile, why: str) -> None:
    """Note once that none of the files of a message can be taken, and tell the owner of its profile."""
    mailed, is_new = MailedFile.objects.get_or_create(message=letter.identity, sha256="")
    if is_new:
        note_refusal(mailed, profile, letter.subject, why)


def note_refusal(mailed: MailedFile, profile: ImportProfile, name: str, why: str) -> None:
    """Note why a file or a message was not imported, and tell the owner of its profile."""
    mailed.refusal = why
    mailed.save(update_fields=["refusal"])
    kept = _("The message is in the folder %(folder)s of the mailbox.")
    folder = mailbox_address(settings.SPREADSHEET_MAILBOX).refused
    subject, text = refused_words(name, why, kept=kept % {"folder": folder})
    tell_owner(profile, key=f"mail {mailed.pk}", subject=subject, text=text)


def leave(box: Mailbox, unwanted: list[tuple[Letter, str, bool]], effect: Effect) -> None:
    """Put a star on messages that no profile wants, having told administrators of those with spreadsheets."""
    lines = [
        _("- “%(subject)s” from %(sender)s: %(why)s") % {**vars(letter), "why": why_not}
        for letter, why_not, has_spreadsheet in unwanted
        if has_spreadsheet
    ]
    if lines:
        with effect():
            tell_administrators("\n".join(lines), key=unwanted[0][0].identity)
    for letter, _why_not, _has_spreadsheet in unwanted:
        box.leave(letter.uid)


def tell_administrators(lines: str, *, key: str) -> None:
    """Have those who look after the desk told, once for each key, of messages that nobody takes."""
    what_to_do = _("Name the sender in an import profile and take the star off, or delete the message.")
    text = _("These stay in the mailbox (%(mailbox)s), with a star:\n\n%(lines)s\n\n%(what_to_do)s\n")
    said = text % {"mailbox": mailbox_words(), "lines": lines, "what_to_do": what_to_do}
    for user in User.objects.administrators().order_by("pk"):
        args = {"to": user.email, "subject": _("Spreadsheets in the mailbox that nobody takes"), "text": said}
        enqueue_job(kind=TELL_OWNER, key=f"left {key} {user.pk}", args=args)
