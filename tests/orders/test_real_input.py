"""A year of real sales: 541,909 lines as they are."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery, Sum
from django.db.models.functions import TruncMonth
from pytest_django import DjangoDbBlocker

from backoffice.changes.models import ChangeSet
from catalog.models import Product, StockMovement
from customers.models import Customer, CustomerFigures
from orders.models import Order, OrderLine
from reports.catalogue import get_report
from reports.catalogue.rfm import SEGMENT_NAMES
from reports.execution import Reading
from reports.formats import exact
from reports.rollups.models import DailyProductSales, DailySales
from reports.rollups.services import check_rollups, refresh_rollups
from reports.services import ask
from tests.conftest import SHARED_DATA
from tests.spreadsheets.importing import counts, run_import

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_input,
    pytest.mark.django_db,
]

FOLDER = SHARED_DATA / "online_retail"


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "facts.json").read_text())
    return loaded


@pytest.fixture(scope="module", autouse=True)
def answer(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Any]]:
    """Import the file once for all tests of this module; the transaction around them is rolled back after the last."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield run_import("orders", FOLDER / "online_retail.csv.gz", "--apply")
        transaction.set_rollback(True)


def net(rows: Any) -> Decimal:
    return Decimal(rows.aggregate(net=Sum("total"))["net"])


def test_every_line_comes_in(answer: dict[str, Any], facts: dict[str, Any]) -> None:
    assert (answer["status"], answer["refused"], answer["create"]) == (0, 0, facts["rows"])
    assert OrderLine.objects.count() == facts["rows"]


def test_invoices_customers_and_products_are_counted_once(facts: dict[str, Any]) -> None:
    assert Order.objects.count() == facts["distinct_invoices"]
    assert Customer.objects.count() == facts["distinct_customers"]
    assert Product.objects.count() == facts["distinct_stock_codes_case_insensitive"]


def test_the_net_total_holds_to_the_last_digit(facts: dict[str, Any]) -> None:
    assert net(OrderLine.objects.all()) == Decimal(facts["sum_quantity_x_price"])
    assert net(Order.objects.all()) == Decimal(facts["sum_quantity_x_price"])


def test_the_months_hold(facts: dict[str, Any]) -> None:
    months = Order.objects.annotate(month=TruncMonth("placed_at")).values("month").annotate(net=Sum("total"))
    assert {f"{row['month']:%Y-%m}": row["net"] for row in months} == {
        month: Decimal(value) for month, value in facts["net_by_month"].items()
    }


def test_the_countries_hold(facts: dict[str, Any]) -> None:
    rows = OrderLine.objects.values("order__country").annotate(
        lines=Count("pk"), invoices=Count("order", distinct=True), units=Sum("quantity"), net=Sum("total")
    )
    found = {row["order__country"]: [row["lines"], row["invoices"], row["units"], row["net"]] for row in rows}
    assert found == {country: [*numbers, Decimal(value)] for country, (*numbers, value) in facts["by_country"].items()}


def report(slug: str) -> Any:
    """Return a report over all time, read to its end: rows by name, and totals."""
    declared = get_report(slug)
    reading = Reading(declared, ask(declared, {"period": "all_time"}, today=date(2026, 1, 1)))
    names = [column.name for column in declared.columns]
    return [dict(zip(names, row, strict=True)) for row in reading], reading.totals


def test_sales_by_month_hold_to_the_last_digit(facts: dict[str, Any]) -> None:
    rows, totals = report("sales-by-month")
    assert {f"{row['month']:%Y-%m}": exact(row["sales"]) for row in rows} == facts["net_by_month"]
    assert exact(totals["sales"]) == facts["sum_quantity_x_price"]


def test_sales_by_country_hold_to_the_last_digit(facts: dict[str, Any]) -> None:
    rows, _totals = report("sales-by-country")
    found = {row["country"]: [row["orders"] + row["credit_notes"], row["units"], exact(row["sales"])] for row in rows}
    assert found == {country: figures for country, (_lines, *figures) in facts["by_country"].items()}


