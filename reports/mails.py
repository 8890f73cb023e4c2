"""Mails with reports, and whether one is sent."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.spreadsheets.mailing import mail_file
from reports.formats import in_words
from reports.models import ReportRun


def send_report(run: ReportRun, recipients: Sequence[str]) -> None:
    """Mail the head of a report, its totals and a link; its file too, unless that is too large for mail."""
    totals = [(column, run.totals[column.name]) for column in run.columns if column.name in run.totals]
    context = {
        "run": run,
        "heads": run.columns,
        "totals": [(column.label, in_words(total, column)) for column, total in totals],
        "more": (run.row_count or 0) - len(run.first_rows),
    }
    mail_file(run, recipients, f"{run.schedule or run.title}: {run.period}", template="reports/mail", context=context)


def nothing_to_send(run: ReportRun) -> str:
    """Return why the schedule of a run wants no mail of it; empty when it wants one."""
    plan = run.schedule
    if plan is None or not run.recipients:
        return _("nobody asked for it")
    if plan.only_with_data and not run.row_count:
        return _("not sent: there is no data")
    if plan.alert_figure and not _alerts(run):
        return _("not sent: the total is not one to be told of")
    return ""


def _alerts(run: ReportRun) -> bool:
    plan: Any = run.schedule
    total = Decimal(run.totals.get(plan.alert_figure) or 0)
    return bool(total > plan.alert_value if plan.alert_when == "above" else total < plan.alert_value)
