"""Work that colleagues plan: it runs by itself at times that they chose, with the rights that its owner has then."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.jobs.rhythms import in_words
from backoffice.jobs.schedules import Missed, Schedule


class PlanQuerySet(models.QuerySet[Any]):
    """Plans of one sort."""

    def active(self) -> "PlanQuerySet":
        """Those that are not paused."""
        return self.filter(active=True)

    def due(self, at: datetime) -> "PlanQuerySet":
        """Those that want to run at the instant `at`."""
        return self.active().filter(Q(next_due__isnull=True) | Q(next_due__lte=at))

    def overdue(self, at: datetime) -> "PlanQuerySet":
        """Those whose next run should have arrived by the instant `at`, whether or not it did."""
        allowed = F("due_within") * Value(timedelta(minutes=1))
        return self.active().filter(expected_at__lte=ExpressionWrapper(at - allowed, models.DateTimeField()))

    def did_not_arrive(self) -> "PlanQuerySet":
        """Those whose last run is missing, and those that stopped because of a problem."""
        return self.filter(Q(missing_since__isnull=False, active=True) | ~Q(problem=""))

    def for_changelist(self) -> "PlanQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("owner")


class Plan(TrackedModel):
    """Something that runs by itself; a subclass has an `owner`, and `run_kind` is the kind of the jobs that run it.

    `cron` is read in `settings.TIME_ZONE`. Its jobs get `key` as the argument `schedule`, and the intended local time
    as `due`. `outcome` is what mails say that arrives, or does not.
    """

    run_kind: ClassVar[str]
    outcome: ClassVar[Any]

    title = models.CharField(_("title"), max_length=120)
    cron = models.CharField(_("runs at"), max_length=60)
    due_within = models.PositiveIntegerField(
        _("arrives within"), default=60, help_text=_("Minutes. When it does not, owner and administrators are told.")
    )
    next_due = models.DateTimeField(_("next run"), null=True, blank=True, editable=False)
    expected_at = models.DateTimeField(_("watched for"), null=True, blank=True, editable=False)
    missing_since = models.DateTimeField(_("did not arrive"), null=True, blank=True, editable=False)
    problem = models.CharField(_("problem"), max_length=300, blank=True, editable=False)
    active = models.BooleanField(_("active"), default=True)

    history_excluded = ("next_due", "expected_at", "missing_since")
    history_words = {"cron": in_words}

    class Meta(TrackedModel.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        """What its jobs call it."""
        return str(self.pk)

    @property
    def words(self) -> str:
        """When it runs, in words."""
        return str(in_words(self.cron))

    @property
    def times(self) -> Schedule:
        """The times at which it is due; of those that were missed, the latest counts."""
        return Schedule(self.key, self.run_kind, self.cron, self.words, settings.TIME_ZONE, Missed.LATEST)

    def instant(self, due: str) -> datetime:
        """Return the instant of an intended local time, as its jobs get it."""
        return self.times.instant_of(datetime.fromisoformat(due))

    def next_times(self, after: datetime, count: int) -> list[datetime]:
        """Return the next `count` instants at which it is due."""
        return [self.times.instant_of(local) for local in islice(self.times.times_after(after), count)]

    def has_arrived(self, *, since: datetime) -> bool:
        """Whether a run that was meant for `since`, or a later one, arrived."""
        raise NotImplementedError
