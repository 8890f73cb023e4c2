"""The timeline of a row: all that happened to it, in one stream, newest first.

Changes, notes and mails are there for every row; `settings.TIMELINES` names what apps add: subclasses of `Source`. Each
source reads its own rows by their numbers, so that any page costs the same; the page is merged from them by time. What
one change set did stands together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from heapq import merge
from itertools import groupby, islice
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import formats, timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import User
from backoffice.changes.diff import history_of, object_changes
from backoffice.changes.models import ChangeSet
from backoffice.desk.history import tell
from backoffice.notes.models import Mail, Note
from backoffice.notes.services import can_change_note, can_withdraw_note, can_write_note

PAGE_SIZE = 20
PINNED_SHOWN = 10
UNREAD = "x"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened. `fields` are label, old and new; `details` label and value."""

    source: str
    pk: int
    at: datetime
    icon: str
    title: Any
    tone: str = "grey"
    who: Any = ""
    text: str = ""
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    details: list[tuple[Any, Any]] = field(default_factory=list)
    link: tuple[str, str] | None = None
    change_set: int | None = None
    change_set_words: str = ""
    reason: str = ""
    note: "ToldNote | None" = None


@dataclass(frozen=True)
class ToldNote:
    """A note as it is shown: whether the reader may change it, and what it said before."""

    note: Note
    may_change: bool
    may_withdraw: bool
    may_pin: bool
    before: list[Any]


class Source:
    """Where entries come from. `name` is one word, the source's own."""

    name: str

    def __init__(self, row: Any, user: User) -> None:
        self.row, self.user = row, user

    def may_see(self) -> bool:
        """Whether the user may see these entries at all."""
        return True

    def entries(self, before: int | None, size: int) -> list[Entry]:
        """Return up to `size` entries with numbers below `before`, newest first, in a bounded number of queries."""
        raise NotImplementedError


class Changes(Source):
    """Versions of the row, field by field."""

    name = "changes"
    icons = {"+": "add_circle", "~": "edit", "-": "delete"}

    def entries(self, before: int | None, size: int) -> list[Entry]:
        changes = object_changes(type(self.row), self.row.pk, before=before, size=size)
        return [self.entry(told) for told in tell(changes)]

    def entry(self, told: Any) -> Entry:
        version = told.change.version
        made_by: ChangeSet = version.change_set
        imported = made_by.kind == ChangeSet.Kind.IMPORT
        return Entry(
            source=self.name,
            pk=version.history_id,
            at=version.history_date,
            icon="upload_file" if imported else self.icons[version.history_type],
            title=_("%(verb)s by an import") % {"verb": told.verb} if imported else told.verb,
            tone=told.tone,
            who=made_by.actor_label,
            fields=told.fields if version.history_type != "+" else [],
            change_set=made_by.pk,
            change_set_words=made_by.origin,
            reason=version.history_change_reason or "",
        )


class Notes(Source):
    """What colleagues wrote, and what they changed about it."""

    name = "notes"

    def may_see(self) -> bool:
        return hasattr(self.row, "notes")

    def entries(self, before: int | None, size: int) -> list[Entry]:
        return self.told(list(numbered_below(self.row.notes.select_related("author"), before)[:size]))

    def pinned(self) -> list[Entry]:
        """Return the notes that stand on top, the one pinned last first."""
        notes = self.row.notes.filter(pinned_at__isnull=False, withdrawn_at=None)
        return self.told(list(notes.select_related("author").order_by("-pinned_at")[:PINNED_SHOWN]))

    def told(self, notes: list[Note]) -> list[Entry]:
        earlier = self.earlier_words(notes)
        return [self.entry(note, earlier.get(note.pk, [])) for note in notes]

    @cached_property
    def may_pin(self) -> bool:
        """Whether the user may pin notes that stand, on this row."""
        return can_write_note(self.row, self.user) is None

    def earlier_words(self, notes: list[Note]) -> dict[int, list[Any]]:
        """Return what each note said before it said what it says, oldest first; one query."""
        if not notes:
            return {}
        rows = history_of(type(notes[0])).filter(id__in=[note.pk for note in notes]).order_by("id", "history_id")
        found = {}
        for pk, versions in groupby(rows, key=lambda row: row.id):
            texts = [next(group) for _text, group in groupby(versions, key=lambda row: row.text)]
            found[pk] = texts[:-1]
        return found

    def entry(self, note: Note, before: list[Any]) -> Entry:
        gone = note.withdrawn_at is not None
        may_change = not gone and can_change_note(note, self.user) is None
        may_withdraw = not gone and can_withdraw_note(note, self.user) is None
        return Entry(
            source=self.name,
            pk=note.pk,
            at=note.created_at,
            icon="sticky_note_2",
            title=_("Note withdrawn") if gone else _("Note"),
            tone="grey" if gone else "amber",
            who=note.author or "",
            text="" if gone else note.text,
            note=ToldNote(note, may_change, may_withdraw, self.may_pin and not gone, [] if gone else before),
        )


