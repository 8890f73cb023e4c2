"""New and returning customers."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport, within
from reports.catalogue.rfm_customers import RfmParameters
from reports.catalogue.sales import ORDER, PERMISSIONS, orders_between
from reports.periods import DAY, local_day, month_start

FIGURES = (
    Column("new", _("New customers"), Kind.INTEGER, total=True),
    Column("returning", _("Returning customers"), Kind.INTEGER, total=True),
    Column("new_sales", _("First orders"), Kind.AMOUNT, total=True),
    Column("returning_sales", _("Later orders"), Kind.AMOUNT, total=True),
    Column("guest_sales", _("Orders of guests"), Kind.AMOUNT, total=True),
)


class NewAndReturning(FactsReport):
    """A customer is new in the month of the first order ever, and returns in a later month, once however often.

    Credit notes are left out. Whoever returns in two months is one customer in each, so those are not added up.
    """

    slug = "new-and-returning"
    group = Group.CUSTOMERS
    title = _("New and returning customers")
    description = _(
        "Month by month, how many customers bought for the first time and how many came back, and what first orders, "
        "later orders and guests brought. Line totals, before shipping and tax; credit notes are left out."
    )
    permissions = (*PERMISSIONS, "customers.view_customer")
    parameters = RfmParameters
    columns = (Column("month", _("Month"), Kind.MONTH), FIGURES[0], replace(FIGURES[1], total=False), *FIGURES[2:])
    key = ("month",)
    behind_columns = (*ORDER, *FIGURES)
    chart = Chart("bar", label="month", values=("new", "returning"))
    facts = f"""
        WITH sales AS (
            SELECT o.id, o.number, o.placed_at, o.customer_id, sum(l.total) AS sales,
                date_trunc('month', o.placed_at AT TIME ZONE %(zone)s)::date AS month,
                row_number() OVER ever AS ever,
                row_number() OVER (
                    PARTITION BY customer_id, date_trunc('month', o.placed_at AT TIME ZONE %(zone)s)
                    ORDER BY o.placed_at, o.id
                ) AS in_month,
                first_value(date_trunc('month', o.placed_at AT TIME ZONE %(zone)s)::date) OVER ever AS first_month
            FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
            WHERE o.status IN ('placed', 'completed') AND o.kind = 'sale' AND o.currency = %(currency)s
            GROUP BY o.id WINDOW ever AS (PARTITION BY customer_id ORDER BY o.placed_at, o.id)
        )
        SELECT 'orders.order' AS model, o.id AS pk, o.number, {local_day("o.placed_at")} AS placed, month,
            (customer_id IS NOT NULL AND ever = 1)::int AS new,
            (customer_id IS NOT NULL AND month > first_month AND in_month = 1)::int AS "returning",
            CASE WHEN customer_id IS NOT NULL AND ever = 1 THEN coalesce(sales, 0) ELSE 0 END AS new_sales,
            CASE WHEN customer_id IS NOT NULL AND ever > 1 THEN coalesce(sales, 0) ELSE 0 END AS returning_sales,
            CASE WHEN customer_id IS NULL THEN coalesce(sales, 0) ELSE 0 END AS guest_sales
        FROM sales AS o WHERE {within("o.placed_at")}
    """  # noqa: S608
    rows = """
        SELECT month, sum(new), sum("returning"), sum(new_sales), sum(returning_sales), sum(guest_sales), month
        FROM facts GROUP BY month ORDER BY month
    """

    def drill(self, row: Row, question: Question) -> Link:
        """The orders of the month."""
        return orders_between(row[0], month_start(row[0], 1) - DAY, question)
