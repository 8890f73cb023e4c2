"""Orders, payments, shipments and returns on the desk."""

from orders.admin.journals import PaymentAdmin, ReturnAdmin, ShipmentAdmin
from orders.admin.orders import OrderAdmin

__all__ = ["OrderAdmin", "PaymentAdmin", "ReturnAdmin", "ShipmentAdmin"]
