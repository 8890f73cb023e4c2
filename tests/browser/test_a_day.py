"""A day at the desk, in a real browser: an order is placed and shipped, a file imported, a report taken away."""

import csv
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from backoffice.changes.models import ChangeSet
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.spreadsheets.models import ImportJob
from catalog.models import Product
from orders.models import Order
from tests.browser.conftest import Sit
from tests.factories import make_customer, make_paid, make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PRICES = "SKU,Name,Price\nTEA-1,Green tea,2.75\nTEA-2,Black tea,3.10\n"


def choose(tab: Page, field: str, term: str) -> None:
    """Choose from a field that completes what one types."""
    tab.locator(f"[id='select2-{field}-container']").click()
    tab.locator(".select2-search__field").last.fill(term)
    tab.locator(".select2-results__option--highlighted").filter(has_text=term).click()


def confirm(tab: Page, button: str) -> None:
    """Press a button of the open dialog twice, as hasty people do, and wait for what it says."""
    dialog = tab.get_by_role("dialog")
    dialog.get_by_role("button", name=button).dblclick()
    expect(dialog).to_have_count(0)


def test_an_order_is_placed_and_shipped_once(sit: Sit, operator: Any) -> None:
    tea = make_product(sku="TEA-1", name="Green tea", on_hand=10, price=Decimal("2.50"))
    customer = make_customer(name="Ada Byron", email="ada@example.com", number="C7")
    tab = sit(operator)

    tab.goto("/orders/order/")
    tab.get_by_role("link", name="New order").first.click()
    choose(tab, "id_customer", "Ada")
    choose(tab, "id_lines-0-product", "TEA-1")
    tab.locator("#id_lines-0-quantity").fill("4")
    tab.get_by_role("button", name="Save and continue editing").dblclick()
    expect(tab.locator(".desk-summary")).to_contain_text("Draft")
    order = Order.objects.get()
    assert (order.customer, order.total) == (customer, Decimal("10.00"))

    tab.get_by_role("link", name="Place", exact=True).click()
    confirm(tab, "Place")
    expect(tab.locator(".desk-summary")).to_contain_text("Unfulfilled")
    assert reload(tea).reserved == 4

    tab.goto("/orders/order/?queue=to_ship")
    tab.get_by_role("link", name=order.number).click()
    tab.get_by_role("link", name="Ship", exact=True).click()
    tab.get_by_label("Green tea").fill("3")
    confirm(tab, "Ship")
    expect(tab.locator(".desk-summary")).to_contain_text("Part shipped")
    assert (reload(tea).on_hand, reload(tea).reserved, order.shipments.count()) == (7, 1, 1)

    tab.locator("#main").get_by_role("link", name="History").click()
    expect(tab.locator(".desk-version").first).to_contain_text("Operator")


def test_a_file_is_checked_confirmed_and_applied_in_the_background(
    sit: Sit, catalogue_manager: Any, settings: Any, tmp_path: Path
) -> None:
    settings.SPREADSHEET_PAGE_BYTES = 10
    tea = make_product(sku="TEA-1", name="Green tea", price=Decimal("2.50"))
    file = tmp_path / "prices.csv"
    file.write_text(PRICES)
    tab = sit(catalogue_manager)

    tab.goto("/spreadsheets/importjob/")
    tab.get_by_role("link", name="New import").first.click()
    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_label("Reason").fill("autumn list")
    tab.get_by_role("button", name="Upload and check").click()
    expect(tab.get_by_role("status")).to_contain_text("You may close this page and come back")
    assert run_job(Job.objects.get().pk)

    tab.get_by_role("button", name="Apply all 2 rows").click()
    expect(tab.get_by_role("status").first).to_contain_text("You may close this page")
    assert reload(tea).price == Decimal("2.50")
    assert run_job(Job.objects.latest("pk").pk)

    expect(tab.locator("#content")).to_contain_text("It was applied as it was shown.")
    assert reload(tea).price == Decimal("2.75")
    assert Product.objects.get(sku="TEA-2").name == "Black tea"
    done = ImportJob.objects.get()
    assert (done.created, done.updated) == (1, 1)
    change_set = ChangeSet.objects.get(pk=done.change_set_id)
    assert (change_set.actor, change_set.reason) == (catalogue_manager, "autumn list")


def test_a_report_is_taken_away_as_a_file(sit: Sit, manager: Any, tmp_path: Path) -> None:
    order = make_paid(country="Spain")
    tab = sit(manager)
    tab.goto("/reports/reportrun/catalogue/")
    tab.get_by_role("link", name="Sales by country").click()
    tab.get_by_label("Period").select_option(label="This month")
    tab.get_by_role("button", name="Show").click()
    expect(tab.locator(".report-table")).to_contain_text("Spain")
    with tab.expect_download() as started:
        tab.get_by_role("button", name="CSV").click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [(row["Country"], Decimal(row["Sales"])) for row in rows if row["Country"] == "Spain"] == [
        ("Spain", order.subtotal)
    ]


def test_two_people_edit_one_order(sit: Sit, operator: Any, manager: Any) -> None:
    order = make_paid(email="old@example.com")
    first, second = sit(operator), sit(manager)
    for tab in (first, second):
        tab.goto(f"/orders/order/{order.pk}/change/")
        tab.get_by_role("heading", name="Details").click()
    first.get_by_label("E-mail").fill("first@example.com")
    first.get_by_role("button", name="Save and continue editing").click()
    first.get_by_text("was changed successfully").wait_for()

    second.get_by_label("E-mail").fill("second@example.com")
    second.get_by_role("button", name="Save and continue editing").click()
    expect(second.locator("#content")).to_contain_text("Operator changed this order at")
    expect(second.get_by_label("E-mail")).to_have_value("second@example.com")
    assert reload(order).email == "first@example.com"


def test_pages_hold_wide_and_narrow_light_and_dark(sit: Sit, manager: Any) -> None:
    order = make_paid(email="somebody.with.a.very.long.address@an-even-longer-name-of-a-company.example.com")
    product = make_product(name="A name that is as long as a name of a product is allowed to be " * 3)
    tab = sit(manager)
    pages = ["/", "/orders/order/", f"/orders/order/{order.pk}/change/", f"/catalog/product/{product.pk}/change/"]
    for width, scheme in itertools.product((1440, 1024), SCHEMES):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)
        for page in pages:
            tab.goto(page)
            assert tab.locator("html.dark").count() == (scheme == "dark"), (page, scheme)
            wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (page, width, scheme)
