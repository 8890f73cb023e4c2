"""Goods that come back: announced by the customer, or just there."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import RefusedError, require
from backoffice.changes.services import service
from backoffice.changes.writing import update_rows
from catalog.services import StockMove, restock
from customers.services import refresh_figures
from orders.models import Order, OrderEvent, OrderLine, Return, ReturnLine
from orders.services.journal import write_event
from orders.services.placing import customers_of
from orders.services.rules import can_announce_return, can_receive_announced, can_receive_return
from orders.services.states import amount_due, lines_of, lock_order, settle_orders
from orders.services.totals import ZERO, to_cents, value_of_units

SHIPPED_FROM = [Order.Status.PLACED, Order.Status.COMPLETED]


@dataclass(frozen=True)
class ReturnedUnits:
    """So many units of an order line that come back; those that can be sold again go back on the shelf."""

    line_id: int
    quantity: int
    sellable: bool = True


@service
def announce_return(
    *,
    order: Order,
    units: Collection[ReturnedUnits],
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Return:
    """Note that goods will come back; stock and money wait until they are here."""
    order = lock_order(order)
    require(can_announce_return(order, actor))
    _check_units(lines_of([order])[order.pk], units)
    announced = Return.objects.create(order=order, reason=reason, created_at=at or timezone.now())
    _create_lines(announced, units)
    write_event(
        order,
        OrderEvent.Kind.RETURN_ANNOUNCED,
        actor=actor,
        at=at,
        units=_count(units),
        reason=reason,
        **{"return": announced.pk},
    )
    return announced


@service
def receive_return(
    *,
    order: Order,
    units: Collection[ReturnedUnits] | None = None,
    announced: Return | None = None,
    credit: Decimal | None = None,
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Return:
    """Receive goods that came back, and credit what they cost, or `credit` instead (zero for an exchange).

    Without `units` they are those announced, or, without an announcement, all that was shipped and has not come
    back. Sellable units go back on the shelf. The credit is owed to the customer until it is refunded.
    """
    order = lock_order(order)
    require(can_receive_return(order, actor))
    lines = lines_of([order])[order.pk]
    received = _open_return(order, announced, actor, at or timezone.now())
    units = _units_of(lines, received, units)
    _check_units(lines, units)
    received.credit = _credit(order, lines, units, credit)
    received.reason = reason or received.reason
    _save_return(received, units)
    _take_back(order, lines, units, at)
    write_event(
        order,
        OrderEvent.Kind.RETURN_RECEIVED,
        actor=actor,
        at=at,
        units=_count(units),
        credit=str(received.credit),
        reason=reason,
        **{"return": received.pk},
    )
    settle_orders([order], lines={order.pk: lines}, was=SHIPPED_FROM, actor=actor, at=at)
    refresh_figures(customer_ids=customers_of([order]))
    return received


def _open_return(order: Order, announced: Return | None, actor: User | None, now: datetime) -> Return:
    if announced is None:
        return Return(order=order, created_at=now, received_at=now)
    announced = Return.objects.get(pk=announced.pk)
    if announced.order_id != order.pk:
        raise RefusedError(_("This return belongs to another order. Load the page again."))
    require(can_receive_announced(announced, actor))
    announced.received_at = now
    return announced


def _units_of(
    lines: Sequence[OrderLine], received: Return, units: Collection[ReturnedUnits] | None
) -> Collection[ReturnedUnits]:
    if units is not None:
        return units
    if received.pk:
        return [ReturnedUnits(line.line_id, line.quantity, line.sellable) for line in received.lines.all()]
    return [ReturnedUnits(line.pk, line.shipped - line.returned) for line in lines if line.shipped > line.returned]


def _check_units(lines: Sequence[OrderLine], units: Collection[ReturnedUnits]) -> None:
    out = {line.pk: line for line in lines}
    if not units:
        raise ValidationError(_("Choose at least one unit that comes back."))
    if len({unit.line_id for unit in units}) < len(units):
        raise ValidationError(_("Each line once, please. Units that cannot be sold again are a return of their own."))
    for unit in units:
        line = out.get(unit.line_id)
        left = line.shipped - line.returned if line else 0
        if not 0 < unit.quantity <= left:
            raise ValidationError(
                _("%(left)d of %(sku)s can come back, not %(count)d. Choose fewer units.")
                % {"left": left, "sku": line.sku if line else _("that line"), "count": unit.quantity}
            )


def _credit(
    order: Order, lines: Sequence[OrderLine], units: Collection[ReturnedUnits], credit: Decimal | None
) -> Decimal:
    """Return what the units cost, reckoned from all that came back so far, so that parts add up to the whole."""
    if credit is not None and (not credit.is_finite() or credit < 0 or credit != to_cents(credit)):
        raise ValidationError(_("A credit is zero or more, with two decimals at most."))
    if credit is None:
        before = {line.pk: line.returned for line in lines}
        after = Counter(before)
        after.update({unit.line_id: unit.quantity for unit in units})
        credit = _value(order, lines, after) - _value(order, lines, before)
    return min(max(credit, ZERO), amount_due(order))


def _value(order: Order, lines: Sequence[OrderLine], units: Mapping[int, int]) -> Decimal:
    return value_of_units(lines, units, discount=order.discount)


def _save_return(received: Return, units: Collection[ReturnedUnits]) -> None:
    if received.pk:
        received.lines.all().delete()
    received.save()
    _create_lines(received, units)


def _create_lines(parent: Return, units: Collection[ReturnedUnits]) -> None:
    ReturnLine.objects.bulk_create(
        ReturnLine(return_of=parent, line_id=unit.line_id, quantity=unit.quantity, sellable=unit.sellable)
        for unit in units
    )


def _take_back(order: Order, lines: Sequence[OrderLine], units: Collection[ReturnedUnits], at: datetime | None) -> None:
    own = {line.pk: line for line in lines}
    restock(
        moves=[
            StockMove(own[unit.line_id].product_id, unit.quantity, order.number, at) for unit in units if unit.sellable
        ]
    )
    for unit in units:
        own[unit.line_id].returned += unit.quantity
    update_rows([own[unit.line_id] for unit in units], ["returned"])


def _count(units: Collection[ReturnedUnits]) -> int:
    return sum(unit.quantity for unit in units)
