"""Mails about reports: the report itself, and what went wrong."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from reports.formats import in_words
from reports.models import ReportRun


def address_of(page: Any) -> str:
    """Return the whole address of the page of a row."""
    name = f"admin:{page._meta.app_label}_{page._meta.model_name}_change"
    return f"{settings.DESK_URL.rstrip('/')}{reverse(name, args=[page.pk])}"


def tell(recipients: Sequence[str], subject: str, text: str, *, page: Any) -> None:
    """Mail a sentence and a link to colleagues, each of whom sees all the addresses."""
    if recipients:
        EmailMessage(
            f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", f"{text}\n\n{address_of(page)}\n", to=recipients
        ).send()


def send_report(run: ReportRun, recipients: Sequence[str]) -> None:
    """Mail the head of a report, its totals and a link; its file too, unless that is too large for mail."""
    totals = [(column, run.totals[column.name]) for column in run.columns if column.name in run.totals]
    fits = 0 < (run.size or 0) <= settings.REPORT_ATTACHMENT_BYTES
    context = {
        "run": run,
        "heads": run.columns,
        "totals": [(column.label, in_words(total, column)) for column, total in totals],
        "more": (run.row_count or 0) - len(run.first_rows),
        "address": address_of(run),
        "attached": fits,
    }
    subject = f"{settings.EMAIL_SUBJECT_PREFIX}{run.schedule or run.title}: {run.period}"
    mail = EmailMultiAlternatives(subject, render_to_string("reports/mail.txt", context), bcc=list(recipients))
    mail.attach_alternative(render_to_string("reports/mail.html", context), "text/html")
    if fits:
        mail.attach(run.filename, run.path.read_bytes(), "application/octet-stream")
    mail.send()


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
