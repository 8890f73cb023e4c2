"""Top customers."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import ORDER, ORDERS, SALES, UNITS, order_facts

TOP = """
    SELECT customer_id, sum(orders) AS orders, sum(credit_notes) AS credit_notes, sum(units)::bigint AS units,
        sum(sales) AS sales, max(placed) FILTER (WHERE orders = 1) AS last_order
    FROM sold GROUP BY customer_id ORDER BY sales DESC, customer_id LIMIT %(limit)s
"""


class TopCustomersParameters(PeriodParameters):
    """A period, how many customers, and where the goods went."""

    limit = forms.IntegerField(
        label=_("How many"), initial=50, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    country = forms.CharField(
        label=_("Country"), required=False, max_length=64, help_text=_("As it stands on orders; empty for all.")
    )


class TopCustomers(FactsReport):
    """Guests are nobody in particular and are left out. Names and numbers are personal data."""

    slug = "top-customers"
    group = Group.CUSTOMERS
    title = _("Top customers")
    description = _(
        "Customers by what they bought, less credit notes, largest first. Guests are left out. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = ("reports.run_report", "reports.run_personal_report", "customers.view_customer", "orders.view_order")
    parameters = TopCustomersParameters
    columns = (
        Column("number", _("Number"), Kind.CODE),
        Column("customer", _("Customer")),
        Column("country", _("Country"), blank=_("Not stated")),
        *ORDERS,
        UNITS,
        SALES,
        Column("last_order", _("Last order"), Kind.DATE),
    )
    key = ("customer_id",)
    behind_columns = (*ORDER, *ORDERS, UNITS, SALES)
    chart = Chart("bar", label="customer", values=("sales",))
    empty_text = _("No customer bought anything then. Choose a longer period, or another country.")
    facts = f"""
        WITH sold AS ({
        order_facts("o.customer_id IS NOT NULL AND (%(country)s = '' OR upper(o.country) = upper(%(country)s))")
    }), top AS ({TOP})
        SELECT sold.*, top.last_order FROM sold JOIN top USING (customer_id)
    """  # noqa: S608
    rows = """
        SELECT number, coalesce(nullif(company, ''), nullif(name, ''), number), customer.country,
            orders, credit_notes, units, sales, last_order, customer.id
        FROM (
            SELECT customer_id, sum(orders) AS orders, sum(credit_notes) AS credit_notes, sum(units)::bigint AS units,
                sum(sales) AS sales, max(last_order) AS last_order
            FROM facts GROUP BY customer_id
        ) AS top JOIN customers_customer AS customer ON customer.id = customer_id
        ORDER BY sales DESC, customer.id
    """

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the customer."""
        return Link("admin:customers_customer_change", args=(row[-1],))
