"""Exports of a resource: its columns in their order, as a file whose import changes nothing."""

import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import CharField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from backoffice.spreadsheets.columns import Column, WordsValue
from backoffice.spreadsheets.formulas import neutralised
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.values import (
    BadValue,
    BooleanValue,
    DateTimeValue,
    DateValue,
    DecimalValue,
    IntegerValue,
)
from backoffice.spreadsheets.writers import Kind, SheetColumn, copy_csv, reads_utc, replacing, write_sheet
from backoffice.spreadsheets.writers.files import MARK, compressed, suffix_of

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
ROWS_AT_A_TIME = 2000


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


def export_sheet(resource: SheetResource, path: Path, *, conditions: Iterable[Condition] = ()) -> int:
    """Write the rows that meet all conditions, by the rules of `write_rows`.

    Raises ValidationError for a condition or a name that is wrong; then no file is written.
    """
    return write_rows(resource, filtered_rows(resource, conditions), path)


def write_rows(resource: SheetResource, rows: QuerySet[Any], path: Path) -> int:
    """Write rows of an export to a .csv, .csv.gz or .xlsx file and return how many there were.

    CSV comes from PostgreSQL's COPY, XLSX a row at a time; neither keeps rows in memory.
    """
    columns = exported_columns(resource)
    suffix = suffix_of(path)
    if suffix == ".xlsx":
        values = rows.values_list(*(column.attribute for column in columns))
        return write_sheet(path, [sheet_column(each) for each in columns], values.iterator(ROWS_AT_A_TIME))
    with replacing(path) as file:
        if suffix == ".csv":
            return _copy(rows, columns, file)
        with compressed(file) as stream:
            return _copy(rows, columns, stream)


def exported_columns(resource: SheetResource) -> list[Column]:
    """Return the columns that an export has."""
    return [column for column in resource.columns.values() if column.exported]


def sheet_column(column: Column) -> SheetColumn:
    """Return how a column is written to a file."""
    return SheetColumn(str(column.label), kind_of(column), places=getattr(column.convert, "places", 0))


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


def _copy(rows: QuerySet[Any], columns: Sequence[Column], file: IO[bytes] | gzip.GzipFile) -> int:
    """Have PostgreSQL write the rows; the inner query is the ORM's, the outer one gives its columns their headers."""
    named = {f"export_{number}": copied(column) for number, column in enumerate(columns)}
    query, params = rows.annotate(**named).values_list(*named).query.sql_with_params()
    headers = ", ".join(connection.ops.quote_name(str(column.label)).replace("%", "%%") for column in columns)
    file.write(MARK)
    return copy_csv(f"SELECT * FROM ({query}) AS exported ({headers})", params, file)


def copied(column: Column) -> Combinable:
    """Return the expression of a column that COPY writes just as the Python writer would."""
    value = F(column.attribute)
    match kind_of(column):
        case Kind.TEXT:
            return neutralised(value)
        case Kind.WORDS:
            words = Func(value, Value(", "), function="array_to_string", output_field=TextField())
            return neutralised(words)
        case Kind.BOOLEAN:
            return Cast(value, TextField())
        case Kind.DATETIME if reads_utc():
            return Func(value, template="(%(expressions)s AT TIME ZONE 'UTC')", output_field=CharField())
        case _:
            return value
