"""Customers by recency, frequency and monetary value."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import PeriodParameters
from reports.catalogue.rfm import PERMISSIONS, SEGMENT_NAMES, SPENT, invoices, scored
from reports.catalogue.sales import ORDER
from reports.periods import Preset

FREQUENCY = Column("frequency", _("Frequency"), Kind.INTEGER, total=True)


class RfmParameters(PeriodParameters):
    """The span of time whose invoices count; it ends with the instant from which recency is reckoned."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["period"].initial = Preset.LAST_12_MONTHS


class RfmCustomers(FactsReport):
    """See `reports.catalogue.rfm` for the definition and its source."""

    slug = "rfm-customers"
    group = Group.CUSTOMERS
    title = _("RFM: customers")
    description = _(
        "How recently, how often and for how much each customer bought in the period, each scored 1 to 5 by quintiles, "
        "and the segment that follows. Sales only: cancellations, credit notes and lines without a price are left out."
    )
    permissions = PERMISSIONS
    parameters = RfmParameters
    columns = (
        Column("number", _("Number"), Kind.CODE),
        Column("customer", _("Customer")),
        Column("recency", _("Recency, days"), Kind.INTEGER, derived=True),
        FREQUENCY,
        SPENT,
        Column("r", _("R"), Kind.INTEGER, derived=True),
        Column("f", _("F"), Kind.INTEGER, derived=True),
        Column("m", _("M"), Kind.INTEGER, derived=True),
        Column("segment", _("Segment"), choices=SEGMENT_NAMES),
    )
    key = ("customer_id",)
    behind_columns = (*ORDER, FREQUENCY, SPENT)
    empty_text = _("No customer bought anything then. Choose a longer period.")
    facts = f"""
        SELECT 'orders.order' AS model, id AS pk, number, (placed_at AT TIME ZONE %(zone)s)::date AS placed, placed_at,
            customer_id, 1 AS frequency, monetary
        FROM ({invoices("starts_at", "ends_at")}) AS invoices
    """  # noqa: S608
    rows = f"""
        SELECT customer.number, coalesce(nullif(company, ''), nullif(name, ''), customer.number),
            recency, frequency, monetary, r, f, m, segment, customer_id
        FROM ({scored("facts", "coalesce(%(ends_at)s::timestamptz, now())")}) AS scored
        JOIN customers_customer AS customer ON customer.id = customer_id
        ORDER BY monetary DESC, customer_id
    """  # noqa: S608

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the customer."""
        return Link("admin:customers_customer_change", args=(row[-1],))
