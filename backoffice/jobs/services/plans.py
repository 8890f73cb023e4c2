"""What happens to work that colleagues planned: it is put in force, started when it is due, missed, or stopped."""

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.mails import tell
from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, refuse_if, require
from backoffice.jobs.clock import database_now
from backoffice.jobs.models import Job
from backoffice.jobs.plans import Plan
from backoffice.jobs.services.planning import due_times
from backoffice.jobs.services.queue import enqueue_job


def sorts_of_plans() -> list[Any]:
    """Return the models of plans that there are."""
    return [model for model in apps.get_models() if issubclass(model, Plan)]


@transaction.atomic
def adopt_plan(*, plan: Plan, actor: User, now: datetime) -> None:
    """Save a plan in the name of `actor`: from now on it runs with their rights, at its next time."""
    plan.owner, plan.problem = actor, ""  # type: ignore[attr-defined]
    (plan.next_due,) = plan.next_times(now, 1)
    plan.expected_at, plan.missing_since = plan.next_due, None
    plan.save()


def enqueue_due_plans(*, now: datetime) -> int:
    """Enqueue what is planned for now, each plan in a transaction of its own; return how many jobs.

    A plan whose times cannot be read stops, and the others go on.
    """
    enqueued = 0
    for model in sorts_of_plans():
        for pk in model.objects.due(now).values_list("pk", flat=True):
            try:
                enqueued += _enqueue_due(model, pk, now)
            except (ValueError, LookupError) as error:
                stop_plan(plan=model.objects.get(pk=pk), problem=str(error))
    return enqueued


@transaction.atomic
def _enqueue_due(model: Any, pk: int, now: datetime) -> int:
    plan = model.objects.due(now).select_for_update(skip_locked=True).filter(pk=pk).first()
    if plan is None:
        return 0
    due, upcoming = due_times(plan.times, first=plan.next_due or now, now=now)
    for local in due:
        at = local.isoformat(timespec="minutes")
        enqueue_job(kind=plan.run_kind, key=f"{plan.key} {at}", args={"schedule": plan.key, "due": at})
    model.objects.filter(pk=pk).update(next_due=plan.times.instant_of(upcoming))
    return len(due)


@transaction.atomic
def stop_plan(*, plan: Any, problem: str) -> None:
    """Let the plan run no more, and tell its owner and the administrators; whoever saves it again takes it over."""
    stopped = type(plan).objects.filter(pk=plan.pk, active=True).update(active=False, problem=problem[:300])
    if stopped:
        subject = _("The %(what)s “%(title)s” runs no more") % {"what": plan.outcome, "title": plan.title}
        text = _("%(problem)s Open it, choose what is right and save it: it then runs in your name.")
        tell(told_of(plan), subject, text % {"problem": problem}, page=plan)


@transaction.atomic
def watch_plans(*, now: datetime) -> int:
    """Tell owners and administrators of what did not arrive in time, once each; return how many did not."""
    late = 0
    for model in sorts_of_plans():
        plans = model.objects.active().select_related("owner").select_for_update(of=("self",), skip_locked=True)
        for plan in plans.order_by("pk"):
            late += _watch(plan, now - timedelta(minutes=plan.due_within), now)
    return late


def _watch(plan: Any, by: datetime, now: datetime) -> int:
    this = type(plan).objects.filter(pk=plan.pk)
    if plan.expected_at is None or plan.expected_at > by:
        if plan.expected_at is None:
            this.update(expected_at=plan.next_times(now, 1)[0])
        return 0
    due, upcoming = due_times(plan.times, first=plan.expected_at, now=by)
    at = plan.times.instant_of(due[-1]) if due else now
    known = plan.missing_since is not None and plan.missing_since >= at
    missing = bool(due) and not known and not plan.has_arrived(since=at)
    fields: dict[str, Any] = {"expected_at": plan.times.instant_of(upcoming)}
    if missing:
        fields["missing_since"] = at
        subject = _("The %(what)s “%(title)s” did not arrive") % {"what": plan.outcome, "title": plan.title}
        text = _("It was due at %(due)s and is not there. Its page says what happened; a failed run can be run again.")
        tell(told_of(plan), subject, text % {"due": f"{due[-1]:%H:%M, %d %b %Y}"}, page=plan)
    this.update(**fields)
    return int(missing)


def told_of(plan: Any) -> list[str]:
    """Return the addresses of those who are told when something is wrong with a plan."""
    owner = [plan.owner.email] if plan.owner and plan.owner.is_active else []
    return sorted({*User.objects.administrators().values_list("email", flat=True), *owner})


def note_arrival(*, plan: Any, intended_for: datetime) -> None:
    """What was missing is there."""
    type(plan).objects.filter(pk=plan.pk, missing_since__lte=intended_for).update(missing_since=None)


@transaction.atomic
def note_failure(*, plan: Any, intended_for: datetime) -> None:
    """What was meant for then will not come by itself; whoever notes it tells of it, and the watch does not."""
    type(plan).objects.filter(pk=plan.pk).update(missing_since=intended_for)


def tell_of_failure(*, plan: Any, error: str) -> None:
    """Tell the owner and the administrators that a run failed."""
    subject = _("The %(what)s “%(title)s” failed") % {"what": plan.outcome, "title": plan.title}
    text = _("%(error)s Run “%(title)s” again once that is put right.") % {"error": error, "title": plan.title}
    tell(told_of(plan), subject, text, page=plan)


def can_run_plan(plan: Plan, user: User | None = None) -> Refusal | None:
    """Whether it may run now."""
    return refuse_if(not plan.active, _("“%(title)s” is paused. Let it go on first.") % {"title": plan.title})


def can_pause_plan(plan: Plan, user: User | None = None) -> Refusal | None:
    """Whether it may be paused."""
    return refuse_if(not plan.active, _("“%(title)s” is paused already.") % {"title": plan.title})


def can_resume_plan(plan: Plan, user: User | None = None) -> Refusal | None:
    """Whether it may go on; one that a problem stopped has to be put right, and saved, first."""
    stopped = _("“%(title)s” stopped: put right what is wrong on its page, and save it.") % {"title": plan.title}
    running = _("“%(title)s” is not paused.") % {"title": plan.title}
    return refuse_if(bool(plan.problem), stopped) or refuse_if(plan.active, running)


@transaction.atomic
def run_plan(*, plan: Any, actor: User) -> Job:
    """Enqueue a run for this moment, with the rights of the plan's owner; its next time stays as it is."""
    require(can_run_plan(_lock(plan), actor))
    due = timezone.localtime(database_now()).replace(tzinfo=None).isoformat(timespec="seconds")
    args = {"schedule": plan.key, "due": due}
    return enqueue_job(kind=plan.run_kind, key=f"{plan.key} {due}", args=args, asked_by=actor)


@transaction.atomic
def pause_plan(*, plan: Any, actor: User) -> None:
    """Let its times pass without a run."""
    require(can_pause_plan(_lock(plan), actor))
    type(plan).objects.filter(pk=plan.pk).update(active=False)


@transaction.atomic
def resume_plan(*, plan: Any, actor: User) -> None:
    """Let it go on at its next time; those that passed while it was paused are not made up for."""
    require(can_resume_plan(_lock(plan), actor))
    (upcoming,) = plan.next_times(database_now(), 1)
    type(plan).objects.filter(pk=plan.pk).update(
        active=True, next_due=upcoming, expected_at=upcoming, missing_since=None
    )


def _lock(plan: Any) -> Any:
    return type(plan).objects.select_for_update().get(pk=plan.pk)
