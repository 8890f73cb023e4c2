"""Home and sidebar: what waits, figures that open their rows, links that lead somewhere."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.admin import site
from django.urls import reverse

from backoffice.navigation.home import Day, change, yesterday_sentence
from backoffice.navigation.sidebar import GROUPS
from tests.factories import make_draft, make_historical, make_paid, make_placed, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def test_each_number_opens_exactly_the_rows_it_counts(desk: Any) -> None:
    make_placed()
    make_paid()
    make_product(reorder_level=5)
    for task in desk.get("/").context["tasks"]:
        assert desk.get(task.url).context["cl"].count.number == task.count.number, task.queue.slug


def test_figures_open_exactly_the_orders_they_sum(desk: Any) -> None:
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    for amount in (10, 20):
        make_historical(placed_at=yesterday, total=Decimal(amount), subtotal=Decimal(amount))
    make_historical(placed_at=yesterday - timedelta(days=60), total=Decimal(5), subtotal=Decimal(5))
    sales, orders, average, _refunded = desk.get("/").context["figures"]
    assert (sales.value, orders.value, average.value) == ("30.00", "2", "15.00")
    assert desk.get(orders.url).context["cl"].count.number == 2


def test_drafts_are_no_sales(desk: Any) -> None:
    make_draft()
    assert not desk.get("/").context["sold_anything"]


@pytest.mark.parametrize(("now", "before", "words"), [(12, 10, "+20 %"), (5, 10, "-50 %"), (5, 0, "")])
def test_changes_are_told_in_per_cent(now: int, before: int, words: str) -> None:
    assert change(now, before) == words


def test_counts_are_kept_for_a_minute_and_refreshed_when_asked(desk: Any) -> None:
    desk.get("/")
    make_placed()
    waiting = {task.queue.slug: task.count.number for task in desk.get("/").context["tasks"]}
    fresh = {task.queue.slug: task.count.number for task in desk.get("/?fresh=1").context["tasks"]}
    assert (waiting["to_ship"], fresh["to_ship"]) == (0, 1)


def test_an_empty_desk_says_what_to_do(desk: Any) -> None:
    page = desk.get("/").content.decode()
    assert "No orders yet" in page
    assert reverse("admin:orders_order_add") in page


@pytest.mark.parametrize("item", [item for _title, items in GROUPS for item in items], ids=lambda item: item.link())
def test_every_link_of_the_sidebar_leads_somewhere(item: Any, administrator: Any, signed_in: Any) -> None:
    assert signed_in(administrator).get(item.link()).status_code == 200


def test_every_queue_in_the_sidebar_exists(rf: Any) -> None:
    known = {(desk.opts.label_lower, queue.slug) for desk in site.admins() for queue in desk.queues}
    wanted = {(item.label(), item.queue) for _title, items in GROUPS for item in items if item.queue}
    assert wanted <= known


def test_nobody_sees_links_they_may_not_follow(viewer: Any, signed_in: Any) -> None:
    page = signed_in(viewer).get("/").content.decode()
    assert "API tokens" not in page
    assert "/accounts/user/" not in page


def test_the_sidebar_marks_where_one_is(desk: Any) -> None:
    context = desk.get("/orders/order/?queue=to_ship").context
    items = [item for group in context["sidebar_navigation"] for item in group["items"]]
    assert [str(item["title"]) for item in items if item["active"]] == ["To ship"]


@pytest.mark.parametrize(("hour", "words"), [(8, "Good morning"), (14, "Good afternoon"), (20, "Good evening")])
def test_the_desk_greets_by_the_hour(desk: Any, hour: int, words: str) -> None:
    with time_machine.travel(datetime.now().astimezone().replace(hour=hour), tick=False):
        assert words in desk.get("/").content.decode()


def test_the_badge_says_which_desk_it_is(desk: Any, settings: Any) -> None:
    settings.ENVIRONMENT = "production"
    assert "Production" in desk.get("/").content.decode()


def test_what_waits_stands_before_what_does_not(desk: Any) -> None:
    make_placed()
    numbers = [bool(task.count.number) for task in desk.get("/?fresh=1").context["tasks"]]
    assert numbers == sorted(numbers, reverse=True)
    assert True in numbers
    assert False in numbers


@pytest.mark.parametrize(("orders", "words"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders")])
def test_yesterday_is_told_with_the_right_plural(orders: int, words: str) -> None:
    day = date(2026, 11, 20)
    assert f"Yesterday {words}, 5.00 " in yesterday_sentence(day, {day: Day(orders, Decimal(5))})
