"""Reports over 200,000 orders: ours, the ORM's aggregates as one writes them, and bare SQL."""

from collections.abc import Callable, Iterator
from datetime import date

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from catalog.models import Product
from orders.models import OrderLine
from reports.catalogue import get_report
from reports.execution import Reading
from reports.services import ask
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, seconds
from tests.bulk import fill_shop

ORDERS = 200_000
LINES = 3
SOLD = Q(order__status__in=["placed", "completed"], order__currency="GBP")

Work = Callable[[], object]


def grouped(key: str) -> Work:
    """Return the report as one writes it with the ORM: orders counted distinct over their lines."""

    def work() -> None:
        lines = OrderLine.objects.filter(SOLD).annotate(month=TruncMonth("order__placed_at")).values(key)
        figures = {"orders": Count("order", distinct=True), "units": Sum("quantity"), "sales": Sum("total")}
        list(lines.annotate(**figures).order_by(key))

    return work


def bare(key: str) -> Work:
    """Return the SQL that adds up lines by `key`, and no more."""
    sql = (
        f"SELECT {key}, sum(l.total) FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
        " WHERE o.status IN ('placed', 'completed') GROUP BY 1"
    )
    return lambda: read(sql)


def read(sql: str) -> None:
    """Read all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()


def stock_values() -> None:
    """Value the stock in a loop."""
    for product in Product.objects.exclude(on_hand=0).select_related("category"):
        _worth = product.on_hand * product.price


MONTH = "date_trunc('month', o.placed_at)"
CASES: dict[str, tuple[Work, Work]] = {
    "sales-by-month": (grouped("month"), bare(MONTH)),
    "sales-by-country": (grouped("order__country"), bare("o.country")),
    "top-customers": (grouped("order__customer"), bare("o.customer_id")),
    "stock-value": (stock_values, lambda: read("SELECT id, on_hand * price FROM catalog_product WHERE on_hand <> 0")),
}


def run() -> Iterator[Figure]:
    """Yield the figures of each report, over all time."""
    with rolled_back():
        fill_shop(ORDERS, products=20_000, lines=LINES)
        for slug, (stock, limit) in CASES.items():
            yield Figure(
                name=f"{slug}, {ORDERS * LINES:,} lines",
                ours=seconds(lambda asked=slug: report(asked), times=2),  # type: ignore[misc]
                stock=seconds(stock, times=2),
                limit=seconds(limit, times=2),
            )


def report(slug: str) -> None:
    """Read a report to its end."""
    declared = get_report(slug)
    given = {"period": "all_time"} if "period" in declared.parameters().fields else {}
    for _row in Reading(declared, ask(declared, given, today=date(2026, 11, 20))):
        pass
