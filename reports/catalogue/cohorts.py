"""Customer cohorts."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind
from reports.catalogue.facts import FactsReport
from reports.catalogue.rfm import PERMISSIONS
from reports.catalogue.rfm_customers import RfmParameters
from reports.catalogue.segments import SegmentFacts

MONTHS = range(1, 13)
SIZE = Column("customers", _("Customers"), Kind.INTEGER, total=True)
AGAIN = tuple(Column(f"month_{n}", _("+%(n)s") % {"n": n}, Kind.INTEGER, total=True) for n in MONTHS)


def bought_again(n: int) -> str:
    """Return the column that says whether a customer bought in the `n`th month after the first, 0 or 1."""
    month = f"cohort + interval '{n} months'"
    return f"CASE WHEN {month} <= today THEN bool_or(month = {month})::int END AS month_{n}"


class CohortParameters(RfmParameters):
    """The period in which customers bought for the first time."""


class Cohorts(FactsReport):
    """A cohort is those whose first order ever was placed in a month. Months are local.

    A month that has not begun yet says nothing about who bought again: it is empty, not nobody.
    """

    slug = "customer-cohorts"
    group = Group.CUSTOMERS
    title = _("Customer cohorts")
    description = _(
        "Customers by the month in which they first bought, and how many of them bought again 1, 2 … 12 months later. "
        "The period is that of their first orders."
    )
    permissions = PERMISSIONS
    parameters = CohortParameters
    columns = (Column("cohort", _("First bought"), Kind.MONTH), SIZE, *AGAIN)
    key = ("cohort",)
    behind_columns = (*SegmentFacts.person, SIZE, *AGAIN)
    empty_text = _("No customer bought for the first time then. Choose a longer period.")
    facts = f"""
        WITH months AS (
            SELECT DISTINCT customer_id, date_trunc('month', placed_at AT TIME ZONE %(zone)s)::date AS month
            FROM orders_order
            WHERE status IN ('placed', 'completed') AND kind = 'sale' AND currency = %(currency)s
                AND customer_id IS NOT NULL
        ), firsts AS (
            SELECT customer_id, min(placed_at) AS first_at FROM orders_order
            WHERE status IN ('placed', 'completed') AND kind = 'sale' AND currency = %(currency)s
                AND customer_id IS NOT NULL
            GROUP BY customer_id
        ), today AS (
            SELECT (now() AT TIME ZONE %(zone)s)::date AS today
        ), cohorts AS (
            SELECT customer_id, date_trunc('month', first_at AT TIME ZONE %(zone)s)::date AS cohort FROM firsts
            WHERE first_at >= coalesce(%(starts_at)s::timestamptz, '-infinity')
                AND first_at < coalesce(%(ends_at)s::timestamptz, 'infinity')
        )
        SELECT 'customers.customer' AS model, customer_id AS pk, customer.number,
            coalesce(nullif(company, ''), nullif(name, ''), customer.number) AS customer, cohort, 1 AS customers,
            {", ".join(map(bought_again, MONTHS))}
        FROM cohorts JOIN months USING (customer_id) JOIN customers_customer AS customer ON customer.id = customer_id
            CROSS JOIN today
        GROUP BY customer_id, customer.id, cohort, today
    """  # noqa: S608
    rows = f"""
        SELECT cohort, sum(customers), {", ".join(f"sum(month_{n})" for n in MONTHS)}, cohort
        FROM facts GROUP BY cohort ORDER BY cohort
    """  # noqa: S608
