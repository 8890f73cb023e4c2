"""Reports that colleagues plan: saving a plan, starting what is due, and noticing what did not arrive."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.accounts.roles import ADMINISTRATOR
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.jobs.services import enqueue_job
from backoffice.jobs.services.planning import due_times
from reports.catalogue import get_report
from reports.catalogue.base import Report
from reports.mails import tell
from reports.models import ReportRun, ReportSchedule
from reports.periods import local_today
from reports.services import ask, can_run_report

SCHEDULED = "reports.run_schedule"


@service
def plan_report(*, schedule: ReportSchedule, actor: User, now: datetime, reason: str = "") -> ReportSchedule:
    """Save a plan, new or changed, in the name of `actor`: from now on it runs with their rights, at its next time.

    Raises ValidationError when a parameter is wrong, RefusedError when `actor` may not run the report.
    """
    report = get_report(schedule.report)
    require(can_run_report(report, actor))
    ask(report, schedule.parameters, today=local_today(now))
    schedule.owner, schedule.problem = actor, ""
    schedule.name = schedule.name or f"{slugify(schedule.title)[:40]}-{now:%y%m%d%H%M%S%f}"
    (schedule.next_due,) = schedule.next_times(now, 1)
    schedule.expected_at, schedule.missing_since = schedule.next_due, None
    schedule.save()
    return schedule


def recipients_for(*reports: Report) -> Sequence[User]:
    """Return the colleagues who may run one of the reports, and so may get it by mail."""
    staff = User.objects.active().order_by("email")
    return [user for user in staff if any(can_run_report(report, user) is None for report in reports)]


def administrators() -> list[str]:
    """Return the addresses of those who look after the desk."""
    chosen = User.objects.active().filter(Q(groups__name=ADMINISTRATOR) | Q(is_superuser=True))
    return sorted(set(chosen.values_list("email", flat=True)))


def enqueue_due_reports(*, now: datetime) -> int:
    """Enqueue the reports that are due, each plan in a transaction of its own; return how many.

    A plan whose times cannot be read stops, and the others go on.
    """
    enqueued = 0
    for pk in ReportSchedule.objects.due(now).values_list("pk", flat=True):
        try:
            enqueued += _enqueue_due(pk, now)
        except (ValueError, LookupError) as error:
            stop_plan(schedule=ReportSchedule.objects.get(pk=pk), problem=str(error))
    return enqueued


@transaction.atomic
def _enqueue_due(pk: int, now: datetime) -> int:
    plan = ReportSchedule.objects.due(now).select_for_update(skip_locked=True).filter(pk=pk).first()
    if plan is None:
        return 0
    due, upcoming = due_times(plan.times, first=plan.next_due or now, now=now)
    for local in due:
        at = local.isoformat(timespec="minutes")
        enqueue_job(kind=SCHEDULED, key=f"{plan.name} {at}", args={"schedule": plan.name, "due": at})
    ReportSchedule.objects.filter(pk=pk).update(next_due=plan.times.instant_of(upcoming))
    return len(due)


@transaction.atomic
def stop_plan(*, schedule: ReportSchedule, problem: str) -> None:
    """Let the plan run no more, and tell its owner and the administrators; whoever saves it again takes it over."""
    stopped = ReportSchedule.objects.filter(pk=schedule.pk, active=True).update(active=False, problem=problem[:300])
    if stopped:
        subject = _("The report “%(title)s” runs no more") % {"title": schedule.title}
        text = _("%(problem)s Open it, choose what is right and save it: it then runs in your name.")
        tell(_told(schedule), subject, text % {"problem": problem}, page=schedule)


@transaction.atomic
def watch_plans(*, now: datetime) -> int:
    """Tell owners and administrators of reports that did not arrive in time, once each; return how many did not."""
    late = 0
    plans = ReportSchedule.objects.active().select_related("owner").select_for_update(of=("self",), skip_locked=True)
    for plan in plans.order_by("pk"):
        late += _watch(plan, now - timedelta(minutes=plan.due_within), now)
    return late


def _watch(plan: ReportSchedule, by: datetime, now: datetime) -> int:
    if plan.expected_at is None or plan.expected_at > by:
        if plan.expected_at is None:
            ReportSchedule.objects.filter(pk=plan.pk).update(expected_at=plan.next_times(now, 1)[0])
        return 0
    due, upcoming = due_times(plan.times, first=plan.expected_at, now=by)
    missing = bool(due) and not _has_arrived(plan, plan.times.instant_of(due[-1]))
    fields: dict[str, Any] = {"expected_at": plan.times.instant_of(upcoming)}
    if missing:
        fields["missing_since"] = plan.times.instant_of(due[-1])
        subject = _("The report “%(title)s” did not arrive") % {"title": plan.title}
        text = _("It was due at %(due)s and is not there. Its page says what happened; a failed run can be run again.")
        tell(_told(plan), subject, text % {"due": f"{due[-1]:%H:%M, %d %b %Y}"}, page=plan)
    ReportSchedule.objects.filter(pk=plan.pk).update(**fields)
    return int(missing)


def _told(plan: ReportSchedule) -> list[str]:
    return sorted({*administrators(), *([plan.owner.email] if plan.owner and plan.owner.is_active else [])})


def _has_arrived(plan: ReportSchedule, at: datetime) -> bool:
    return bool(plan.runs.succeeded().filter(intended_for__gte=at).exists())


def note_arrival(*, run: ReportRun) -> None:
    """A report that was missing is there."""
    missed = ReportSchedule.objects.filter(runs=run, missing_since__lte=run.intended_for)
    missed.update(missing_since=None)
