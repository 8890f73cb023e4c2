"""Two people change one row: what one of them changed stands, and the person who saves last decides on the rest.

A page carries the version that it shows. When there is a newer one, each field has three values: as the page showed
it, as it is now, and as it was typed. A field that was not touched on the page keeps what it is now; one that nobody
else touched takes what was typed; for one that both changed the person is asked, and nothing is written until they
answer. The answer stands for the version that it was asked about, and no newer one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils import formats, timezone
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.changes.diff import history_of, newest_changes, told_fields
from backoffice.changes.words import EMPTY, Words

THEIRS, MINE = "theirs", "mine"
KEEP_THEIRS, USE_MINE = gettext_lazy("Keep theirs"), gettext_lazy("Use mine")
SOMEBODY = gettext_lazy("Somebody")


@dataclass(frozen=True)
class Shown:
    """What a page says that it shows: a version of a row, and an older one of each field that it asks about."""

    row: str
    asked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Shown":
        row, *asked = text.split(" ") if text else [""]
        return cls(row, dict(each.split("=", 1) for each in asked if "=" in each))

    def __str__(self) -> str:
        return " ".join([self.row, *(f"{name}={version}" for name, version in self.asked.items())])

    def base(self, name: str) -> str:
        """Return the version that the value of a field was typed over."""
        return self.asked.get(name, self.row)


@dataclass(frozen=True)
class Question:
    """A value that two people changed: the person says which one stands. `name` is that of the answer in the form."""

    name: str
    label: str
    was: str
    theirs: str
    mine: str
    by: "Author"
    keep: Any = KEEP_THEIRS
    take: Any = USE_MINE
    carried: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Author:
    """Who made a change, and when."""

    who: str
    at: datetime

    @classmethod
    def of(cls, version: Any, otherwise: datetime) -> "Author":
        """Return who wrote a history row; where none is left, somebody."""
        if version is None:
            return cls(str(SOMEBODY), otherwise)
        made_by = version.change_set.actor_label or version.change_set.get_kind_display()
        return cls(str(made_by), version.history_date)

    @property
    def clock(self) -> str:
        return formats.date_format(timezone.localtime(self.at), "H:i, j M")


@dataclass(frozen=True)
class Kept:
    """A colleague's change that stands although the page did not show it yet."""

    label: str
    by: Author


def kept_sentences(kept: Iterable[Kept]) -> list[str]:
    """Return what colleagues changed in the meantime, one sentence for each of them."""
    labels: dict[str, list[str]] = {}
    for each in kept:
        labels.setdefault(each.by.who, []).append(each.label)
    sentence = _("%(who)s changed this in the meantime: %(fields)s. Their change stands.")
    return [
        sentence % {"who": who, "fields": get_text_list(list(dict.fromkeys(said)), _("and"))}
        for who, said in labels.items()
    ]


class BaseVersions:
    """The versions of one row that a page may have been opened on, read once each."""

    def __init__(self, model: type[models.Model], pk: Any) -> None:
        self.rows = history_of(model).filter(**{model._meta.pk.attname: pk})
        self.found: dict[str, Any] = {}

    def at(self, version: str) -> Any:
        """Return the row as it was at its `updated_at`; none when that is no moment, or too long ago."""
        if version not in self.found:
            moment = moment_of(version)
            rows = self.rows.filter(updated_at__lte=moment).order_by("-history_id") if moment else None
            self.found[version] = rows.first() if rows is not None else None
        return self.found[version]


