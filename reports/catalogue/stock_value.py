"""Stock value."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Report, Row, Sql
from reports.catalogue.parameters import DayField, ReportParameters
from reports.catalogue.stock import (
    AVAILABLE,
    CATEGORY,
    LEDGER,
    ON_HAND,
    PERMISSIONS,
    PRODUCT,
    RECORD,
    RESERVED,
    VALUES,
    WAITING,
)
from reports.periods import Period
from reports.rollups import definitions
from reports.rollups.definitions import IS_BUILT, STOCK_STANDS


class StockValueParameters(ReportParameters):
    """When, and what to list besides the goods on hand."""

    at = DayField(label=_("At the end of"), help_text=_("A day; empty: now."))
    with_empty = forms.BooleanField(
        label=_("Also products with nothing on hand"), required=False, help_text=_("Archived ones are left out then.")
    )
    field_order = ("at", "with_empty")

    def resolve(self, today: date) -> Period:
        return Period(last=self.cleaned_data["at"])


# What was on hand at the end of a day: at the last midnight after a movement, or what all movements before add up to.
AT_MIDNIGHT = f"""
    WITH rollup AS MATERIALIZED (SELECT {IS_BUILT} AND {STOCK_STANDS} AS stands), held AS (
        SELECT p.id, s.on_hand FROM catalog_product AS p CROSS JOIN LATERAL (
            SELECT on_hand FROM reports_midnightstock
            WHERE product_id = p.id AND day <= %(at)s ORDER BY day DESC LIMIT 1
        ) AS s WHERE (SELECT stands FROM rollup)
        UNION ALL
        SELECT product_id, sum(delta) FROM catalog_stockmovement
        WHERE created_at < %(ends_at)s AND NOT (SELECT stands FROM rollup) GROUP BY product_id
    ), product AS (
        SELECT p.id, p.sku, p.name, p.category_id, coalesce(held.on_hand, 0) AS on_hand, NULL::bigint AS reserved,
            p.cost, p.price, p.status
        FROM catalog_product AS p LEFT JOIN held ON held.id = p.id
    )
"""  # noqa: S608
NOW = """
    WITH product AS (SELECT id, sku, name, category_id, on_hand, reserved, cost, price, status FROM catalog_product)
"""


class StockValue(Report):
    """As the stock is, or was; what a product is worth at cost is empty where its cost is unknown.

    What was reserved is known for now alone.
    """

    slug = "stock-value"
    group = Group.STOCK
    title = _("Stock value")
    description = _(
        "What is on hand now, or was when a day ended, and what it is worth at the cost and the price of today, "
        "without tax. A product without a cost is missing from the value at cost."
    )
    permissions = PERMISSIONS
    parameters = StockValueParameters
    columns = (
        *PRODUCT,
        CATEGORY,
        ON_HAND,
        RESERVED,
        Column("cost", _("Cost"), Kind.AMOUNT, derived=True),
        VALUES[0],
        Column("price", _("Price"), Kind.AMOUNT, derived=True),
        VALUES[1],
    )
    key = ("product_id",)
    behind_columns = (*RECORD, ON_HAND, RESERVED, AVAILABLE, *VALUES)
    empty_text = _("Nothing is on hand. Receive stock on the pages of products, or import a stock count.")

    listed = "(product.on_hand <> 0 OR (%(with_empty)s AND product.status <> 'archived'))"

    def query(self, question: Question) -> Sql:
        text = f"""
            {self._since(question, AT_MIDNIGHT, NOW)}
            SELECT sku, product.name, category.name, on_hand::bigint, reserved, cost, on_hand * cost, price,
                on_hand * price, product.id
            FROM product LEFT JOIN catalog_category AS category ON category.id = category_id
            WHERE {self.listed} ORDER BY on_hand * price DESC, sku, product.id
        """  # noqa: S608
        return Sql(text, self._given(question))

    def behind(self, question: Question) -> Sql:
        ledger = f"{LEDGER} WHERE m.created_at < %(ends_at)s"
        text = f"""
            {self._since(question, AT_MIDNIGHT, NOW)}
            SELECT record.* FROM ({self._since(question, ledger, f"{LEDGER} UNION ALL {WAITING}")}) AS record
            JOIN product ON product.id = product_id WHERE {self.listed}
        """  # noqa: S608
        return Sql(text, self._given(question))

    def _since(self, question: Question, then: str, now: str) -> str:
        return then if question.period.last else now

    def _given(self, question: Question) -> dict[str, Any]:
        return {**question.values, **definitions.given(), "ends_at": question.period.ends_at}

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the product."""
        return Link("admin:catalog_product_change", args=(row[-1],))

    def currency(self, question: Question) -> str:
        """Costs and prices are in the currency of the desk."""
        return str(settings.CURRENCY)
