"""What the reports on RFM segments share: the segment of each customer now, and a month, quarter … before."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Question
from reports.catalogue.facts import FactsReport
from reports.catalogue.parameters import ReportParameters
from reports.catalogue.rfm import PERMISSIONS, SPENT, invoices, scored
from reports.catalogue.rfm_customers import RfmParameters
from reports.periods import DAY, Period, local_today, month_start

CUSTOMERS = Column("customers", _("Customers"), Kind.INTEGER, total=True)


class SegmentParameters(RfmParameters):
    """The span of time, and by how much it is moved back to compare."""

    months = forms.IntegerField(
        label=_("Compared with months before"),
        initial=1,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Both ends of the period are moved back by so many months."),
    )


class SegmentFacts(FactsReport):
    """One row a customer of now or then; names and numbers are personal data."""

    group = Group.CUSTOMERS
    permissions = PERMISSIONS
    parameters: ClassVar[type[ReportParameters]] = SegmentParameters
    empty_text = _("No customer bought anything then. Choose a longer period.")
    facts = f"""
        WITH invoices_now AS ({invoices("starts_at", "ends_at")}),
        invoices_then AS ({invoices("then_starts_at", "then_ends_at")}),
        now AS ({scored("invoices_now", "coalesce(%(ends_at)s::timestamptz, now())")}),
        before AS ({scored("invoices_then", "coalesce(%(then_ends_at)s::timestamptz, now())")})
        SELECT 'customers.customer' AS model, customer_id AS pk, customer.number,
            coalesce(nullif(company, ''), nullif(name, ''), customer.number) AS customer,
            coalesce(now.segment, '') AS segment, coalesce(before.segment, '') AS segment_before,
            1 AS customers, coalesce(now.monetary, 0) AS monetary
        FROM now FULL JOIN before USING (customer_id) JOIN customers_customer AS customer ON customer.id = customer_id
    """  # noqa: S608
    person = (Column("number", _("Number"), Kind.CODE), Column("customer", _("Customer")))
    behind_columns: ClassVar[tuple[Column, ...]] = (*person, CUSTOMERS, SPENT)

    def given(self, question: Question) -> Mapping[str, Any]:
        asked, months = question.period, question.values["months"]
        last = _months_back(asked.last or local_today(), months, whole=bool(asked.whole_months))
        then = Period(_months_back(asked.first, months), last)
        return {**super().given(question), "then_starts_at": then.starts_at, "then_ends_at": then.ends_at}


def _months_back(day: Any, months: int, *, whole: bool = False) -> Any:
    """Return the same day so many months before, or the last day of that month; the end of whole months stays one."""
    if day is None:
        return None
    start, following = month_start(day, -months), month_start(day, 1 - months)
    return following - DAY if whole else min(start + (day.day - 1) * DAY, following - DAY)
