"""Stock movements."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import StockMovement
from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport, within
from reports.catalogue.parameters import DatesParameters
from reports.catalogue.stock import PERMISSIONS
from reports.periods import local_day

MOVED = (
    Column("movements", _("Movements"), Kind.INTEGER, total=True),
    Column("units_in", _("Units in"), Kind.INTEGER, total=True),
    Column("units_out", _("Units out"), Kind.INTEGER, total=True),
    Column("net", _("Net"), Kind.INTEGER, total=True),
)


class StockMovements(FactsReport):
    """Units out are written as a positive number; net is what came in less what went out."""

    slug = "stock-movements"
    group = Group.STOCK
    title = _("Stock movements")
    description = _("What came into stock and what left it, by reason: receipts, shipments, returns, counts.")
    permissions = PERMISSIONS
    parameters = DatesParameters
    columns = (Column("reason", _("Reason"), choices=StockMovement.Reason.choices), *MOVED)
    key = ("reason",)
    behind_columns = (Column("sku", _("SKU"), Kind.CODE), Column("at", _("When"), Kind.DATE), *MOVED)
    chart = Chart("bar", label="reason", values=("units_in", "units_out"))
    empty_text = _("No stock moved then. Choose a longer period.")
    facts = f"""
        SELECT 'catalog.stockmovement' AS model, m.id AS pk, p.sku, {local_day("m.created_at")} AS at, m.reason,
            1 AS movements, greatest(m.delta, 0) AS units_in, greatest(-m.delta, 0) AS units_out, m.delta AS net
        FROM catalog_stockmovement m JOIN catalog_product p ON p.id = m.product_id
        WHERE {within("m.created_at")}
    """  # noqa: S608
    rows = """
        SELECT reason, sum(movements), sum(units_in), sum(units_out), sum(net), reason
        FROM facts GROUP BY reason ORDER BY sum(movements) DESC, reason
    """

    def drill(self, row: Row, question: Question) -> Link | None:
        """The ledger of that reason."""
        query: dict[str, Any] = {"reason__exact": row[0]}
        return Link("admin:catalog_stockmovement_changelist", query=query)
