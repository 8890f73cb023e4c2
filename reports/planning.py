"""Reports that colleagues plan: saving a plan, and who may get what it makes."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.text import slugify

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.jobs.services import adopt_plan
from reports.catalogue import get_report
from reports.catalogue.base import Report
from reports.models import ReportSchedule
from reports.periods import local_today
from reports.services import ask, can_run_report


@service
def plan_report(*, schedule: ReportSchedule, actor: User, now: datetime, reason: str = "") -> ReportSchedule:
    """Save a plan, new or changed, in the name of `actor`: from now on it runs with their rights, at its next time.

    Raises ValidationError when a parameter is wrong, RefusedError when `actor` may not run the report.
    """
    report = get_report(schedule.report)
    require(can_run_report(report, actor))
    ask(report, schedule.parameters, today=local_today(now))
    schedule.name = schedule.name or f"{slugify(schedule.title)[:40]}-{now:%y%m%d%H%M%S%f}"
    adopt_plan(plan=schedule, actor=actor, now=now)
    return schedule


def recipients_for(*reports: Report) -> Sequence[User]:
    """Return the colleagues who may run one of the reports, and so may get it by mail."""
    staff = User.objects.active().order_by("email")
    return [user for user in staff if any(can_run_report(report, user) is None for report in reports)]
