"""Spreadsheets of orders, one row an order line, and of the work on them."""

from orders.resources.declaration import OrderResource
from orders.resources.handling import PaymentResource, ShipmentResource
from orders.resources.tags import OrderTagResource

__all__ = ["OrderResource", "OrderTagResource", "PaymentResource", "ShipmentResource"]
