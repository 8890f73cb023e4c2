"""Questions asked of categories, products and the stock ledger."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.functions import Upper


class CategoryQuerySet(models.QuerySet[Any]):
    """The tree of categories."""

    def path_to(self, pk: int) -> list[int]:
        """The ids from the category `pk` up to the top of its tree."""
        parents = dict(self.values_list("pk", "parent_id"))
        path: list[int] = []
        step: int | None = pk
        while step is not None and step not in path:
            path.append(step)
            step = parents.get(step)
        return path

    def for_changelist(self) -> "CategoryQuerySet":
        """All that the list shows: the parent, and how many products are not archived."""
        return self.select_related("parent").annotate(
            products_count=models.Count("products", filter=~models.Q(products__status="archived"))
        )


class ProductQuerySet(models.QuerySet[Any]):
    """Goods that are or were sold."""

    def active(self) -> "ProductQuerySet":
        """Those on sale."""
        return self.filter(status="active")

    def current(self) -> "ProductQuerySet":
        """Those not archived."""
        return self.exclude(status="archived")

    def with_sku(self, sku: str) -> "ProductQuerySet":
        """The product with this SKU, whatever its case, served by the unique index."""
        return self.alias(upper_sku=Upper("sku")).filter(upper_sku=sku.strip().upper())

    def locked(self) -> "ProductQuerySet":
        """These rows, locked until the transaction ends, in primary-key order so that no two lockers deadlock."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def low_on_stock(self) -> "ProductQuerySet":
        """Those on sale whose available stock is at or below their reorder level."""
        return self.active().filter(available__lte=models.F("reorder_level"))

    def oversold(self) -> "ProductQuerySet":
        """Those with more reserved than on hand."""
        return self.filter(available__lt=0)

    def with_margin(self) -> "ProductQuerySet":
        """Adds `margin`: price less cost, for one unit; empty where the cost is unknown."""
        return self.annotate(margin=models.F("price") - models.F("cost"))

    def for_changelist(self) -> "ProductQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("category").with_margin()


class StockMovementQuerySet(models.QuerySet[Any]):
    """The stock ledger."""

    def receipts(self) -> "StockMovementQuerySet":
        """What was delivered."""
        return self.filter(reason="receipt")

    def since(self, at: datetime) -> "StockMovementQuerySet":
        """Movements at or after the instant `at`."""
        return self.filter(created_at__gte=at)

    def for_changelist(self) -> "StockMovementQuerySet":
        """All that the list shows."""
        return self.select_related("product")
