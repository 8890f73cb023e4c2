"""Named parts of a list that staff work through: tabs above the list, figures on the home page, links in the sidebar.

A queue is declared once, on its admin, and counted by the same query that lists it:

    queues = (Queue("to_ship", _("To ship"), lambda orders, user: orders.to_ship(), tone="amber"),)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone

QUEUE_VAR = "queue"
COUNT_LIMIT = 10_000
QUEUE_LIMIT = 999
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

    `tone` colours a count above zero: red wants somebody today, amber soon, blue is work as usual. `on_home` puts it
    among the things to do; `counted` is false for parts that are no work and need no figure, `tab` for those that only
    links lead to.
    """

    slug: str
    title: Any
    rows: Callable[[Any, Any], Any]
    tone: str = "blue"
    empty: Any = ""
    personal: bool = False
    on_home: bool = False
    counted: bool = True
    tab: bool = True

    def cache_name(self, label: str, user: Any) -> str:
        return f"desk:queue:{label}:{self.slug}:{user.pk if self.personal else 'all'}"


def capped_count(queryset: models.QuerySet, limit: int = COUNT_LIMIT) -> Count:
    """Count rows exactly up to `limit`, and stop there: a count of millions costs seconds and tells no more."""
    number = queryset.order_by()[: limit + 1].count()
    return Count(min(number, limit), number <= limit, timezone.now())


def capped_counts(querysets: list[models.QuerySet], limit: int) -> list[Count]:
    """Count several querysets, each up to `limit`, in one query."""
    parts: list[str] = []
    params: list[Any] = []
    for queryset in querysets:
        try:
            sql, values = queryset.order_by().values("pk")[: limit + 1].query.sql_with_params()
        except EmptyResultSet:
            sql, values = "SELECT 1 WHERE false", ()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS part)")  # noqa: S608
        params += values
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), params)
        numbers = cursor.fetchone()
    now = timezone.now()
    return [Count(min(number, limit), number <= limit, now) for number in numbers]


def queue_counts(request: HttpRequest, admins: Iterable[Any], *, fresh: bool = False) -> dict[tuple[str, str], Count]:
    """Return the count of each queue that the user may see, by (model label, slug).

    Counts are kept for a minute; those that are missing are counted together, in one query.
    """
    known = getattr(request, "desk_counts", None)
    if known is not None:
        return known
    wanted = {
        queue.cache_name(admin.opts.label_lower, request.user): (admin, queue)
        for admin in admins
        if admin.has_view_permission(request)
        for queue in admin.get_queues(request)
        if queue.counted
    }
    counts = {} if fresh else cache.get_many(wanted)
    missing = [name for name in wanted if name not in counts]
    if missing:
        rows = [wanted[name][1].rows(wanted[name][0].get_queryset(request), request.user) for name in missing]
        counted = dict(zip(missing, capped_counts(rows, QUEUE_LIMIT), strict=True))
        cache.set_many(counted, COUNTS_LAST)
        counts |= counted
    found = {(admin.opts.label_lower, queue.slug): counts[name] for name, (admin, queue) in wanted.items()}
    request.desk_counts = found  # type: ignore[attr-defined]
    return found


def forget_counts(admin: Any, request: HttpRequest) -> None:
    """Count a model's queues anew at the next look: somebody just worked on them."""
    label = admin.opts.label_lower
    cache.delete_many([queue.cache_name(label, request.user) for queue in admin.get_queues(request)])
