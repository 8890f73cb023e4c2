"""Orders, their lines, and what happens to them."""

from orders.models.fulfilments import Return, ReturnLine, Shipment, ShipmentLine
from orders.models.journal import OrderEvent, OrderNote
from orders.models.orders import Order, OrderLine
from orders.models.payments import Payment

__all__ = [
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderNote",
    "Payment",
    "Return",
    "ReturnLine",
    "Shipment",
    "ShipmentLine",
]
