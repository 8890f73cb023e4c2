"""Returns by reason."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind
from reports.catalogue.facts import FactsReport, within
from reports.catalogue.parameters import PeriodParameters
from reports.periods import local_day

RETURNED = (
    Column("returns", _("Returns"), Kind.INTEGER, total=True),
    Column("units", _("Units"), Kind.INTEGER, total=True),
    Column("sellable", _("To be sold again"), Kind.INTEGER, total=True),
    Column("credit", _("Credit"), Kind.AMOUNT, total=True),
)


class ReturnsByReason(FactsReport):
    """A return belongs to the day on which the goods were received; those that are only announced are left out."""

    slug = "returns-by-reason"
    group = Group.ORDERS
    title = _("Returns by reason")
    description = _(
        "Goods that came back, by the reason that was given: how many, how many can be sold again, for what."
    )
    permissions = ("reports.run_report", "orders.view_return", "orders.view_order")
    parameters = PeriodParameters
    columns = (Column("reason", _("Reason"), blank=_("Not stated")), *RETURNED)
    key = ("reason",)
    behind_columns = (Column("number", _("Order"), Kind.CODE), Column("at", _("Received"), Kind.DATE), *RETURNED)
    chart = Chart("bar", label="reason", values=("units",))
    empty_text = _("Nothing came back then. Choose a longer period.")
    facts = f"""
        SELECT 'orders.return' AS model, r.id AS pk, o.number, {local_day("r.received_at")} AS at, r.reason,
            1 AS returns, r.credit, coalesce(sum(l.quantity), 0) AS units,
            coalesce(sum(l.quantity) FILTER (WHERE l.sellable), 0) AS sellable
        FROM orders_return r JOIN orders_order o ON o.id = r.order_id
        LEFT JOIN orders_returnline l ON l.return_of_id = r.id
        WHERE o.currency = %(currency)s AND r.received_at IS NOT NULL AND {within("r.received_at")}
        GROUP BY r.id, o.id
    """  # noqa: S608
    rows = """
        SELECT reason, sum(returns), sum(units)::bigint, sum(sellable)::bigint, sum(credit), reason
        FROM facts GROUP BY reason ORDER BY sum(units) DESC, reason
    """
