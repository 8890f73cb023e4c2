"""The spreadsheet of orders, one row an order line."""

from orders.resources.declaration import OrderResource

__all__ = ["OrderResource"]
