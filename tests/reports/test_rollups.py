"""Figures that are reckoned ahead: the same as from the rows, at any time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from model_bakery import baker

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job, enqueue_wanted_jobs
from catalog.models import Product, StockMovement
from catalog.services import receive_stock
from orders.models import Order, OrderLine
from orders.services import LineDraft
from reports.behind import behind
from reports.catalogue import get_report
from reports.execution import Reading
from reports.rollups.models import (
    DailyCategorySales,
    DailyProductSales,
    DailySales,
    MidnightStock,
    RollupChange,
)
from reports.rollups.services import check_rollups, refresh_rollups, rollups_are_behind
from reports.services import ask
from tests.factories import make_draft, make_product, reload
from tests.orders.test_invariants import Desk
from tests.reports.rolled import ROLLED, TODAY, read, read_rows
from tests.reports.samples import make_sale
from tests.reports.world import without_triggers

pytestmark = pytest.mark.django_db


def mark_rollups() -> None:
    """Let the rollups lie, so that a report that reads them is seen to."""
    for model in (DailySales, DailyProductSales, DailyCategorySales):
        model.objects.update(sales=1_000_000)


def sold(slug: str = "sales-by-month", **asked: Any) -> Any:
    return read(slug, **asked)[1]["sales"]


@pytest.mark.parametrize("slug", ROLLED)
def test_a_report_reads_its_rollup_while_nothing_changed(slug: str) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    assert sold(slug) == 1_000_000


@pytest.mark.parametrize("slug", ROLLED)
def test_a_report_reads_the_rows_while_something_is_not_reckoned_in(slug: str) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    make_sale("2026-10-06T10:00Z", (1, "7"))

    assert sold(slug) == 12


def test_a_change_outside_the_period_does_not_matter() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    make_sale("2026-11-01T00:00Z", (1, "7"))

    assert sold("sales-by-country", period="last_month") == 1_000_000
    assert sold("sales-by-country", period="this_month") == 7


@pytest.mark.parametrize("at", ["2026-09-30T23:59Z", "2025-10-31T23:59Z"])
def test_a_change_in_a_period_of_comparison_does(at: str) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    make_sale(at, (1, "7"))

    assert sold(period="last_month") == 5


def test_another_category_of_a_product_matters_to_reports_by_category_only() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    Product.objects.update(category=baker.make("catalog.Category", name="Tea"))

    assert (sold("sales-by-category"), sold("category-by-month")) == (5, 5)
    assert (sold("sales-by-product"), sold("sales-by-country")) == (1_000_000, 1_000_000)


def make_line(order: Order) -> None:
    baker.make("orders.OrderLine", order=order, position=7, quantity=2, unit_price=3, historical=True)


CHANGES = {
    "placed": lambda order: Order.objects.filter(pk=order.pk).update(status="completed"),
    "another day": lambda order: Order.objects.filter(pk=order.pk).update(placed_at="2026-09-01T10:00Z"),
    "another country": lambda order: Order.objects.filter(pk=order.pk).update(country="Malta"),
    "another channel": lambda order: Order.objects.filter(pk=order.pk).update(channel="phone"),
    "another currency": lambda order: Order.objects.filter(pk=order.pk).update(currency="EUR"),
    "another kind": lambda order: Order.objects.filter(pk=order.pk).update(kind="credit"),
    "cancelled": lambda order: Order.objects.filter(pk=order.pk).update(status="cancelled"),
    "another price": lambda order: order.lines.update(unit_price=7),
    "another quantity": lambda order: order.lines.update(quantity=9),
    "another product": lambda order: order.lines.update(product=make_product()),
    "another line": make_line,
    "a line less": lambda order: order.lines.first().delete(),
    "gone": lambda order: order.delete(),
    "another category": lambda order: Product.objects.update(category=baker.make("catalog.Category")),
    "no category": lambda order: Product.objects.update(category=None),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_whatever_changes_is_reckoned_in(change: str, status: str) -> None:
    product = make_product(category=baker.make("catalog.Category"))
    order = make_sale("2026-10-05T10:00Z", (1, "5"), (2, "4"), country="Spain", status=status)
    order.lines.update(product=product)
    make_sale("2026-10-05T10:00Z", (1, "3"), country="Spain").lines.update(product=product)
    refresh_rollups()

    CHANGES[change](order)
    refresh_rollups()

    assert [read(slug) for slug in ROLLED] == [read_rows(slug) for slug in ROLLED]
    assert (check_rollups(), rollups_are_behind()) == ([], False)


def test_what_no_figure_is_made_of_asks_for_nothing() -> None:
    order = make_sale("2026-10-05T10:00Z", (1, "5"))
    product = make_product(on_hand=3)
    refresh_rollups()

    Order.objects.filter(pk=order.pk).update(tags=["gift"], hold_reason="Ask", paid=1)
    OrderLine.objects.update(shipped=1, name="Assam")
    Product.objects.filter(pk=product.pk).update(reserved=1, price=5)
    make_draft(LineDraft(product, 1))

    assert not rollups_are_behind()


def test_a_change_that_is_taken_back_asks_for_nothing() -> None:
    refresh_rollups()
    with transaction.atomic():
        make_sale("2026-10-05T10:00Z", (1, "5"))
        transaction.set_rollback(True)

    assert not rollups_are_behind()


ZONES = [
    *("UTC", "Europe/London", "Europe/Athens", "Asia/Kathmandu", "Pacific/Apia", "Pacific/Pago_Pago"),
    # Clocks change at midnight: forward, so that a day begins at one, and back, so that its last hour comes twice.
    *("Asia/Beirut", "Africa/Cairo", "America/Santiago", "America/Havana", "America/Asuncion"),
]


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_local_where_clocks_change_too(zone: str, settings: Any) -> None:
    settings.TIME_ZONE = zone
    for month, day in ((3, 28), (4, 4), (4, 24), (9, 6), (10, 25), (10, 31), (3, 8)):
        first = datetime(2026, month, day, tzinfo=UTC)
        for hours in range(0, 30, 3):
            make_sale((first + timedelta(hours=hours - 6, minutes=30)).isoformat(), (1, f"{hours + 1}.01"))
    refresh_rollups()

    days, _totals = found = read("sales-by-day")

    assert found == read_rows("sales-by-day")
    for row in days:
        day = row[0].isoformat()
        assert sold("sales-by-country", date_from=day, date_to=day) == row[4]


def test_another_time_zone_has_other_days(settings: Any) -> None:
    make_sale("2026-09-30T22:30Z", (1, "5"))
    refresh_rollups()

    settings.TIME_ZONE = "Europe/Athens"

    assert [row[0] for row in read("sales-by-month")[0]] == [date(2026, 10, 1)]
    assert rollups_are_behind()
    refresh_rollups()
    assert [row[0] for row in read("sales-by-month")[0]] == [date(2026, 10, 1)]
    assert not rollups_are_behind()


def stock() -> dict[tuple[int, date], int]:
    return {(row.product_id, row.day): row.on_hand for row in MidnightStock.objects.all()}


def test_a_movement_is_reckoned_in_upon_what_was_there() -> None:
    product, other = make_product(on_hand=5), make_product(on_hand=1)
    with without_triggers("catalog_stockmovement"):
        StockMovement.objects.update(created_at="2026-10-05T10:00Z")
    refresh_rollups()

    receive_stock(product=product, quantity=3)
    refresh_rollups()

    on_hand = {pk: found for (pk, _day), found in sorted(stock().items())}
    assert (on_hand[product.pk], on_hand[other.pk], len(stock())) == (8, 1, 3)
    assert check_rollups() == []


@pytest.fixture
def moved() -> Product:
    """A product of which there were four units on one evening, fourteen on the next, and less now."""
    product = make_product(on_hand=5, price=Decimal(2), cost=None)
    with without_triggers("catalog_stockmovement"):
        StockMovement.objects.update(created_at="2026-10-05T10:00Z")
        for at, delta in (("2026-10-05T23:59Z", -1), ("2026-10-06T00:00Z", 10)):
            baker.make("catalog.StockMovement", product=product, delta=delta, created_at=datetime.fromisoformat(at))
    refresh_rollups()
    return product


def test_stock_at_midnight_is_what_the_movements_left(moved: Product) -> None:
    assert stock() == {(moved.pk, date(2026, 10, 5)): 4, (moved.pk, date(2026, 10, 6)): 14}


@pytest.mark.parametrize(
    ("at", "on_hand"), [("2026-10-04", 0), ("2026-10-05", 4), ("2026-10-06", 14), ("2026-10-31", 14)]
)
def test_the_stock_of_a_day_is_that_of_its_midnight(moved: Product, at: str, on_hand: int) -> None:
    rows, totals = found = read("stock-value", at=at)

    assert found == read_rows("stock-value", at=at)
    assert [(row[3], row[4], row[8]) for row in rows] == ([(on_hand, None, 2 * on_hand)] if on_hand else [])
    made_of = Reading(behind(get_report("stock-value")), ask(get_report("stock-value"), {"at": at}, today=TODAY))
    made_of.head(0)
    assert {name: made_of.totals[name] for name in totals if name in made_of.totals} == totals


def test_the_stock_of_a_day_is_read_from_the_rollup_while_nothing_moved(moved: Product) -> None:
    MidnightStock.objects.update(on_hand=1000)
    assert read("stock-value", at="2026-10-05")[1]["on_hand"] == 1000

    receive_stock(product=moved, quantity=1)

    assert read("stock-value", at="2026-10-05")[1]["on_hand"] == 4


class RolledDesk(Desk):
    """The desk at which anything is tried, with rollups that follow it."""

    @invariant()
    def rollups_are_what_the_rows_add_up_to(self) -> None:
        refresh_rollups()
        assert not rollups_are_behind()
        for slug in ("sales-by-day", "sales-by-country", "sales-by-product", "category-by-month"):
            assert read(slug) == read_rows(slug)
        on_hand = {pk: found for (pk, _day), found in sorted(stock().items())}
        assert on_hand == dict(Product.objects.exclude(movements=None).values_list("pk", "on_hand"))


@pytest.mark.slow
def test_any_sequence_of_operations_keeps_the_rollups() -> None:
    effort = settings(
        max_examples=4,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(RolledDesk, settings=effort)


def test_the_command_reckons_all_anew(capsys: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    call_command("rebuild_rollups")

    assert "reports_dailysales: 1 rows" in capsys.readouterr().out
    assert (sold(), sold("sales-by-category"), sold("sales-by-product")) == (5, 5, 5)


def run(kind: str) -> Job:
    job = enqueue_job(kind=f"reports.{kind}")
    run_job(job.pk)
    return reload(job)


WRONG = {
    "Daily sales by country and channel: 1 day (5 Oct 2026)": lambda: DailySales.objects.update(orders=9),
    "Daily sales by product: 1 day (5 Oct 2026)": lambda: DailyProductSales.objects.all().delete(),
    "Daily sales by category: 1 day (5 Oct 2026)": lambda: DailyCategorySales.objects.update(units=9),
    "Stock at midnight: 1 day": lambda: MidnightStock.objects.update(on_hand=9),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_difference_is_told_and_mended(sentence: str, administrator: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    make_product(on_hand=3)
    refresh_rollups()
    WRONG[sentence]()

    job = run("check_rollups")

    assert job.state == "partly_failed"
    assert sentence in job.error
    assert [(sent.to, sentence in sent.body, job_address(job) in sent.body) for sent in mail.outbox] == [
        ([administrator.email], True, True)
    ]
    assert (sold(), sold("sales-by-category"), sold("sales-by-product")) == (5, 5, 5)
    refresh_rollups()
    assert (check_rollups(), rollups_are_behind()) == ([], False)


def job_address(job: Job) -> str:
    return reverse("admin:jobs_job_change", args=[job.pk])


def test_a_difference_stands_on_the_home_page(manager: Any, signed_in: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    mark_rollups()

    run("check_rollups")

    tasks = signed_in(manager).get(reverse("admin:index")).context["tasks"]
    assert ("Failed this week", 1) in [(str(task.queue.title), task.count.number) for task in tasks]


def test_what_waits_to_be_reckoned_in_is_no_difference() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    refresh_rollups()
    make_sale("2026-10-05T10:00Z", (1, "5"))
    Product.objects.update(category=baker.make("catalog.Category"))
    make_product(on_hand=3)

    assert check_rollups() == []
    assert run("check_rollups").state == "succeeded"


def test_a_job_reckons_in_what_changed_when_something_did() -> None:
    assert enqueue_wanted_jobs() == 1
    run_job(Job.objects.get(kind="reports.refresh_rollups").pk)
    assert enqueue_wanted_jobs() == 0

    make_sale("2026-10-05T10:00Z", (1, "5"))

    assert (enqueue_wanted_jobs(), enqueue_wanted_jobs()) == (1, 0)
    run_job(Job.objects.latest("pk").pk)
    assert (DailySales.objects.get().sales, rollups_are_behind()) == (5, False)


def test_a_job_that_failed_is_not_wanted_again_at_once() -> None:
    enqueue_wanted_jobs()
    Job.objects.update(state="failed", finished_at=datetime.now(UTC))
    assert enqueue_wanted_jobs() == 0

    Job.objects.update(finished_at=datetime.now(UTC) - timedelta(minutes=2))

    assert enqueue_wanted_jobs() == 1


@pytest.mark.parametrize(
    "fields", [{}, {"sold_at": "2026-10-05T10:00Z", "product_id": 1}, {"stocked_at": "2026-10-05T10:00Z"}]
)
def test_a_change_is_about_one_thing(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="reports_rollupchange_one_thing"):
        RollupChange.objects.create(**fields)


def test_a_category_has_one_row_a_day() -> None:
    given = {"day": TODAY, "currency": "GBP", "category_id": None, "units": 1, "sales": 1}
    DailyCategorySales.objects.create(**given)
    with pytest.raises(IntegrityError, match="reports_dailycategorysales_once_a_day"):
        DailyCategorySales.objects.create(**given)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_under_way_is_neither_waited_for_nor_lost() -> None:
    refresh_rollups()
    other = connection.copy()
    try:
        with transaction.atomic():
            make_sale("2026-10-05T10:00Z", (1, "5"))
            seen = other_side(other, "SELECT count(*) FROM reports_rollupchange")
            other_side(other, "INSERT INTO reports_rollupchange (sold_at) VALUES ('2026-10-05T10:00Z')")
            connection.cursor().execute("SET LOCAL lock_timeout = '2s'")
            make_sale("2026-10-05T10:00Z", (1, "5"))
        assert seen == 0
    finally:
        other.close()
    refresh_rollups()
    assert DailySales.objects.get().sales == 10


def other_side(other: Any, sql: str) -> Any:
    with other.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None
