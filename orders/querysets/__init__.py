"""Questions asked of orders and what belongs to them."""

from orders.querysets.fulfilments import ReturnQuerySet, ShipmentQuerySet
from orders.querysets.orders import OrderLineQuerySet, OrderQuerySet
from orders.querysets.payments import PaymentQuerySet

__all__ = ["OrderLineQuerySet", "OrderQuerySet", "PaymentQuerySet", "ReturnQuerySet", "ShipmentQuerySet"]
