"""The one place where an order's figures and states are derived from its lines, payments and returns.

Services change the rows below an order, then call `settle_orders` on the locked orders.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.writing import update_rows
from orders.models import Order, OrderEvent, OrderLine, Payment, Return
from orders.services.journal import When, write_events
from orders.services.totals import ZERO, Totals

SETTLED_FIELDS = [
    "status",
    "placed_at",
    "payment_state",
    "fulfilment_state",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "total",
    "paid",
    "refunded",
    "credited",
]
FULFILLED = (Order.FulfilmentState.FULFILLED, Order.FulfilmentState.RETURNED)


def payment_state(*, due: Decimal, paid: Decimal, refunded: Decimal) -> Order.PaymentState:
    """Return how money stands: `due` is what the order costs by now, `paid` and `refunded` what moved."""
    kept = paid - refunded
    if kept > due:
        return Order.PaymentState.OVERPAID
    if kept < due:
        return Order.PaymentState.PART_PAID if kept else Order.PaymentState.UNPAID
    return Order.PaymentState.REFUNDED if refunded and not kept else Order.PaymentState.PAID


def fulfilment_state(lines: Collection[OrderLine]) -> Order.FulfilmentState:
    """Return how far the goods are: cancelled units are wanted no longer."""
    wanted = sum(line.quantity - line.cancelled for line in lines)
    shipped = sum(line.shipped for line in lines)
    if not shipped:
        return Order.FulfilmentState.UNFULFILLED
    if shipped < wanted:
        return Order.FulfilmentState.PART
    if shipped == sum(line.returned for line in lines):
        return Order.FulfilmentState.RETURNED
    return Order.FulfilmentState.FULFILLED


def amount_due(order: Order) -> Decimal:
    """Return what the order costs by now: nothing when cancelled, else its total less what was credited."""
    if order.status == Order.Status.CANCELLED:
        return ZERO
    due: Decimal = max(order.total - order.credited, ZERO)
    return due


def balance_of(order: Order) -> Decimal:
    """Return what is still due from the customer; below zero it is owed to them."""
    balance: Decimal = amount_due(order) - order.paid + order.refunded
    return balance


def is_done(order: Order) -> bool:
    """Whether a placed order is complete: nothing left to ship, nothing due and nothing owed."""
    return order.fulfilment_state in FULFILLED and balance_of(order) == 0


def set_totals(order: Order, totals: Totals) -> None:
    """Put `totals` on `order`, unsaved."""
    order.subtotal = totals.subtotal
    order.discount = totals.discount
    order.shipping = totals.shipping
    order.tax = totals.tax
    order.total = totals.total


def totals_of(order: Order) -> Totals:
    """Return the totals that stand on `order`."""
    return Totals(order.subtotal, order.discount, order.shipping, order.tax)


def lock_orders(orders: Collection[Order]) -> list[Order]:
    """Return fresh copies of `orders`, locked in primary-key order."""
    return list(Order.objects.filter(pk__in=[order.pk for order in orders]).locked())


def lock_order(order: Order) -> Order:
    """Return a fresh copy of `order`, locked."""
    return lock_orders([order])[0]


def lines_of(orders: Collection[Order]) -> dict[int, list[OrderLine]]:
    """Return the lines of `orders` by order id, in their order of position."""
    lines: dict[int, list[OrderLine]] = {order.pk: [] for order in orders}
    for line in OrderLine.objects.filter(order__in=list(lines)).order_by("order_id", "position", "pk"):
        lines[line.order_id].append(line)
    return lines


def settle_orders(
    orders: Sequence[Order],
    *,
    lines: Mapping[int, list[OrderLine]],
    was: Collection[str],
    actor: User | None = None,
    at: When = None,
) -> None:
    """Derive figures and states of locked `orders` from their rows, complete those that are done, and save them.

    Orders that are no longer in one of the statuses `was` are refused: nobody holds a lock on what they changed.
    """
    _sum_money(orders)
    completed = []
    for order in orders:
        order.fulfilment_state = fulfilment_state(lines[order.pk])
        order.payment_state = payment_state(due=amount_due(order), paid=order.paid, refunded=order.refunded)
        if order.status == Order.Status.PLACED and is_done(order):
            order.status = Order.Status.COMPLETED
            completed.append(order)
        if order.status in (Order.Status.DRAFT, Order.Status.CANCELLED) and not order.paid:
            order.payment_state = Order.PaymentState.UNPAID
    save_orders(orders, SETTLED_FIELDS, was=was)
    write_events([(order, OrderEvent.Kind.COMPLETED, {}) for order in completed], actor=actor, at=at)


def save_orders(orders: Sequence[Order], fields: Sequence[str], *, was: Collection[str]) -> None:
    """Save `fields` of locked `orders`, provided that they still have one of the statuses `was`."""
    if update_rows(orders, fields, was=was) != len(orders):
        raise ValidationError(_("An order changed in the meantime. Load the page again and repeat."))


def _sum_money(orders: Sequence[Order]) -> None:
    ids = [order.pk for order in orders]
    payments = Payment.objects.filter(order__in=ids).succeeded().order_by().values("order_id")
    sums = payments.annotate(
        paid=Sum("amount", filter=Q(kind="capture"), default=ZERO),
        refunded=Sum("amount", filter=Q(kind="refund"), default=ZERO),
        goodwill=Sum("goodwill", default=ZERO),
    )
    money = {row["order_id"]: row for row in sums}
    returns: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for pk, credit in Return.objects.filter(order__in=ids, credit__gt=0).order_by().values_list("order_id", "credit"):
        returns[pk] += credit
    nothing = {"paid": ZERO, "refunded": ZERO, "goodwill": ZERO}
    for order in orders:
        row = money.get(order.pk, nothing)
        order.paid, order.refunded = row["paid"], row["refunded"]
        order.credited = row["goodwill"] + returns[order.pk]