def test_the_same_holds_for_what_is_reckoned_ahead(facts: dict[str, Any]) -> None:
    slugs = ("sales-by-day", "sales-by-month", "sales-by-country", "sales-by-product", "category-by-month")
    from_rows = [report(slug) for slug in slugs]
    refresh_rollups()

    assert [report(slug) for slug in slugs] == from_rows
    by_month = DailySales.objects.annotate(month=TruncMonth("day")).values("month").annotate(net=Sum("sales"))
    assert {f"{row['month']:%Y-%m}": exact(row["net"]) for row in by_month} == facts["net_by_month"]
    by_product = DailyProductSales.objects.aggregate(net=Sum("sales"), units=Sum("units"))
    assert exact(by_product["net"]) == facts["sum_quantity_x_price"]
    assert check_rollups() == []


def test_top_customers_hold_to_the_last_digit(facts: dict[str, Any]) -> None:
    rows, _totals = report("top-customers")
    expected = list(facts["top_customers_by_net"].items())
    assert [(row["number"], exact(row["sales"])) for row in rows][: len(expected)] == expected


def test_recency_frequency_and_monetary_value_are_as_published() -> None:
    """The figures that published studies give for the cleaned file; see `reports.catalogue.rfm`."""
    rows, totals = report("rfm-customers")
    found = {row["number"]: (row["frequency"], exact(row["monetary"])) for row in rows}

    assert (len(rows), totals["frequency"], exact(totals["monetary"])) == (4338, 18532, "8911407.904")
    assert found["12346"] == (1, "77183.60")
    assert found["12748"] == (209, "33719.73")
    assert found["14646"] == (73, "280206.02")


def test_the_segments_of_a_year_hold_each_of_their_customers_once() -> None:
    rows, totals = report("rfm-segments")

    assert (totals["now"], exact(totals["monetary"])) == (4338, "8911407.904")
    assert {row["segment"] for row in rows} == set(dict(SEGMENT_NAMES)) - {""}


def test_guests_have_no_customer(facts: dict[str, Any]) -> None:
    assert OrderLine.objects.filter(order__customer=None).count() == facts["rows_without_customer"]


def test_cancellations_are_credit_notes(facts: dict[str, Any]) -> None:
    assert Order.objects.filter(kind="credit").count() == facts["cancellation_invoices"]


def test_all_of_it_is_settled_history() -> None:
    states = (
        Order.objects.order_by().values_list("historical", "status", "payment_state", "fulfilment_state").distinct()
    )
    assert list(states) == [(True, "completed", "paid", "fulfilled")]
    assert not StockMovement.objects.exists()


def test_a_customer_has_the_country_of_the_newest_line() -> None:
    newest = Order.objects.filter(customer=OuterRef("pk")).order_by("-placed_at").values("country")[:1]
    wrong = Customer.objects.annotate(newest=Subquery(newest)).exclude(country=F("newest"))
    assert not wrong.exists()


def test_the_figures_of_the_customers_are_up_to_date(facts: dict[str, Any]) -> None:
    top = CustomerFigures.objects.order_by("-spent").values_list("customer__number", "spent")[:3]
    expected = list(facts["top_customers_by_net"].items())[:3]
    assert list(top) == [(number, Decimal(value)) for number, value in expected]


def test_history_has_one_version_of_each_row(answer: dict[str, Any], facts: dict[str, Any]) -> None:
    assert OrderLine.history.filter(change_set=answer["change_set"]).count() == facts["rows"]
    counted = ChangeSet.objects.get(pk=answer["change_set"]).counts
    assert counted["orders.order"] == {"+": facts["distinct_invoices"]}


def test_the_same_file_again_changes_nothing(facts: dict[str, Any]) -> None:
    again = run_import("orders", FOLDER / "online_retail.csv.gz", "--apply")
    assert counts(again) == (0, 0, facts["rows"], 0)
    assert again["change_set"] is None
    assert ChangeSet.objects.filter(kind="import").count() == 1
