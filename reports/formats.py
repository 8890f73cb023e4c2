"""How the values of reports are written, on screens and in files."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format

from reports.catalogue.base import Column, Kind, Row


def exact(value: Decimal) -> str:
    """Return an amount to its last digit: two decimals at least, and no zeros after those."""
    whole, _point, places = f"{value:f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def grouped(value: Decimal) -> str:
    """Return `exact` with thousands separated, for people."""
    whole, _point, places = f"{value:,f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def in_words(value: Any, column: Column) -> str:
    """Return `value` as a screen shows it; the column says what stands where there is none."""
    if value is None or value == "":
        return str(column.blank) or "–"
    if column.choices:
        return str(dict(column.choices).get(value, value))
    if column.kind == Kind.MONTH:
        return date_format(value, "F Y")
    if column.kind == Kind.DATE:
        return date_format(value)
    if column.kind == Kind.INTEGER:
        return f"{value:,d}"
    if column.kind in {Kind.AMOUNT, Kind.PERCENT, Kind.NUMBER}:
        return grouped(Decimal(value))
    return str(value)


def words_of(columns: Sequence[Column], rows: Iterable[Row]) -> list[list[str]]:
    """Return rows as a screen shows them."""
    return [[in_words(value, column) for value, column in zip(row, columns, strict=True)] for row in rows]


def from_plain(value: Any, column: Column) -> Any:
    """Return the value of a column that `as_plain` wrote."""
    if value is None:
        return None
    if column.kind in {Kind.AMOUNT, Kind.PERCENT, Kind.NUMBER}:
        return Decimal(value)
    return date.fromisoformat(value) if column.kind in {Kind.DATE, Kind.MONTH} else value


def as_plain(value: Any) -> Any:
    """Return `value` as JSON holds it: amounts as decimal text, dates and times as ISO 8601."""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
