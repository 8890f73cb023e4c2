"""Dates and times. What reads two ways is refused unless the column's order is declared."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Literal

from django.utils.translation import gettext as _

from backoffice.spreadsheets.values.base import BadValue, Converter, shown

ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
YEAR_FIRST = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
YEAR_LAST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?")
ISO_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)

type Order = Literal["dmy", "mdy"]


def parse_date(text: str, order: Order | None) -> date:
    """Return the date a text stands for: ISO, year first, or day and month where only one reading exists."""
    try:
        if ISO.fullmatch(text):
            return date.fromisoformat(text)
        if match := YEAR_FIRST.fullmatch(text):
            return date(*map(int, match.groups()))
        if match := YEAR_LAST.fullmatch(text):
            return _year_last(text, int(match[1]), int(match[3]), int(match[4]), order)
    except ValueError as error:
        message = _("%(value)s is no date that exists. Write it as YYYY-MM-DD.")
        raise BadValue("date", message % {"value": shown(text)}) from error
    message = _("“%(value)s” is not a date. Write it as YYYY-MM-DD.")
    raise BadValue("date", message % {"value": shown(text)})


def _year_last(text: str, first: int, second: int, year: int, order: Order | None) -> date:
    if order is None and first <= 12 and second <= 12 and first != second:
        message = _("%(value)s reads as %(one)s or as %(other)s. Write the one you mean, or choose the order of dates.")
        one, other = date(year, second, first), date(year, first, second)
        raise BadValue("date_ambiguous", message % {"value": text, "one": one, "other": other})
    month_first = order == "mdy" or (order is None and second > 12)
    return date(year, first, second) if month_first else date(year, second, first)


@dataclass(frozen=True, kw_only=True)
class DateValue(Converter):
    """A date. `order` settles what 03/04/2025 means in a column; without it such a date is refused."""

    order: Order | None = None

    def convert_text(self, text: str) -> date:
        """Return the date; a time of midnight may follow it, as many programs export dates."""
        day, _separator, clock = text.partition("T" if "T" in text else " ")
        if clock and clock not in {"00:00", "00:00:00", "0:00", "0:00:00"}:
            message = _("“%(value)s” is more than a date. Write it as YYYY-MM-DD, without a time.")
            raise BadValue("date", message % {"value": shown(text)})
        return parse_date(day, self.order)

    def convert_typed(self, cell: Any) -> date:
        """Return the date of a workbook's date cell, which must not carry a time."""
        if isinstance(cell, datetime):
            if cell.time() != time():
                message = _("%(value)s carries a time of day. Enter the date alone.")
                raise BadValue("date", message % {"value": shown(cell)})
            return cell.date()
        if isinstance(cell, date):
            return cell
        raise BadValue("date", not_a_moment(cell))


@dataclass(frozen=True, kw_only=True)
class DateTimeValue(Converter):
    """A moment in UTC. Without an offset it is read in `zone`; a date alone is its first moment."""

    zone: tzinfo = UTC
    order: Order | None = None

    def convert_text(self, text: str) -> datetime:
        """Return the moment of an ISO text, or of a date and a clock."""
        if ISO_MOMENT.fullmatch(text):
            try:
                return self._in_utc(datetime.fromisoformat(text), text)
            except (ValueError, OverflowError) as error:
                message = _("%(value)s is no time that exists. Write it as YYYY-MM-DD HH:MM:SS.")
                raise BadValue("datetime", message % {"value": shown(text)}) from error
        day, _separator, clock = text.partition("T" if "T" in text else " ")
        return self._in_utc(datetime.combine(parse_date(day, self.order), self._clock(clock, text)), text)

    def _clock(self, clock: str, text: str) -> time:
        if not clock:
            return time()
        match = CLOCK.fullmatch(clock)
        parts = [int(part or 0) for part in match.groups()[:3]] if match else [24, 0, 0]
        if not match or parts[0] > 23 or max(parts[1:]) > 59:
            message = _("“%(value)s” is not a date and a time. Write it as YYYY-MM-DD HH:MM:SS.")
            raise BadValue("datetime", message % {"value": shown(text)})
        return time(parts[0], parts[1], parts[2], int((match[4] or "0").ljust(6, "0")))

    def _in_utc(self, moment: datetime, text: object) -> datetime:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if self.zone is UTC:
            return moment.replace(tzinfo=UTC)
        return self._local_in_utc(moment, text)

    def _local_in_utc(self, moment: datetime, text: object) -> datetime:
        """Refuse the hour that a change of the clocks leaves out, and the one it repeats."""
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            message = _("The clocks change at %(value)s. Write it with its offset, like %(example)s.")
            example = first.isoformat()
            raise BadValue("datetime_ambiguous", message % {"value": shown(text), "example": example})
        return first.astimezone(UTC)

    def convert_typed(self, cell: Any) -> datetime:
        """Return the moment of a workbook's date cell."""
        if isinstance(cell, datetime):
            return self._in_utc(cell, cell)
        if isinstance(cell, date):
            return self._in_utc(datetime.combine(cell, time()), cell)
        raise BadValue("datetime", not_a_moment(cell))


def not_a_moment(cell: object) -> str:
    """Return what is wrong with a number or a truth value in a column of dates."""
    return _("%(value)s is not a date. Format the cell as a date, or write YYYY-MM-DD.") % {"value": shown(cell)}
