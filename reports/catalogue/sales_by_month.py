"""Sales by month."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Row
from reports.catalogue.sales import ORDERS, SALES, UNITS, SalesByTime, orders_between
from reports.periods import DAY, month_start


class SalesByMonth(SalesByTime):
    """Months are local; one without sales between others is shown with zeros."""

    slug = "sales-by-month"
    title = _("Sales by month")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the month in which they were placed, beside "
        "the period before and the year before. Sales are line totals, before shipping and tax."
    )
    chart = Chart("bar", label="month", values=("sales", "sales_before"))
    unit = "month"
    columns = (Column("month", _("Month"), Kind.MONTH), *ORDERS, UNITS, SALES, *SalesByTime.compared)

    def drill(self, row: Row, question: Question) -> Link:
        """The orders of the month."""
        return orders_between(row[0], month_start(row[0], 1) - DAY, question)
