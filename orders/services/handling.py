"""What colleagues tell each other about an order: holds, who looks after it, when to look again."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from orders.models import Order, OrderEvent
from orders.services.journal import write_event
from orders.services.rules import can_assign_order, can_hold_order, can_release_order
from orders.services.states import lock_order, save_orders


@service
def hold_order(*, order: Order, reason: str, actor: User | None = None, at: datetime | None = None) -> Order:
    """Put an order on hold: nothing is shipped until it is released. `reason` says why."""
    order = lock_order(order)
    require(can_hold_order(order, actor))
    if not reason.strip():
        raise ValidationError(_("Say why the order is held: the colleague who finds it has to know."))
    if len(reason.strip()) > 200:
        raise ValidationError(_("Say it in 200 characters; write a note for the rest."))
    order.hold_reason = reason.strip()
    save_orders([order], ["hold_reason"], was=[Order.Status.PLACED])
    write_event(order, OrderEvent.Kind.HELD, actor=actor, at=at, reason=order.hold_reason)
    return order


@service
def release_order(*, order: Order, reason: str = "", actor: User | None = None, at: datetime | None = None) -> Order:
    """End the hold on an order."""
    order = lock_order(order)
    require(can_release_order(order, actor))
    order.hold_reason = ""
    save_orders([order], ["hold_reason"], was=Order.Status.values)
    write_event(order, OrderEvent.Kind.RELEASED, actor=actor, at=at, reason=reason)
    return order


@service
def assign_order(
    *,
    order: Order,
    assignee: User | None,
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Order:
    """Give an order to `assignee`, or to nobody."""
    order = lock_order(order)
    require(can_assign_order(order, actor))
    if assignee is not None and not assignee.is_active:
        raise ValidationError(_("%(who)s no longer works here. Choose somebody else.") % {"who": assignee})
    if order.assignee_id == (assignee.pk if assignee else None):
        return order
    order.assignee = assignee
    save_orders([order], ["assignee"], was=Order.Status.values)
    write_event(order, OrderEvent.Kind.ASSIGNED, actor=actor, at=at, assignee=str(assignee or ""), reason=reason)
    return order


@service
def set_follow_up(*, order: Order, on: date | None, reason: str = "", actor: User | None = None) -> Order:
    """Say on which day the order is to be looked at again; None clears it."""
    order = lock_order(order)
    require(can_assign_order(order, actor))
    order.follow_up_on = on
    save_orders([order], ["follow_up_on"], was=Order.Status.values)
    return order
