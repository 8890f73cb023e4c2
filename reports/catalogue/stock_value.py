"""Stock value."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Report, Row, Sql
from reports.catalogue.parameters import ReportParameters
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


class StockValueParameters(ReportParameters):
    """What to list besides the goods on hand."""

    with_empty = forms.BooleanField(
        label=_("Also products with nothing on hand"), required=False, help_text=_("Archived ones are left out then.")
    )


class StockValue(Report):
    """As the stock is now; what a product is worth at cost is empty where its cost is unknown."""

    slug = "stock-value"
    group = Group.STOCK
    title = _("Stock value")
    description = _(
        "What is on hand now, and what it is worth at cost and at the price it is sold for, without tax. "
        "A product without a cost is missing from the value at cost."
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
            SELECT sku, product.name, category.name, on_hand, reserved, cost, on_hand * cost, price, on_hand * price,
                product.id
            FROM catalog_product AS product LEFT JOIN catalog_category AS category ON category.id = category_id
            WHERE {self.listed} ORDER BY on_hand * price DESC, sku, product.id
        """  # noqa: S608
        return Sql(text, question.values)

    def behind(self, question: Question) -> Sql:
        text = f"""
            SELECT record.* FROM ({LEDGER} UNION ALL {WAITING}) AS record
            JOIN catalog_product AS product ON product.id = product_id WHERE {self.listed}
        """  # noqa: S608
        return Sql(text, {**question.values, "zone": settings.TIME_ZONE})

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the product."""
        return Link("admin:catalog_product_change", args=(row[-1],))

    def currency(self, question: Question) -> str:
        """Costs and prices are in the currency of the desk."""
        return str(settings.CURRENCY)
