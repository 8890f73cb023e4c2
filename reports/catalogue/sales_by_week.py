"""Sales by week."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Row
from reports.catalogue.sales import ORDERS, SALES, UNITS, SalesByTime, orders_between
from reports.periods import DAY


class SalesByWeek(SalesByTime):
    """Weeks begin on Monday; one without sales between others is shown with zeros."""

    slug = "sales-by-week"
    title = _("Sales by week")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the week in which they were placed, beside "
        "the period before and the year before. Sales are line totals, before shipping and tax."
    )
    chart = Chart("bar", label="week", values=("sales", "sales_before"))
    unit = "week"
    columns = (Column("week", _("Week of"), Kind.DATE), *ORDERS, UNITS, SALES, *SalesByTime.compared)

    def drill(self, row: Row, question: Question) -> Link:
        """The orders of the week."""
        return orders_between(row[0], row[0] + 6 * DAY, question)
