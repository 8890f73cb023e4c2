"""Sales by category."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Link, Question, Row
from reports.catalogue.facts import RolledReport
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import (
    CATEGORIES_ROLLED,
    CATEGORIES_STAND,
    LINE_FACTS,
    ORDER,
    PERMISSIONS,
    SALES,
    SHARE,
    UNITS,
)


class SalesByCategory(RolledReport):
    """The category is the one that the product is in today."""

    slug = "sales-by-category"
    group = Group.SALES
    title = _("Sales by category")
    description = _(
        "What was sold, less credit notes, by the category that the products are in today. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = (*PERMISSIONS, "catalog.view_category")
    parameters = PeriodParameters
    columns = (Column("category", _("Category"), blank=_("None")), UNITS, SALES, SHARE)
    key = ("category_id",)
    behind_columns = (*ORDER, UNITS, SALES)
    chart = Chart("bar", label="category", values=("sales",))
    facts = LINE_FACTS
    gathered = ("category_id", "units", "sales")
    rolled = CATEGORIES_ROLLED
    stands = CATEGORIES_STAND
    rows = """
        SELECT catalog_category.name, sum(units)::bigint, sum(sales),
            round(100 * sum(sales) / nullif(sum(sum(sales)) OVER (), 0), 2), category_id
        FROM facts LEFT JOIN catalog_category ON catalog_category.id = category_id
        GROUP BY category_id, catalog_category.name ORDER BY sum(sales) DESC, category_id
    """

    def drill(self, row: Row, question: Question) -> Link | None:
        """The products of the category."""
        category = row[-1]
        if category is None:
            return Link("admin:catalog_product_changelist", query={"category__isnull": "True"})
        return Link("admin:catalog_product_changelist", query={"category__id__exact": str(category)})
