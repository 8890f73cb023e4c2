"""Orders whose figures can be added up by hand."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from model_bakery import baker

from orders.models import Order


def make_sale(at: str, *lines: tuple[int, str], **fields: Any) -> Order:
    """Return an order placed at the ISO 8601 time `at`, with lines of (quantity, price); below zero is a credit."""
    is_credit = any(quantity < 0 for quantity, _price in lines)
    standing = {"status": "completed", "historical": True, "kind": "credit" if is_credit else "sale", "currency": "GBP"}
    order: Order = baker.make("orders.Order", placed_at=datetime.fromisoformat(at), **standing | fields)
    for position, (quantity, price) in enumerate(lines):
        line = {"quantity": quantity, "unit_price": Decimal(price), "discount": 0, "historical": True, "sku": "A"}
        baker.make("orders.OrderLine", order=order, position=position, **line)
    return order
