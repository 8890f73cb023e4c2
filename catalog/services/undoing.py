"""Undo of stock: the ledger keeps its rows, so opposite movements take them back."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.changes.undo.compensation import Compensated
from catalog.models import Product, StockMovement

# What goes with an order is taken back by the order: its parcels and returns stay as they are.
WITH_ORDERS = (StockMovement.Reason.SHIPMENT, StockMovement.Reason.RETURN)


def take_back_movements(*, change_sets: Sequence[int], write: bool) -> Compensated:
    """Take back the sum of the movements that `change_sets` wrote, product by product, by one correction each.

    Units that are not there any more, and those that left or came with an order, are refused.
    """
    written = StockMovement.history.filter(change_set__in=change_sets).values("id")
    movements = StockMovement.objects.filter(pk__in=written)
    refusals: list[tuple[Any, str]] = [
        (movement.pk, _("It belongs to an order. Receive a return, or count the stock, instead."))
        for movement in movements.filter(reason__in=WITH_ORDERS)
    ]
    sums = movements.exclude(reason__in=WITH_ORDERS).order_by("product").values_list("product").annotate(Sum("delta"))
    deltas = {pk: -total for pk, total in sums if total}
    products = Product.objects.filter(pk__in=deltas)
    corrections = []
    for product in products.locked() if write else products.order_by("pk"):
        delta = deltas[product.pk]
        if sentence := _not_there(product, delta):
            newest = movements.filter(product=product).latest("pk")
            refusals.append((newest.pk, sentence))
        else:
            reference = _("Undo of change %(number)s") % {"number": change_sets[0]}
            corrections.append(
                StockMovement(product=product, delta=delta, reason=StockMovement.Reason.CORRECTION, reference=reference)
            )
    if write:
        StockMovement.objects.bulk_create(corrections)
    return Compensated(len(corrections), refusals)


def _not_there(product: Product, delta: int) -> str:
    """Return why the stock of `product` cannot change by `delta`, if so."""
    left = product.on_hand + delta
    if left < 0:
        return ngettext(
            "Only %(count)d unit of %(product)s is left. Count the stock instead.",
            "Only %(count)d units of %(product)s are left. Count the stock instead.",
            product.on_hand,
        ) % {"count": product.on_hand, "product": product}
    if left < product.reserved and not product.allow_backorder:
        return ngettext(
            "%(count)d unit of %(product)s is reserved for open orders. Cancel those first.",
            "%(count)d units of %(product)s are reserved for open orders. Cancel those first.",
            product.reserved,
        ) % {"count": product.reserved, "product": product}
    return ""
