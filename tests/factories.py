"""Objects for tests, made as their owners make them."""

from typing import Any

from model_bakery import baker

from catalog.models import Product, StockMovement
from customers.models import Customer


def make_product(*, on_hand: int = 0, **fields: Any) -> Product:
    """Return an active product with `on_hand` units, put there by the ledger."""
    product: Product = baker.make("catalog.Product", **{"status": "active", "price": "10.00"} | fields)
    if on_hand:
        StockMovement.objects.create(product=product, delta=on_hand, reason=StockMovement.Reason.OPENING)
    product.refresh_from_db()
    return product


def make_customer(**fields: Any) -> Customer:
    """Return a customer."""
    customer: Customer = baker.make("customers.Customer", **fields)
    return customer
