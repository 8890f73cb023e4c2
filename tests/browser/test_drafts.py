"""A session that ends while somebody types: nothing is written, and nothing typed is lost."""

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser.conftest import Sit
from tests.browser.test_a_day import choose
from tests.factories import make_customer, make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OFFER = "Restore what you typed"


def end_session(tab: Page) -> None:
    cookie = next(each for each in tab.context.cookies() if each.get("name") == settings.SESSION_COOKIE_NAME)
    import_module(settings.SESSION_ENGINE).SessionStore(cookie.get("value")).delete()


def sign_in_again(tab: Page, user: Any) -> None:
    tab.get_by_label("E-mail").fill(user.email)
    tab.get_by_label("Password").fill("a-long-password")
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("button", name="Save and continue editing").wait_for()


def drafts(tab: Page) -> int:
    return int(tab.evaluate("sessionStorage.length"))


def test_what_was_typed_comes_back_after_signing_in_again(sit: Sit, operator: Any) -> None:
    for number in (1, 2):
        make_product(sku=f"TEA-{number}", name="Green tea", on_hand=10)
    customer = make_customer(name="Ada Byron", email="ada@example.com", number="C7")
    tab = sit(operator)
    tab.goto("/orders/order/add/")
    choose(tab, "id_customer", "Ada")
    tab.locator(".add-row").first.click()
    for row, units in enumerate(("4", "6")):
        choose(tab, f"id_lines-{row}-product", f"TEA-{row + 1}")
        tab.locator(f"#id_lines-{row}-quantity").fill(units)
    end_session(tab)
    tab.get_by_role("button", name="Save and continue editing").click()
    sign_in_again(tab, operator)
    assert not Order.objects.exists()

    tab.get_by_role("button", name=OFFER).click()
    expect(tab.locator("#id_lines-1-quantity")).to_have_value("6")
    tab.get_by_role("button", name="Save and continue editing").click()
    expect(tab.locator(".desk-summary")).to_contain_text("Draft")
    order = Order.objects.get()
    assert order.customer == customer
    assert list(order.lines.order_by("pk").values_list("sku", "quantity")) == [("TEA-1", 4), ("TEA-2", 6)]
    assert drafts(tab) == 0


def test_what_was_typed_over_a_newer_version_is_refused(sit: Sit, operator: Any) -> None:
    customer = make_customer(name="Ada")
    tab = sit(operator)
    tab.goto(f"/customers/customer/{customer.pk}/change/")
    tab.get_by_label("Name", exact=True).fill("Ada Byron")
    end_session(tab)
    tab.get_by_role("button", name="Save and continue editing").click()
    tab.get_by_label("E-mail").wait_for()
    type(customer).objects.filter(pk=customer.pk).update(name="Countess")
    sign_in_again(tab, operator)
    tab.get_by_role("button", name=OFFER).click()
    tab.get_by_role("button", name="Save and continue editing").click()
    expect(tab.locator("#content")).to_contain_text("changed this customer at")
    assert reload(customer).name == "Countess"


def test_nobody_else_is_offered_what_was_typed(sit: Sit, operator: Any, manager: Any) -> None:
    customer = make_customer(name="Ada")
    tab = sit(operator)
    tab.goto(f"/customers/customer/{customer.pk}/change/")
    tab.get_by_label("Name", exact=True).fill("A secret")
    end_session(tab)
    tab.get_by_role("button", name="Save and continue editing").click()
    sign_in_again(tab, manager)
    expect(tab.get_by_role("button", name=OFFER)).to_be_hidden()
    assert drafts(tab) == 0


def test_a_form_that_was_saved_leaves_nothing_behind(sit: Sit, operator: Any) -> None:
    customer = make_customer(name="Ada")
    tab = sit(operator)
    tab.goto(f"/customers/customer/{customer.pk}/change/")
    tab.get_by_label("Name", exact=True).fill("Ada Byron")
    tab.get_by_role("button", name="Save and continue editing").click()
    tab.get_by_text("was changed successfully").wait_for()
    expect(tab.get_by_role("button", name=OFFER)).to_be_hidden()
    assert drafts(tab) == 0


def test_a_search_after_the_session_ended_says_that_it_failed(sit: Sit, operator: Any) -> None:
    make_customer(name="Ada")
    tab = sit(operator)
    tab.goto("/orders/order/add/")
    end_session(tab)
    tab.locator("#select2-id_customer-container").click()
    expect(tab.locator(".select2-results__message")).to_have_text("The results could not be loaded.")
