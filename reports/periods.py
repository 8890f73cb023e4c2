"""Relative periods, and the dates they mean on a given day.

A period is a pair of local dates, both of which belong to it. The instants that bound it are midnights in
`settings.TIME_ZONE`: a day is 23 or 25 hours long where clocks change. Weeks begin on Monday. Quarters, half-years
and years are those of the fiscal year, which begins with the month `settings.FISCAL_YEAR_START_MONTH`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

DAY = timedelta(days=1)
QUARTER, HALF_YEAR, YEAR = 3, 6, 12


class Preset(models.TextChoices):
    """The periods that people name instead of dates."""

    TODAY = "today", gettext_lazy("Today")
    YESTERDAY = "yesterday", gettext_lazy("Yesterday")
    LAST_7_DAYS = "last_7_days", gettext_lazy("Last 7 days, with today")
    LAST_30_DAYS = "last_30_days", gettext_lazy("Last 30 days, with today")
    THIS_WEEK = "this_week", gettext_lazy("This week")
    LAST_WEEK = "last_week", gettext_lazy("Last full week")
    THIS_MONTH = "this_month", gettext_lazy("This month")
    LAST_MONTH = "last_month", gettext_lazy("Last full month")
    THIS_QUARTER = "this_quarter", gettext_lazy("This quarter")
    LAST_QUARTER = "last_quarter", gettext_lazy("Last full quarter")
    THIS_HALF_YEAR = "this_half_year", gettext_lazy("This half-year")
    LAST_HALF_YEAR = "last_half_year", gettext_lazy("Last full half-year")
    LAST_12_MONTHS = "last_12_months", gettext_lazy("Last 12 full months")
    YEAR_TO_DATE = "year_to_date", gettext_lazy("This year to date")
    LAST_YEAR = "last_year", gettext_lazy("Last full year")
    ALL_TIME = "all_time", gettext_lazy("All time")
    CUSTOM = "custom", gettext_lazy("From one date to another")


@dataclass(frozen=True)
class Period:
    """Local dates from `first` to `last`, both included; an empty one is open at that end."""

    first: date | None = None
    last: date | None = None

    @property
    def starts_at(self) -> datetime | None:
        """The instant at which the period begins."""
        return midnight(self.first) if self.first else None

    @property
    def ends_at(self) -> datetime | None:
        """The instant at which the period is over; it does not belong to it."""
        return midnight(self.last + DAY) if self.last else None

    @property
    def is_closed(self) -> bool:
        """Whether the period has both ends, so that it can be compared with another."""
        return self.first is not None and self.last is not None

    @property
    def whole_months(self) -> int:
        """How many months the period is, from the first day of one to the last day of another; 0 if it is not."""
        if self.first is None or self.last is None or self.first.day != 1 or (self.last + DAY).day != 1:
            return 0
        following = self.last + DAY
        return 12 * (following.year - self.first.year) + following.month - self.first.month

    def before(self) -> "Period":
        """Return the period just before this one: as many whole months where it is made of such, else as many days."""
        if self.first is None or self.last is None:
            return Period()
        if self.whole_months:
            return Period(month_start(self.first, -self.whole_months), self.first - DAY)
        return Period(self.first - (self.last - self.first) - DAY, self.first - DAY)

    def year_before(self) -> "Period":
        """Return the same dates, or the same whole months, a year before; 29 February becomes the 28th."""
        if self.first is None or self.last is None:
            return Period()
        if self.whole_months:
            return Period(month_start(self.first, -12), month_start(self.last + DAY, -12) - DAY)
        return Period(_year_earlier(self.first), _year_earlier(self.last))

    def as_parameters(self) -> dict[str, str | None]:
        """Return the dates as a run and its file keep them: ISO 8601, or None where the period is open."""
        return {
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }

    @classmethod
    def from_parameters(cls, kept: Mapping[str, str | None]) -> Self:
        """Return the period that `as_parameters` wrote."""
        first, last = (date.fromisoformat(day) if day else None for day in (kept.get("from"), kept.get("to")))
        return cls(first, last)

    def __str__(self) -> str:
        if self.first and self.first == self.last:
            return date_format(self.first)
        if self.first and self.last:
            return _("%(first)s to %(last)s") % {"first": date_format(self.first), "last": date_format(self.last)}
        if self.first:
            return _("since %(first)s") % {"first": date_format(self.first)}
        if self.last:
            return _("until %(last)s") % {"last": date_format(self.last)}
        return _("all time")


def midnight(day: date) -> datetime:
    """Return the instant, in UTC, at which the local `day` begins.

    Where clocks skip midnight, that is the moment of the change; where midnight comes twice, the first one.
    """
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(settings.TIME_ZONE)).astimezone(UTC)


def local_today(at: datetime | None = None) -> date:
    """Return the local date of the instant `at`, or of now."""
    return timezone.localdate(at, timezone=ZoneInfo(settings.TIME_ZONE))


def local_day(column: str) -> str:
    """Return the SQL of the local date of the instant in `column`; it has the parameter `zone`."""
    return f"({column} AT TIME ZONE %(zone)s)::date"


def month_start(day: date, months: int = 0) -> date:
    """Return the first day of the month that lies `months` after the one of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def span_start(day: date, months: int, later: int = 0) -> date:
    """Return the first day of the quarter, half-year or year (by its `months`) that lies `later` after that of `day`.

    They are counted from the month with which the fiscal year begins.
    """
    into = (day.month - settings.FISCAL_YEAR_START_MONTH) % months
    return month_start(day, months * later - into)


