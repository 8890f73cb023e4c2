"""Refunds by reason."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind
from reports.catalogue.facts import FactsReport, within
from reports.catalogue.parameters import PeriodParameters
from reports.periods import local_day

REFUNDED = (
    Column("refunds", _("Refunds"), Kind.INTEGER, total=True),
    Column("amount", _("Refunded"), Kind.AMOUNT, total=True),
    Column("goodwill", _("Of it goodwill"), Kind.AMOUNT, total=True),
)


class RefundsByReason(FactsReport):
    """A refund belongs to the day on which the money went; those that are pending or failed moved none."""

    slug = "refunds-by-reason"
    group = Group.ORDERS
    title = _("Refunds by reason")
    description = _("Money that went back to customers, by the reason that was given, and how much of it was not owed.")
    permissions = ("reports.run_report", "orders.view_payment", "orders.view_order")
    parameters = PeriodParameters
    columns = (Column("reason", _("Reason"), blank=_("Not stated")), *REFUNDED)
    key = ("reason",)
    behind_columns = (Column("number", _("Order"), Kind.CODE), Column("at", _("Settled"), Kind.DATE), *REFUNDED)
    chart = Chart("bar", label="reason", values=("amount",))
    empty_text = _("No money went back then. Choose a longer period.")
    facts = f"""
        SELECT 'orders.payment' AS model, p.id AS pk, o.number, {local_day("p.settled_at")} AS at, p.reason,
            1 AS refunds, p.amount, p.goodwill
        FROM orders_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE p.kind = 'refund' AND p.state = 'succeeded' AND o.currency = %(currency)s AND {within("p.settled_at")}
    """  # noqa: S608
    rows = """
        SELECT reason, sum(refunds), sum(amount), sum(goodwill), reason
        FROM facts GROUP BY reason ORDER BY sum(amount) DESC, reason
    """
