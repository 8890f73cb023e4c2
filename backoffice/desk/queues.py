"""Named parts of a list that staff work through: tabs above the list, figures on the home page, links in the sidebar.

A queue is declared once, on its admin, and counted by the same query that lists it:

    queues = (Queue("to_ship", _("To ship"), lambda orders, user: orders.to_ship(), tone="amber"),)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import models
from django.utils import timezone

QUEUE_VAR = "queue"
COUNT_LIMIT = 10_000
BADGE_LIMIT = 999
COUNTS_LAST = 60


@dataclass(frozen=True)
class Count:
    """So many rows; `exact` is false when there are more."""

    number: int
    exact: bool = True
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"


@dataclass(frozen=True)
class Queue:
    """A part of a list. `rows` narrows the list's rows for a user; `personal` counts are kept for each person apart.

    `tone` colours a count above zero: red wants somebody today, amber soon, blue is work as usual.
    """

    slug: str
    title: Any
    rows: Callable[[Any, Any], Any]
    tone: str = "blue"
    empty: Any = ""
    personal: bool = False

    def count(self, queryset: models.QuerySet, user: Any) -> Count:
        """Return how many rows there are now or were less than a minute ago, up to a limit."""
        owner = user.pk if self.personal else "all"
        return cache.get_or_set(  # type: ignore[return-value]
            f"desk:queue:{queryset.model._meta.label_lower}:{self.slug}:{owner}",
            lambda: capped_count(self.rows(queryset, user), BADGE_LIMIT),
            COUNTS_LAST,
        )


def capped_count(queryset: models.QuerySet, limit: int = COUNT_LIMIT) -> Count:
    """Count rows exactly up to `limit`, and stop there: a count of millions costs seconds and tells no more."""
    number = queryset.order_by()[: limit + 1].count()
    return Count(min(number, limit), number <= limit, timezone.now())
