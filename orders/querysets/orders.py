"""Questions asked of orders and their lines."""

from datetime import date, datetime, time
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone


class OrderQuerySet(models.QuerySet[Any]):
    """Sales and credit notes."""

    def locked(self) -> "OrderQuerySet":
        """These rows, locked until the transaction ends, in primary-key order so that no two lockers deadlock."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def placed(self) -> "OrderQuerySet":
        """Those that count as business: placed or completed."""
        return self.filter(status__in=["placed", "completed"])

    def open(self) -> "OrderQuerySet":
        """Those that still need work."""
        return self.filter(status="placed")

    def to_ship(self) -> "OrderQuerySet":
        """Open, not on hold, with something left to ship."""
        return self.open().filter(hold_reason="", fulfilment_state__in=["unfulfilled", "part"])

    def on_hold(self) -> "OrderQuerySet":
        """Open and held back."""
        return self.open().exclude(hold_reason="")

    def owing(self) -> "OrderQuerySet":
        """Open, with money still to come."""
        return self.open().filter(payment_state__in=["unpaid", "part_paid"])

    def overpaid(self) -> "OrderQuerySet":
        """With money to give back."""
        return self.filter(payment_state="overpaid")

    def placed_before(self, at: datetime) -> "OrderQuerySet":
        """Placed before the instant `at`."""
        return self.filter(placed_at__lt=at)

    def assigned_to(self, user: Any) -> "OrderQuerySet":
        """On the desk of `user`."""
        return self.filter(assignee=user)

    def due(self, day: date) -> "OrderQuerySet":
        """To be looked at again on or before `day`."""
        return self.filter(follow_up_on__lte=day)

    def with_line_counts(self) -> "OrderQuerySet":
        """Adds `lines_count`, `units`, `units_shipped`; for a page of orders, not for a table."""
        return self.annotate(
            lines_count=models.Count("lines"),
            units=models.Sum("lines__quantity", default=0),
            units_shipped=models.Sum("lines__shipped", default=0),
        )

    def sold_by_day(self, *, since: date, currency: str) -> Any:
        """Orders and sales of each local day from `since` on, in one currency."""
        start = timezone.make_aware(datetime.combine(since, time.min))
        sold = self.placed().filter(placed_at__gte=start, currency=currency).order_by()
        days = sold.annotate(day=TruncDate("placed_at")).values("day")
        return days.annotate(orders=models.Count("pk"), sales=models.Sum("total")).order_by("day")

    def for_changelist(self) -> "OrderQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("customer", "assignee").with_line_counts()


class OrderLineQuerySet(models.QuerySet[Any]):
    """Lines of orders."""

    def to_ship(self) -> "OrderLineQuerySet":
        """Those of open orders with units that are neither shipped nor cancelled."""
        return self.filter(order__status="placed", quantity__gt=F("shipped") + F("cancelled"))

    def of_business(self) -> "OrderLineQuerySet":
        """Lines of orders that count as business."""
        return self.filter(Q(order__status="placed") | Q(order__status="completed"))
