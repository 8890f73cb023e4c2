"""Sales by country."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Report, Row, Sql
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import orders_query, sold_by


class SalesByCountry(Report):
    """The country is the one that stands on the order, not the customer's of today."""

    slug = "sales-by-country"
    title = _("Sales by country")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the country they went to. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = ("reports.run_report", "orders.view_order")
    parameters = PeriodParameters
    columns = (
        Column("country", _("Country"), blank=_("Not stated")),
        Column("orders", _("Orders"), Kind.INTEGER, total=True),
        Column("credit_notes", _("Credit notes"), Kind.INTEGER, total=True),
        Column("units", _("Units"), Kind.INTEGER, total=True),
        Column("sales", _("Sales"), Kind.AMOUNT, total=True),
        Column("share", _("Share of sales, %"), Kind.PERCENT),
    )
    chart = Chart("bar", label="country", values=("sales",))

    def query(self, question: Question) -> Sql:
        select = """
            SELECT key, orders, credit_notes, units, sales, round(100 * sales / nullif(sum(sales) OVER (), 0), 2)
            FROM sold ORDER BY sales DESC, key
        """
        return sold_by("country", select, question)

    def drill(self, row: Row, question: Question) -> Link:
        """The orders that went to the country."""
        named = {"country": row[0]} if row[0] else {"country__exact": ""}
        return Link("admin:orders_order_changelist", query={**orders_query(question), **named})
