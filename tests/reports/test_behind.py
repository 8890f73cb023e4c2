"""Each figure of each report is what the records behind it add up to."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from backoffice.accounts.models import User
from backoffice.accounts.services import grant_role
from orders.models import Order
from reports.behind import as_address, behind
from reports.catalogue import REPORTS, get_report
from reports.catalogue.base import Question, Report
from reports.execution import Reading
from reports.periods import local_today
from reports.rollups.services import refresh_rollups
from reports.services import ask
from tests.reports.rolled import ROLLED, read, read_rows
from tests.reports.world import make_world, without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[User]:
    """Fill the shop once for all tests of this module; the transaction around them is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        staff = User.objects.create_user("mana@example.com", name="Mana")
        grant_role(user=staff, role="Manager")
        make_world(staff)
        break_figures()
        refresh_rollups()
        yield staff
        transaction.set_rollback(True)


def break_figures() -> None:
    """Let the figures of an order, of a product and of a customer not add up."""
    with without_triggers("orders_order", "catalog_product"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_order SET subtotal = subtotal + 1, total = total + 1, paid = paid + 1"
            " WHERE id = (SELECT max(id) FROM orders_order)"
        )
        cursor.execute("UPDATE customers_customerfigures SET spent = spent + 1")


def questions(report: Report) -> Iterator[tuple[dict[str, str], Question]]:
    """Yield what is asked of a report: its defaults, and where it has a period, two of them, open and closed."""
    periods: list[dict[str, str]] = [{}]
    if "period" in report.parameters().fields:
        today = local_today()
        first = today.replace(year=today.year - 1, day=1).isoformat()
        periods = [{"period": "all_time"}, {"date_from": first, "date_to": today.isoformat()}]
    for given in periods:
        yield given, ask(report, given, today=local_today())


@pytest.mark.parametrize("slug", REPORTS)
def test_the_records_behind_a_row_add_up_to_its_figures(slug: str) -> None:
    report = get_report(slug)
    figures = [(at, column.name) for at, column in enumerate(report.columns) if column.is_figure]
    found = 0
    for given, question in questions(report):
        for row in Reading(report, question).head(10_000):
            found += 1
            assert len(row) == len(report.columns) + len(report.key)
            made_of = Reading(behind(report, key=as_address(row[len(report.columns) :])), question)
            made_of.head(0)
            sums = {name: made_of.totals.get(name) for _at, name in figures if row[_at] is not None}
            assert sums == {name: row[at] for at, name in figures if row[at] is not None}, (given, row)
    assert found


@pytest.mark.parametrize("slug", ROLLED)
@pytest.mark.parametrize("period", ["all_time", "last_12_months", "last_30_days", "this_month", "today"])
def test_a_report_says_the_same_from_its_rollup_as_from_the_rows(slug: str, period: str) -> None:
    asked = {"period": period, "today": local_today()}

    found, expected = read(slug, **asked), read_rows(slug, **asked)

    assert found == expected
    assert [[type(value) for value in row] for row in found[0]] == [[type(each) for each in row] for row in expected[0]]


@pytest.mark.parametrize("slug", REPORTS)
def test_each_figure_opens_the_records_that_add_something_to_it(slug: str) -> None:
    report = get_report(slug)
    _given, question = next(questions(report))
    reading = Reading(report, question)
    reading.head(0)
    for name, total in reading.totals.items():
        made_of = Reading(behind(report, figure=name), question)
        made_of.head(0)
        assert made_of.totals[name] == total, name


@pytest.mark.parametrize("slug", REPORTS)
def test_the_pages_behind_a_report_open(slug: str, shop: User, signed_in: Any) -> None:
    client = signed_in(shop)
    given = {"period": "all_time"} if "period" in get_report(slug).parameters().fields else {}
    shown = client.get(reverse("admin:reports_report", args=[slug]), given).context["shown"]
    urls = {cell.url for row in shown.rows[:3] for cell in row if cell.url} | {cell.url for cell in shown.totals} - {""}
    for url in urls:
        response = client.get(url)
        assert response.status_code == 200, url
        if "/rows/" in url:
            assert {client.get(row[0].url).status_code for row in response.context["shown"].rows[:2]} == {200}, url
    assert client.get(reverse("admin:reports_report_print", args=[slug]), given).status_code == 200


def test_a_figure_that_the_report_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="no figure"):
        behind(get_report("sales-by-country"), figure="country")


@pytest.mark.parametrize("key", ["[]", '["France", 1]', "France", "{}"])
def test_a_row_that_the_address_does_not_name_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="does not name a row"):
        behind(get_report("sales-by-country"), key=key)


def test_the_rows_of_one_figure_are_those_that_it_counts(shop: User, signed_in: Any) -> None:
    url = reverse("admin:reports_report_rows", args=["order-ageing"])

    shown = signed_in(shop).get(url, {"figure": "upto_1", "key": '["on_hold"]'}).context["shown"]

    held = Order.objects.on_hold().get()
    assert [row[0].words for row in shown.rows] == [held.number]
