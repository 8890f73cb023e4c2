"""Writes of stock. On hand follows from the ledger of movements; reserved is what open orders still wait for."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from catalog.models import Product, StockMovement
from catalog.services.rules import can_count_stock, can_receive_stock

MOST_UNITS = 2**31 - 1

RESERVE = """
    UPDATE catalog_product AS product SET reserved = product.reserved + wanted.units
    FROM unnest(%s::bigint[], %s::int[]) AS wanted (id, units)
    WHERE product.id = wanted.id
        AND (product.allow_backorder OR product.on_hand - product.reserved >= wanted.units)
"""
RELEASE = """
    UPDATE catalog_product AS product SET reserved = product.reserved - freed.units
    FROM unnest(%s::bigint[], %s::int[]) AS freed (id, units)
    WHERE product.id = freed.id AND product.reserved >= freed.units
"""


class OutOfStockError(ValidationError):
    """There is not enough of a product; the message names it and how many there are."""


@dataclass(frozen=True)
class StockMove:
    """So many units of a product in or out, both written positive, for the reason that `reference` names."""

    product_id: int
    units: int
    reference: str = ""
    at: datetime | None = None


@service
def receive_stock(
    *,
    product: Product,
    quantity: int,
    reference: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> StockMovement:
    """Put `quantity` units of `product` on hand; `reference` names the delivery note."""
    moves = [StockMove(product.pk, quantity, reference, at)]
    return receive_delivery(moves=moves, reason=reason, actor=actor)[0]


@service
def receive_delivery(
    *, moves: Sequence[StockMove], reason: str = "", actor: User | None = None, opening: bool = False
) -> list[StockMovement]:
    """Put what was delivered on hand; `opening` marks the stock that a new desk starts with."""
    products = _lock([move.product_id for move in moves])
    for move in moves:
        product = products[move.product_id]
        require(can_receive_stock(product, actor))
        if move.units < 1:
            raise ValidationError(_("Receive one unit or more. To take units away, count the stock."))
        _check_fits(product, move.units)
    kind = StockMovement.Reason.OPENING if opening else StockMovement.Reason.RECEIPT
    return _post(moves, kind, sign=1)


@service
def count_stock(
    *,
    product: Product,
    counted: int,
    reference: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> StockMovement | None:
    """Make `counted` what is on hand, by a movement of the difference; return it, or None when nothing differs.

    Less than is reserved is refused, unless the product allows backorders.
    """
    product = _lock([product.pk])[product.pk]
    require(can_count_stock(product, actor))
    if counted < 0:
        raise ValidationError(_("A count is zero or more."))
    if counted < product.reserved and not product.allow_backorder:
        raise ValidationError(
            ngettext(
                "%(reserved)d unit of %(product)s is reserved, so %(counted)d cannot be all. "
                "Cancel units of open orders first, or count again.",
                "%(reserved)d units of %(product)s are reserved, so %(counted)d cannot be all. "
                "Cancel units of open orders first, or count again.",
                product.reserved,
            )
            % {"reserved": product.reserved, "product": product, "counted": counted}
        )
    delta = counted - product.on_hand
    if delta == 0:
        return None
    _check_fits(product, delta)
    move = StockMove(product.pk, delta, reference, at)
    return _post([move], StockMovement.Reason.COUNT, sign=1)[0]


@service
def reserve_stock(*, units: Mapping[int, int]) -> dict[int, Product]:
    """Reserve units of products (by id) for open orders, all or none; return the products, locked.

    Refuses products that are not active, and more than is available unless the product allows backorders.
    """
    products = _lock(units)
    for pk, wanted in units.items():
        _check_sellable(products[pk], wanted)
    _run_guarded(RESERVE, units)
    return products


@service
def release_stock(*, units: Mapping[int, int]) -> None:
    """Give back units of products (by id) that were reserved."""
    _lock(units)
    _run_guarded(RELEASE, units)


@service
def ship_stock(*, moves: Sequence[StockMove]) -> list[StockMovement]:
    """Take reserved units off the shelf: reserved and on hand go down together."""
    units = _units_of(moves)
    products = _lock(units)
    for pk, leaving in units.items():
        product = products[pk]
        if product.on_hand < leaving:
            raise OutOfStockError(
                _("Only %(count)d of %(product)s on hand, %(wanted)d to ship. Ship fewer, or receive stock first.")
                % {"count": product.on_hand, "product": product, "wanted": leaving}
            )
    _run_guarded(RELEASE, units)
    return _post(moves, StockMovement.Reason.SHIPMENT, sign=-1)


@service
def restock(*, moves: Sequence[StockMove]) -> list[StockMovement]:
    """Put returned units that can be sold again back on the shelf."""
    _lock([move.product_id for move in moves])
    return _post(moves, StockMovement.Reason.RETURN, sign=1)


def _lock(ids: Collection[int]) -> dict[int, Product]:
    return {product.pk: product for product in Product.objects.filter(pk__in=set(ids)).locked()}


def _units_of(moves: Sequence[StockMove]) -> Counter[int]:
    units: Counter[int] = Counter()
    for move in moves:
        units[move.product_id] += move.units
    return units


def _check_sellable(product: Product, wanted: int) -> None:
    if product.status != Product.Status.ACTIVE:
        raise ValidationError(
            _("%(product)s is not on sale. Activate it, or take it off the order.") % {"product": product}
        )
    if not product.allow_backorder and product.on_hand - product.reserved < wanted:
        raise OutOfStockError(
            _("Only %(count)d of %(product)s available, %(wanted)d wanted. Order fewer, or receive stock first.")
            % {"count": product.on_hand - product.reserved, "product": product, "wanted": wanted}
        )


def _check_fits(product: Product, delta: int) -> None:
    if product.on_hand + delta > MOST_UNITS:
        raise ValidationError(
            _("%(product)s would have more units than can be counted. Check the quantity.") % {"product": product}
        )


def _run_guarded(sql: str, units: Mapping[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(units), list(units.values())])
        if cursor.rowcount != len(units):
            raise OutOfStockError(_("The stock changed in the meantime. Load the page again and repeat."))


def _post(moves: Sequence[StockMove], reason: StockMovement.Reason, *, sign: int) -> list[StockMovement]:
    now = timezone.now()
    return StockMovement.objects.bulk_create(
        StockMovement(
            product_id=move.product_id,
            delta=sign * move.units,
            reason=reason,
            reference=move.reference,
            created_at=move.at or now,
        )
        for move in moves
    )
