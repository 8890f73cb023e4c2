"""Second thoughts, in a real browser: an import, a bulk action and a deletion are taken back."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from orders.models import Order
from tests.browser.conftest import Sit
from tests.desk.bulk import run_on_list
from tests.factories import make_placed, make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def take_back(tab: Page, reason: str) -> None:
    """On the preview of an undo: say why, and do it."""
    tab.get_by_label("Reason").fill(reason)
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("taken back.")).to_be_visible()


def test_an_import_is_taken_back_but_for_what_changed_since(sit: Sit, manager: Any, tmp_path: Path) -> None:
    tea, cocoa = (make_product(sku=sku, price=Decimal("2.50")) for sku in ("TEA-1", "COCOA-1"))
    prices = tmp_path / "prices.csv"
    prices.write_text("SKU,Price\nTEA-1,2.75\nCOCOA-1,2.95\n")
    tab = sit(manager)
    tab.goto("/spreadsheets/importjob/add/")
    tab.get_by_label("What is in it").select_option("products")
    tab.locator("#id_file").set_input_files(prices)
    tab.get_by_role("button", name="Upload and check").click()
    tab.get_by_role("button", name="Apply all 2 rows").click()
    expect(tab.get_by_text("It was applied as it was shown.")).to_be_visible()
    assert reload(tea).price == Decimal("2.75")
    Product.objects.filter(pk=cocoa.pk).update(price=Decimal("3.50"))

    tab.get_by_role("link", name="Undo this import…").click()
    expect(tab.get_by_role("row", name="Price 2.50 2.95 3.50")).to_be_visible()
    take_back(tab, "last year's list")
    assert (reload(tea).price, reload(cocoa).price) == (Decimal("2.50"), Decimal("3.50"))
    assert ChangeSet.objects.get(kind="undo").reason == "last year's list"

    tab.goto("/spreadsheets/importjob/")
    tab.get_by_role("link", name="prices.csv").first.click()
    expect(tab.get_by_text("Undone in part")).to_be_visible()


def test_a_bulk_action_is_taken_back_and_done_again(sit: Sit, manager: Any, signed_in: Callable[..., Any]) -> None:
    orders = [make_placed() for _ in range(2)]
    chosen = {"action": "hold", "index": 0, "select_across": 0, "_selected_action": [order.pk for order in orders]}
    run_on_list(signed_in(manager), "/orders/order/", chosen | {"reason": "strike"})
    assert Order.objects.on_hold().count() == 2

    tab = sit(manager)
    tab.goto("/changes/changeset/?queue=today")
    row = tab.get_by_role("row").filter(has_text="strike")
    row.get_by_role("link").first.click()
    tab.get_by_role("link", name="Undo…").click()
    take_back(tab, "the strike is over")
    assert not Order.objects.on_hold().exists()

    tab.get_by_role("link", name="Undo…").click()
    take_back(tab, "it goes on")
    assert Order.objects.on_hold().count() == 2


def test_a_deleted_category_is_found_and_restored(sit: Sit, manager: Any) -> None:
    category = Category.objects.create(name="Porcelain")
    tab = sit(manager)
    tab.goto(f"/catalog/category/{category.pk}/delete/")
    tab.get_by_role("button", name="Yes, I’m sure").click()
    expect(tab.get_by_text("was deleted successfully")).to_be_visible()
    assert not Category.objects.exists()

    tab.goto("/changes/changeset/")
    tab.get_by_role("link", name="What was deleted, and how to get it back").click()
    tab.get_by_role("row").filter(has_text="Porcelain").get_by_role("link", name="Restore…").click()
    take_back(tab, "still needed")
    assert Category.objects.get().pk == category.pk
