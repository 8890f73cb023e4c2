"""Sales by month."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Report, Row, Sql
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import orders_query, sold_by
from reports.periods import DAY, Period, month_start


class SalesByMonth(Report):
    """Months are local; one without sales between others is shown with zeros."""

    slug = "sales-by-month"
    title = _("Sales by month")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the month in which they were placed. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = ("reports.run_report", "orders.view_order")
    parameters = PeriodParameters
    columns = (
        Column("month", _("Month"), Kind.MONTH),
        Column("orders", _("Orders"), Kind.INTEGER, total=True),
        Column("credit_notes", _("Credit notes"), Kind.INTEGER, total=True),
        Column("units", _("Units"), Kind.INTEGER, total=True),
        Column("sales", _("Sales"), Kind.AMOUNT, total=True),
    )
    chart = Chart("bar", label="month", values=("sales",))

    def query(self, question: Question) -> Sql:
        month = "date_trunc('month', placed_at AT TIME ZONE %(zone)s)"
        select = """
            SELECT month::date, coalesce(orders, 0), coalesce(credit_notes, 0), coalesce(units, 0), coalesce(sales, 0)
            FROM generate_series((SELECT min(key) FROM sold), (SELECT max(key) FROM sold), interval '1 month') AS month
            LEFT JOIN sold ON key = month
            ORDER BY month
        """
        return sold_by(month, select, question)

    def drill(self, row: Row, question: Question) -> Link:
        """The orders of the month, as far as they lie in the period."""
        first, last = row[0], month_start(row[0], 1) - DAY
        asked = question.period
        within = Period(max(first, asked.first or first), min(last, asked.last or last))
        return Link("admin:orders_order_changelist", query=orders_query(replace(question, period=within)))
