"""Spreadsheets of work on placed orders: the money that came in, and the goods that left."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import User
from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.serving import ServiceResource
from backoffice.spreadsheets.values import (
    ChoiceValue,
    CodeValue,
    DateTimeValue,
    DecimalValue,
    IntegerValue,
    TextValue,
)
from orders.models import Order, Payment, ShipmentLine
from orders.services import record_payment, ship_order


def order_number(attribute: str) -> Column:
    """Return the column that finds an order."""
    number = CodeValue(max_length=32, required=True)
    return Column(attribute, number, label=_("Order"), aliases=["Order number", "Number"], required=True)


def when(label: Any, attribute: str) -> Column:
    """Return the column of the time of something."""
    return Column(attribute, DateTimeValue(zone=timezone.get_default_timezone()), label=label, aliases=["Date"])


def order_of(row: dict[str, Any]) -> Order:
    """Return the order that a row is about."""
    order: Order | None = Order.objects.filter(number=row["order"]).first()
    if order is None:
        raise ValidationError(gettext("There is no order %(number)s. Correct its number.") % {"number": row["order"]})
    return order


class PaymentResource(ServiceResource):
    """Money that came in for orders, one payment a row, told apart by the bank's own reference."""

    order = order_number("order__number")
    amount = Column("amount", DecimalValue(digits=14, places=2, required=True), label=_("Amount"), required=True)
    method = Column("method", ChoiceValue(dict(Payment.Method.choices)), label=_("Method"), help_text=_("Blank: bank."))
    reference = Column(
        "provider_reference",
        CodeValue(max_length=100, required=True),
        label=_("Reference"),
        aliases=["Transaction", "Payment reference"],
        required=True,
        help_text=_("The bank's or card processor's own. The same payment is recorded once."),
    )
    received_at = when(_("Received at"), "settled_at")

    key = "order"
    title = _("Payments")
    done = (
        "EXISTS (SELECT FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id"
        " WHERE o.number = r.order AND p.provider_reference = r.reference AND p.amount = r.amount)"
    )

    class Meta:
        model = Payment
        fields = ("order", "amount", "method", "reference", "received_at")

    @property
    def import_permission(self) -> str:
        return "orders.record_payment"

    def export_queryset(self) -> Any:
        return Payment.objects.filter(kind=Payment.Kind.CAPTURE).order_by("pk")

    def perform(self, rows: list[dict[str, Any]], actor: User | None) -> None:
        for row in rows:
            record_payment(
                order=order_of(row),
                amount=row["amount"],
                method=row["method"] or Payment.Method.BANK,
                provider_reference=row["reference"],
                at=row["received_at"],
                actor=actor,
            )


class ShipmentResource(ServiceResource):
    """Parcels of placed orders, told apart by their tracking numbers: one row for all that is left, or one a SKU."""

    order = order_number("shipment__order__number")
    sku = Column("line__sku", CodeValue(max_length=64), label=_("SKU"), help_text=_("Blank: all that is left."))
    quantity = Column("quantity", IntegerValue(minimum=1), label=_("Quantity"), help_text=_("Blank: all of the SKU."))
    carrier = Column("shipment__carrier", TextValue(max_length=60), label=_("Carrier"))
    tracking_number = Column(
        "shipment__tracking_number",
        CodeValue(max_length=100, required=True),
        label=_("Tracking number"),
        aliases=["Tracking"],
        required=True,
    )
    shipped_at = when(_("Shipped at"), "shipment__shipped_at")

    key = "order"
    title = _("Shipments")
    listed_as = "shipment"
    together = ("order", "tracking_number")
    done = (
        "EXISTS (SELECT FROM orders_shipment AS s JOIN orders_order AS o ON o.id = s.order_id"
        " WHERE o.number = r.order AND s.tracking_number = r.tracking_number)"
    )

    class Meta:
        model = ShipmentLine
        fields = ("order", "sku", "quantity", "carrier", "tracking_number", "shipped_at")

    @property
    def import_permission(self) -> str:
        return "orders.ship_order"

    def perform(self, rows: list[dict[str, Any]], actor: User | None) -> None:
        order, first = order_of(rows[0]), rows[0]
        whole = [row for row in rows if not row["sku"]]
        if whole and (len(rows) > 1 or first["quantity"]):
            raise ValidationError(gettext("Give the SKU on each row of a parcel, or one row without SKU and quantity."))
        units: dict[int, int] = {}
        for row in [] if whole else rows:
            add_units(units, order, row)
        ship_order(
            order=order,
            units=None if whole else units,
            carrier=first["carrier"] or "",
            tracking_number=first["tracking_number"],
            at=first["shipped_at"],
            actor=actor,
        )


def add_units(units: dict[int, int], order: Order, row: dict[str, Any]) -> None:
    """Add the units of a row to those of its parcel, on the first lines of its SKU that still have some to ship."""
    lines = [line for line in order.lines.order_by("position", "pk") if line.sku.upper() == row["sku"].upper()]
    if not lines:
        message = gettext("Order %(number)s has no line of %(sku)s. Correct the SKU.")
        raise ValidationError(message % {"number": order.number, "sku": row["sku"]})
    wanted = row["quantity"] or sum(line.to_ship for line in lines)
    for line in lines:
        taken = wanted if line is lines[-1] else min(wanted, line.to_ship - units.get(line.pk, 0))
        if taken:
            units[line.pk] = units.get(line.pk, 0) + taken
        wanted -= taken
