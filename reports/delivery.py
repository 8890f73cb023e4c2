"""Sending what came out of a run, telling of what failed, and running it again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.mails import tell
from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, refuse_if, require
from backoffice.jobs.services import enqueue_job, told_of
from reports.catalogue import get_report
from reports.mails import nothing_to_send, send_report
from reports.models import ReportRun
from reports.services import can_run_report

PRODUCE = "reports.produce_run"
DELIVER = "reports.deliver_run"


@transaction.atomic
def deliver_run(*, run: ReportRun) -> str:
    """Mail a run to those recipients of its schedule who may run the report now; return what became of it.

    A run is delivered once.
    """
    run = ReportRun.objects.select_related("schedule", "requested_by").select_for_update(of=("self",)).get(pk=run.pk)
    if run.delivered_at is not None:
        return run.delivery
    outcome = nothing_to_send(run)
    if not outcome:
        report = get_report(run.report)
        known = User.objects.active().filter(email__in=run.recipients).order_by("email")
        permitted = [user.email for user in known if can_run_report(report, user) is None]
        if permitted:
            send_report(run, permitted)
        outcome = ", ".join(permitted) or _("not sent: none of the recipients may run the report")
    ReportRun.objects.filter(pk=run.pk).update(delivery=outcome[:300], delivered_at=timezone.now())
    return outcome


def tell_of_failure(*, run: ReportRun) -> None:
    """Tell the owner of a schedule and the administrators that a run of it failed."""
    if run.schedule is None:
        return
    subject = _("The report “%(title)s” failed") % {"title": run.schedule}
    text = _("%(error)s Open the run and choose “Run again” once that is put right.") % {"error": run.error}
    tell(told_of(run.schedule), subject, text, page=run)


def can_run_again(run: ReportRun, user: User | None) -> Refusal | None:
    """Whether the run failed, so that there is something to run again."""
    return refuse_if(run.state != ReportRun.State.FAILED, _("Only a run that failed can be run again."))


@transaction.atomic
def run_again(*, run: ReportRun) -> None:
    """Queue a failed run again, with the dates that it had; of two clicks the second is refused."""
    require(can_run_again(ReportRun.objects.select_for_update(of=("self",)).get(pk=run.pk), None))
    ReportRun.objects.filter(pk=run.pk).update(state=ReportRun.State.QUEUED, error="")
    enqueue_job(kind=PRODUCE, args={"run": run.pk})
