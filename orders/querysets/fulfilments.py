"""Questions asked of shipments and returns."""

from typing import Any

from django.db import models


class ShipmentQuerySet(models.QuerySet[Any]):
    """Parcels that left."""

    def for_changelist(self) -> "ShipmentQuerySet":
        """All that the list shows."""
        return self.select_related("order").annotate(units=models.Sum("lines__quantity", default=0))


class ReturnQuerySet(models.QuerySet[Any]):
    """Goods that come back."""

    def awaited(self) -> "ReturnQuerySet":
        """Those announced and not here yet."""
        return self.filter(received_at=None)

    def for_changelist(self) -> "ReturnQuerySet":
        """All that the list shows."""
        return self.select_related("order").annotate(units=models.Sum("lines__quantity", default=0))
