"""Work on many rows, in a real browser: prices of all that a filter shows, an action, and their undo."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from catalog.models import Category
from orders.models import Order
from tests.browser.conftest import Sit
from tests.factories import make_completed, make_placed, make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_prices_of_all_that_a_filter_shows_go_up_and_back(sit: Sit, manager: Any) -> None:
    teas = Category.objects.create(name="Teas")
    tea, mate = (make_product(sku=sku, price=Decimal("2.50"), category=teas) for sku in ("TEA-1", "MATE-1"))
    rug = make_product(sku="RUG-1", price=Decimal("2.50"))
    tab = sit(manager)
    tab.goto(f"/catalog/product/?category__id__exact={teas.pk}")
    tab.locator("#action-toggle").check()
    tab.get_by_role("button", name="Edit many").click()
    tab.get_by_label("Price", exact=True).select_option(label="Change by per cent")
    tab.get_by_label("Price: value").fill("10")
    tab.get_by_label("Reason").fill("autumn list")
    tab.get_by_role("button", name="Preview").click()
    expect(tab.get_by_role("row", name="TEA-1 Price 2.50 → 2.75")).to_be_visible()
    tab.get_by_role("button", name="Do it to 2 rows").click()
    expect(tab.get_by_text("All 2 rows are done.")).to_be_visible()
    assert [reload(row).price for row in (tea, mate, rug)] == [Decimal("2.75"), Decimal("2.75"), Decimal("2.50")]

    tab.get_by_role("link", name="Undo…").click()
    tab.get_by_label("Reason").fill("last year's list")
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("taken back.")).to_be_visible()
    assert [reload(row).price for row in (tea, mate)] == [Decimal("2.50"), Decimal("2.50")]


def test_an_action_on_many_is_shown_before_and_told_after(sit: Sit, manager: Any) -> None:
    make_placed()
    done = make_completed()
    tab = sit(manager)
    tab.goto("/orders/order/")
    tab.locator("#action-toggle").check()
    tab.get_by_role("button", name="Put on hold").click()
    tab.get_by_label("Reason").fill("strike")
    tab.get_by_role("dialog").get_by_role("button", name="Put on hold").click()
    expect(tab.get_by_text(f"Order {done.number} is completed")).to_be_visible()
    tab.get_by_role("button", name="Do it to 1 row").click()
    expect(tab.get_by_text("1 row is done.")).to_be_visible()
    assert Order.objects.on_hold().count() == 1
