"""Data quality."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Question
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import ReportParameters

CHECKS = (
    ("order_total", _("The goods of an order are not the sum of its lines")),
    ("order_paid", _("What an order was paid is not the sum of its payments")),
    ("order_refunded", _("What an order was refunded is not the sum of its refunds")),
    ("line_shipped", _("Units of a line are shipped that are in no shipment")),
    ("line_returned", _("Units of a line came back that are in no return")),
    ("stock", _("What is on hand is not the sum of the stock movements")),
    ("reserved", _("What is reserved is not what open orders wait for")),
    ("customer_spent", _("The figures of a customer are not those of the orders")),
)
WRONG = Column("wrong", _("Records"), Kind.INTEGER, total=True)


class DataQuality(FactsReport):
    """Figures that are kept beside the rows that they follow from, and differ from them: there should be none.

    Historical orders stand as stated in their files, and are held to nothing but their customers' figures.
    """

    slug = "data-quality"
    group = Group.DESK
    title = _("Data quality")
    description = _("Records whose figures do not add up. None is as it should be; tell an administrator of any.")
    permissions = ("reports.run_report", "orders.view_order", "catalog.view_product", "customers.view_customer")
    parameters = ReportParameters
    columns = (Column("check", _("What is wrong"), choices=CHECKS), WRONG)
    key = ("check",)
    behind_columns = (
        Column("record", _("Record"), Kind.CODE),
        Column("stated", _("Stated"), Kind.NUMBER, derived=True),
        Column("reckoned", _("Reckoned"), Kind.NUMBER, derived=True),
        WRONG,
    )
    empty_text = _("All figures add up.")
    facts = """
        SELECT "check", model, pk, record, stated, reckoned, 1 AS wrong FROM (
            SELECT 'order_total' AS "check", 'orders.order' AS model, o.id AS pk, o.number AS record,
                o.subtotal AS stated, round(coalesce(sum(l.total), 0), 2) AS reckoned
            FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id WHERE NOT o.historical GROUP BY o.id
            UNION ALL
            SELECT 'order_paid', 'orders.order', o.id, o.number, o.paid, coalesce(sum(p.amount), 0)
            FROM orders_order o LEFT JOIN orders_payment p
                ON p.order_id = o.id AND p.kind = 'capture' AND p.state = 'succeeded'
            WHERE NOT o.historical GROUP BY o.id
            UNION ALL
            SELECT 'order_refunded', 'orders.order', o.id, o.number, o.refunded, coalesce(sum(p.amount), 0)
            FROM orders_order o LEFT JOIN orders_payment p
                ON p.order_id = o.id AND p.kind = 'refund' AND p.state = 'succeeded'
            WHERE NOT o.historical GROUP BY o.id
            UNION ALL
            SELECT 'line_shipped', 'orders.order', o.id, o.number || ' ' || l.sku, l.shipped,
                coalesce(sum(s.quantity), 0)
            FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
            LEFT JOIN orders_shipmentline s ON s.line_id = l.id WHERE NOT l.historical GROUP BY l.id, o.id
            UNION ALL
            SELECT 'line_returned', 'orders.order', o.id, o.number || ' ' || l.sku, l.returned,
                coalesce(sum(back.quantity), 0)
            FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
            LEFT JOIN (
                SELECT line_id, quantity FROM orders_returnline JOIN orders_return AS r ON r.id = return_of_id
                WHERE received_at IS NOT NULL
            ) AS back ON back.line_id = l.id
            WHERE NOT l.historical GROUP BY l.id, o.id
            UNION ALL
            SELECT 'stock', 'catalog.product', p.id, p.sku, p.on_hand, coalesce(sum(m.delta), 0)
            FROM catalog_product p LEFT JOIN catalog_stockmovement m ON m.product_id = p.id GROUP BY p.id
            UNION ALL
            SELECT 'reserved', 'catalog.product', p.id, p.sku, p.reserved,
                coalesce(sum(l.quantity - l.shipped - l.cancelled) FILTER (WHERE o.id IS NOT NULL), 0)
            FROM catalog_product p LEFT JOIN orders_orderline l
                ON l.product_id = p.id AND l.quantity > l.shipped + l.cancelled AND NOT l.historical
            LEFT JOIN orders_order o ON o.id = l.order_id AND o.status = 'placed' AND o.kind = 'sale'
            GROUP BY p.id
            UNION ALL
            SELECT 'customer_spent', 'customers.customer', c.id, c.number, coalesce(f.spent, 0),
                coalesce(sum(o.total - o.credited), 0)
            FROM customers_customer c LEFT JOIN customers_customerfigures f ON f.customer_id = c.id
            LEFT JOIN orders_order o ON o.customer_id = c.id AND o.status IN ('placed', 'completed')
            GROUP BY c.id, f.customer_id
        ) AS held WHERE stated <> reckoned
    """
    rows = """
        SELECT "check", sum(wrong), "check" FROM facts GROUP BY "check" ORDER BY sum(wrong) DESC, "check"
    """

    def given(self, question: Question) -> Mapping[str, Any]:
        return question.values
