"""Orders, and units of their lines, that are wanted no longer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.changes.writing import update_rows
from catalog.services import release_stock
from customers.services import refresh_figures
from orders.models import Order, OrderEvent, OrderLine
from orders.services.journal import write_event
from orders.services.placing import customers_of
from orders.services.rules import can_cancel_order
from orders.services.shipping import units_to_ship
from orders.services.states import lines_of, lock_order, set_totals, settle_orders, totals_of
from orders.services.totals import shrink_totals


@service
def cancel_order(
    *,
    order: Order,
    units: Mapping[int, int] | None = None,
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Order:
    """Cancel `units` (by line id) of an order, or all that is not shipped, and release what was reserved.

    When nothing was shipped and nothing is left, the order itself is cancelled; its amounts stay as they were, for
    the record. Else it goes on with the units that are left and costs less. What was paid beyond that is owed to
    the customer: the balance falls below zero until it is refunded.
    """
    order = lock_order(order)
    require(can_cancel_order(order, actor))
    was = order.status
    lines = lines_of([order])[order.pk]
    if was == Order.Status.DRAFT:
        order.status = Order.Status.CANCELLED
        write_event(order, OrderEvent.Kind.CANCELLED, actor=actor, at=at, reason=reason)
    else:
        _cancel_units(order, lines, units_to_ship(order, lines, units), reason=reason, actor=actor, at=at)
    settle_orders([order], lines={order.pk: lines}, was=[was], actor=actor, at=at)
    refresh_figures(customer_ids=customers_of([order]))
    return order


def _cancel_units(
    order: Order,
    lines: Sequence[OrderLine],
    units: Mapping[int, int],
    *,
    reason: str,
    actor: User | None,
    at: datetime | None,
) -> None:
    whole = all(not line.shipped and line.to_ship == units.get(line.pk, 0) for line in lines)
    _release(lines, units)
    if whole:
        order.status = Order.Status.CANCELLED
        write_event(order, OrderEvent.Kind.CANCELLED, actor=actor, at=at, reason=reason, total=str(order.total))
        return
    before = order.total
    chosen = [line for line in lines if line.pk in units]
    for line in chosen:
        line.cancelled += units[line.pk]
    update_rows(chosen, ["cancelled"])
    set_totals(order, shrink_totals(lines, totals_of(order)))
    write_event(
        order,
        OrderEvent.Kind.LINE_CANCELLED,
        actor=actor,
        at=at,
        reason=reason,
        units=sum(units.values()),
        amount=str(before - order.total),
    )


def _release(lines: Sequence[OrderLine], units: Mapping[int, int]) -> None:
    freed: Counter[int] = Counter()
    for line in lines:
        if line.pk in units:
            freed[line.product_id] += units[line.pk]
    release_stock(units=freed)
