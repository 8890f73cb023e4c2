"""Questions asked of jobs and schedules. All of them measure time by the database's clock."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django_q.models import OrmQ

OPEN = ("queued", "running")
LATELY = timedelta(days=7)
A_BREAK = timedelta(minutes=1)
# The kind of job that shows whether a worker does what it is asked.
CANARY = "jobs.canary"
# What could have begun so long ago is late; a long job waits for the long ones before it.
WAIT_AT_MOST = {"default": timedelta(minutes=5), "long": timedelta(hours=2)}
SCHEDULE_GRACE = timedelta(minutes=5)
# A worker reports every few seconds.
SEEN_WITHIN = timedelta(seconds=30)
REPEATABLE = ("failed", "partly_failed", "cancelled", "lost")


class JobQuerySet(models.QuerySet[Any]):
    """Jobs, newest first."""

    def open(self) -> "JobQuerySet":
        """Those that wait or run."""
        return self.filter(state__in=OPEN)

    def repeatable(self) -> "JobQuerySet":
        """Those that ended without doing all of their work."""
        return self.filter(state__in=REPEATABLE)

    def failed(self) -> "JobQuerySet":
        """Those of the last week that ended in a way that somebody should look at."""
        return self.filter(state__in=("failed", "partly_failed", "lost"), finished_at__gte=Now() - LATELY)

    def succeeded(self, kind: str) -> "JobQuerySet":
        """Those of `kind` that did all of their work."""
        return self.filter(kind=kind, state="succeeded")

    def holding_off(self, kind: str) -> "JobQuerySet":
        """Those of `kind` that are under way, and those that failed so lately that another would fail too."""
        failed = models.Q(state__in=REPEATABLE, finished_at__gte=Now() - A_BREAK)
        return self.filter(models.Q(state__in=OPEN) | failed, kind=kind)

    def claimable(self) -> "JobQuerySet":
        """Those that a worker may start now."""
        return self.filter(state="queued", run_after__lte=Now(), attempt__lt=models.F("max_attempts"))

    def held_by(self, token: Any) -> "JobQuerySet":
        """The job that the worker with `token` runs, as long as it still does."""
        return self.filter(state="running", token=token)

    def expired(self) -> "JobQuerySet":
        """Those whose worker gave no sign of life until its lease ended."""
        return self.filter(state="running", lease_until__lt=Now())

    def orphaned(self, *, grace: timedelta) -> "JobQuerySet":
        """Those due whose message is gone or taken, and was sent at least `grace` ago."""
        return (
            self.filter(state="queued", run_after__lte=Now())
            .filter(models.Q(pushed_at=None) | models.Q(pushed_at__lt=Now() - grace))
            .exclude(models.Exists(OrmQ.objects.filter(pk=models.OuterRef("message"), lock__lte=Now())))
        )

    def active_on(self, worker: Any, *, within: timedelta) -> "JobQuerySet":
        """Those that a worker runs, began or ended in the time `within`."""
        lately = Now() - within
        return self.filter(worker=worker).filter(
            models.Q(state="running", lease_until__gte=Now())
            | models.Q(started_at__gte=lately)
            | models.Q(finished_at__gte=lately)
        )

    def late(self) -> "JobQuerySet":
        """Those that could have begun long ago."""
        queues = [models.Q(queue=name, run_after__lt=Now() - most) for name, most in WAIT_AT_MOST.items()]
        return self.filter(queues[0] | queues[1], state="queued")

    def by_queue(self) -> Any:
        """How many jobs of each queue run and how many could, with the time since when the first of these could."""
        ready = models.Q(state="queued", run_after__lte=Now())
        return (
            self.open()
            .order_by()
            .values("queue")
            .annotate(
                running=models.Count("pk", filter=models.Q(state="running")),
                waiting=models.Count("pk", filter=ready),
                oldest=models.Min("run_after", filter=ready),
            )
        )

    def without_canaries(self) -> "JobQuerySet":
        """All but the signs of life that workers are asked for."""
        return self.exclude(kind=CANARY)

    def finished_before(self, *, age: timedelta) -> "JobQuerySet":
        """Those that ended at least `age` ago."""
        return self.filter(finished_at__lt=Now() - age)

    def for_changelist(self) -> "JobQuerySet":
        """All that the list shows."""
        return self.select_related("asked_by", "change_set").defer("traceback", "result")


class JobScheduleQuerySet(models.QuerySet[Any]):
    """Schedules, soonest first."""

    def due(self) -> "JobScheduleQuerySet":
        """Those whose next time has come."""
        return self.filter(paused=False, next_due__lte=Now())

    def for_changelist(self) -> "JobScheduleQuerySet":
        """All that the list shows."""
        return self.select_related("last_job")

    def late(self) -> "JobScheduleQuerySet":
        """Those that were due some minutes ago and did not start, or cannot be read."""
        overdue = models.Q(paused=False, next_due__lt=Now() - SCHEDULE_GRACE)
        return self.filter(overdue | ~models.Q(problem=""))


class WorkerQuerySet(models.QuerySet[Any]):
    """Clusters of processes that take jobs."""

    def alive(self) -> "WorkerQuerySet":
        """Those whose `run_worker` reported lately."""
        return self.filter(seen_at__gte=Now() - SEEN_WITHIN)

    def gone(self, *, age: timedelta) -> "WorkerQuerySet":
        """Those nobody reported for at least `age`."""
        return self.filter(seen_at__lt=Now() - age)

    def proven(self) -> "WorkerQuerySet":
        """Those that gave a sign of life since they were started."""
        return self.filter(answered_at__gte=models.F("started_at"))

    def answered(self) -> "WorkerQuerySet":
        """Those that owe no sign of life."""
        return self.filter(models.Q(asked_at=None) | models.Q(answered_at__gte=models.F("asked_at")))

    def silent(self, *, since: timedelta) -> "WorkerQuerySet":
        """Those that owe one for longer than `since`."""
        owing = models.Q(answered_at=None) | models.Q(answered_at__lt=models.F("asked_at"))
        return self.filter(owing, asked_at__lt=Now() - since)
