"""Values as the cells of an XLSX sheet."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.writers.base import Kind, SheetColumn, UnwritableFile

LONGEST_TEXT = 32_767
SAFE_DIGITS = 15
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zone
# Before this day Excel counts a 29 February 1900 that never was.
FIRST_DAY = date(1900, 3, 1)
# ECMA-376 part 1, 22.9.2.19: what XML cannot hold, and what would be taken for it, is written _xHHHH_.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

type CellWriter = Callable[[int, Any], str]


def cell_writers(columns: Sequence[SheetColumn], styles: Sequence[str]) -> list[CellWriter]:
    """Return for each column a function from a row's number and a value to the XML of its cell."""
    return [
        WRITERS[column.kind](xl_col_to_name(index), style)
        for index, (column, style) in enumerate(zip(columns, styles, strict=True))
    ]


def text_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a text column."""

    def write(number: int, value: object) -> str:
        text = neutralise(str(value))
        if len(text) > LONGEST_TEXT:
            raise too_long(f"{letters}{number}")
        space = ' xml:space="preserve"' if text != text.strip(" \t\n") else ""
        return f'<c r="{letters}{number}" s="{style}" t="inlineStr"><is><t{space}>{escaped(text)}</t></is></c>'

    return write


def words_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a column of lists, whose words are separated by commas."""
    write = text_writer(letters, style)
    return lambda number, value: write(number, ", ".join(map(str, value)))


def number_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a column of numbers; one with more digits than Excel keeps stays whole as a text."""

    def write(number: int, value: int | Decimal) -> str:
        digits = format(value, "f") if isinstance(value, Decimal) else str(value)
        if len(digits) > SAFE_DIGITS and len(digits.strip("-0").replace(".", "")) > SAFE_DIGITS:
            return _plain_text(letters, number, style, digits)
        return f'<c r="{letters}{number}" s="{style}"><v>{digits}</v></c>'

    return write


def boolean_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a column of truth values."""
    return lambda number, value: f'<c r="{letters}{number}" s="{style}" t="b"><v>{int(value)}</v></c>'


def date_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a column of dates; those before Excel's calendar are texts."""

    def write(number: int, value: date) -> str:
        if value < FIRST_DAY:
            return _plain_text(letters, number, style, value.isoformat())
        days = (datetime.combine(value, time()) - EPOCH).days
        return f'<c r="{letters}{number}" s="{style}"><v>{days}</v></c>'

    return write


def moment_writer(letters: str, style: str) -> CellWriter:
    """Return the writer of a column of moments, shown in the zone that a time without an offset is read in.

    A workbook knows no offsets: in the hour that the end of summer time repeats, and before its calendar, it is a text.
    """
    zone = timezone.get_default_timezone()

    def write(number: int, value: datetime) -> str:
        local = value.astimezone(zone)
        if local.date() < FIRST_DAY or local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            return _plain_text(letters, number, style, value.astimezone(UTC).isoformat(sep=" "))
        serial = (local.replace(tzinfo=None) - EPOCH) / timedelta(days=1)
        return f'<c r="{letters}{number}" s="{style}"><v>{serial!r}</v></c>'

    return write


def _plain_text(letters: str, number: int, style: str, text: str) -> str:
    return f'<c r="{letters}{number}" s="{style}" t="inlineStr"><is><t>{text}</t></is></c>'


def escaped(text: str) -> str:
    """Return a text as XML holds it."""
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return UNSAFE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def too_long(cell: str) -> UnwritableFile:
    """Return the refusal of a text."""
    message = _("The text of cell %(cell)s is longer than the %(limit)d characters a workbook holds. Export CSV.")
    return UnwritableFile(message % {"cell": cell, "limit": LONGEST_TEXT}, code="cell_length")


WRITERS: dict[Kind, Callable[[str, str], CellWriter]] = {
    Kind.TEXT: text_writer,
    Kind.WORDS: words_writer,
    Kind.INTEGER: number_writer,
    Kind.DECIMAL: number_writer,
    Kind.BOOLEAN: boolean_writer,
    Kind.DATE: date_writer,
    Kind.DATETIME: moment_writer,
}
