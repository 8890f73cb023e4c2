"""The typed timeline of an order, and the time at which things happen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from backoffice.accounts.models import User
from orders.models import Order, OrderEvent

# One instant for all orders of a call, one for each (by order id), or now.
When = datetime | Mapping[int, datetime] | None
# An order, what happened to it, and the details; amounts among them are text.
Entry = tuple[Order, OrderEvent.Kind, dict[str, Any]]


def instant(at: When, order_id: int) -> datetime:
    """Return the instant that `at` means for an order."""
    if isinstance(at, Mapping):
        return at[order_id]
    return at or timezone.now()


def write_events(entries: Sequence[Entry], *, actor: User | None, at: When = None) -> None:
    """Add entries to the timelines of their orders."""
    OrderEvent.objects.bulk_create(
        OrderEvent(order=order, kind=kind, actor=actor, at=instant(at, order.pk), data=data)
        for order, kind, data in entries
    )


def write_event(order: Order, kind: OrderEvent.Kind, *, actor: User | None, at: When = None, **data: Any) -> None:
    """Add one entry to the timeline of `order`; empty details are left out."""
    known = {name: value for name, value in data.items() if value not in ("", None)}
    write_events([(order, kind, known)], actor=actor, at=at)
