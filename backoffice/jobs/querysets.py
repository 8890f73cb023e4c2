"""Questions asked of jobs and schedules. All of them measure time by the database's clock."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django_q.models import OrmQ

OPEN = ("queued", "running")
LATELY = timedelta(days=7)
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
