"""Objects for tests, made as their owners make them."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from model_bakery import baker

from catalog.models import Product, StockMovement
from customers.models import Customer
from orders.models import Order
from orders.services import (
    LineDraft,
    OrderDraft,
    create_draft_order,
    next_order_number,
    place_order,
    record_payment,
    ship_order,
)

_numbers = count(1)


def make_product(*, on_hand: int = 0, **fields: Any) -> Product:
    """Return an active product with `on_hand` units, put there by the ledger."""
    known = {"sku": f"SKU-{next(_numbers)}", "status": "active", "price": Decimal("10.00")}
    product: Product = baker.make("catalog.Product", **known | fields)
    if on_hand:
        StockMovement.objects.create(product=product, delta=on_hand, reason=StockMovement.Reason.OPENING)
    product.refresh_from_db()
    return product


def make_customer(**fields: Any) -> Customer:
    """Return a customer."""
    customer: Customer = baker.make("customers.Customer", **fields)
    return customer


def make_draft(*lines: LineDraft, **fields: Any) -> Order:
    """Return a draft of `lines`, or of two units of a product at 10.00 of which ten are on hand."""
    chosen: Sequence[LineDraft] = lines or [LineDraft(make_product(on_hand=10), 2)]
    return create_draft_order(draft=OrderDraft(lines=chosen, **fields))


def make_placed(*lines: LineDraft, **fields: Any) -> Order:
    """Return a placed order; see `make_draft`."""
    return place_order(order=make_draft(*lines, **fields))


def make_paid(*lines: LineDraft, **fields: Any) -> Order:
    """Return a placed order that is paid in full; see `make_draft`."""
    order = make_placed(*lines, **fields)
    record_payment(order=order, amount=order.total)
    return reload(order)


def make_completed(*lines: LineDraft, **fields: Any) -> Order:
    """Return an order that is paid and shipped; see `make_draft`."""
    order = make_paid(*lines, **fields)
    ship_order(order=order)
    return reload(order)


def make_historical(**fields: Any) -> Order:
    """Return an order that was settled before it came to the desk."""
    known = {"historical": True, "status": "completed", "payment_state": "paid", "fulfilment_state": "fulfilled"}
    order: Order = baker.make("orders.Order", **known | {"number": next_order_number(), "currency": "GBP"} | fields)
    return order


def reload(instance: Any) -> Any:
    """Return `instance` as it is in the database now."""
    return type(instance).objects.get(pk=instance.pk)
