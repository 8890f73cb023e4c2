"""The order and its lines."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Trim, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import RECREATE, REMOVE, UndoRefusal, UndoRules
from orders.querysets import OrderLineQuerySet, OrderQuerySet

ZERO = Decimal(0)


def default_currency() -> str:
    """Return the currency that this desk sells in."""
    return str(settings.CURRENCY)


def amount(label: Any, *, places: int = 4, **options: Any) -> Any:
    """Return a field for an amount in the order's currency."""
    return models.DecimalField(
        label,
        max_digits=12 + places,
        decimal_places=places,
        default=ZERO,
        **options,
    )


class Order(TrackedModel):
    """A sale, or a credit note against earlier ones (negative quantities).

    Amounts are in `currency` and, but for historical orders, rounded to the cent (see `orders.services.totals`).
    `credited` is what the order costs less than its total, because goods came back or money was given back out
    of goodwill. `balance` above zero is still due from the customer, below zero is owed to them. A historical
    order happened before it came to this desk: its figures stand as stated in its file, and stock and money
    were settled elsewhere.
    """

    personal_permission = "customers.export_personal_data"
    undo_rules = UndoRules(
        keeps=(
            *("status", "payment_state", "fulfilment_state", "placed_at", "paid", "refunded", "credited"),
            *("subtotal", "discount", "shipping", "tax", "total"),
        ),
        keeps_sentence=_(
            "Steps of an order, its money and its stock are not undone. Cancel, return or refund instead."
        ),
        unless=(("historical", True), ("status", "draft")),
        refusals=(
            UndoRefusal(
                _("The order is under way. Cancel it instead."),
                actions=(REMOVE, RECREATE),
                when=~Q(status="draft") & Q(historical=False),
            ),
        ),
        afterwards="orders.services.settle_undone",
    )

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        CREDIT = "credit", _("Credit note")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PLACED = "placed", _("Placed")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    class PaymentState(models.TextChoices):
        UNPAID = "unpaid", _("Unpaid")
        PART_PAID = "part_paid", _("Part paid")
        PAID = "paid", _("Paid")
        OVERPAID = "overpaid", _("Overpaid")
        REFUNDED = "refunded", _("Refunded")

    class FulfilmentState(models.TextChoices):
        UNFULFILLED = "unfulfilled", _("Unfulfilled")
        PART = "part", _("Part shipped")
        FULFILLED = "fulfilled", _("Fulfilled")
        RETURNED = "returned", _("Returned")

    number = models.CharField(
        _("number"),
        max_length=32,
        unique=True,
        error_messages={"unique": _("Another order has this number.")},
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.SALE)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.DRAFT, editable=False)
    payment_state = models.CharField(
        _("payment"), max_length=16, choices=PaymentState, default=PaymentState.UNPAID, editable=False
    )
    fulfilment_state = models.CharField(
        _("fulfilment"), max_length=16, choices=FulfilmentState, default=FulfilmentState.UNFULFILLED, editable=False
    )
    historical = models.BooleanField(
        _("historical"),
        default=False,
        editable=False,
        help_text=_("Happened before it came to this desk; stock and payments were settled elsewhere."),
    )
    channel = models.CharField(
        _("channel"), max_length=32, blank=True, help_text=_("Where it came from: shop, phone …")
    )
    customer = models.ForeignKey(
        "customers.Customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("customer"),
        help_text=_("Leave empty for a guest."),
        db_index=False,
    )
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Where the confirmation goes."))
    country = models.CharField(_("country"), max_length=64, blank=True, help_text=_("Where the goods go."))
    currency = models.CharField(_("currency"), max_length=3, default=default_currency)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True, editable=False)
    billing_address = models.TextField(_("billing address"), blank=True)
    shipping_address = models.TextField(_("shipping address"), blank=True)
    subtotal = amount(_("subtotal"), editable=False)
    discount = amount(_("discount"), editable=False)
    shipping = amount(_("shipping"), editable=False)
    tax = amount(_("tax"), editable=False)
    total = amount(_("total"), editable=False)
    paid = amount(_("paid"), places=2, editable=False)
    refunded = amount(_("refunded"), places=2, editable=False)
    credited = amount(_("credited"), places=2, db_default=ZERO, editable=False)
    balance = models.GeneratedField(
        expression=Case(
            When(historical=True, then=Value(ZERO)),
            When(status="cancelled", then=F("refunded") - F("paid")),
            default=Greatest(F("total") - F("credited"), Value(ZERO)) - F("paid") + F("refunded"),
        ),
        output_field=models.DecimalField(_("balance due"), max_digits=16, decimal_places=4),
        db_persist=True,
        verbose_name=_("balance due"),
    )
    hold_reason = models.CharField(
        _("hold"), max_length=200, blank=True, help_text=_("While this says why, nothing is shipped.")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_orders",
        verbose_name=_("assigned to"),
        db_index=False,
    )
    follow_up_on = models.DateField(_("follow up on"), null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-pk"]
        permissions = [
            ("place_order", _("Can place orders")),
            ("ship_order", _("Can ship orders")),
            ("cancel_order", _("Can cancel orders")),
            ("record_payment", _("Can record payments")),
            ("refund_order", _("Can refund orders")),
            ("receive_return", _("Can receive returns")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(number=Trim("number")) & ~Q(number=""),
                name="orders_order_number_trimmed",
                violation_error_message=_("An order number has no spaces around it and is not empty."),
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(status="cancelled") | Q(placed_at__isnull=False),
                name="orders_order_placed_has_time",
                violation_error_message=_("A placed order needs the time at which it was placed."),
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0, refunded__gte=0, refunded__lte=F("paid")),
                name="orders_order_refund_within_paid",
                violation_error_message=_("No more can be refunded than was paid."),
            ),
            models.CheckConstraint(
                condition=Q(historical=True) | Q(kind="credit") | Q(total__gte=0, discount__gte=0, shipping__gte=0),
                name="orders_order_total_not_negative",
                violation_error_message=_("The total of a sale is zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(historical=True) | Q(total=F("subtotal") - F("discount") + F("shipping") + F("tax")),
                name="orders_order_total_adds_up",
                violation_error_message=_("The total is subtotal less discount, plus shipping and tax."),
            ),
            models.CheckConstraint(
                condition=Q(credited__gte=0),
                name="orders_order_credited_not_negative",
                violation_error_message=_("What is credited is zero or more."),
            ),
        ]
        indexes = [
            models.Index(OpClass(Upper("number"), "text_pattern_ops"), name="orders_order_number_prefix"),
            models.Index(
                OpClass(Upper("email"), "text_pattern_ops"), name="orders_order_email_prefix", condition=~Q(email="")
            ),
            models.Index(fields=["customer", "-id"], name="orders_order_customer"),
            models.Index(fields=["status", "-id"], name="orders_order_status"),
            models.Index(fields=["payment_state", "-id"], name="orders_order_payment"),
            models.Index(fields=["fulfilment_state", "-id"], name="orders_order_fulfilment"),
            models.Index(fields=["-id"], name="orders_order_credit", condition=Q(kind="credit")),
            models.Index(fields=["country", "-id"], name="orders_order_country"),
            models.Index(fields=["-placed_at", "-id"], name="orders_order_placed"),
            models.Index(fields=["updated_at", "id"], name="orders_order_updated"),
            models.Index(fields=["total", "id"], name="orders_order_total"),
            models.Index(fields=["assignee", "-id"], name="orders_order_assignee", condition=Q(assignee__isnull=False)),
            models.Index(
                fields=["follow_up_on", "id"], name="orders_order_follow_up", condition=Q(follow_up_on__isnull=False)
            ),
            models.Index(fields=["-id"], name="orders_order_open", condition=Q(status="placed")),
            GinIndex(fields=["tags"], name="orders_order_tags"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(TrackedModel):
    """So many of a product at a price. Copies of SKU and name stay as they were when it was sold.

    `total` is without tax and leaves out cancelled units, and their share of the discount.
    """

    undo_rules = UndoRules(
        refusals=(
            UndoRefusal(
                _("Its order is placed: the lines are fixed. Cancel units instead."),
                when=Q(historical=False, order__status__in=["placed", "completed", "cancelled"]),
            ),
        ),
        afterwards="orders.services.settle_undone",
    )

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"), db_index=False
    )
    position = models.PositiveIntegerField(_("line"), default=0, editable=False)
    product = models.ForeignKey(
        "catalog.Product", on_delete=models.PROTECT, related_name="order_lines", verbose_name=_("product")
    )
    sku = models.CharField(_("SKU"), max_length=64, blank=True, editable=False)
    name = models.CharField(_("name"), max_length=255, blank=True, editable=False)
    quantity = models.IntegerField(_("quantity"))
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    discount = models.DecimalField(
        _("discount"), max_digits=14, decimal_places=4, default=ZERO, help_text=_("Off the whole line, in money.")
    )
    tax_rate = models.DecimalField(_("tax rate, %"), max_digits=5, decimal_places=2, default=ZERO)
    total = models.GeneratedField(
        expression=Case(
            When(cancelled=0, then=F("quantity") * F("unit_price") - F("discount")),
            default=(F("quantity") - F("cancelled")) * F("unit_price")
            - F("discount") * (F("quantity") - F("cancelled")) / F("quantity"),
        ),
        output_field=models.DecimalField(_("line total"), max_digits=16, decimal_places=4),
        db_persist=True,
        verbose_name=_("line total"),
    )
    shipped = models.IntegerField(_("shipped"), default=0, editable=False)
    returned = models.IntegerField(_("returned"), default=0, editable=False)
    cancelled = models.IntegerField(_("cancelled"), default=0, editable=False)
    historical = models.BooleanField(_("historical"), default=False, editable=False)

    objects = OrderLineQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(historical=True) | ~Q(quantity=0),
                name="orders_orderline_quantity_not_zero",
                violation_error_message=_("A line needs a quantity other than zero."),
            ),
            models.CheckConstraint(
                condition=Q(historical=True) | Q(unit_price__gte=0, discount__gte=0),
                name="orders_orderline_price_not_negative",
                violation_error_message=_("Price and discount of a line are zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(historical=True) | Q(quantity__lt=0) | Q(discount__lte=F("quantity") * F("unit_price")),
                name="orders_orderline_discount_within_price",
                violation_error_message=_("The discount of a line is at most its price."),
            ),
            models.CheckConstraint(
                condition=Q(shipped__gte=0, cancelled__gte=0, returned__gte=0, returned__lte=F("shipped")),
                name="orders_orderline_returned_within_shipped",
                violation_error_message=_("No more can come back than was shipped."),
            ),
            models.CheckConstraint(
                condition=Q(shipped__lte=Greatest(F("quantity"), Value(0)) - F("cancelled")),
                name="orders_orderline_shipped_within_quantity",
                violation_error_message=_("No more can be shipped or cancelled than was ordered."),
            ),
        ]
        indexes = [
            models.Index(fields=["order", "position"], name="orders_orderline_position"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def to_ship(self) -> int:
        """Units that are neither shipped nor cancelled."""
        return max(self.quantity - self.shipped - self.cancelled, 0)
