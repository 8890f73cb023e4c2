"""Placing: the draft becomes an order, its total is fixed and its units are reserved."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.changes.writing import update_rows
from catalog.services import reserve_stock
from customers.models import Customer
from customers.services import refresh_figures
from orders.models import Order, OrderEvent, OrderLine
from orders.services.drafts import copy_product, reckon
from orders.services.journal import When, instant, write_events
from orders.services.rules import can_place_order
from orders.services.states import lines_of, lock_orders, settle_orders


@service
def place_order(*, order: Order, reason: str = "", actor: User | None = None, at: datetime | None = None) -> Order:
    """Place a draft: reserve its units and fix its total; `at` is when the customer ordered, now if not given.

    Refuses an order without lines, a customer who is blocked or archived, products that are not on sale, and
    more than is available unless the product allows backorders.
    """
    return place_orders(orders=[order], reason=reason, actor=actor, at=at)[0]


@service
def place_orders(
    *, orders: Collection[Order], reason: str = "", actor: User | None = None, at: When = None
) -> list[Order]:
    """Place drafts, all or none; the rules are those of `place_order`."""
    locked = lock_orders(orders)
    for order in locked:
        require(can_place_order(order, actor))
    lines = lines_of(locked)
    _check_customers(locked)
    _reserve(locked, lines)
    for order in locked:
        reckon(order, lines[order.pk], discount=order.discount, shipping=order.shipping)
        order.status = Order.Status.PLACED
        order.placed_at = instant(at, order.pk)
    placed = [(order, OrderEvent.Kind.PLACED, {"total": str(order.total)}) for order in locked]
    write_events(placed, actor=actor, at=at)
    settle_orders(locked, lines=lines, was=[Order.Status.DRAFT], actor=actor, at=at)
    refresh_figures(customer_ids=customers_of(locked))
    return locked


def customers_of(orders: Collection[Order]) -> set[int]:
    """Return the ids of the customers whose figures follow from `orders`."""
    return {order.customer_id for order in orders if order.customer_id}


def _check_customers(orders: Sequence[Order]) -> None:
    for customer in Customer.objects.in_bulk(customers_of(orders)).values():
        if customer.blocked:
            raise ValidationError(
                _("%(who)s is blocked: no new orders are taken from them. Unblock them first.") % {"who": customer}
            )
        if customer.archived_at:
            raise ValidationError(_("%(who)s is archived. Restore them first.") % {"who": customer})


def _reserve(orders: Sequence[Order], lines: dict[int, list[OrderLine]]) -> None:
    units: Counter[int] = Counter()
    for order in orders:
        if not lines[order.pk]:
            raise ValidationError(
                _("Order %(number)s has no lines. Add what is ordered first.") % {"number": order.number}
            )
        for line in lines[order.pk]:
            units[line.product_id] += line.quantity
    products = reserve_stock(units=units)
    stale = []
    for line in (line for own in lines.values() for line in own):
        product = products[line.product_id]
        if (line.sku, line.name) != (product.sku, product.name):
            copy_product(line, product)
            stale.append(line)
    update_rows(stale, ["sku", "name"])
