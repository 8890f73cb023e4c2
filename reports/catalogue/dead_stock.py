"""Dead stock."""

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import ReportParameters
from reports.catalogue.stock import CATEGORY, LEDGER, ON_HAND, PERMISSIONS, PRODUCT, RECORD, VALUES


class DeadStockParameters(ReportParameters):
    """How long nothing was sold."""

    days = forms.IntegerField(
        label=_("Not sold for days"), initial=180, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )


class DeadStock(FactsReport):
    """A product that never sold counts from the day on which it first came in."""

    slug = "dead-stock"
    group = Group.STOCK
    title = _("Dead stock")
    description = _(
        "What is on hand and was not sold for so many days, and what it is worth. Goods that came in for the first "
        "time since then are left out: they had no time to sell."
    )
    permissions = (*PERMISSIONS, "orders.view_order")
    parameters = DeadStockParameters
    columns = (*PRODUCT, CATEGORY, ON_HAND, Column("last_sold", _("Last sold"), Kind.DATE, blank=_("Never")), *VALUES)
    key = ("product_id",)
    behind_columns = (*RECORD, ON_HAND, *VALUES)
    empty_text = _("All that is on hand was sold of late.")
    facts = f"""
        SELECT record.*, last_sold FROM ({LEDGER}) AS record
        JOIN catalog_product AS product ON product.id = product_id
        CROSS JOIN LATERAL (SELECT min(created_at) AS first_in FROM catalog_stockmovement WHERE product_id = product.id)
            AS arrival
        CROSS JOIN LATERAL (
            SELECT max(placed_at) AS last_sold
            FROM orders_orderline AS line JOIN orders_order ON orders_order.id = order_id
            WHERE line.product_id = product.id AND orders_order.status IN ('placed', 'completed') AND kind = 'sale'
        ) AS sale
        WHERE product.on_hand > 0
            AND coalesce(last_sold, first_in) < now() - make_interval(days => %(days)s)
    """  # noqa: S608
    rows = """
        SELECT product.sku, product.name, category.name, sum(facts.on_hand),
            (max(last_sold) AT TIME ZONE %(zone)s)::date, sum(value_at_cost), sum(value_at_price), product_id
        FROM facts JOIN catalog_product AS product ON product.id = product_id
        LEFT JOIN catalog_category AS category ON category.id = category_id
        GROUP BY product_id, product.id, category.id ORDER BY sum(value_at_price) DESC, product_id
    """

    def drill(self, row: Row, question: Question) -> Link:
        """The page of the product."""
        return Link("admin:catalog_product_change", args=(row[-1],))

    def currency(self, question: Question) -> str:
        """Costs and prices are in the currency of the desk."""
        return str(settings.CURRENCY)
