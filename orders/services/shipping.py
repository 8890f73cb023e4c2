"""Goods that leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.changes.writing import update_rows
from catalog.services import StockMove, ship_stock
from orders.models import Order, OrderEvent, OrderLine, Shipment, ShipmentLine
from orders.services.journal import write_events
from orders.services.rules import can_ship_order
from orders.services.states import lines_of, lock_orders, settle_orders


@dataclass(frozen=True)
class Parcel:
    """What leaves of an order: units by line id, or all that is left to ship."""

    order: Order
    units: Mapping[int, int] | None = None
    carrier: str = ""
    tracking_number: str = ""
    at: datetime | None = None


@service
def ship_order(
    *,
    order: Order,
    units: Mapping[int, int] | None = None,
    carrier: str = "",
    tracking_number: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Shipment:
    """Ship `units` (by line id) of an order, or all that is left of it.

    Refuses orders on hold, more than is left of a line, and more than is on hand.
    """
    parcel = Parcel(order, units, carrier, tracking_number, at)
    return ship_orders(parcels=[parcel], reason=reason, actor=actor)[0]


@service
def ship_orders(*, parcels: Sequence[Parcel], reason: str = "", actor: User | None = None) -> list[Shipment]:
    """Ship parcels, one an order, all or none, by the rules of `ship_order`."""
    orders = lock_orders([parcel.order for parcel in parcels])
    for order in orders:
        require(can_ship_order(order, actor))
    lines = lines_of(orders)
    times = {parcel.order.pk: parcel.at or timezone.now() for parcel in parcels}
    units = {parcel.order.pk: units_to_ship(parcel.order, lines[parcel.order.pk], parcel.units) for parcel in parcels}
    shipments = _create_shipments(parcels, units, times)
    ship_stock(moves=_moves(shipments, lines, units, times))
    _count_shipped(lines, units)
    write_events(
        [(shipment.order, OrderEvent.Kind.SHIPPED, _details(shipment, units)) for shipment in shipments],
        actor=actor,
        at=times,
    )
    settle_orders(orders, lines=lines, was=[Order.Status.PLACED], actor=actor, at=times)
    return shipments


def units_to_ship(order: Order, lines: Sequence[OrderLine], wanted: Mapping[int, int] | None) -> dict[int, int]:
    """Return the units by line id that `wanted` means, all that is left without it; refuse what is not there."""
    left = {line.pk: line for line in lines if line.to_ship}
    units = {pk: line.to_ship for pk, line in left.items()} if wanted is None else dict(wanted)
    units = {pk: count for pk, count in units.items() if count}
    if not units:
        raise ValidationError(_("Choose at least one unit of order %(number)s.") % {"number": order.number})
    for pk, count in units.items():
        available = left[pk].to_ship if pk in left else 0
        if not 0 < count <= available:
            raise ValidationError(
                _("Order %(number)s has %(left)d of %(sku)s left, not %(count)d. Choose fewer units.")
                % {"number": order.number, "left": available, "sku": _sku(lines, pk), "count": count}
            )
    return units


def _sku(lines: Sequence[OrderLine], pk: int) -> str:
    return next((line.sku for line in lines if line.pk == pk), _("that line"))


def _create_shipments(
    parcels: Sequence[Parcel], units: Mapping[int, Mapping[int, int]], times: Mapping[int, datetime]
) -> list[Shipment]:
    shipments = Shipment.objects.bulk_create(
        Shipment(
            order=parcel.order,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number.strip(),
            shipped_at=times[parcel.order.pk],
            created_at=times[parcel.order.pk],
        )
        for parcel in parcels
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, line_id=pk, quantity=count, created_at=shipment.shipped_at)
        for shipment in shipments
        for pk, count in units[shipment.order_id].items()
    )
    return shipments


def _moves(
    shipments: Sequence[Shipment],
    lines: Mapping[int, Sequence[OrderLine]],
    units: Mapping[int, Mapping[int, int]],
    times: Mapping[int, datetime],
) -> list[StockMove]:
    return [
        StockMove(line.product_id, units[order_id][line.pk], shipment.order.number, times[order_id])
        for shipment in shipments
        for order_id in [shipment.order_id]
        for line in lines[order_id]
        if line.pk in units[order_id]
    ]


def _count_shipped(lines: Mapping[int, Sequence[OrderLine]], units: Mapping[int, Mapping[int, int]]) -> None:
    moved = [line for order_id, own in lines.items() for line in own if line.pk in units[order_id]]
    for line in moved:
        line.shipped += units[line.order_id][line.pk]
    update_rows(moved, ["shipped"])


def _details(shipment: Shipment, units: Mapping[int, Mapping[int, int]]) -> dict[str, object]:
    known = {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number}
    return {
        "shipment": shipment.pk,
        "units": sum(units[shipment.order_id].values()),
        **{name: value for name, value in known.items() if value},
    }
