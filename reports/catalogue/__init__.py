"""The reports there are: one class a file, each named in the list below."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.catalogue.base import Report
from reports.catalogue.category_by_month import CategoryByMonth
from reports.catalogue.cohorts import Cohorts
from reports.catalogue.data_quality import DataQuality
from reports.catalogue.dead_stock import DeadStock
from reports.catalogue.low_stock import LowStock
from reports.catalogue.new_and_returning import NewAndReturning
from reports.catalogue.order_ageing import OrderAgeing
from reports.catalogue.refunds_by_reason import RefundsByReason
from reports.catalogue.returns_by_reason import ReturnsByReason
from reports.catalogue.rfm_customers import RfmCustomers
from reports.catalogue.rfm_moves import RfmMoves
from reports.catalogue.rfm_segments import RfmSegments
from reports.catalogue.sales_by_category import SalesByCategory
from reports.catalogue.sales_by_channel import SalesByChannel
from reports.catalogue.sales_by_country import SalesByCountry
from reports.catalogue.sales_by_day import SalesByDay
from reports.catalogue.sales_by_month import SalesByMonth
from reports.catalogue.sales_by_product import SalesByProduct
from reports.catalogue.sales_by_week import SalesByWeek
from reports.catalogue.staff_activity import StaffActivity
from reports.catalogue.stock_movements import StockMovements
from reports.catalogue.stock_value import StockValue
from reports.catalogue.top_customers import TopCustomers

REPORTS: Final[dict[str, Report]] = {
    report.slug: report
    for report in (
        *(SalesByDay(), SalesByWeek(), SalesByMonth(), SalesByCountry(), SalesByCategory(), CategoryByMonth()),
        *(SalesByProduct(), SalesByChannel()),
        *(OrderAgeing(), RefundsByReason(), ReturnsByReason()),
        *(StockValue(), LowStock(), DeadStock(), StockMovements()),
        *(TopCustomers(), NewAndReturning(), Cohorts(), RfmSegments(), RfmMoves(), RfmCustomers()),
        *(StaffActivity(), DataQuality()),
    )
}


def asked_in_words(given: Mapping[str, Any]) -> str:
    """Return parameters as the form of a report that has them shows them, a line each."""
    forms = [report.parameters for report in REPORTS.values()]
    known = next((form for form in forms if set(given) <= set(form.base_fields)), None)
    told = known.in_words(given) if known else given.items()
    return "\n".join(f"{label}: {value}" for label, value in told)


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
