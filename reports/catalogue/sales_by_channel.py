"""Sales by channel."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column
from reports.catalogue.sales import ORDERS, SALES, SHARE, UNITS, SalesByOrderField


class SalesByChannel(SalesByOrderField):
    """The channel is the one that stands on the order."""

    slug = "sales-by-channel"
    title = _("Sales by channel")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the channel they came through. "
        "Sales are line totals, before shipping and tax."
    )
    columns = (Column("channel", _("Channel"), blank=_("Not stated")), *ORDERS, UNITS, SALES, SHARE)
    key = ("channel",)
    chart = Chart("bar", label="channel", values=("sales",))
