"""Low stock."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import ReportParameters
from reports.catalogue.stock import AVAILABLE, LEDGER, ON_HAND, PERMISSIONS, PRODUCT, RECORD, RESERVED, WAITING

SOLD = """
    SELECT 'orders.order' AS model, o.id AS pk, p.id AS product_id, p.sku, o.number AS what,
        (o.placed_at AT TIME ZONE %(zone)s)::date AS at, 0 AS on_hand, 0 AS reserved, 0 AS available,
        l.quantity - l.cancelled AS sold
    FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id JOIN catalog_product p ON p.id = l.product_id
    WHERE o.status IN ('placed', 'completed') AND o.kind = 'sale'
        AND o.placed_at >= now() - make_interval(days => %(days)s)
"""


class LowStockParameters(ReportParameters):
    """How demand is measured, and how long stock should last."""

    days = forms.IntegerField(
        label=_("Sales of the last days"),
        initial=28,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("What a day sells is reckoned from these."),
    )
    cover = forms.IntegerField(
        label=_("Days that stock should last"), initial=14, validators=[MinValueValidator(0), MaxValueValidator(365)]
    )


class LowStock(FactsReport):
    """Days of cover are what is available, divided by what a day sold; empty where nothing was sold."""

    slug = "low-stock"
    group = Group.STOCK
    title = _("Low stock")
    description = _(
        "Products on sale at or below their reorder level, or whose available stock lasts fewer days than it should "
        "at the pace of late. The most urgent come first."
    )
    permissions = (*PERMISSIONS, "orders.view_order")
    parameters = LowStockParameters
    columns = (
        *PRODUCT,
        ON_HAND,
        RESERVED,
        AVAILABLE,
        Column("reorder_level", _("Reorder level"), Kind.INTEGER, derived=True),
        Column("sold", _("Sold"), Kind.INTEGER, total=True),
        Column("cover", _("Days of cover"), Kind.NUMBER, derived=True),
    )
    key = ("product_id",)
    behind_columns = (*RECORD, ON_HAND, RESERVED, AVAILABLE, Column("sold", _("Sold"), Kind.INTEGER, total=True))
    empty_text = _("No product on sale runs low. Set reorder levels on the pages of products, or ask for more days.")
    stock = "model, pk, product_id, sku, what, at, on_hand, reserved, available"
    facts = f"""
        WITH records AS (
            SELECT {stock}, 0 AS sold FROM ({LEDGER} UNION ALL {WAITING}) AS stock UNION ALL {SOLD}
        ), pace AS (SELECT product_id, sum(sold) AS sold FROM ({SOLD}) AS lines GROUP BY product_id),
        low AS (
            SELECT product.id FROM catalog_product AS product LEFT JOIN pace ON pace.product_id = product.id
            WHERE status = 'active'
                AND (available <= reorder_level OR available * %(days)s < coalesce(sold, 0) * %(cover)s)
        )
        SELECT records.* FROM records JOIN low ON low.id = product_id
        UNION ALL
        SELECT 'catalog.product', id, id, sku, name, created_at::date, 0, 0, 0, 0
        FROM low JOIN catalog_product USING (id)
    """  # noqa: S608
    rows = """
        , gathered AS (
            SELECT product_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(available) AS available,
                sum(sold) AS sold
            FROM facts GROUP BY product_id
        ), low AS (
            SELECT gathered.*, product.sku, product.name, reorder_level,
                round(gathered.available::numeric * %(days)s / nullif(sold, 0), 1) AS cover
            FROM gathered JOIN catalog_product AS product ON product.id = product_id
        )
        SELECT sku, name, on_hand, reserved, available, reorder_level, sold, cover, product_id
        FROM low ORDER BY cover NULLS LAST, available, sku, product_id
    """

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the product."""
        return Link("admin:catalog_product_change", args=(row[-1],))
