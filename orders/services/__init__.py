"""Writes about orders.

Each service is keyword-only and all or nothing, locks its orders before their products and those before their
customers, asks its `can_…` again under the lock, writes the order's timeline, and returns a fresh object. `actor`
None is the system itself; `at` is when it happened, now if not given. A refusal is a ValidationError with a sentence.
"""

from orders.services.cancelling import cancel_order
from orders.services.drafts import (
    LineDraft,
    OrderDraft,
    create_draft_order,
    create_draft_orders,
    next_order_number,
    recalculate_draft,
    set_order_charges,
    set_order_lines,
)
from orders.services.handling import assign_order, hold_order, release_order, set_follow_up
from orders.services.payments import MoneyIn, record_payment, record_payments
from orders.services.placing import place_order, place_orders
from orders.services.refunds import grant_refund, refund_order, refundable, settle_refund
from orders.services.returns import ReturnedUnits, announce_return, receive_return
from orders.services.rules import (
    can_announce_return,
    can_assign_order,
    can_cancel_order,
    can_create_order,
    can_edit_order,
    can_hold_order,
    can_place_order,
    can_receive_announced,
    can_receive_return,
    can_record_payment,
    can_refund_order,
    can_release_order,
    can_settle_refund,
    can_ship_order,
)
from orders.services.shipping import Parcel, ship_order, ship_orders
from orders.services.states import balance_of
from orders.services.undoing import settle_undone

__all__ = [
    "LineDraft",
    "MoneyIn",
    "OrderDraft",
    "Parcel",
    "ReturnedUnits",
    "announce_return",
    "assign_order",
    "balance_of",
    "can_announce_return",
    "can_assign_order",
    "can_cancel_order",
    "can_create_order",
    "can_edit_order",
    "can_hold_order",
    "can_place_order",
    "can_receive_announced",
    "can_receive_return",
    "can_record_payment",
    "can_refund_order",
    "can_release_order",
    "can_settle_refund",
    "can_ship_order",
    "cancel_order",
    "create_draft_order",
    "create_draft_orders",
    "grant_refund",
    "hold_order",
    "next_order_number",
    "place_order",
    "place_orders",
    "recalculate_draft",
    "receive_return",
    "record_payment",
    "record_payments",
    "refund_order",
    "refundable",
    "release_order",
    "set_follow_up",
    "set_order_charges",
    "set_order_lines",
    "settle_refund",
    "settle_undone",
    "ship_order",
    "ship_orders",
]
