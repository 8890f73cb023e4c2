"""Recency, frequency and monetary value of customers, as they were published.

D. Chen, S. L. Sain, K. Guo: "Data mining for the online retail industry: A case study of RFM model-based customer
segmentation using data mining", Journal of Database Marketing & Customer Strategy Management 19 (2012), 197-208.

Of a customer, over the invoices of a span of time that ends at an instant:

- an invoice is a sale, not a cancellation or credit note, of a known customer, with a line at a price above zero;
- recency is the number of days since the newest invoice (they count whole months; days tell more apart);
- frequency is the number of invoices;
- monetary value is what their lines with a price above zero add up to: quantity x price less discount, without
  shipping and tax.

Each is scored 1 to 5 by quintiles: 1 and the number of the boundaries at 20, 40, 60 and 80 per cent of the customers
(the values at those places of the sorted list) that lie below the value. Equal values score equally, so the groups
need not be of one size. A recent customer scores high in recency.

The segments are the usual grid of recency and frequency: those that the desk shows beside customers, see
`customers.services`. There, figures cover all time, less credit notes; here, a span of time, as published.
"""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Kind

SEGMENT_NAMES = (
    ("Champions", _("Champions")),
    ("Loyal", _("Loyal")),
    ("New", _("New")),
    ("Needs attention", _("Needs attention")),
    ("At risk", _("At risk")),
    ("Hibernating", _("Hibernating")),
    ("", _("Nothing bought")),
)
PERMISSIONS = ("reports.run_report", "reports.run_personal_report", "customers.view_customer", "orders.view_order")
SPENT = Column("monetary", _("Monetary value"), Kind.AMOUNT, total=True)


def invoices(starts_at: str, ends_at: str) -> str:
    """Return the SQL of the invoices between the instants of two parameters, either of which may be open."""
    return f"""
        SELECT o.id, o.number, o.customer_id, o.placed_at, sum(l.total) AS monetary
        FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id AND l.unit_price > 0
        WHERE o.status IN ('placed', 'completed') AND o.kind = 'sale' AND o.customer_id IS NOT NULL
            AND o.currency = %(currency)s
            AND o.placed_at >= coalesce(%({starts_at})s::timestamptz, '-infinity')
            AND o.placed_at < coalesce(%({ends_at})s::timestamptz, 'infinity')
        GROUP BY o.id
    """  # noqa: S608


def scored(invoices_table: str, as_of: str) -> str:
    """Return the SQL of the scores of the customers whose invoices stand in a table, at an instant."""
    return f"""
        SELECT customer_id, recency, frequency, monetary, r, f, m,
            CASE WHEN r >= 4 AND f >= 4 THEN 'Champions' WHEN r >= 3 AND f >= 3 THEN 'Loyal' WHEN r >= 4 THEN 'New'
                WHEN r = 3 THEN 'Needs attention' WHEN f >= 3 THEN 'At risk' ELSE 'Hibernating' END AS segment
        FROM (
            SELECT customer_id, floor(extract(epoch FROM {as_of} - last) / 86400)::int AS recency, frequency, monetary,
                {_score("last", "lasts")} AS r, {_score("frequency", "frequencies")} AS f,
                {_score("monetary", "values")} AS m
            FROM (
                SELECT customer_id, max(placed_at) AS last, count(*) AS frequency, sum(monetary) AS monetary
                FROM {invoices_table} GROUP BY customer_id
            ) AS customers CROSS JOIN (
                SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY last) AS lasts,
                    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY frequency) AS frequencies,
                    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY monetary) AS values
                FROM (
                    SELECT max(placed_at) AS last, count(*) AS frequency, sum(monetary) AS monetary
                    FROM {invoices_table} GROUP BY customer_id
                ) AS customers
            ) AS boundaries
        ) AS points
    """  # noqa: S608


def _score(value: str, boundaries: str) -> str:
    return "1 + " + " + ".join(f"({value} > {boundaries}[{number}])::int" for number in range(1, 5))