def moment_of(text: str) -> datetime | None:
    """Return the instant that `text` names, if it does."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if timezone.is_aware(moment) else None


class Merge:
    """Puts what was typed in a bound form, whose instance is newer than the page, together with what is there now.

    Afterwards the form holds the values that stand: `questions` are open, `kept` came from others, and `shown` is what
    the page shows from now on. `possible` is false when the version of the page is unknown.
    """

    def __init__(self, form: Any, shown: Shown) -> None:
        self.form, self.row, self.shown = form, form.instance, shown
        self.versions = BaseVersions(type(self.row), self.row.pk)
        self.questions: list[Question] = []
        self.kept: list[Kept] = []
        self.asked: dict[str, str] = {}
        self.possible = all(self.versions.at(version) for version in {shown.row, *shown.asked.values()})
        if self.possible:
            self.newest = newest_changes(type(self.row), self.row.pk, self.oldest())
            form.data = form.data.copy()
            self.merge()
            self.shown = Shown(self.row.updated_at.isoformat(), self.asked)

    def oldest(self) -> Any:
        bases = [self.versions.at(version) for version in {self.shown.row, *self.shown.asked.values()}]
        return min(bases, key=lambda version: version.history_id)

    def merge(self) -> None:
        stored = {each.name: each for each in told_fields(type(self.row))}
        if self.deletion_stands():
            return
        overlapping = []
        for name, form_field in self.form.fields.items():
            if name not in stored or form_field.disabled:
                continue
            column = stored[name]
            base, now = (getattr(row, column.attname) for row in (self.base(name), self.row))
            bound, asked = self.form[name], name in self.shown.asked
            if self.answered(name, column.attname):
                if self.answer(name) == THEIRS:
                    self.put(bound, now)
            elif base == now and not asked:
                continue
            elif not asked and not differs(form_field, base, bound.data):
                self.put(bound, now)
                self.kept.append(Kept(self.label(form_field.label), self.author(name)))
            elif differs(form_field, now, bound.data):
                overlapping.append((column, base, now, bound))
        self.ask(overlapping)

    def deletion_stands(self) -> bool:
        """Ask before a row goes that somebody changed meanwhile; return whether it goes."""
        wanted = DELETION_FIELD_NAME in self.form.fields and bool(self.form[DELETION_FIELD_NAME].data)
        if not wanted and DELETION_FIELD_NAME not in self.shown.asked:
            return False
        base = self.base(DELETION_FIELD_NAME)
        changed = [
            each
            for each in told_fields(type(self.row))
            if getattr(base, each.attname) != getattr(self.row, each.attname)
        ]
        bound = self.form[DELETION_FIELD_NAME]
        if not changed or self.answered(DELETION_FIELD_NAME, *(each.attname for each in changed)):
            stands = not changed or self.answer(DELETION_FIELD_NAME) == MINE
            self.put(bound, stands)
            return stands
        self.put(bound, value=False)
        words = Words((each, getattr(self.row, each.attname)) for each in changed)
        theirs = [
            f"{capfirst(str(each.verbose_name))}: {words.of(each, getattr(self.row, each.attname))}" for each in changed
        ]
        self.asked[DELETION_FIELD_NAME] = self.shown.base(DELETION_FIELD_NAME)
        self.questions.append(
            Question(
                name=self.answer_name(DELETION_FIELD_NAME),
                label=self.label(_("Delete")),
                was=EMPTY,
                theirs="\n".join(theirs),
                mine=_("Delete it"),
                by=self.author(changed[0].name),
                keep=_("Keep it, as they changed it"),
                take=_("Delete it"),
            )
        )
        return False

    def ask(self, overlapping: list[tuple[Any, Any, Any, forms.BoundField]]) -> None:
        mine = [typed(bound) for *_known, bound in overlapping]
        pairs = [(column, value) for column, *values, _bound in overlapping for value in values]
        pairs += [(column, value) for (column, *_known), (value, valid) in zip(overlapping, mine, strict=True) if valid]
        words = Words(pairs)
        for (column, base, now, bound), (value, valid) in zip(overlapping, mine, strict=True):
            self.asked[column.name] = self.shown.base(column.name)
            self.questions.append(
                Question(
                    name=self.answer_name(column.name),
                    label=self.label(bound.field.label),
                    was=words.of(column, base),
                    theirs=words.of(column, now),
                    mine=words.of(column, value) if valid else str(value),
                    by=self.author(column.name),
                )
            )

    def base(self, name: str) -> Any:
        return self.versions.at(self.shown.base(name))

    def answered(self, name: str, *columns: str) -> bool:
        """Whether the person answered, and about the value that is there now."""
        if name not in self.shown.asked or self.answer(name) not in (THEIRS, MINE):
            return False
        seen = self.versions.at(self.shown.row)
        return all(getattr(seen, column) == getattr(self.row, column) for column in columns)

    def answer_name(self, name: str) -> str:
        return str(self.form.add_prefix(f"_keep-{name}"))

    def answer(self, name: str) -> str:
        return str(self.form.data.get(self.answer_name(name), "")) if name in self.shown.asked else ""

    def author(self, name: str) -> Author:
        return Author.of(self.newest.get(name), self.row.updated_at)

    def label(self, label: Any) -> str:
        """Return the name of a field; that of a row under another one says of which row."""
        name = capfirst(str(label))
        return f"{self.row}: {name}" if self.form.prefix else name

    def put(self, bound: forms.BoundField, value: Any) -> None:
        """Let the form hold `value`, as if it had been typed."""
        shown = bound.field.prepare_value(value)
        for name, texts in posted_as(bound.field.widget, bound.html_name, shown).items():
            self.form.data.setlist(name, texts)


def differs(field_of_form: forms.Field, value: Any, posted: Any) -> bool:
    """Whether `posted` stands for something else than `value`; browsers send other ends of lines than rows have."""
    return bool(field_of_form.has_changed(one_ending(value), one_ending(posted)))


def one_ending(value: Any) -> Any:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def typed(bound: forms.BoundField) -> tuple[Any, bool]:
    """Return what was typed as a row would store it, and whether it could be stored."""
    try:
        value = bound.field.clean(bound.data)
    except ValidationError:
        return bound.data, False
    return (value.pk if isinstance(value, models.Model) else value), True


def posted_as(widget: Any, name: str, value: Any) -> dict[str, list[str]]:
    """Return what a browser sends for `value` in `widget`."""
    if isinstance(widget, RelatedFieldWidgetWrapper):
        return posted_as(widget.widget, name, value)
    if isinstance(widget, forms.MultiWidget):
        suffixes: list[str] = widget.widgets_names  # type: ignore[attr-defined]
        parts = zip(widget.widgets, suffixes, widget.decompress(value) or (), strict=True)
        return {key: texts for part, end, each in parts for key, texts in posted_as(part, f"{name}{end}", each).items()}
    if isinstance(widget, forms.CheckboxInput):
        return {name: ["on"] if value else []}
    shown = widget.format_value(value)
    texts = shown if isinstance(shown, list | tuple) else [shown]
    return {name: [str(text) for text in texts if text is not None]}
