"""Money for orders."""

from decimal import Decimal

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import UndoRefusal, UndoRules
from orders.models.orders import Order
from orders.querysets import PaymentQuerySet


class Payment(TrackedModel):
    """A movement of money: decided first (pending), its result second (succeeded or failed)."""

    undo_rules = UndoRules(refusals=(UndoRefusal(_("Money that moved is not undone. Refund it instead.")),))

    class Kind(models.TextChoices):
        CAPTURE = "capture", _("Payment")
        REFUND = "refund", _("Refund")

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    class Method(models.TextChoices):
        CARD = "card", _("Card")
        BANK = "bank", _("Bank transfer")
        CASH = "cash", _("Cash")
        OTHER = "other", _("Other")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.CAPTURE)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING, editable=False)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    method = models.CharField(_("method"), max_length=16, choices=Method, default=Method.BANK)
    provider_reference = models.CharField(
        _("reference"), max_length=100, blank=True, help_text=_("The bank's or card processor's own reference.")
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    goodwill = models.DecimalField(
        _("goodwill"),
        max_digits=14,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        editable=False,
        help_text=_("The part of a refund that was not owed; it lowers what the order costs."),
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)

    objects = PaymentQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="orders_payment_amount_positive",
                violation_error_message=_("An amount is more than zero."),
            ),
            models.CheckConstraint(
                condition=Q(goodwill=0) | Q(kind="refund", goodwill__gt=0, goodwill__lte=F("amount")),
                name="orders_payment_goodwill_within_refund",
                violation_error_message=_("Goodwill is a part of a refund."),
            ),
            models.UniqueConstraint(
                fields=["provider_reference"],
                condition=~Q(provider_reference=""),
                name="orders_payment_reference_once",
                violation_error_message=_("A payment with this reference is recorded already."),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="orders_payment_state"),
            models.Index(fields=["kind", "-id"], name="orders_payment_kind"),
            models.Index(
                OpClass(Upper("provider_reference"), "text_pattern_ops"),
                name="orders_payment_reference",
                condition=~Q(provider_reference=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
