"""Top customers."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind, Link, Question, Report, Row, Sql
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.sales import sold_by


class TopCustomersParameters(PeriodParameters):
    """A period, how many customers, and where the goods went."""

    limit = forms.IntegerField(
        label=_("How many"), initial=50, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    country = forms.CharField(
        label=_("Country"), required=False, max_length=64, help_text=_("As it stands on orders; empty for all.")
    )


class TopCustomers(Report):
    """Guests are nobody in particular and are left out. Names and numbers are personal data."""

    slug = "top-customers"
    title = _("Top customers")
    description = _(
        "Customers by what they bought, less credit notes, largest first. Guests are left out. "
        "Sales are line totals, before shipping and tax."
    )
    permissions = ("reports.run_report", "reports.run_personal_report", "customers.view_customer")
    parameters = TopCustomersParameters
    columns = (
        Column("number", _("Number"), Kind.CODE),
        Column("customer", _("Customer")),
        Column("country", _("Country"), blank=_("Not stated")),
        Column("orders", _("Orders"), Kind.INTEGER, total=True),
        Column("credit_notes", _("Credit notes"), Kind.INTEGER, total=True),
        Column("units", _("Units"), Kind.INTEGER, total=True),
        Column("sales", _("Sales"), Kind.AMOUNT, total=True),
        Column("last_order", _("Last order"), Kind.DATE),
    )
    chart = Chart("bar", label="customer", values=("sales",))

    empty_text = _("No customer bought anything then. Choose a longer period, or another country.")

    def query(self, question: Question) -> Sql:
        select = """
            SELECT number, coalesce(nullif(company, ''), nullif(name, ''), number), country,
                orders, credit_notes, units, sales, last_order::date
            FROM sold JOIN customers_customer ON customers_customer.id = key
            ORDER BY sales DESC, key LIMIT %(limit)s
        """
        sql = sold_by("customer_id", select, question)
        return Sql(sql.text, {**sql.params, "limit": question.values["limit"]})

    def drill(self, row: Row, question: Question) -> Link:
        """The customer, found by number."""
        return Link("admin:customers_customer_changelist", query={"q": row[0]})
