"""Goods that leave and goods that come back."""

from decimal import Decimal

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import RECREATE, REMOVE, UndoRefusal, UndoRules
from orders.models.orders import Order, OrderLine
from orders.querysets import ReturnQuerySet, ShipmentQuerySet

LEFT = UndoRefusal(_("Goods that left are not undone. Receive a return instead."), actions=(REMOVE, RECREATE))
CAME_BACK = UndoRefusal(_("A return is not undone. Count the stock, and settle the money with the customer."))


class Shipment(TrackedModel):
    """A parcel that left; an order may need several."""

    undo_rules = UndoRules(refusals=(LEFT,))

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments", verbose_name=_("order"))
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=80, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), db_default=Now(), editable=False)

    objects = ShipmentQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                OpClass(Upper("tracking_number"), "text_pattern_ops"),
                name="orders_shipment_tracking_code",
                condition=~Q(tracking_number=""),
            ),
            models.Index(fields=["-shipped_at", "-id"], name="orders_shipment_shipped"),
        ]

    def __str__(self) -> str:
        return f"{_('Shipment')} {self.pk}"


class ShipmentLine(TrackedModel):
    """How many of an order line are in the parcel."""

    undo_rules = UndoRules(refusals=(LEFT,))

    shipment = models.ForeignKey(
        Shipment,
        on_delete=models.CASCADE,
        related_name="lines",
        verbose_name=_("shipment"),
        db_index=False,  # the constraint's index begins with it
    )
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipped_in", verbose_name=_("line"))
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta(TrackedModel.Meta):
        verbose_name = _("shipped line")
        verbose_name_plural = _("shipped lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "line"],
                name="orders_shipmentline_once",
                violation_error_message=_("The line is in this shipment already."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="orders_shipmentline_quantity_positive",
                violation_error_message=_("Ship one unit or more."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.sku}"


class Return(TrackedModel):
    """Goods that a customer sends back: announced first, received second."""

    undo_rules = UndoRules(refusals=(CAME_BACK,))

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True, editable=False)
    credit = models.DecimalField(
        _("credit"),
        max_digits=14,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        editable=False,
        help_text=_("What the order costs less because of it."),
    )

    objects = ReturnQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(credit=0) | Q(credit__gt=0, received_at__isnull=False),
                name="orders_return_credit_when_received",
                violation_error_message=_("Credit is given for goods that were received."),
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], name="orders_return_awaited", condition=Q(received_at=None)),
        ]

    def __str__(self) -> str:
        return f"{_('Return')} {self.pk}"


class ReturnLine(TrackedModel):
    """How many of an order line come back, and whether they can be sold again."""

    undo_rules = UndoRules(refusals=(CAME_BACK,))

    return_of = models.ForeignKey(
        Return,
        on_delete=models.CASCADE,
        related_name="lines",
        verbose_name=_("return"),
        db_index=False,  # the constraint's index begins with it
    )
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="returned_in", verbose_name=_("line"))
    quantity = models.PositiveIntegerField(_("quantity"))
    sellable = models.BooleanField(_("can be sold again"), default=True)

    class Meta(TrackedModel.Meta):
        verbose_name = _("returned line")
        verbose_name_plural = _("returned lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["return_of", "line"],
                name="orders_returnline_once",
                violation_error_message=_("The line is in this return already."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="orders_returnline_quantity_positive",
                violation_error_message=_("Return one unit or more."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.sku}"
