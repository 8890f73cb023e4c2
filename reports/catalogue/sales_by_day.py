"""Sales by day."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Row
from reports.catalogue.sales import ORDERS, SALES, UNITS, SalesByTime, orders_between


class SalesByDay(SalesByTime):
    """Days are local; one without sales between others is shown with zeros."""

    slug = "sales-by-day"
    title = _("Sales by day")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the day in which they were placed, beside "
        "the period before and the year before. Sales are line totals, before shipping and tax."
    )
    chart = Chart("bar", label="day", values=("sales", "sales_before"))
    unit = "day"
    columns = (Column("day", _("Day"), Kind.DATE), *ORDERS, UNITS, SALES, *SalesByTime.compared)

    def drill(self, row: Row, question: Question) -> Link:
        """The orders of the day."""
        return orders_between(row[0], row[0], question)
