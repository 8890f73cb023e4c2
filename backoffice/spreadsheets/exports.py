"""Exports of a resource: its columns in their order, as a file whose import changes nothing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.spreadsheets.columns import Column, WordsValue
from backoffice.spreadsheets.keys import ID
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.values import (
    BadValue,
    BooleanValue,
    DateTimeValue,
    DateValue,
    DecimalValue,
    IntegerValue,
)
from backoffice.spreadsheets.writers import Kind, SheetColumn, Source, write_query

KINDS: tuple[tuple[type, Kind], ...] = (
    (IntegerValue, Kind.INTEGER),
    (DecimalValue, Kind.DECIMAL),
    (BooleanValue, Kind.BOOLEAN),
    (DateTimeValue, Kind.DATETIME),
    (DateValue, Kind.DATE),
    (WordsValue, Kind.WORDS),
)
CONDITION = re.compile(r"(\w+)(>=|<=|=)(.*)", re.DOTALL)
LOOKUPS = {"=": "exact", ">=": "gte", "<=": "lte"}


class Condition(NamedTuple):
    """A filter as it is written: `field=value`, `field>=value` or `field<=value`."""

    field: str
    sign: str
    value: str


def parse_condition(text: str) -> Condition:
    """Return a written filter in its parts. Raises ValidationError."""
    match = CONDITION.fullmatch(text)
    if match is None:
        message = _("“%(text)s” is not a filter. Write it as field=value, field>=value or field<=value.")
        raise ValidationError(message % {"text": text}, code="filter")
    return Condition(*match.groups())


@dataclass(frozen=True)
class Exported:
    """A column of an export: how it is written, and its value for the ORM, by its path or as an expression.

    An `extra` one is there for those who ask for it.
    """

    sheet: SheetColumn
    value: Any
    extra: bool = False


def export_sheet(
    resource: SheetResource, path: Path, *, conditions: Iterable[Condition] = (), chosen: Sequence[str] = ()
) -> int:
    """Write the `chosen` columns, or else the usual ones, of the rows that meet all conditions, as `write_rows` does.

    Raises ValidationError for a condition or a name that is wrong; then no file is written.
    """
    return write_rows(filtered_rows(resource, conditions), chosen_columns(resource, chosen), path)


def write_rows(
    rows: QuerySet[Any], columns: Mapping[str, Exported], path: Path, *, watch: Callable[[int], None] | None = None
) -> int:
    """Write columns of rows to a file of one of `QUERY_SUFFIXES`, by its name, and return how many rows there were.

    PostgreSQL writes them; none stays in memory. Raises UnwritableFile.
    """
    query, params = rows.values_list(*(column.value for column in columns.values())).query.sql_with_params()
    return write_query(path, Source(query, params, [column.sheet for column in columns.values()], watch))


def exported_columns(resource: SheetResource) -> dict[str, Exported]:
    """Return the columns that an export may have, by name; those that only another key needs are extra."""
    return {
        name: Exported(sheet_column(name, column), column.attribute, extra=name not in resource.columns)
        for name, column in resource.all_columns.items()
        if column.exported and (name in resource.columns or name == ID)
    }


def chosen_columns(resource: SheetResource, names: Sequence[str]) -> dict[str, Exported]:
    """Return the columns called so, or if none is, the usual ones. Raises ValidationError for another name."""
    known = exported_columns(resource)
    for name in names:
        if name not in known:
            message = _("There is no column “%(name)s” to export. There are: %(known)s.")
            raise ValidationError(message % {"name": name, "known": ", ".join(known)}, code="columns")
    return {name: known[name] for name in names or (name for name in known if not known[name].extra)}


def sheet_column(name: str, column: Column) -> SheetColumn:
    """Return how a column is written to a file."""
    return SheetColumn(str(column.label), kind_of(column), places=getattr(column.convert, "places", 0), name=name)


def kind_of(column: Column) -> Kind:
    """Return the kind of a column's cells, which follows from its converter."""
    return next((kind for converter, kind in KINDS if isinstance(column.convert, converter)), Kind.TEXT)


def filtered_rows(resource: SheetResource, conditions: Iterable[Condition]) -> QuerySet[Any]:
    """Return the rows of an export that meet all conditions, in its order."""
    rows = resource.exported_rows()
    for condition in conditions:
        rows = rows.filter(_meaning(resource, condition))
    return rows


def _meaning(resource: SheetResource, condition: Condition) -> Q:
    columns = {name: column for name, column in resource.columns.items() if column.exported}
    if condition.field not in columns:
        message = _("“%(name)s” is not a field to filter by. There are: %(known)s.")
        raise ValidationError(message % {"name": condition.field, "known": ", ".join(columns)}, code="filter")
    column = columns[condition.field]
    if not condition.value.strip():
        return _is_blank(column)
    try:
        value = column.convert(condition.value)
    except BadValue as bad:
        raise ValidationError(f"{condition.field}: {bad.message}", code=bad.rule) from bad
    return Q(**{f"{column.attribute}__{_lookup(column, condition.sign)}": value})


def _is_blank(column: Column) -> Q:
    nothing = Q(**{f"{column.attribute}__isnull": True})
    match kind_of(column):
        case Kind.TEXT:
            return nothing | Q(**{f"{column.attribute}__exact": ""})
        case Kind.WORDS:
            return nothing | Q(**{f"{column.attribute}__len": 0})
        case _:
            return nothing


def _lookup(column: Column, sign: str) -> str:
    """Return the ORM's lookup: texts are the same whatever their case, lists hold all the words."""
    if sign == "=" and kind_of(column) is Kind.TEXT:
        return "iexact"
    if sign == "=" and kind_of(column) is Kind.WORDS:
        return "contains"
    return LOOKUPS[sign]