def week_start(day: date, weeks: int = 0) -> date:
    """Return the Monday of the week that lies `weeks` after that of `day`."""
    return day + timedelta(days=7 * weeks - day.weekday())


def _year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _span(months: int, later: int) -> Callable[[date], Period]:
    return lambda day: Period(span_start(day, months, later), span_start(day, months, later + 1) - DAY)


_RESOLVERS: dict[str, Callable[[date], Period]] = {
    Preset.TODAY: lambda day: Period(day, day),
    Preset.YESTERDAY: lambda day: Period(day - DAY, day - DAY),
    Preset.LAST_7_DAYS: lambda day: Period(day - 6 * DAY, day),
    Preset.LAST_30_DAYS: lambda day: Period(day - 29 * DAY, day),
    Preset.THIS_WEEK: lambda day: Period(week_start(day), week_start(day, 1) - DAY),
    Preset.LAST_WEEK: lambda day: Period(week_start(day, -1), week_start(day) - DAY),
    Preset.THIS_MONTH: lambda day: Period(month_start(day), month_start(day, 1) - DAY),
    Preset.LAST_MONTH: lambda day: Period(month_start(day, -1), month_start(day) - DAY),
    Preset.THIS_QUARTER: _span(QUARTER, 0),
    Preset.LAST_QUARTER: _span(QUARTER, -1),
    Preset.THIS_HALF_YEAR: _span(HALF_YEAR, 0),
    Preset.LAST_HALF_YEAR: _span(HALF_YEAR, -1),
    Preset.LAST_12_MONTHS: lambda day: Period(month_start(day, -12), month_start(day) - DAY),
    Preset.YEAR_TO_DATE: lambda day: Period(span_start(day, YEAR), day),
    Preset.LAST_YEAR: _span(YEAR, -1),
    Preset.ALL_TIME: lambda day: Period(),
}


def resolve(preset: str, *, today: date, first: date | None = None, last: date | None = None) -> Period:
    """Return the dates that `preset` means on the local day `today`; `first` and `last` are for a custom one.

    Raises ValidationError when a custom period has no date at all, or ends before it begins.
    """
    if preset != Preset.CUSTOM:
        return _RESOLVERS[preset](today)
    if first is None and last is None:
        raise ValidationError(_("Give the date that the period begins with, or the one it ends with, or both."))
    if first and last and last < first:
        raise ValidationError(_("The period ends before it begins. Swap the two dates."))
    return Period(first, last)
