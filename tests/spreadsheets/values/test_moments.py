from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from backoffice.spreadsheets.values import BadValue, DateTimeValue, DateValue

BERLIN = DateTimeValue(zone=ZoneInfo("Europe/Berlin"))


def rule_of(convert, cell):
    with pytest.raises(BadValue) as refusal:
        convert(cell)
    return refusal.value.rule


@pytest.mark.parametrize(
    "cell",
    ["2025-03-31", "2025/03/31", "31/03/2025", "03/31/2025", "31.3.2025", "2025-03-31 00:00:00", date(2025, 3, 31)],
)
def test_a_date_with_one_reading_is_taken(cell):
    assert DateValue()(cell) == date(2025, 3, 31)


def test_a_date_that_reads_two_ways_is_refused_with_both():
    with pytest.raises(BadValue, match="2025-04-03 or as 2025-03-04") as refusal:
        DateValue()("03/04/2025")

    assert refusal.value.rule == "date_ambiguous"


def test_the_same_day_and_month_read_one_way():
    assert DateValue()("04/04/2025") == date(2025, 4, 4)


def test_a_declared_order_settles_the_reading():
    assert DateValue(order="dmy")("03/04/2025") == date(2025, 4, 3)
    assert DateValue(order="mdy")("03/04/2025") == date(2025, 3, 4)


@pytest.mark.parametrize("cell", ["2025-02-30", "3/4/25", "45000", 45000, "soon", "20250403", True, "2025-03-31 08:00"])
def test_what_is_not_a_date_is_refused(cell):
    assert rule_of(DateValue(), cell) == "date"


def test_a_time_of_day_is_never_cut_off_a_date():
    assert rule_of(DateValue(), datetime.fromisoformat("2025-03-31 08:00")) == "date"


@pytest.mark.parametrize(
    "cell",
    [
        "2010-12-01 08:26:00",
        "2010-12-01T08:26",
        "2010-12-01 08:26:00+00",
        "2010-12-01T09:26:00+01:00",
        "2010-12-01T08:26:00Z",
        "2010/12/01 8:26",
        datetime.fromisoformat("2010-12-01 08:26"),
    ],
)
def test_a_moment_is_in_utc(cell):
    assert DateTimeValue()(cell) == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_fractions_of_a_second_are_kept():
    assert DateTimeValue()("2010-12-01 08:26:00.123456+00").microsecond == 123456


def test_a_date_alone_is_its_first_moment_in_the_zone():
    assert BERLIN("2025-07-01") == datetime(2025, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["2025-03-30 02:30", "2025-10-26 02:30"])
def test_an_hour_that_the_clocks_skip_or_repeat_is_refused(cell):
    assert rule_of(BERLIN, cell) == "datetime_ambiguous"


@pytest.mark.parametrize("cell", ["2010-12-01 25:00", "2010-12-01 08:61", "2010-13-01 08:00:00", "x 08:00", 40513.35])
def test_what_is_not_a_moment_is_refused(cell):
    assert rule_of(DateTimeValue(), cell) in {"datetime", "date"}
