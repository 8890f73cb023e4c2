"""Values as the texts of a CSV file."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.writers.base import Kind


def text_of(value: object) -> str:
    """Return a text, never one that a spreadsheet program takes for a formula."""
    return neutralise(str(value))


def words_of(value: Sequence[object]) -> str:
    """Return the words of a list, separated by commas."""
    return neutralise(", ".join(map(str, value)))


def decimal_of(value: Decimal) -> str:
    """Return all digits of a decimal, in plain notation."""
    return format(value, "f")


def boolean_of(value: bool) -> str:
    """Return true or false."""
    return "true" if value else "false"


def date_of(value: date) -> str:
    """Return a date as ISO 8601 writes it."""
    return value.isoformat()


def moment_of(value: datetime) -> str:
    """Return a moment as spreadsheet programs read it, in UTC; with its offset where times are read in another zone."""
    moment = value.astimezone(UTC)
    return (moment.replace(tzinfo=None) if reads_utc() else moment).isoformat(sep=" ")


def reads_utc() -> bool:
    """Say whether a time without an offset means UTC here."""
    return timezone.get_default_timezone_name() == "UTC"


TEXTS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: text_of,
    Kind.WORDS: words_of,
    Kind.INTEGER: str,
    Kind.DECIMAL: decimal_of,
    Kind.BOOLEAN: boolean_of,
    Kind.DATE: date_of,
    Kind.DATETIME: moment_of,
}
