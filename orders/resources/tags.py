"""Spreadsheets of what orders are tagged with."""

from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Column, WordsValue
from backoffice.spreadsheets.resources import TableResource
from orders.models import Order
from orders.resources.handling import order_number


class OrderTagResource(TableResource):
    """Tags of orders that are there, one order a row."""

    number = order_number("number")
    tags = Column("tags", WordsValue(max_length=40), label=_("Tags"), sql_type="varchar[]")

    key = "number"
    key_expression = "{alias}.number"
    creates = False
    title = _("Tags of orders")

    class Meta:
        model = Order
        fields = ("number", "tags")
