"""Rows of an inline that somebody deleted while the page was open.

They leave the form set, which then reads as if the page had been opened after the deletion. What was not touched stays
deleted; for what was typed the person is asked, and what they typed is carried along until they answer: it stays
deleted, or is added again as a new row.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.changes.diff import DELETED, history_of, told_fields
from backoffice.changes.naming import labels_of
from backoffice.changes.words import EMPTY, Words
from backoffice.desk.forms import VERSION
from backoffice.desk.merging import MINE, THEIRS, Author, BaseVersions, Kept, Question, Shown, differs, typed

ANSWER = "_keep"
NOT_COPIED = (VERSION, ANSWER)


class GoneRows:
    """What a bound form set `posted` of rows that are gone; `data` is the same without them.

    `questions` are open, `kept` are deletions that stand.
    """

    def __init__(self, formset: Any) -> None:
        self.formset, self.prefix, self.model = formset, formset.prefix, formset.model
        self.data: QueryDict = formset.data
        self.questions: list[Question] = []
        self.kept: list[Kept] = []
        self.gone = dict(self.found())
        waiting = self.waiting()
        if self.gone or waiting:
            self.data = formset.data.copy()
            restored = [place for pk, place in (self.gone | waiting).items() if self.settle(pk, place)]
            self.renumber(restored)

    def found(self) -> Iterator[tuple[str, str]]:
        """Yield primary key and place in the data of each posted row of this parent that is deleted now.

        Those that are there stay locked, so that they cannot change while they are compared.
        """
        key = self.model._meta.pk.name
        places = {self.data.get(f"{place}{key}", ""): place for place in self.places(self.count(INITIAL_FORM_COUNT))}
        asked = [pk for pk in places if pk.isdecimal()]
        rows = self.formset.queryset.select_for_update(no_key=True).filter(pk__in=asked).order_by("pk")
        living = set(rows.values_list("pk", flat=True)) if asked else set()
        for pk in asked:
            if int(pk) not in living and self.deletion(pk) is not None:
                yield pk, places[pk]

    def deletion(self, pk: str) -> Any:
        """Return the history row that says who deleted a row of this parent."""
        newest = history_of(self.model).filter(**{self.model._meta.pk.attname: pk}).order_by("-history_id")
        version = newest.select_related("change_set").first()
        owner = self.formset.fk.attname
        is_ours = version is not None and getattr(version, owner) == self.formset.instance.pk
        return version if is_ours and version.history_type == DELETED else None

    def waiting(self) -> dict[str, str]:
        """Return the rows that the page asked about, by primary key."""
        pattern = re.compile(rf"{re.escape(self.prefix)}-gone(\d+)-")
        found = filter(None, (pattern.match(name) for name in self.data))
        return {match[1]: match[0] for match in found if self.deletion(match[1]) is not None}

    def settle(self, pk: str, place: str) -> bool:
        """Drop a row, or ask about it; return whether it is added again."""
        answer = self.data.get(f"{place}{ANSWER}")
        if self.data.get(f"{place}{DELETION_FIELD_NAME}") or answer == THEIRS:
            return False
        if answer == MINE:
            return True
        typed, deletion = self.typed(pk, place), self.deletion(pk)
        label, by = labels_of(self.model, [int(pk)])[int(pk)], Author.of(deletion, deletion.history_date)
        if not typed:
            self.kept.append(Kept(_("%(row)s, deleted") % {"row": label}, by))
            return False
        to = f"{self.prefix}-gone{pk}-"
        self.questions.append(
            Question(
                name=f"{to}{ANSWER}",
                label=label,
                was=EMPTY,
                theirs=_("Deleted"),
                mine="\n".join(typed),
                by=by,
                keep=_("Leave it deleted"),
                take=_("Add it again"),
                carried=tuple((f"{to}{name}", text) for name, texts in self.posted(place) for text in texts),
            )
        )
        return False

    def typed(self, pk: str, place: str) -> list[str]:
        """Return what was typed over the row as the page showed it, in words."""
        shown = Shown.parse(self.data.get(f"{place}{VERSION}", ""))
        base = BaseVersions(self.model, pk).at(shown.row) or self.deletion(pk)
        form = self.formset.form(self.data, prefix=place.removesuffix("-"), **self.formset.get_form_kwargs(None))
        stored = {each.name: each for each in told_fields(self.model) if each.name in form.fields}
        values = [
            (column, *typed(form[name]))
            for name, column in stored.items()
            if differs(form.fields[name], getattr(base, column.attname), form[name].data)
        ]
        words = Words((column, value) for column, value, valid in values if valid)
        return [
            f"{capfirst(str(form.fields[column.name].label))}: {words.of(column, value) if valid else value}"
            for column, value, valid in values
        ]

    def renumber(self, restored: list[str]) -> None:
        """Leave out the rows that are gone, and put those that are added again behind the others."""
        initial, total = self.count(INITIAL_FORM_COUNT), self.count(TOTAL_FORM_COUNT)
        staying = [place for place in self.places(total) if place not in self.gone.values()]
        moved = [dict(self.posted(place)) for place in staying]
        fresh = (*NOT_COPIED, self.model._meta.pk.name)
        moved += [{name: texts for name, texts in self.posted(place) if name not in fresh} for place in restored]
        for name in [name for name in self.data if re.match(rf"{re.escape(self.prefix)}-(gone)?\d+-", name)]:
            del self.data[name]
        for place, fields in zip(self.places(len(moved)), moved, strict=True):
            for name, texts in fields.items():
                self.data.setlist(f"{place}{name}", texts)
        self.data[f"{self.prefix}-{TOTAL_FORM_COUNT}"] = str(len(moved))
        self.data[f"{self.prefix}-{INITIAL_FORM_COUNT}"] = str(initial - len(self.gone))

    def posted(self, place: str) -> Iterator[tuple[str, list[str]]]:
        for name in self.data:
            if name.startswith(place):
                yield name.removeprefix(place), self.data.getlist(name)

    def places(self, count: int) -> list[str]:
        return [f"{self.prefix}-{number}-" for number in range(count)]

    def count(self, name: str) -> int:
        count = self.data.get(f"{self.prefix}-{name}", "")
        return min(int(count), self.formset.absolute_max) if count.isdecimal() else 0
