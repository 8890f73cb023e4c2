"""The home page: what waits for somebody, and how the shop is doing."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.desk.columns import figure
from backoffice.desk.queues import QUEUE_VAR, Count, Queue
from backoffice.desk.sites import FRESH_VAR, desk_site
from orders.models import Order, Payment

PERIODS = (7, 28, 90)
DAYS_VAR = "days"
FIGURES_LAST = 600
SOLD = "sold"


@dataclass(frozen=True)
class Task:
    """A queue with something in it, or empty."""

    queue: Queue
    of: str
    count: Count
    url: str


@dataclass(frozen=True)
class Figure:
    """A figure of a period beside that of the period before; `url` opens the rows it is made of."""

    title: str
    value: str
    change: str = ""
    better: bool = True
    url: str = ""


@dataclass(frozen=True)
class Day:
    """What was sold on a day of this desk's time zone."""

    orders: int = 0
    sales: Decimal = Decimal(0)


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the context of the home page what the user may see."""
    tasks = tasks_for(request)
    context |= {
        "tasks": tasks,
        "as_of": min((task.count.at for task in tasks if task.count.at), default=timezone.now()),
    }
    context |= {"greeting": greeting(), "fresh_url": f"?{FRESH_VAR}=1", "waiting": any(t.count.number for t in tasks)}
    if request.user.has_perm("orders.view_order"):
        context |= figures_for(request)
    return context


def tasks_for(request: HttpRequest) -> list[Task]:
    """Return the queues that are work, those that want somebody today first, empty ones last."""
    counts = desk_site().queue_counts(request)
    urgency = {"red": 0, "amber": 1}
    tasks = [
        Task(
            queue,
            str(desk.row_names),
            counts[desk.opts.label_lower, queue.slug],
            f"{desk.url('changelist')}?{QUEUE_VAR}={queue.slug}",
        )
        for desk in desk_site().admins()
        for queue in desk.get_queues(request)
        if queue.on_home and (desk.opts.label_lower, queue.slug) in counts
    ]
    return sorted(tasks, key=lambda task: (not task.count.number, urgency.get(task.queue.tone, 2)))


def greeting() -> str:
    hour = timezone.localtime().hour
    return _("Good morning") if hour < 12 else _("Good afternoon") if hour < 18 else _("Good evening")


def figures_for(request: HttpRequest) -> dict[str, Any]:
    """Return the figures of the chosen period, the line chart, and a sentence about yesterday."""
    chosen = request.GET.get(DAYS_VAR, "")
    length = int(chosen) if chosen.isdigit() and int(chosen) in PERIODS else PERIODS[1]
    last = timezone.localdate() - timedelta(days=1)
    sold = sold_by_day(since=last - timedelta(days=2 * max(PERIODS)), fresh=FRESH_VAR in request.GET)
    now = [last - timedelta(days=back) for back in reversed(range(length))]
    before = [day - timedelta(days=length) for day in now]
    return {
        "periods": [(days, f"?{DAYS_VAR}={days}", days == length) for days in PERIODS],
        "figures": figures_of(now, before, sold),
        "chart": chart(now, before, sold),
        "sold_anything": any(day.orders for day in sold.values()),
        "yesterday": yesterday_sentence(last, sold),
        "currency": settings.CURRENCY,
        "new_order_url": reverse("admin:orders_order_add") if request.user.has_perm("orders.add_order") else "",
    }


def sold_by_day(*, since: date, fresh: bool) -> dict[date, Day]:
    """Return orders and sales of each day from `since` on, ten minutes old at most."""
    name = f"desk:home:sold:{since}"
    sold = None if fresh else cache.get(name)
    if sold is None:
        rows = Order.objects.sold_by_day(since=since, currency=settings.CURRENCY)
        sold = {row["day"]: Day(row["orders"], row["sales"]) for row in rows}
        cache.set(name, sold, FIGURES_LAST)
    return dict(sold)


def figures_of(now: list[date], before: list[date], sold: dict[date, Day]) -> list[Figure]:
    """Return the figures of the days `now`, compared with the days `before`."""
    current, previous = total(now, sold), total(before, sold)
    url = rows_url(now[0], now[-1])
    back, back_before = refunded(now), refunded(before)
    return [
        Figure(
            _("Sales"),
            figure(current.sales, 2),
            change(current.sales, previous.sales),
            current.sales >= previous.sales,
            url,
        ),
        Figure(
            _("Orders"),
            figure(current.orders),
            change(current.orders, previous.orders),
            current.orders >= previous.orders,
            url,
        ),
        Figure(
            _("Average order"),
            figure(average(current), 2),
            change(average(current), average(previous)),
            average(current) >= average(previous),
        ),
        Figure(_("Refunded"), figure(back, 2), change(back, back_before), back <= back_before),
    ]


def total(days: list[date], sold: dict[date, Day]) -> Day:
    found = [sold[day] for day in days if day in sold]
    return Day(sum(day.orders for day in found), sum((day.sales for day in found), Decimal(0)))


def average(day: Day) -> Decimal:
    return day.sales / day.orders if day.orders else Decimal(0)


def refunded(days: list[date]) -> Decimal:
    """Return the money that went back on `days`."""
    went = Payment.objects.refunds().succeeded().filter(settled_at__date__gte=days[0], settled_at__date__lte=days[-1])
    name = f"desk:home:refunded:{days[0]}:{days[-1]}"
    return cache.get_or_set(  # type: ignore[return-value]
        name, lambda: went.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"], FIGURES_LAST
    )


def change(now: Any, before: Any) -> str:
    """Return the change in per cent; nothing when there was nothing before."""
    if not before:
        return ""
    share = round(100 * (Decimal(now) - Decimal(before)) / abs(Decimal(before)))
    return f"{share:+d} %"


def rows_url(first: date, last: date) -> str:
    """Return the address of the orders sold from `first` to `last`, both included."""
    address = reverse("admin:orders_order_changelist")
    return f"{address}?{QUEUE_VAR}={SOLD}&placed_at_from={first}&placed_at_to={last}"


def chart(now: list[date], before: list[date], sold: dict[date, Day]) -> str:
    """Return the line chart of sales: this period in full, the one before dotted."""
    dataset = {"borderWidth": 2, "pointRadius": 0, "tension": 0.3}
    return json.dumps(
        {
            "labels": [date_format(day, "j M") for day in now],
            "datasets": [
                dataset
                | {
                    "label": _("Sales"),
                    "data": [float(sold.get(day, Day()).sales) for day in now],
                    "borderColor": "var(--color-primary-500)",
                    "displayYAxis": True,
                },
                dataset
                | {
                    "label": _("Period before"),
                    "data": [float(sold.get(day, Day()).sales) for day in before],
                    "borderColor": "var(--color-base-400)",
                    "borderDash": [4, 4],
                },
            ],
        }
    )


def yesterday_sentence(day: date, sold: dict[date, Day]) -> str:
    """Return what was sold yesterday, compared with the same weekday before."""
    here, week_before = sold.get(day, Day()), sold.get(day - timedelta(days=7), Day())
    sentence = ngettext(
        "Yesterday %(orders)s order, %(sales)s %(currency)s",
        "Yesterday %(orders)s orders, %(sales)s %(currency)s",
        here.orders,
    ) % {
        "orders": figure(here.orders),
        "sales": figure(here.sales, 2),
        "currency": settings.CURRENCY,
    }
    difference = change(here.sales, week_before.sales)
    weekday = date_format(day, "l")
    return sentence + (
        _(" (%(change)s to last %(weekday)s).") % {"change": difference, "weekday": weekday} if difference else "."
    )
