"""Sales by product."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import PERIOD_STANDS, RolledReport
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import LINE_FACTS, LINES_ROLLED, ORDER, PERMISSIONS, SALES, SHARE, UNITS


class SalesByProduct(RolledReport):
    """Products stand under the SKU and name that they have today."""

    slug = "sales-by-product"
    group = Group.SALES
    title = _("Sales by product")
    description = _(
        "What was sold of each product, less credit notes, largest sales first. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = (*PERMISSIONS, "catalog.view_product")
    parameters = PeriodParameters
    columns = (Column("sku", _("SKU"), Kind.CODE), Column("name", _("Name")), UNITS, SALES, SHARE)
    key = ("product_id",)
    behind_columns = (*ORDER, UNITS, SALES)
    chart = Chart("bar", label="sku", values=("sales",))
    facts = LINE_FACTS
    gathered = ("product_id", "units", "sales")
    rolled = LINES_ROLLED
    stands = PERIOD_STANDS
    rows = """
        , gathered AS (
            SELECT product_id, sum(units)::bigint AS units, sum(sales) AS sales FROM facts GROUP BY product_id
        )
        SELECT product.sku, product.name, units, sales, round(100 * sales / nullif(sum(sales) OVER (), 0), 2),
            product_id
        FROM gathered JOIN catalog_product AS product ON product.id = product_id
        ORDER BY sales DESC, product_id
    """

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the product."""
        return Link("admin:catalog_product_change", args=(row[-1],))
