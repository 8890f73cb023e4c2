"""What the rollups hold, each said once, as SQL over the rows; and when they may be read."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from reports.periods import local_day

# Placed and completed orders count as business; credit notes are negative in themselves.
COUNTED = "o.status IN ('placed', 'completed')"


def pending_days() -> str:
    """Return the SQL of the days whose orders changed; an hour may lie on two of them."""
    last = local_day("(sold_at + interval '1 hour' - interval '1 microsecond')")
    return f"""
        SELECT {local_day("sold_at")} AS day FROM reports_rollupchange WHERE sold_at IS NOT NULL
        UNION SELECT {last} FROM reports_rollupchange WHERE sold_at IS NOT NULL
    """


CATEGORIES_STAND = "NOT EXISTS (SELECT FROM reports_rollupchange WHERE product_id IS NOT NULL AND stocked_at IS NULL)"
STOCK_STANDS = "NOT EXISTS (SELECT FROM reports_rollupchange WHERE stocked_at IS NOT NULL)"
IS_BUILT = "EXISTS (SELECT FROM reports_rollup WHERE basis = %(basis)s)"


def sales_stand(starts_at: str, ends_at: str, spans: str = "(VALUES (1)) AS one") -> str:
    """Return the condition that no order changed that was placed between the two instants of any of the `spans`."""
    return f"""NOT EXISTS (
        SELECT FROM reports_rollupchange, {spans}
        WHERE sold_at + interval '1 hour' > {starts_at} AND sold_at < {ends_at}
    )"""


# The orders that count; of chosen days, or of all. A local day lies within the day of UTC and the two around it,
# which the index finds.
SOLD = f"""
    SELECT o.id, {local_day("o.placed_at")} AS day, o.currency, o.country, o.channel, o.kind FROM orders_order AS o
"""
ALL_DAYS = f"WITH sold AS ({SOLD} WHERE {COUNTED})"
THESE_DAYS = f"""
    WITH days AS (SELECT unnest(%(days)s::date[]) AS day), sold AS ({SOLD}
        JOIN days ON o.placed_at >= (days.day - 1)::timestamp AT TIME ZONE 'UTC'
            AND o.placed_at < (days.day + 2)::timestamp AT TIME ZONE 'UTC' AND {local_day("o.placed_at")} = days.day
        WHERE {COUNTED})
"""


@dataclass(frozen=True)
class SalesRollup:
    """A table of sales by day: its columns, and the SQL of its rows over the orders that were `sold`."""

    title: Any
    table: str
    columns: str
    rows: str
    stands: str = "true"


BY_COUNTRY_AND_CHANNEL = SalesRollup(
    _("Daily sales by country and channel"),
    "reports_dailysales",
    "day, currency, country, channel, orders, credit_notes, units, sales",
    """
        SELECT day, currency, country, channel, count(*) FILTER (WHERE kind = 'sale'),
            count(*) FILTER (WHERE kind = 'credit'), sum(units)::bigint, sum(sales)
        FROM (
            SELECT sold.id, sold.day, sold.currency, sold.country, sold.channel, sold.kind,
                coalesce(sum(l.quantity), 0) AS units, coalesce(sum(l.total), 0) AS sales
            FROM sold LEFT JOIN orders_orderline AS l ON l.order_id = sold.id GROUP BY 1, 2, 3, 4, 5, 6
        ) AS gathered
        GROUP BY day, currency, country, channel ORDER BY day, currency, country, channel
    """,
)
BY_PRODUCT = SalesRollup(
    _("Daily sales by product"),
    "reports_dailyproductsales",
    "day, currency, product_id, units, sales",
    """
        SELECT day, currency, l.product_id, sum(l.quantity), sum(l.total)
        FROM sold JOIN orders_orderline AS l ON l.order_id = sold.id
        GROUP BY day, currency, l.product_id ORDER BY day, currency, l.product_id
    """,
)
BY_CATEGORY = SalesRollup(
    _("Daily sales by category"),
    "reports_dailycategorysales",
    "day, currency, category_id, units, sales",
    """
        SELECT day, currency, p.category_id, sum(l.quantity), sum(l.total)
        FROM sold JOIN orders_orderline AS l ON l.order_id = sold.id JOIN catalog_product AS p ON p.id = l.product_id
        GROUP BY day, currency, p.category_id ORDER BY day, currency, p.category_id
    """,
    stands=CATEGORIES_STAND,
)
SALES_ROLLUPS = (BY_COUNTRY_AND_CHANNEL, BY_PRODUCT, BY_CATEGORY)

# What products moved on local days; those of `touched`, from a day on, or all. Then what that leaves at each midnight.
ALL_MOVES = f"""
    WITH moved AS (
        SELECT m.product_id, {local_day("m.created_at")} AS day, sum(m.delta) AS delta, 0 AS base
        FROM catalog_stockmovement AS m GROUP BY 1, 2
    )
"""
TOUCHED_MOVES = f"""
    WITH touched AS (SELECT * FROM unnest(%(products)s::bigint[], %(since)s::date[]) AS touched (product_id, day)),
    moved AS (
        SELECT m.product_id, {local_day("m.created_at")} AS day, sum(m.delta) AS delta,
            coalesce(before.on_hand, 0) AS base
        FROM touched JOIN catalog_stockmovement AS m ON m.product_id = touched.product_id
        LEFT JOIN LATERAL (
            SELECT on_hand FROM reports_midnightstock AS s
            WHERE s.product_id = touched.product_id AND s.day < touched.day ORDER BY s.day DESC LIMIT 1
        ) AS before ON true
        WHERE {local_day("m.created_at")} >= touched.day GROUP BY 1, 2, 4
    )
"""
STOCK_TITLE = _("Stock at midnight")
STOCK_COLUMNS = "product_id, day, on_hand"
STOCK_ROWS = """
    SELECT product_id, day, base + sum(delta) OVER (PARTITION BY product_id ORDER BY day) FROM moved
    ORDER BY product_id, day
"""

_DEFINITION = "".join([ALL_DAYS, ALL_MOVES, STOCK_ROWS, *(rollup.rows for rollup in SALES_ROLLUPS)])


def basis() -> str:
    """Return what rollups must have been reckoned on to be read now: these definitions, and the zone of the days."""
    return hashlib.sha256(f"{_DEFINITION} {settings.TIME_ZONE}".encode()).hexdigest()


def given() -> dict[str, str]:
    """Return the parameters that all of this SQL shares."""
    return {"zone": settings.TIME_ZONE, "basis": basis()}
