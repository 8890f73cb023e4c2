"""Questions asked of payments."""

from decimal import Decimal
from typing import Any

from django.db import models


class PaymentQuerySet(models.QuerySet[Any]):
    """Money that came in or went out."""

    def captures(self) -> "PaymentQuerySet":
        """Money in."""
        return self.filter(kind="capture")

    def refunds(self) -> "PaymentQuerySet":
        """Money out."""
        return self.filter(kind="refund")

    def refunds_to_send(self) -> "PaymentQuerySet":
        """Refunds that were decided and have no result yet."""
        return self.refunds().filter(state="pending")

    def succeeded(self) -> "PaymentQuerySet":
        """Those that moved money."""
        return self.filter(state="succeeded")

    def not_failed(self) -> "PaymentQuerySet":
        """Those that moved money or still may."""
        return self.exclude(state="failed")

    def total(self) -> Decimal:
        """The sum of the amounts; zero when there are none."""
        return Decimal(self.aggregate(total=models.Sum("amount", default=Decimal(0)))["total"])

    def for_changelist(self) -> "PaymentQuerySet":
        """All that the list shows."""
        return self.select_related("order")
