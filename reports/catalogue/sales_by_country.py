"""Sales by country."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column
from reports.catalogue.sales import ORDERS, SALES, SHARE, UNITS, SalesByOrderField


class SalesByCountry(SalesByOrderField):
    """The country is the one that stands on the order, not the customer's of today."""

    slug = "sales-by-country"
    title = _("Sales by country")
    description = _(
        "Orders that were placed and not cancelled, less credit notes, by the country they went to. "
        "Sales are line totals, before shipping and tax."
    )
    columns = (Column("country", _("Country"), blank=_("Not stated")), *ORDERS, UNITS, SALES, SHARE)
    key = ("country",)
    chart = Chart("bar", label="country", values=("sales",))
