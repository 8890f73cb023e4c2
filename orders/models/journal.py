"""What people wrote and what happened, in the order's own words."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import UndoRefusal, UndoRules
from backoffice.notes.models import Note
from orders.models.orders import Order


class OrderNote(Note):
    """A note on an order."""

    subject_field = "order"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="notes", verbose_name=_("order"))

    class Meta(Note.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")


class OrderEvent(TrackedModel):
    """A typed entry of the order's timeline, written by the service that did the thing."""

    undo_rules = UndoRules(refusals=(UndoRefusal(unless_with="order"),))

    class Kind(models.TextChoices):
        PLACED = "placed", _("Placed")
        PAID = "paid", _("Payment recorded")
        SHIPPED = "shipped", _("Shipped")
        CANCELLED = "cancelled", _("Cancelled")
        LINE_CANCELLED = "line_cancelled", _("Units cancelled")
        REFUND_GRANTED = "refund_granted", _("Refund granted")
        REFUNDED = "refunded", _("Refunded")
        REFUND_FAILED = "refund_failed", _("Refund failed")
        RETURN_ANNOUNCED = "return_announced", _("Return announced")
        RETURN_RECEIVED = "return_received", _("Return received")
        COMPLETED = "completed", _("Completed")
        HELD = "held", _("Put on hold")
        RELEASED = "released", _("Released from hold")
        ASSIGNED = "assigned", _("Assigned")
        IMPORTED = "imported", _("Imported")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events", verbose_name=_("order"))
    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    at = models.DateTimeField(_("when"), db_default=Now())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    data = models.JSONField(_("details"), default=dict, blank=True)

    class Meta(TrackedModel.Meta):
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.get_kind_display()