class Mails(Source):
    """Mails about the row."""

    name = "mails"

    def entries(self, before: int | None, size: int) -> list[Entry]:
        mails = Mail.objects.filter(row_label=self.row._meta.label_lower, row_id=self.row.pk).order_by("-pk")
        return [self.entry(mail) for mail in numbered_below(mails, before)[:size]]

    def entry(self, mail: Mail) -> Entry:
        return Entry(
            source=self.name,
            pk=mail.pk,
            at=mail.at,
            icon="mail",
            title=_("Mail sent") if mail.sent_at else _("Mail on its way"),
            tone="blue",
            text=mail.subject,
            details=[(_("to"), ", ".join(mail.recipients))],
        )


def numbered_below(rows: Any, before: int | None) -> Any:
    """Return `rows`, or those with numbers below `before`."""
    return rows if before is None else rows.filter(pk__lt=before)


def sets_of(model: Any, pks: list[int]) -> dict[int, int]:
    """Return the change set that created each row of `model`; one query."""
    created = history_of(model).filter(id__in=pks, history_type="+")
    return dict(created.values_list("id", "change_set_id")) if pks else {}


@dataclass(frozen=True)
class Together:
    """What one change set did, or one thing that stands alone."""

    entries: list[Entry]

    @property
    def at(self) -> datetime:
        return self.entries[0].at

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def who(self) -> Any:
        return next((entry.who for entry in self.entries if entry.who), "")

    @property
    def told(self) -> Entry:
        """The entry that knows the change set in words, if one does."""
        return next((entry for entry in self.entries if entry.change_set_words), self.entries[0])


@dataclass(frozen=True)
class Day:
    """A day of the stream, under its heading."""

    day: date
    groups: list[Together]

    @property
    def heading(self) -> str:
        passed = (timezone.localdate() - self.day).days
        words = {0: gettext_lazy("Today"), 1: gettext_lazy("Yesterday")}.get(passed)
        written = formats.date_format(self.day, "l, j F Y")
        return f"{words}, {written}" if words else written


@dataclass(frozen=True)
class Timeline:
    """A page of the stream; `older` is the place where the next one begins, empty at the end. The first page has the
    pinned notes on top."""

    days: list[Day]
    older: str
    pinned: list[Entry]


def timeline(row: Any, user: User, *, place: str = "", size: int = PAGE_SIZE) -> Timeline:
    """Return a page of what happened to `row`, as far as `user` may see it.

    Raises BadRequest for a place that is none.
    """
    sources = [source for source in sources_of(row, user) if source.may_see()]
    places = read_place(place, [source.name for source in sources])
    streams = [source.entries(places[source.name], size + 1) for source in sources]
    merged = list(islice(merge(*streams, key=lambda entry: entry.at, reverse=True), size + 1))
    # Work of the past that was entered late has a young number and an old time.
    page = sorted(merged[:size], key=lambda entry: entry.at, reverse=True)
    places |= {entry.source: entry.pk for entry in merged[:size]}
    older = ".".join(UNREAD if pk is None else str(pk) for pk in places.values()) if len(merged) > size else ""
    pinned = [entry for source in sources if isinstance(source, Notes) and not place for entry in source.pinned()]
    return Timeline(list(days_of(page)), older, pinned)


def sources_of(row: Any, user: User) -> list[Source]:
    """Return where the entries of `row` come from."""
    own = [import_string(path) for path in settings.TIMELINES.get(row._meta.label_lower, [])]
    return [kind(row, user) for kind in (Changes, Notes, Mails, *own)]


def read_place(place: str, names: list[str]) -> dict[str, int | None]:
    """Return the number that each source has been read down to."""
    parts = place.split(".") if place else [UNREAD] * len(names)
    if len(parts) != len(names) or not all(part == UNREAD or part.isdecimal() for part in parts):
        raise BadRequest(_("This is no place in the timeline. Open the page again."))
    return {name: None if part == UNREAD else int(part) for name, part in zip(names, parts, strict=True)}


def days_of(entries: Iterable[Entry]) -> Iterator[Day]:
    """Yield the days of a page, each with what stands together."""
    for day, of_day in groupby(entries, key=lambda entry: timezone.localdate(entry.at)):
        groups = groupby(of_day, key=lambda entry: entry.change_set or (entry.source, entry.pk))
        yield Day(day, [Together(list(group)) for _key, group in groups])
