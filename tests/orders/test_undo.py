"""Undo where money and stock are: services take back what they can, the rest is refused with the reason."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import preview_undo, undo_change_set
from catalog.models import Product, StockMovement
from catalog.services import count_stock, receive_stock
from customers.models import Customer, CustomerFigures
from customers.services import refresh_figures
from orders.models import Order, OrderLine
from orders.services import (
    LineDraft,
    cancel_order,
    hold_order,
    place_order,
    record_payment,
    ship_order,
)
from orders.services import set_order_lines as set_lines
from tests.factories import (
    make_completed,
    make_customer,
    make_draft,
    make_historical,
    make_paid,
    make_placed,
    make_product,
    reload,
)

pytestmark = pytest.mark.django_db


def recorded(write: Callable[[], Any]) -> ChangeSet:
    with recording(kind="form") as context:
        write()
    return ChangeSet.objects.get(key=context.key)


def undone(change_set: ChangeSet, **asked: Any) -> ChangeSet:
    return undo_change_set(change_set=change_set, actor=None, **asked)


def stock(product: Product) -> tuple[int, int]:
    """Return what is on hand, and what the ledger adds up to."""
    return reload(product).on_hand, sum(product.movements.values_list("delta", flat=True))


def test_a_receipt_is_taken_back_by_a_correction() -> None:
    product = make_product(on_hand=5)
    change_set = recorded(lambda: receive_stock(product=product, quantity=7))
    undo = undone(change_set)
    assert stock(product) == (5, 5)
    correction = product.movements.latest("pk")
    assert (correction.delta, correction.reason, correction.reference) == (
        -7,
        "correction",
        f"Undo of change {change_set.pk}",
    )
    undone(undo)
    assert stock(product) == (12, 12)


def test_a_count_is_taken_back_although_stock_moved_since() -> None:
    product = make_product(on_hand=5)
    change_set = recorded(lambda: count_stock(product=product, counted=2))
    receive_stock(product=product, quantity=10)
    undone(change_set)
    assert stock(product) == (15, 15)


def test_stock_is_taken_back_once() -> None:
    product = make_product(on_hand=5)
    change_set = recorded(lambda: receive_stock(product=product, quantity=7))
    undone(change_set)
    with pytest.raises(ValidationError, match="did it already"):
        undone(change_set)
    assert stock(product) == (5, 5)


def test_units_that_are_gone_cannot_be_taken_back() -> None:
    product = make_product()
    change_set = recorded(lambda: receive_stock(product=product, quantity=7))
    count_stock(product=product, counted=3)
    with pytest.raises(ValidationError, match=r"Only 3 units of .* are left"):
        undone(change_set)


def test_units_that_are_promised_cannot_be_taken_back() -> None:
    product = make_product()
    change_set = recorded(lambda: receive_stock(product=product, quantity=7))
    make_placed(LineDraft(product, 6))
    with pytest.raises(ValidationError, match=r"6 units of .* are reserved"):
        undone(change_set)


def test_a_price_comes_back_although_stock_moved_since() -> None:
    product = make_product(price=Decimal(5))
    change_set = recorded(lambda: Product.objects.update(price=Decimal(6)))
    receive_stock(product=product, quantity=7)
    undone(change_set)
    assert (reload(product).price, reload(product).on_hand) == (Decimal(5), 7)


def test_a_product_with_movements_stays() -> None:
    change_set = recorded(lambda: make_product(on_hand=3))
    refusals = {str(refused.sentence) for refused in preview_undo(change_set).refusals}
    assert refusals == {"Its stock movements stay in the ledger, and so does the product. Archive it instead."}


STEPS: dict[str, tuple[Callable[[], Order], Callable[[Order], Any], str]] = {
    "place": (make_draft, lambda order: place_order(order=order), "not undone. Cancel"),
    "pay": (make_placed, lambda order: record_payment(order=order, amount=order.total), "Money that moved"),
    "ship": (make_paid, lambda order: ship_order(order=order), "Goods that left"),
    "cancel": (make_placed, lambda order: cancel_order(order=order), "not undone. Cancel"),
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_of_orders_are_refused_with_what_to_do_instead(step: str) -> None:
    make, take, sentence = STEPS[step]
    order = make()
    change_set = recorded(lambda: take(order))
    before = Order.objects.filter(pk=order.pk).values().get(), StockMovement.objects.count()
    for conflicts in ("fail", "skip"):
        with pytest.raises(ValidationError):
            undone(change_set, conflicts=conflicts)
    assert any(sentence in refused.sentence for refused in preview_undo(change_set).refusals)
    assert (Order.objects.filter(pk=order.pk).values().get(), StockMovement.objects.count()) == before


def test_a_hold_ends_by_undo_although_money_came_in() -> None:
    order = make_placed()
    change_set = recorded(lambda: hold_order(order=order, reason="bad address"))
    record_payment(order=reload(order), amount=order.total)
    undone(change_set)
    assert (reload(order).hold_reason, reload(order).payment_state) == ("", "paid")


def test_lines_of_a_draft_come_back_and_its_total_with_them() -> None:
    order = make_draft()
    total, lines = order.total, order.lines.count()
    change_set = recorded(lambda: set_lines(order=order, lines=[LineDraft(make_product(), 50)]))
    assert reload(order).total != total
    undone(change_set, conflicts="skip")
    assert (reload(order).total, order.lines.count()) == (total, lines)


def test_lines_of_a_draft_that_was_placed_since_stay() -> None:
    order = make_draft()
    change_set = recorded(lambda: OrderLine.objects.update(quantity=1))
    place_order(order=reload(order))
    with pytest.raises(ValidationError, match="the lines are fixed"):
        undone(change_set)


def test_a_new_draft_goes_with_its_lines_and_events() -> None:
    undone(recorded(lambda: make_draft(LineDraft(make_product(), 1))), conflicts="skip")
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()


def test_an_order_under_way_is_not_removed() -> None:
    change_set = recorded(make_placed)
    with pytest.raises(ValidationError):
        undone(change_set, conflicts="skip")
    assert Order.objects.count() == 1


def test_history_that_was_imported_goes_and_the_figures_of_its_customers_follow() -> None:
    customer = make_customer()

    def write() -> None:
        make_historical(customer=customer, total=Decimal(100), placed_at="2026-01-01T00:00Z")

    change_set = recorded(write)
    refresh_figures(customer_ids=[customer.pk])
    undo = undone(change_set)
    assert (Order.objects.count(), CustomerFigures.objects.get().spent) == (0, 0)
    undone(undo)
    assert CustomerFigures.objects.get().spent == 100


def test_a_customer_comes_back_with_figures() -> None:
    customer = make_customer()
    refresh_figures(customer_ids=[customer.pk])
    undone(recorded(Customer.objects.all().delete))
    assert CustomerFigures.objects.filter(customer=customer.pk).exists()


def test_new_customers_go_with_their_figures() -> None:
    change_set = recorded(make_customer)
    refresh_figures()
    undone(change_set)
    assert not Customer.objects.exists()


def test_erased_personal_data_does_not_come_back() -> None:
    customer = make_customer(name="Ada")
    change_set = recorded(lambda: Customer.objects.update(name="Bea"))
    Customer.objects.filter(pk=customer.pk).update(name="", anonymised_at="2026-01-01T00:00Z")
    with pytest.raises(ValidationError, match="erased does not come back"):
        undone(change_set)


def test_a_completed_order_keeps_what_it_is_when_a_tag_is_taken_back() -> None:
    order = make_completed()
    undone(recorded(lambda: Order.objects.update(tags=["late"])))
    assert (reload(order).tags, reload(order).status) == ([], "completed")
