"""What the stock reports share: the records that the stock of a product is made of."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Kind

PERMISSIONS = ("reports.run_report", "catalog.view_product", "catalog.view_stockmovement")
PRODUCT = (Column("sku", _("SKU"), Kind.CODE), Column("name", _("Name")))
CATEGORY = Column("category", _("Category"), blank=_("None"))
ON_HAND = Column("on_hand", _("On hand"), Kind.INTEGER, total=True)
RESERVED = Column("reserved", _("Reserved"), Kind.INTEGER, total=True)
AVAILABLE = Column("available", _("Available"), Kind.INTEGER, total=True)
VALUES = (
    Column("value_at_cost", _("Value at cost"), Kind.AMOUNT, total=True),
    Column("value_at_price", _("Value at price"), Kind.AMOUNT, total=True),
)
RECORD = (Column("sku", _("SKU"), Kind.CODE), Column("what", _("What")), Column("at", _("When"), Kind.DATE))

# What came and went is on hand; what open orders still wait for is reserved.
LEDGER = """
    SELECT 'catalog.stockmovement' AS model, m.id AS pk, p.id AS product_id, p.sku,
        concat_ws(' ', m.reason, m.reference) AS what, (m.created_at AT TIME ZONE %(zone)s)::date AS at,
        m.delta AS on_hand, 0 AS reserved, m.delta AS available,
        m.delta * p.cost AS value_at_cost, m.delta * p.price AS value_at_price
    FROM catalog_stockmovement m JOIN catalog_product p ON p.id = m.product_id
"""
WAITING = """
    SELECT 'orders.order' AS model, o.id AS pk, p.id AS product_id, p.sku, o.number AS what,
        (o.placed_at AT TIME ZONE %(zone)s)::date AS at,
        0 AS on_hand, l.quantity - l.shipped - l.cancelled AS reserved,
        l.shipped + l.cancelled - l.quantity AS available,
        0 AS value_at_cost, 0 AS value_at_price
    FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id JOIN catalog_product p ON p.id = l.product_id
    WHERE o.status = 'placed' AND NOT o.historical AND o.kind = 'sale' AND l.quantity > l.shipped + l.cancelled
"""
