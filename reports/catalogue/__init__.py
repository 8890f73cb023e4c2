"""The reports there are: one class a file, each named in the list below."""

from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.catalogue.base import Report
from reports.catalogue.sales_by_country import SalesByCountry
from reports.catalogue.sales_by_month import SalesByMonth
from reports.catalogue.stock_value import StockValue
from reports.catalogue.top_customers import TopCustomers

REPORTS: Final[dict[str, Report]] = {
    report.slug: report for report in (SalesByMonth(), SalesByCountry(), TopCustomers(), StockValue())
}


class UnknownReportError(ValidationError):
    """No report has this slug."""


def get_report(slug: str) -> Report:
    """Return the report called `slug`; raises UnknownReportError, which lists those there are."""
    try:
        return REPORTS[slug]
    except KeyError:
        raise UnknownReportError(
            _("There is no report “%(slug)s”. Choose one of: %(known)s."),
            params={"slug": slug, "known": ", ".join(sorted(REPORTS))},
        ) from None
