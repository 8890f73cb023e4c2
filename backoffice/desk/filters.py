"""Filters of lists. Each is answered by an index, lives in the address, and says in a chip what it is set to.

list_filter = (("status", ChoiceFilter), ("placed_at", DateRangeFilter), ("customer", RelatedFilter),
               ("country", ValueFilter), ("blocked", YesNoFilter))
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin import FieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.cache import cache
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesRadioFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm, DropdownForm

from backoffice.desk.columns import day
from backoffice.desk.forms import DayInput, RelatedSelect

VALUES_LAST = 600
VALUES_LIMIT = 300
SKIPPING = """
    WITH RECURSIVE skipping AS (
        (SELECT {column} AS value FROM {table} WHERE {column} > '' ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT {column} FROM {table} WHERE {column} > skipping.value ORDER BY {column} LIMIT 1)
        FROM skipping WHERE skipping.value IS NOT NULL
    )
    SELECT value FROM skipping WHERE value IS NOT NULL LIMIT %s
"""


@dataclass(frozen=True)
class Chip:
    """A filter that is set: what it says, and the address of the list without it."""

    title: str
    value: str
    without: str


def chips_of(changelist: Any) -> list[Chip]:
    """Return a chip for each filter of a list that is set."""
    chips = []
    for spec in changelist.filter_specs:
        value = spec.chip() if hasattr(spec, "chip") and spec.used_parameters else ""
        if value:
            without = changelist.get_query_string(remove=[name for name in spec.expected_parameters() if name])
            chips.append(Chip(capfirst(spec.title), value, without))
    return chips


class Labelled:
    """Names the field itself above the choices."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):  # type: ignore[misc]
            for field in choice["form"].fields.values():
                field.label = capfirst(self.title)  # type: ignore[attr-defined]
            yield choice


class ChoiceFilter(Labelled, ChoicesRadioFilter):
    """One of a field's choices."""

    def chip(self) -> str:
        return str(dict(self.field.flatchoices).get(self.value(), self.value())) if self.value() else ""


class YesNoFilter(Labelled, BooleanRadioFilter):
    """Yes or no."""

    def chip(self) -> str:
        return {"1": _("yes"), "0": _("no")}.get(self.value() or "", "")


class RelatedForm(AutocompleteDropdownForm):
    """The field of a filter by a related row."""

    widget = RelatedSelect


class RelatedFilter(Labelled, AutocompleteSelectFilter):
    """One related row, found by typing."""

    form_class = RelatedForm

    @cached_property
    def chosen(self) -> Any:
        """The row that the list is narrowed to; read once, for the chip and for the field."""
        return self.field.related_model._base_manager.filter(pk=self.value()).first() if self.value() else None

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            if self.chosen is not None:
                choice["form"].fields[self.lookup_kwarg].widget.known = {str(self.chosen.pk): self.chosen}
            yield choice

    def chip(self) -> str:
        if not self.value():
            return ""
        return str(self.chosen) if self.chosen is not None else f"#{self.value()}"


class ValueFilter(FieldListFilter):
    """One of the values that an indexed column holds, such as a country; read once in ten minutes."""

    template = "unfold/filters/filters_field.html"
    form_class = DropdownForm

    def __init__(self, field: Any, request: HttpRequest, params: dict, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, params, *args, **kwargs)
        self.chosen = last_given(self.used_parameters, self.field_path)

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(**{self.field_path: self.chosen}) if self.chosen else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        values = distinct_values(self.field)
        form = self.form_class(
            label=capfirst(self.title),
            name=self.field_path,
            choices=[("", _("All")), *((value, value) for value in values)],
            data={self.field_path: self.chosen},
        )
        yield {"form": form}

    def chip(self) -> str:
        return str(self.chosen)


def distinct_values(field: models.Field) -> list[str]:
    """Return the values of an indexed text column by skipping from one to the next: a lookup each, no scan."""
    table, column = field.model._meta.db_table, str(field.column)
    name = f"desk:values:{table}:{column}"
    values = cache.get(name)
    if values is None:
        values = read_distinct_values(table, column)
        cache.set(name, values, VALUES_LAST)
    return list(values)


def read_distinct_values(table: str, column: str) -> list[str]:
    sql = SKIPPING.format(column=connection.ops.quote_name(column), table=connection.ops.quote_name(table))
    with connection.cursor() as cursor:
        cursor.execute(sql, [VALUES_LIMIT])
        return [value for (value,) in cursor.fetchall()]


class DateRangeForm(forms.Form):
    """The first and the last day."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[f"{name}_from"] = forms.DateField(label=_("From"), required=False, widget=DayInput())
        self.fields[f"{name}_to"] = forms.DateField(label=_("Up to and including"), required=False, widget=DayInput())


class DateRangeFilter(FieldListFilter):
    """From one day to another, both whole, in the desk's time zone."""

    template = "desk/filter_dates.html"

    def __init__(self, field: Any, request: HttpRequest, params: dict, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, params, *args, **kwargs)
        self.first = parse_day(last_given(self.used_parameters, f"{self.field_path}_from"))
        self.last = parse_day(last_given(self.used_parameters, f"{self.field_path}_to"))

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if self.first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self.edge(self.first)})
        if self.last:
            queryset = queryset.filter(**{f"{self.field_path}__lt": self.edge(self.last + timedelta(days=1))})
        return queryset

    def edge(self, value: date) -> date | datetime:
        """Return where a day begins: a midnight of this desk for instants, the day itself for dates."""
        if not isinstance(self.field, models.DateTimeField):
            return value
        return timezone.make_aware(datetime.combine(value, time.min))

    def choices(self, changelist: Any) -> Iterator[Any]:
        days = {f"{self.field_path}_from": self.first, f"{self.field_path}_to": self.last}
        yield {"form": DateRangeForm(self.field_path, initial=days)}

    def chip(self) -> str:
        if self.first and self.last:
            return f"{day(self.first)} – {day(self.last)}" if self.first != self.last else day(self.first)
        if self.first:
            return _("since %(day)s") % {"day": day(self.first)}
        return _("up to %(day)s") % {"day": day(self.last)} if self.last else ""


def last_given(parameters: dict[str, Any], name: str) -> str:
    """Return the value of a parameter of the address; the last one, when there are several."""
    given = parameters.get(name) or [""]
    return str(given[-1] if isinstance(given, list) else given)


def parse_day(given: str) -> date | None:
    """Return the day that is written as 2026-11-20; none when nothing is. What is no day is refused."""
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise IncorrectLookupParameters(given) from error
