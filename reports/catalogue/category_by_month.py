"""Categories by month."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind
from reports.catalogue.facts import RolledReport
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import (
    CATEGORIES_ROLLED,
    CATEGORIES_STAND,
    LINE_FACTS,
    ORDER,
    PERMISSIONS,
    SALES,
    UNITS,
)


class CategoryByMonth(RolledReport):
    """The category is the one that the product is in today; months are local."""

    slug = "category-by-month"
    group = Group.SALES
    title = _("Categories by month")
    description = _(
        "What was sold in each month, less credit notes, by the category that the products are in today. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = (*PERMISSIONS, "catalog.view_category")
    parameters = PeriodParameters
    columns = (
        Column("month", _("Month"), Kind.MONTH),
        Column("category", _("Category"), blank=_("None")),
        UNITS,
        SALES,
    )
    key = ("month", "category_id")
    behind_columns = (*ORDER, UNITS, SALES)
    facts = LINE_FACTS
    gathered = ("month", "category_id", "units", "sales")
    rolled = CATEGORIES_ROLLED
    stands = CATEGORIES_STAND
    rows = """
        , gathered AS (
            SELECT month, category_id, sum(units)::bigint AS units, sum(sales) AS sales FROM facts GROUP BY 1, 2
        )
        SELECT month, catalog_category.name, units, sales, month, category_id
        FROM gathered LEFT JOIN catalog_category ON catalog_category.id = category_id
        ORDER BY month, sales DESC, category_id
    """
