"""What relative periods mean, on ordinary and on awkward days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from reports.periods import Period, Preset, local_today, midnight, resolve


@pytest.mark.parametrize(
    ("preset", "today", "first", "last"),
    [
        ("today", "2026-11-20", "2026-11-20", "2026-11-20"),
        ("yesterday", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("yesterday", "2028-03-01", "2028-02-29", "2028-02-29"),
        ("last_7_days", "2026-01-03", "2025-12-28", "2026-01-03"),
        ("last_30_days", "2028-03-10", "2028-02-10", "2028-03-10"),
        ("this_month", "2028-02-10", "2028-02-01", "2028-02-29"),
        ("last_month", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("last_month", "2026-01-15", "2025-12-01", "2025-12-31"),
        ("this_quarter", "2026-05-31", "2026-04-01", "2026-06-30"),
        ("last_quarter", "2026-02-28", "2025-10-01", "2025-12-31"),
        ("last_quarter", "2026-12-31", "2026-07-01", "2026-09-30"),
        ("this_week", "2026-11-22", "2026-11-16", "2026-11-22"),
        ("last_week", "2026-01-01", "2025-12-22", "2025-12-28"),
        ("this_half_year", "2026-06-30", "2026-01-01", "2026-06-30"),
        ("last_half_year", "2026-01-01", "2025-07-01", "2025-12-31"),
        ("last_12_months", "2028-02-29", "2027-02-01", "2028-01-31"),
        ("year_to_date", "2028-02-29", "2028-01-01", "2028-02-29"),
        ("last_year", "2028-02-29", "2027-01-01", "2027-12-31"),
    ],
)
def test_a_preset_means_these_dates(preset: str, today: str, first: str, last: str) -> None:
    period = resolve(preset, today=date.fromisoformat(today))

    assert period == Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("preset", "today", "first", "last"),
    [
        ("this_quarter", "2028-02-29", "2028-02-01", "2028-04-30"),
        ("last_quarter", "2026-01-15", "2025-08-01", "2025-10-31"),
        ("last_half_year", "2026-02-01", "2025-08-01", "2026-01-31"),
        ("year_to_date", "2026-01-31", "2025-02-01", "2026-01-31"),
        ("last_year", "2028-02-29", "2027-02-01", "2028-01-31"),
    ],
)
def test_quarters_and_years_begin_with_the_fiscal_year(
    preset: str, today: str, first: str, last: str, settings: Any
) -> None:
    settings.FISCAL_YEAR_START_MONTH = 2

    assert resolve(preset, today=date.fromisoformat(today)).as_parameters() == {"from": first, "to": last}


@pytest.mark.parametrize(
    ("period", "before", "year_before"),
    [
        (("2026-10-01", "2026-12-31"), ("2026-07-01", "2026-09-30"), ("2025-10-01", "2025-12-31")),
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        (("2025-02-01", "2025-02-28"), ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
        (("2026-11-14", "2026-11-20"), ("2026-11-07", "2026-11-13"), ("2025-11-14", "2025-11-20")),
        (("2028-02-28", "2028-02-29"), ("2028-02-26", "2028-02-27"), ("2027-02-28", "2027-02-28")),
    ],
)
def test_a_period_has_one_before_it_and_one_a_year_before(
    period: tuple[str, str], before: tuple[str, str], year_before: tuple[str, str]
) -> None:
    asked, *expected = (Period(*map(date.fromisoformat, each)) for each in (period, before, year_before))

    assert [asked.before(), asked.year_before()] == expected


def test_an_open_period_has_nothing_to_be_compared_with() -> None:
    assert Period(first=date(2026, 1, 1)).before() == Period(last=date(2026, 1, 1)).year_before() == Period()


def test_every_preset_resolves() -> None:
    presets = [preset for preset in Preset if preset != Preset.CUSTOM]

    assert all(isinstance(resolve(preset, today=date(2028, 2, 29)), Period) for preset in presets)


def test_all_time_has_no_bounds() -> None:
    period = resolve("all_time", today=date(2026, 11, 20))

    assert (period.starts_at, period.ends_at) == (None, None)


def test_a_custom_period_may_be_open_at_one_end() -> None:
    period = resolve("custom", today=date(2026, 11, 20), first=date(2026, 1, 5))

    assert period.as_parameters() == {"from": "2026-01-05", "to": None}


def test_a_custom_period_without_dates_is_refused() -> None:
    with pytest.raises(ValidationError, match="Give the date"):
        resolve("custom", today=date(2026, 11, 20))


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="ends before it begins"):
        resolve("custom", today=date(2026, 11, 20), first=date(2026, 2, 2), last=date(2026, 2, 1))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(day: str, hours: int, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    period = Period(date.fromisoformat(day), date.fromisoformat(day))

    assert period.ends_at - period.starts_at == timedelta(hours=hours)


def test_a_skipped_midnight_is_the_moment_of_the_change(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Beirut"  # 2026-03-29 begins at 01:00 summer time

    assert midnight(date(2026, 3, 29)) == datetime(2026, 3, 28, 22, tzinfo=UTC)


def test_a_midnight_that_comes_twice_is_the_first(settings: Any) -> None:
    settings.TIME_ZONE = "Atlantic/Azores"  # 01:00 becomes 00:00 on 2026-10-25

    assert midnight(date(2026, 10, 25)) == datetime(2026, 10, 25, 0, tzinfo=UTC)


def test_today_is_the_local_date(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"

    assert local_today(datetime(2026, 11, 20, 20, tzinfo=UTC)) == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (Period(date(2026, 10, 1), date(2026, 10, 31)), "1 Oct 2026 to 31 Oct 2026"),
        (Period(date(2026, 10, 1), date(2026, 10, 1)), "1 Oct 2026"),
        (Period(date(2026, 10, 1)), "since 1 Oct 2026"),
        (Period(last=date(2026, 10, 1)), "until 1 Oct 2026"),
        (Period(), "all time"),
    ],
)
def test_a_period_reads_as_words(period: Period, words: str) -> None:
    assert str(period) == words
