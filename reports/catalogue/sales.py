"""What the sales reports share: which orders count, and what each of them adds up to."""

from typing import Any

from django.conf import settings

from reports.catalogue.base import Question, Sql

# One row an order, so that orders are counted without sorting their lines.
SOLD = """
    SELECT o.id, o.kind, o.placed_at, o.country, o.customer_id,
        coalesce(sum(l.quantity), 0) AS units, coalesce(sum(l.total), 0) AS sales
    FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
    WHERE o.status IN ('placed', 'completed') AND o.currency = %(currency)s
        AND o.placed_at >= coalesce(%(starts_at)s::timestamptz, '-infinity')
        AND o.placed_at < coalesce(%(ends_at)s::timestamptz, 'infinity')
        AND (%(country)s = '' OR upper(o.country) = upper(%(country)s))
    GROUP BY o.id
"""
FIGURES = """
    count(*) FILTER (WHERE kind = 'sale') AS orders, count(*) FILTER (WHERE kind = 'credit') AS credit_notes,
    sum(units)::bigint AS units, sum(sales) AS sales,
    max(placed_at) FILTER (WHERE kind = 'sale') AT TIME ZONE %(zone)s AS last_order
"""


def sold_by(key: str, select: str, question: Question) -> Sql:
    """Return `select` over `sold`: the figures of the orders that count, grouped by the expression `key`.

    Placed and completed orders count as business; credit notes are negative in themselves. Sales are line totals,
    in the currency and the period of the question, before shipping and tax, to the last digit.
    """
    grouped = ["SELECT", key, "AS key,", FIGURES, "FROM orders GROUP BY 1"]
    text = ["WITH orders AS (", SOLD, "), sold AS (", *grouped, ")", select]
    return Sql(" ".join(text), _sold_params(question))


def _sold_params(question: Question) -> dict[str, Any]:
    return {
        "currency": question.values["currency"],
        "starts_at": question.period.starts_at,
        "ends_at": question.period.ends_at,
        "country": question.values.get("country", ""),
        "zone": settings.TIME_ZONE,
    }


def orders_query(question: Question) -> dict[str, str]:
    """Return the query under which the list of orders shows those that count."""
    query = {"status__in": "placed,completed", "currency": str(question.values["currency"])}
    if question.period.first:
        query["placed_at_from"] = question.period.first.isoformat()
    if question.period.last:
        query["placed_at_to"] = question.period.last.isoformat()
    return query
