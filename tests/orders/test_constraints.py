"""What the database itself refuses, tried by SQL."""

from decimal import Decimal

import pytest

from orders.services import (
    LineDraft,
    ReturnedUnits,
    announce_return,
    cancel_order,
    grant_refund,
    receive_return,
    record_payment,
)
from tests.constraints import refused_by, rules_of
from tests.factories import make_completed, make_placed, make_product

pytestmark = pytest.mark.django_db

ATTEMPTS = [
    ("orders_order_number_trimmed", "UPDATE orders_order SET number = ' 7'"),
    ("orders_order_number_trimmed", "UPDATE orders_order SET number = ''"),
    ("orders_order_placed_has_time", "UPDATE orders_order SET placed_at = NULL"),
    ("orders_order_refund_within_paid", "UPDATE orders_order SET refunded = paid + 1"),
    ("orders_order_refund_within_paid", "UPDATE orders_order SET paid = -1"),
    ("orders_order_total_not_negative", "UPDATE orders_order SET discount = 100, total = subtotal - 100"),
    ("orders_order_total_adds_up", "UPDATE orders_order SET total = total + 1"),
    ("orders_order_credited_not_negative", "UPDATE orders_order SET credited = -1"),
    ("orders_order_number_key", "UPDATE orders_order SET number = 'same'"),
    ("orders_orderline_quantity_not_zero", "UPDATE orders_orderline SET quantity = 0, shipped = 0, returned = 0"),
    ("orders_orderline_price_not_negative", "UPDATE orders_orderline SET discount = -1"),
    (
        "orders_orderline_price_not_negative",
        "UPDATE orders_orderline SET unit_price = -1, quantity = -1, shipped = 0, returned = 0",
    ),
    ("orders_orderline_discount_within_price", "UPDATE orders_orderline SET discount = 1000"),
    ("orders_orderline_returned_within_shipped", "UPDATE orders_orderline SET returned = shipped + 1"),
    ("orders_orderline_returned_within_shipped", "UPDATE orders_orderline SET cancelled = -1"),
    ("orders_orderline_shipped_within_quantity", "UPDATE orders_orderline SET shipped = quantity + 1"),
    ("orders_orderline_shipped_within_quantity", "UPDATE orders_orderline SET cancelled = cancelled + 1"),
    ("orders_payment_amount_positive", "UPDATE orders_payment SET amount = 0"),
    ("orders_payment_goodwill_within_refund", "UPDATE orders_payment SET goodwill = amount + 1"),
    ("orders_payment_reference_once", "UPDATE orders_payment SET provider_reference = 'same'"),
    ("orders_payment_idempotency_key_key", "UPDATE orders_payment SET idempotency_key = 'same'"),
    ("orders_shipmentline_quantity_positive", "UPDATE orders_shipmentline SET quantity = 0"),
    (
        "orders_shipmentline_once",
        """
        INSERT INTO orders_shipmentline (shipment_id, line_id, quantity)
        SELECT shipment_id, line_id, 1 FROM orders_shipmentline
        """,
    ),
    ("orders_return_credit_when_received", "UPDATE orders_return SET credit = 5, received_at = NULL"),
    ("orders_returnline_quantity_positive", "UPDATE orders_returnline SET quantity = 0"),
    (
        "orders_returnline_once",
        """
        INSERT INTO orders_returnline (return_of_id, line_id, quantity, sellable)
        SELECT return_of_id, line_id, 1, true FROM orders_returnline
        """,
    ),
    ("orders_orderline_position_check", "UPDATE orders_orderline SET position = -1"),
    ("orders_shipmentline_quantity_check", "UPDATE orders_shipmentline SET quantity = -1"),
    ("orders_returnline_quantity_check", "UPDATE orders_returnline SET quantity = -1"),
]


@pytest.fixture
def busy_desk() -> None:
    """One order shipped and partly back with a refund pending, and one placed."""
    order = make_completed()
    receive_return(order=order, units=[ReturnedUnits(order.lines.get().pk, 1)])
    grant_refund(order=order)
    make_placed()


@pytest.mark.usefixtures("busy_desk")
@pytest.mark.parametrize(("rule", "sql"), ATTEMPTS)
def test_the_database_refuses(rule: str, sql: str) -> None:
    assert refused_by(sql) == rule


def test_every_rule_is_tried() -> None:
    assert rules_of("orders") == {rule for rule, _sql in ATTEMPTS}


def test_a_line_of_cancelled_units_costs_its_share() -> None:
    product = make_product(on_hand=9, price="3.00")
    order = make_placed(LineDraft(product, 9, discount=3))
    cancel_order(order=order, units={order.lines.get().pk: 3})
    assert order.lines.get().total == 16


def test_an_announced_return_gives_no_credit() -> None:
    order = make_completed()
    assert announce_return(order=order, units=[ReturnedUnits(order.lines.get().pk, 1)]).credit == 0


def test_a_reference_is_recorded_once() -> None:
    payment = record_payment(order=make_placed(), amount=Decimal(5), provider_reference=" till 4 ")
    assert payment.provider_reference == "till 4"
