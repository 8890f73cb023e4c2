"""The figures of each report, added up by hand."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from model_bakery import baker

from reports.catalogue import REPORTS, get_report
from reports.execution import Reading
from reports.services import ask
from tests.factories import make_customer, make_product
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


def read(slug: str, **given: Any) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """Return the rows and the totals of a report."""
    report = get_report(slug)
    reading = Reading(report, ask(report, given, today=TODAY))
    return [tuple(row) for row in reading], reading.totals


def test_a_month_adds_up_its_line_totals() -> None:
    make_sale("2026-10-05T10:00Z", (2, "1.50"), (1, "0.001"))
    make_sale("2026-10-31T23:30Z", (1, "10"))

    rows, totals = read("sales-by-month")

    assert rows == [(date(2026, 10, 1), 2, 0, 4, Decimal("13.001"), 0, None, 0, None)]
    assert totals == {
        "orders": 2,
        "credit_notes": 0,
        "units": 4,
        "sales": Decimal("13.001"),
        "sales_before": 0,
        "sales_year_before": 0,
    }


def test_a_credit_note_lessens_sales() -> None:
    make_sale("2026-10-05T10:00Z", (2, "5"))
    make_sale("2026-10-06T10:00Z", (-1, "5"))

    rows, _totals = read("sales-by-month")

    assert [row[:5] for row in rows] == [(date(2026, 10, 1), 1, 1, 1, 5)]


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_what_is_no_business_does_not_count(status: str) -> None:
    make_sale("2026-10-05T10:00Z", (2, "5"), status=status)

    rows, totals = read("sales-by-month")

    assert (rows, totals["sales"]) == ([], 0)


def test_a_month_is_local(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Athens"
    make_sale("2026-09-30T22:30Z", (1, "5"))

    rows, _totals = read("sales-by-month", period="last_month")

    assert [row[0] for row in rows] == [date(2026, 10, 1)]


def test_a_month_between_others_is_shown_with_zeros() -> None:
    make_sale("2026-01-05T10:00Z", (1, "5"))
    make_sale("2026-03-05T10:00Z", (1, "5"))

    rows, _totals = read("sales-by-month", period="all_time")

    assert rows[1] == (date(2026, 2, 1), 0, 0, 0, 0, None, None, None, None)


def test_months_stand_beside_those_of_the_period_before_and_of_a_year_before() -> None:
    for at, price in (("2026-09-30", "8"), ("2026-06-30", "4"), ("2025-09-30", "2"), ("2026-03-31", "99")):
        make_sale(f"{at}T10:00Z", (1, price))

    rows, totals = read("sales-by-month", period="last_quarter")

    assert rows[0] == (date(2026, 9, 1), 1, 0, 1, 8, 4, 100, 2, 300)
    assert (totals["sales"], totals["sales_before"], totals["sales_year_before"]) == (8, 4, 2)


def test_days_stand_beside_as_many_days_before() -> None:
    make_sale("2026-11-20T10:00Z", (1, "8"))
    make_sale("2026-11-13T10:00Z", (1, "5"))

    rows, _totals = read("sales-by-day", period="last_7_days")

    assert [(row[0], row[4], row[5]) for row in rows] == [(date(2026, 11, 20), 8, 5)]


def test_a_week_begins_on_monday() -> None:
    make_sale("2026-11-15T23:59Z", (1, "5"))
    make_sale("2026-11-16T00:00Z", (1, "7"))

    rows, _totals = read("sales-by-week", period="this_month")

    assert [(row[0], row[4]) for row in rows] == [(date(2026, 11, 9), 5), (date(2026, 11, 16), 7)]


def test_recency_frequency_and_monetary_value_score_by_quintiles() -> None:
    """Ten customers: the n-th bought n times at n, last on day n; the boundaries are at the 2nd, 4th, 6th and 8th."""
    for n in range(1, 11):
        buyer = make_customer(number=f"C{n}")
        for _time in range(n):
            make_sale(f"2026-10-{n:02}T00:00Z", (1, str(n)), (5, "0"), customer=buyer)
    make_sale("2026-10-20T00:00Z", (-1, "500"), customer=buyer)
    make_sale("2026-10-20T00:00Z", (1, "500"))

    rows, totals = read("rfm-customers", period="last_month")

    found = {row[0]: row[2:] for row in rows}
    assert found["C10"] == (22, 10, 100, 5, 5, 5, "Champions")
    assert found["C1"] == (31, 1, 1, 1, 1, 1, "Hibernating")
    assert [found[f"C{n}"][3] for n in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert (totals["frequency"], totals["monetary"]) == (55, 385)


def test_equal_values_score_equally() -> None:
    for day in range(1, 11):
        make_sale(f"2026-10-{day:02}T00:00Z", (1, "5"), customer=make_customer())

    rows, _totals = read("rfm-customers", period="last_month")

    assert {row[6:8] for row in rows} == {(1, 1)}


def test_a_customer_who_buys_no_more_leaves_the_segments() -> None:
    make_sale("2026-09-05T10:00Z", (1, "5"), customer=make_customer(number="C1"))
    make_sale("2026-10-05T10:00Z", (1, "7"), customer=make_customer(number="C2"))

    moves, _totals = read("rfm-moves", period="last_month")
    segments, totals = read("rfm-segments", period="last_month")

    assert set(moves) == {("Hibernating", "", 1, 0), ("", "Hibernating", 1, 7)}
    assert set(segments) == {("Hibernating", 1, 1, 1, 1, 7), ("", 1, 1, 1, 1, 0)}
    assert totals["now"] == totals["before"] == 2


def test_all_time_is_compared_with_all_time_until_then() -> None:
    now = timezone.now()
    for days in (5, 400):
        make_sale((now - timedelta(days=days)).isoformat(), (1, "5"), customer=make_customer())

    _segments, totals = read("rfm-segments", period="all_time")
    moves, _totals = read("rfm-moves", period="all_time")

    assert totals["now"] == 2
    assert [row[0] for row in moves if row[0] == ""] == [""]


def test_a_cohort_is_followed_month_by_month() -> None:
    for number, months in enumerate(((8,), (8, 9), (8, 10))):
        buyer = make_customer(number=f"C{number}")
        for month in months:
            make_sale(f"2024-{month:02}-05T10:00Z", (1, "5"), customer=buyer)

    rows, _totals = read("customer-cohorts", period="all_time")

    assert rows == [(date(2024, 8, 1), 3, 1, 1, *[0] * 10)]


def test_a_month_that_has_not_come_yet_is_empty_in_a_cohort() -> None:
    this_month = timezone.now().replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    make_sale(last_month.isoformat(), (1, "5"), customer=make_customer())

    rows, totals = read("customer-cohorts", period="all_time")

    assert rows == [(last_month.date(), 1, 0, *[None] * 11)]
    assert totals == {"customers": 1, "month_1": 0}


def test_a_customer_is_new_once_and_returns_once_a_month() -> None:
    buyer = make_customer()
    for at, price in (("2026-09-05", "1"), ("2026-09-06", "2"), ("2026-10-05", "4"), ("2026-10-06", "8")):
        make_sale(f"{at}T10:00Z", (1, price), customer=buyer)
    make_sale("2026-10-07T10:00Z", (1, "16"))

    rows, _totals = read("new-and-returning", period="all_time")

    assert rows == [(date(2026, 9, 1), 1, 0, 1, 2, 0), (date(2026, 10, 1), 0, 1, 0, 12, 16)]


def test_the_last_day_of_a_period_belongs_to_it() -> None:
    make_sale("2026-10-10T23:59:59Z", (1, "5"))
    make_sale("2026-10-11T00:00Z", (1, "7"))

    _rows, totals = read("sales-by-month", date_from="2026-10-10", date_to="2026-10-10")

    assert totals["sales"] == 5


def test_other_currencies_are_left_out() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    make_sale("2026-10-05T10:00Z", (1, "7"), currency="EUR")

    assert read("sales-by-month")[1]["sales"] == 5
    assert read("sales-by-month", currency="EUR")[1]["sales"] == 7


def test_countries_come_largest_first_with_their_share() -> None:
    make_sale("2026-10-05T10:00Z", (1, "25"), country="France")
    make_sale("2026-10-05T10:00Z", (1, "75"), country="Germany")

    rows, _totals = read("sales-by-country")

    assert [(row[0], row[4], row[5]) for row in rows] == [("Germany", 75, 75), ("France", 25, 25)]


def test_a_share_of_nothing_is_empty() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"), (-1, "5"), country="France")

    rows, _totals = read("sales-by-country")

    assert rows[0][5] is None


def test_top_customers_are_those_who_bought_most() -> None:
    small, large = make_customer(number="C1", name="Ann"), make_customer(number="C2", company="Large Ltd")
    make_sale("2026-10-05T10:00Z", (1, "5"), customer=small)
    make_sale("2026-10-06T10:00Z", (1, "9"), customer=large)
    make_sale("2026-10-07T10:00Z", (1, "99"))

    rows, totals = read("top-customers")

    assert [(row[0], row[1], row[6], row[7]) for row in rows] == [
        ("C2", "Large Ltd", 9, date(2026, 10, 6)),
        ("C1", "Ann", 5, date(2026, 10, 5)),
    ]
    assert totals["sales"] == 14


def test_top_customers_stop_at_the_limit() -> None:
    for price in ("5", "9"):
        make_sale("2026-10-05T10:00Z", (1, price), customer=make_customer())

    rows, _totals = read("top-customers", limit="1")

    assert [row[6] for row in rows] == [9]


def test_top_customers_of_one_country() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"), customer=make_customer(), country="France")
    make_sale("2026-10-05T10:00Z", (1, "9"), customer=make_customer(), country="Spain")

    rows, _totals = read("top-customers", country="france")

    assert [row[6] for row in rows] == [5]


def test_stock_is_worth_its_cost_and_its_price() -> None:
    make_product(sku="A", on_hand=3, cost=Decimal("2.5"), price=Decimal("4.0001"))
    make_product(sku="B", on_hand=1, cost=None, price=Decimal(1))
    make_product(sku="C")

    rows, totals = read("stock-value")

    assert [(row[0], row[6], row[8]) for row in rows] == [("A", Decimal("7.5"), Decimal("12.0003")), ("B", None, 1)]
    assert (totals["on_hand"], totals["value_at_cost"], totals["value_at_price"]) == (
        4,
        Decimal("7.5"),
        Decimal("13.0003"),
    )


def test_stock_value_lists_empty_products_on_request() -> None:
    make_product(sku="A")
    make_product(sku="B", status="archived")

    rows, _totals = read("stock-value", with_empty="1")

    assert [row[0] for row in rows] == ["A"]


@pytest.mark.parametrize("slug", REPORTS)
def test_a_report_of_nothing_has_no_rows_and_zero_totals(slug: str) -> None:
    rows, totals = read(slug)

    assert rows == []
    assert set(totals.values()) == {0}


@pytest.mark.parametrize("slug", REPORTS)
def test_a_report_takes_as_many_queries_for_many_rows(slug: str, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        make_sale(f"2026-{number % 10 + 1:02}-05T10:00Z", (1, "5"), customer=make_customer(), country=f"Land {number}")
        baker.make("catalog.StockMovement", product=make_product(), delta=1)

    with django_assert_max_num_queries(4):
        read(slug)
