"""Order ageing."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import CurrencyParameters
from reports.catalogue.sales import ORDER

# Where orders wait, and the part of the list of orders that shows them.
STAGES = {"unpaid": _("Unpaid"), "to_ship": _("To ship"), "on_hold": _("On hold")}
AGES = (
    Column("orders", _("Orders"), Kind.INTEGER, total=True),
    Column("upto_1", _("Up to 1 day"), Kind.INTEGER, total=True),
    Column("upto_3", _("2–3 days"), Kind.INTEGER, total=True),
    Column("upto_7", _("4–7 days"), Kind.INTEGER, total=True),
    Column("older", _("Over 7 days"), Kind.INTEGER, total=True),
    Column("late", _("Late"), Kind.INTEGER, total=True),
    Column("amount", _("Amount"), Kind.AMOUNT, total=True),
)


def sla_field(stage: str) -> forms.IntegerField:
    """Return the field that asks after how many days an order that waits there is late."""
    return forms.IntegerField(
        label=_("Late when %(stage)s for more days than") % {"stage": str(STAGES[stage]).lower()},
        initial=lambda: settings.REPORT_SLA_DAYS[stage],
        validators=[MinValueValidator(0), MaxValueValidator(365)],
    )


class OrderAgeingParameters(CurrencyParameters):
    """After how many days an order is late, stage by stage."""

    unpaid_days = sla_field("unpaid")
    to_ship_days = sla_field("to_ship")
    on_hold_days = sla_field("on_hold")


class OrderAgeing(FactsReport):
    """Age counts in days of 24 hours since the order was placed, or put on hold. An order may wait in two stages.

    The amount is what is still due of unpaid orders, and the total of the others.
    """

    slug = "order-ageing"
    group = Group.ORDERS
    title = _("Order ageing")
    description = _(
        "Open orders that wait for money, for shipping or for somebody to release them, by how long they have waited, "
        "and how many wait longer than was agreed."
    )
    permissions = ("reports.run_report", "orders.view_order")
    parameters = OrderAgeingParameters
    columns = (
        Column("stage", _("Waits"), choices=tuple(STAGES.items())),
        *AGES,
        Column("oldest", _("Oldest, days"), Kind.INTEGER, derived=True),
    )
    key = ("stage",)
    behind_columns = (*ORDER, Column("age", _("Days"), Kind.INTEGER, derived=True), *AGES)
    chart = Chart("bar", label="stage", values=("orders", "late"))
    empty_text = _("No order waits: all that were placed are paid and on their way.")
    facts = """
        WITH waiting AS (
            SELECT 'unpaid' AS stage, 1 AS place, id, placed_at AS since, balance AS amount FROM orders_order
            WHERE status = 'placed' AND payment_state IN ('unpaid', 'part_paid')
            UNION ALL
            SELECT 'to_ship', 2, id, placed_at, total FROM orders_order
            WHERE status = 'placed' AND hold_reason = '' AND fulfilment_state IN ('unfulfilled', 'part')
            UNION ALL
            SELECT 'on_hold', 3, id, coalesce((
                SELECT max(at) FROM orders_orderevent AS event WHERE event.order_id = held.id AND event.kind = 'held'
            ), placed_at), total
            FROM orders_order AS held WHERE status = 'placed' AND hold_reason <> ''
        ), aged AS (
            SELECT waiting.*, number, (placed_at AT TIME ZONE %(zone)s)::date AS placed,
                extract(epoch FROM now() - since) / 86400 AS days
            FROM waiting JOIN orders_order AS o USING (id) WHERE currency = %(currency)s
        )
        SELECT 'orders.order' AS model, id AS pk, number, placed, stage, place, floor(days)::int AS age, 1 AS orders,
            (days <= 1)::int AS upto_1, (days > 1 AND days <= 3)::int AS upto_3,
            (days > 3 AND days <= 7)::int AS upto_7, (days > 7)::int AS older,
            (days > CASE stage WHEN 'unpaid' THEN %(unpaid_days)s::int WHEN 'to_ship' THEN %(to_ship_days)s::int
                ELSE %(on_hold_days)s::int END)::int AS late,
            amount
        FROM aged
    """
    rows = """
        SELECT stage, sum(orders), sum(upto_1), sum(upto_3), sum(upto_7), sum(older), sum(late), sum(amount), max(age),
            stage
        FROM facts GROUP BY stage, place ORDER BY place
    """

    def given(self, question: Question) -> Mapping[str, Any]:
        return {**question.values, "zone": settings.TIME_ZONE}

    def drill(self, row: Row, question: Question) -> Link:
        """The orders that wait there."""
        return Link("admin:orders_order_changelist", query={"queue": row[0], "currency": question.values["currency"]})
