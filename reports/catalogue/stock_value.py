"""Stock value."""

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import DecimalField, F, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from reports.catalogue.base import Column, Kind, Link, Question, Report, Row
from reports.catalogue.parameters import ReportParameters

AMOUNT: "DecimalField[Any, Any]" = DecimalField(max_digits=24, decimal_places=4)


class StockValueParameters(ReportParameters):
    """What to list besides the goods on hand."""

    with_empty = forms.BooleanField(
        label=_("Also products with nothing on hand"), required=False, help_text=_("Archived ones are left out then.")
    )


class StockValue(Report):
    """As the stock is now; what a product is worth at cost is empty where its cost is unknown."""

    slug = "stock-value"
    title = _("Stock value")
    description = _(
        "What is on hand now, and what it is worth at cost and at the price it is sold for, without tax. "
        "A product without a cost is missing from the value at cost."
    )
    permissions = ("reports.run_report", "catalog.view_product")
    parameters = StockValueParameters
    columns = (
        Column("sku", _("SKU"), Kind.CODE),
        Column("name", _("Name")),
        Column("category", _("Category"), blank=_("None")),
        Column("on_hand", _("On hand"), Kind.INTEGER, total=True),
        Column("reserved", _("Reserved"), Kind.INTEGER, total=True),
        Column("cost", _("Cost"), Kind.AMOUNT),
        Column("value_at_cost", _("Value at cost"), Kind.AMOUNT, total=True),
        Column("price", _("Price"), Kind.AMOUNT),
        Column("value_at_price", _("Value at price"), Kind.AMOUNT, total=True),
    )

    empty_text = _("Nothing is on hand. Receive stock on the pages of products, or import a stock count.")

    def query(self, question: Question) -> "QuerySet[Any, Any]":
        listed = Product.objects.exclude(on_hand=0)
        if question.values["with_empty"]:
            listed = listed | Product.objects.exclude(status=Product.Status.ARCHIVED)
        valued: QuerySet[Any, Any] = listed.annotate(
            value_at_cost=Cast(F("on_hand") * F("cost"), AMOUNT), value_at_price=Cast(F("on_hand") * F("price"), AMOUNT)
        )
        return valued.order_by("-value_at_price", "sku", "pk").values_list(
            "sku", "name", "category__name", "on_hand", "reserved", "cost", "value_at_cost", "price", "value_at_price"
        )

    def drill(self, row: Row, question: Question) -> Link:
        """The product, found by its SKU."""
        return Link("admin:catalog_product_changelist", query={"q": row[0]})

    def currency(self, question: Question) -> str:
        """Costs and prices are in the currency of the desk."""
        return str(settings.CURRENCY)
