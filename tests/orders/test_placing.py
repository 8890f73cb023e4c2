"""Placing an order."""

import pytest
from django.core.exceptions import ValidationError

from backoffice.changes.refusals import RefusedError
from catalog.services import OutOfStockError
from customers.models import CustomerFigures
from orders.services import LineDraft, can_place_order, hold_order, place_order, ship_order
from tests.factories import make_customer, make_draft, make_historical, make_placed, make_product, reload

pytestmark = pytest.mark.django_db


def test_placing_reserves_the_units() -> None:
    product = make_product(on_hand=10)
    make_placed(LineDraft(product, 3))
    assert (reload(product).reserved, reload(product).available) == (3, 7)


def test_placing_sells_no_more_than_is_available() -> None:
    product = make_product(on_hand=2)
    with pytest.raises(OutOfStockError, match=r"Only 2 of .* available, 3 wanted"):
        make_placed(LineDraft(product, 3))
    assert reload(product).reserved == 0


def test_two_lines_of_one_product_count_together() -> None:
    product = make_product(on_hand=5)
    with pytest.raises(OutOfStockError):
        make_placed(LineDraft(product, 3), LineDraft(product, 3))


def test_a_backorder_may_reserve_more_than_is_on_hand() -> None:
    product = make_product(on_hand=1, allow_backorder=True)
    make_placed(LineDraft(product, 3))
    assert reload(product).available == -2


def test_a_placed_order_says_when_and_how_much() -> None:
    order = make_placed()
    assert order.placed_at is not None
    assert (order.status, order.total, reload(order).balance) == ("placed", 20, 20)


def test_an_order_of_gifts_is_paid_when_placed() -> None:
    order = make_placed(LineDraft(make_product(on_hand=1), 1, unit_price=0))
    assert order.payment_state == "paid"


def test_placing_twice_is_refused() -> None:
    order = make_placed()
    with pytest.raises(RefusedError, match="is placed already"):
        place_order(order=order)


def test_an_order_without_lines_is_refused() -> None:
    order = make_draft()
    order.lines.all().delete()
    with pytest.raises(ValidationError, match="has no lines"):
        place_order(order=order)


def test_a_blocked_customer_orders_nothing() -> None:
    with pytest.raises(ValidationError, match="is blocked"):
        make_placed(customer=make_customer(blocked=True))


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_product_that_is_not_on_sale_is_refused(status: str) -> None:
    with pytest.raises(ValidationError, match="is not on sale"):
        make_placed(LineDraft(make_product(status=status), 1))


def test_a_historical_order_is_never_placed() -> None:
    with pytest.raises(RefusedError, match="historical"):
        place_order(order=make_historical(status="draft"))


def test_the_line_keeps_the_name_it_was_sold_under() -> None:
    product = make_product(on_hand=5, name="Old name")
    order = make_draft(LineDraft(product, 1))
    type(product).objects.filter(pk=product.pk).update(name="New name")
    place_order(order=order)
    assert order.lines.get().name == "New name"


def test_placing_brings_the_customers_figures_up_to_date() -> None:
    customer = make_customer()
    make_placed(customer=customer)
    figures = CustomerFigures.objects.get(customer=customer)
    assert (figures.orders_count, figures.spent) == (1, 20)


def test_a_viewer_is_told_whom_to_ask(viewer) -> None:
    refusal = can_place_order(make_draft(), viewer)
    assert refusal is not None
    assert refusal.code == "not_allowed"


def test_the_service_asks_for_the_permission_too(viewer) -> None:
    with pytest.raises(RefusedError, match="Your role does not allow placing orders"):
        place_order(order=make_draft(), actor=viewer)


def test_the_timeline_says_who_placed_it(operator) -> None:
    order = place_order(order=make_draft(), actor=operator)
    assert [(event.kind, event.actor) for event in order.events.all()] == [("placed", operator)]


def test_nothing_is_held_once_everything_has_left() -> None:
    order = make_placed()
    ship_order(order=order)
    with pytest.raises(RefusedError, match="nothing to hold"):
        hold_order(order=reload(order), reason="bad address")
