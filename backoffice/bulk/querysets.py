"""Questions asked of bulk runs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import models


class BulkRunQuerySet(models.QuerySet[Any]):
    """Bulk runs, newest first."""

    def confirmed(self) -> "BulkRunQuerySet":
        """Those that somebody let run, whatever became of them."""
        return self.exclude(state="planned")

    def by(self, user: Any) -> "BulkRunQuerySet":
        """Those that `user` planned."""
        return self.filter(actor=user)

    def open(self) -> "BulkRunQuerySet":
        """Those that run, or wait for a worker."""
        return self.filter(state="running")

    def planned_before(self, at: datetime) -> "BulkRunQuerySet":
        """Plans that nobody confirmed, from before `at`."""
        return self.filter(state="planned", created_at__lt=at)

    def seen_by(self, user: Any, labels: Collection[str]) -> "BulkRunQuerySet":
        """Those on rows of the models with these labels; previews are seen by whoever planned them."""
        return self.filter(model_label__in=labels).exclude(~models.Q(actor=user), state="planned")

    def for_changelist(self) -> "BulkRunQuerySet":
        """All that the list shows."""
        return self.select_related("actor", "job", "change_set").defer("sample", "asked")


class BulkProblemQuerySet(models.QuerySet[Any]):
    """Rows that a run left as they were."""

    def by_reason(self) -> "models.QuerySet[Any, Any]":
        """Kinds and sentences, each with its number of rows, the most frequent first."""
        return self.order_by().values("kind", "sentence").annotate(rows=models.Count("pk")).order_by("-rows", "kind")
