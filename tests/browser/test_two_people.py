"""Two people on one form at once: they know of each other, and neither loses what they typed."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customers.models import Address
from tests.browser.conftest import Sit
from tests.factories import make_customer, make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def save(tab: Page) -> None:
    tab.get_by_role("button", name="Save and continue editing").click()


def saved(tab: Page) -> None:
    tab.get_by_text("was changed successfully").wait_for()


def question(tab: Page, label: str) -> Any:
    return tab.locator(".desk-question").filter(has=tab.get_by_text(label, exact=True))


def test_two_people_change_one_product(sit: Sit, catalogue_manager: Any, manager: Any) -> None:
    product = make_product(name="Bowl", price=Decimal("2.50"))
    first, second = sit(catalogue_manager), sit(manager)
    first.goto(f"/catalog/product/{product.pk}/change/")
    with first.expect_response("**/editing/"):
        first.reload()
    second.goto(f"/catalog/product/{product.pk}/change/")
    expect(second.locator("#desk-editing")).to_have_text("Catalogue manager is editing this product, since just now.")

    first.locator("#id_price").fill("3.00")
    first.get_by_label("Reason for this change").fill("dearer")
    first.locator("#id_description").fill("Blue")
    save(first)
    saved(first)

    second.locator("#id_price").fill("4.00")
    second.locator("#id_name").fill("Cup")
    second.get_by_label("Reason for this change").fill("cheaper elsewhere")
    save(second)
    expect(second.get_by_role("alert").first).to_contain_text("Nothing is saved yet")
    asked = question(second, "Price")
    expect(asked).to_contain_text("2.50")
    expect(asked.get_by_label("Keep theirs")).not_to_be_checked()
    expect(asked.get_by_label("Use mine")).not_to_be_checked()
    expect(second.locator("#id_name")).to_have_value("Cup")
    expect(second.locator("#id_description")).to_have_value("Blue")
    assert reload(product).price == Decimal("3.0000")

    asked.get_by_label("Use mine").check()
    save(second)
    saved(second)
    product = reload(product)
    assert (product.name, product.price, product.description) == ("Cup", Decimal("4.0000"), "Blue")

    first.goto("/")
    expect(second.locator("#desk-editing")).to_be_visible()
    with second.expect_response("**/editing/"):
        second.reload()
    expect(second.locator("#desk-editing")).to_be_hidden()


def test_an_address_that_was_deleted_meanwhile_is_added_again_if_one_says_so(
    sit: Sit, operator: Any, manager: Any
) -> None:
    customer = make_customer(name="Ada")
    Address.objects.create(customer=customer, line1="1 Old Road")
    first, second = sit(operator), sit(manager)
    for tab in (first, second):
        tab.goto(f"/customers/customer/{customer.pk}/change/")
    first.locator("[name='addresses-0-DELETE']").dispatch_event("click")
    save(first)
    saved(first)

    second.locator("#id_addresses-0-line1").fill("3 My Road")
    save(second)
    asked = question(second, "1 Old Road")
    expect(asked).to_contain_text("3 My Road")
    assert not Address.objects.exists()
    asked.get_by_label("Add it again").check()
    save(second)
    saved(second)
    assert Address.objects.get().line1 == "3 My Road"
