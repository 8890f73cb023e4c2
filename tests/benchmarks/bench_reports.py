"""Reports over a million orders: ours, the ORM's aggregates as one writes them, and bare SQL."""

from collections.abc import Callable, Iterator
from datetime import date

from django.db import connection
from django.db.models import Count, Q, Sum, Value
from django.db.models.functions import Concat, TruncMonth

from catalog.models import Product
from orders.models import Order, OrderLine
from reports.catalogue import get_report
from reports.execution import Reading
from reports.rollups.services import rebuild_rollups, refresh_rollups
from reports.services import ask
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, seconds
from tests.bulk import fill_shop

ORDERS = 1_000_000
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


def by_month_and_category() -> None:
    """Add lines up by month and category, as one writes it with the ORM."""
    lines = OrderLine.objects.filter(SOLD).annotate(month=TruncMonth("order__placed_at"))
    figures = {"units": Sum("quantity"), "sales": Sum("total")}
    list(lines.values("month", "product__category__name").annotate(**figures).order_by("month", "product__category"))


def change_day() -> None:
    """Change an order, and reckon that in."""
    Order.objects.filter(pk=ORDERS // 2).update(country=Concat("country", Value("-")))
    refresh_rollups()


# What a rollup of days and categories takes to be read and added up, and no more.
FROM_ROLLUP = """
    SELECT date_trunc('month', day), category_id, sum(units), sum(sales) FROM reports_dailycategorysales GROUP BY 1, 2
"""
BUDGETS = {"category-by-month": 0.06}
MONTH = "date_trunc('month', o.placed_at)"
CASES: dict[str, tuple[Work, Work]] = {
    "sales-by-month": (grouped("month"), bare(MONTH)),
    "sales-by-country": (grouped("order__country"), bare("o.country")),
    "category-by-month": (by_month_and_category, lambda: read(FROM_ROLLUP)),
    "top-customers": (grouped("order__customer"), bare("o.customer_id")),
    "stock-value": (stock_values, lambda: read("SELECT id, on_hand * price FROM catalog_product WHERE on_hand <> 0")),
}


def run() -> Iterator[Figure]:
    """Yield the figures of each report, over all time."""
    with rolled_back():
        fill_shop(ORDERS, products=20_000, lines=LINES)
        yield Figure(name=f"rollups built, {ORDERS * LINES:,} lines", ours=seconds(rebuild_rollups))
        yield Figure(name="a changed order reckoned in", ours=seconds(change_day, times=3))
        for slug, (stock, limit) in CASES.items():
            yield Figure(
                name=f"{slug}, {ORDERS * LINES:,} lines",
                ours=seconds(lambda asked=slug: report(asked), times=3),  # type: ignore[misc]
                budget=BUDGETS.get(slug),
                stock=seconds(stock),
                limit=seconds(limit, times=2),
            )


def report(slug: str) -> None:
    """Read a report to its end."""
    declared = get_report(slug)
    given = {"period": "all_time"} if "period" in declared.parameters().fields else {}
    for _row in Reading(declared, ask(declared, given, today=date(2026, 11, 20))):
        pass
