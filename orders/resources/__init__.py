"""Spreadsheets of orders, one row an order line, and of the work on them."""

from orders.resources.declaration import OrderResource
from orders.resources.handling import PaymentResource, ShipmentResource

__all__ = ["OrderResource", "PaymentResource", "ShipmentResource"]
