"""Schedules, declared in code: which kind of job is due when, and what becomes of runs that were missed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils import timezone

A_MINUTE = timedelta(minutes=1)


class Missed(StrEnum):
    """What happens to times that passed while nothing ran."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


@dataclass(frozen=True)
class Schedule:
    """Jobs of `kind` are due at the local times of `cron`, in `time_zone`."""

    name: str
    kind: str
    cron: str
    words: Any
    time_zone: str
    missed: Missed
    args: Mapping[str, Any] = field(default_factory=dict)

    def times_after(self, instant: datetime) -> Iterator[datetime]:
        """Yield the naive local times at which it is due after `instant`.

        The times are those of the clock on the wall: one that the clock leaves out falls due when it jumps, one
        that comes twice counts the first time only. So no later time falls due before an earlier one.
        """
        start = instant.astimezone(ZoneInfo(self.time_zone)).replace(second=0, microsecond=0, tzinfo=None)
        for local in croniter(self.cron, start - A_MINUTE).all_next(datetime):
            if self.instant_of(local) > instant:
                yield local

    def instant_of(self, local: datetime) -> datetime:
        """Return the instant of a naive local time, or that of the jump by which the clock leaves it out."""
        zone = ZoneInfo(self.time_zone)
        first, second = (int(local.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
        # A time left out lies after the jump by the offset before it, and before the jump by the offset after it.
        around = range(second, first)
        jump = bisect_left(around, local, key=lambda at: datetime.fromtimestamp(at, zone).replace(tzinfo=None))
        return datetime.fromtimestamp(around.start + jump if around else first, UTC)


_schedules: dict[str, Schedule] = {}


def register(
    *,
    name: str,
    kind: str,
    cron: str,
    words: Any,
    time_zone: str = "",
    missed: Missed = Missed.LATEST,
    args: Mapping[str, Any] | None = None,
) -> None:
    """Declare that jobs of `kind` are due at `cron` (minute hour day month weekday), said in `words`.

    Call it in the `tasks` module of an app, beside the kind. `time_zone` is `settings.TIME_ZONE` if not given.
    The job's key is `name` and the intended local time, so no time runs twice; its body gets that time as the
    argument `due`, such as "2026-03-29T06:00", beside `args`.
    """
    zone = time_zone or settings.TIME_ZONE
    if not croniter.is_valid(cron) or len(cron.split()) != 5:
        raise ImproperlyConfigured(f"Schedule {name}: “{cron}” is no cron expression of five fields.")
    _schedules[name] = Schedule(name, kind, cron, words, zone, missed, dict(args or {}))


def get_schedule(name: str) -> Schedule | None:
    """Return the schedule called `name`, or None when it is declared no more."""
    return _schedules.get(name)


def sync_schedules() -> None:
    """Make the table hold the declared schedules and no other; one whose times changed starts anew, from now."""
    table = apps.get_model("jobs", "JobSchedule").objects
    table.exclude(name__in=_schedules).delete()
    for schedule in _schedules.values():
        fields: dict[str, Any] = {"kind": schedule.kind, "cron": schedule.cron, "time_zone": schedule.time_zone}
        row, _made = table.get_or_create(name=schedule.name, defaults=fields)
        changed = any(getattr(row, name) != value for name, value in fields.items())
        if changed or row.next_due is None:
            fields["next_due"] = schedule.instant_of(next(schedule.times_after(timezone.now())))
        table.filter(pk=row.pk).update(**fields, missed=schedule.missed.value)


def sync_after_migrate(*, using: str = "default", **_kwargs: Any) -> None:
    """Sync once the tables are there; they are not after migrating back."""
    if "jobs_jobschedule" in connections[using].introspection.table_names():
        sync_schedules()
