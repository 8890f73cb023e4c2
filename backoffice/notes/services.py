"""Writing notes, changing them, and telling those whom they name."""

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import NOT_ALLOWED, Refusal, lacks, require
from backoffice.changes.services import service
from backoffice.jobs.services import enqueue_job
from backoffice.notes.models import Mail, Note

# `@ann.lee` names whoever signs in as ann.lee@…; an address in the text names nobody.
MENTION = re.compile(r"(?<![\w.+@-])@(\w(?:[\w.+-]*\w)?)(?!@)")
SEND_MAIL = "notes.send_mail"


def can_write_note(row: Any, user: User | None) -> Refusal | None:
    """Whether the role of `user` lets them write beside such rows."""
    opts = row.notes.model._meta
    sentence = _("Your role does not allow writing notes here. Ask an administrator for one that does.")
    return lacks(user, f"{opts.app_label}.add_{opts.model_name}", sentence)


def can_change_note(note: Note, user: User | None) -> Refusal | None:
    """Whether `user` wrote the note, and it still stands."""
    if note.withdrawn_at is not None:
        return Refusal(_("The note was withdrawn. Write a new one."))
    if user is not None and note.author_id != user.pk:
        return Refusal(_("Only who wrote a note changes it. Write one of your own below it."), code=NOT_ALLOWED)
    return None


def can_withdraw_note(note: Note, user: User | None) -> Refusal | None:
    """Whether `user` wrote the note, or may delete notes of others."""
    opts = note._meta
    if user is not None and user.has_perm(f"{opts.app_label}.delete_{opts.model_name}") and not note.withdrawn_at:
        return None
    return can_change_note(note, user)


def can_pin_note(note: Note, user: User | None) -> Refusal | None:
    """Whether `user` may keep the note on top, or let go of it: whoever may write beside it."""
    if note.withdrawn_at is not None:
        return Refusal(_("The note was withdrawn. Write a new one."))
    return can_write_note(note.subject, user)


@service
def write_note(
    *, row: Any, text: str, internal: bool = True, actor: User | None = None, at: datetime | None = None
) -> Note:
    """Write a note on `row`, and tell those whom it mentions. Raises ValidationError when nobody has such a name."""
    require(can_write_note(row, actor))
    told = mentioned(text)
    note: Note = row.notes.create(
        author=actor,
        text=cleaned(text),
        internal=internal,
        mentions=sorted(user.pk for user in told),
        created_at=at or timezone.now(),
    )
    tell(note, told, actor)
    return note


@service
def change_note(*, note: Note, text: str, internal: bool, actor: User | None = None) -> Note:
    """Change what a note says, and tell those whom it mentions now and did not before."""
    note = type(note)._base_manager.select_for_update().get(pk=note.pk)
    require(can_change_note(note, actor))
    told = mentioned(text)
    newly_told = [user for user in told if user.pk not in note.mentions]
    note.text, note.internal = cleaned(text), internal
    note.mentions = sorted({*note.mentions, *(user.pk for user in told)})
    note.save(update_fields=["text", "internal", "mentions"])
    tell(note, newly_told, actor)
    return note


@service
def withdraw_note(*, note: Note, actor: User | None = None) -> None:
    """Take a note back; that there was one, and what it said, stays in the history."""
    note = type(note)._base_manager.select_for_update().get(pk=note.pk)
    require(can_withdraw_note(note, actor))
    note.withdrawn_at = timezone.now()
    note.save(update_fields=["withdrawn_at"])


@service
def pin_note(*, note: Note, pinned: bool, actor: User | None = None) -> None:
    """Keep a note on top of the timeline, or let it take its place among the others again."""
    note = type(note)._base_manager.select_for_update().get(pk=note.pk)
    require(can_pin_note(note, actor))
    if pinned != (note.pinned_at is not None):
        note.pinned_at = timezone.now() if pinned else None
        note.save(update_fields=["pinned_at"])


def cleaned(text: str) -> str:
    """Return the words of a note; an empty one is refused."""
    if not text.strip():
        raise ValidationError(_("Write something, or leave it."))
    return text.strip()


def mentioned(text: str) -> list[User]:
    """Return the people whom a note names; a name that nobody has is refused, since nobody would be told."""
    names = {name.lower() for name in MENTION.findall(text)}
    if not names:
        return []
    wanted = Q()
    for name in names:
        wanted |= Q(email__startswith=f"{name}@")
    people: list[User] = list(User.objects.active().filter(wanted).order_by("pk"))
    unknown = sorted(names - {user.email.partition("@")[0] for user in people})
    if unknown:
        raise ValidationError(
            _("Nobody here is called @%(name)s. Write @ and what stands before the @ of their address."),
            params={"name": unknown[0]},
        )
    return people


def tell(note: Note, people: list[User], actor: User | None) -> None:
    """Mail `people` that a note mentions them, once the note is there; whoever wrote it knows."""
    told = [user for user in people if actor is None or user.pk != actor.pk]
    if not told:
        return
    row = note.subject
    who = str(actor) if actor else _("Somebody")
    what = f"{row._meta.verbose_name} {row}"
    mail = Mail.objects.create(
        row_label=row._meta.label_lower,
        row_id=row.pk,
        recipients=[user.email for user in told],
        subject=(_("%(who)s mentioned you: %(what)s") % {"who": who, "what": what})[:200],
        text=_("%(who)s wrote on %(what)s:\n\n%(text)s\n") % {"who": who, "what": what, "text": note.text},
    )
    enqueue_job(kind=SEND_MAIL, key=str(mail.pk), args={"mail": mail.pk})


def send_mail(*, mail_id: int) -> bool:
    """Send a mail that has not left yet; return whether it left now."""
    mail = Mail.objects.select_for_update().get(pk=mail_id)
    if mail.sent_at is not None:
        return False
    EmailMessage(mail.subject, mail.text, to=mail.recipients).send()
    Mail.objects.filter(pk=mail.pk).update(sent_at=Now())
    return True
