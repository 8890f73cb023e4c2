"""How the jobs are doing, in words: what is late, how long the oldest waits, which workers live."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs.clock import database_now
from backoffice.jobs.models import Job, JobSchedule, Worker
from backoffice.jobs.querysets import SEEN_WITHIN, WAIT_AT_MOST
from backoffice.jobs.registry import DEFAULT, LONG
from backoffice.jobs.services import is_frozen

TITLES = {DEFAULT: gettext_lazy("Quick jobs"), LONG: gettext_lazy("Long jobs")}


@dataclass(frozen=True)
class Finding:
    """A sentence about something that is not as it should be; `red` stops work, amber slows it."""

    sentence: str
    tone: str


@dataclass(frozen=True)
class WorkerState:
    """A worker and what there is to say of it."""

    worker: Worker
    sentence: str
    tone: str

    @property
    def works(self) -> bool:
        """Whether it takes jobs."""
        return self.tone == "green"


@dataclass(frozen=True)
class QueueState:
    """One queue: how much waits and runs, since when the oldest waits, and who works on it."""

    name: str
    title: str
    waiting: int = 0
    running: int = 0
    oldest: datetime | None = None
    workers: list[WorkerState] = field(default_factory=list)


def queue_states() -> list[QueueState]:
    """Return the state of each queue."""
    now = database_now()
    jobs = {row["queue"]: row for row in Job.objects.by_queue()}
    workers = list(Worker.objects.all())
    return [
        QueueState(
            name=name,
            title=str(title),
            workers=[_worker_state(worker, now) for worker in workers if worker.queue == name],
            **{key: value for key, value in jobs.get(name, {}).items() if key != "queue"},
        )
        for name, title in TITLES.items()
    ]


def _worker_state(worker: Worker, now: datetime) -> WorkerState:
    if now - worker.seen_at > SEEN_WITHIN:
        gone = _("It is gone since %(time)s without a word.") % {"time": clock(worker.seen_at)}
        return WorkerState(worker, gone, "grey")
    patience = timedelta(seconds=settings.JOBS_CANARY_SECONDS)
    if worker.asked_at and is_frozen(worker=worker.pk, patience=patience):
        silent = _("It does not answer since %(time)s and is being started again.") % {"time": clock(worker.asked_at)}
        return WorkerState(worker, silent, "red")
    if worker.answered_at is None:
        return WorkerState(worker, _("It is starting."), "green")
    return WorkerState(worker, _("It lives: last sign at %(time)s.") % {"time": clock(worker.answered_at)}, "green")


def findings(queues: list[QueueState]) -> list[Finding]:
    """Return what is not as it should be, the worst first."""
    found = [*_idle_queues(queues), *_late_schedules(), *_long_waits(queues)]
    return sorted(found, key=lambda finding: finding.tone != "red")


def _idle_queues(queues: list[QueueState]) -> Iterator[Finding]:
    for queue in queues:
        if any(state.works for state in queue.workers):
            continue
        silent = next((state for state in queue.workers if state.tone == "red"), None)
        reason = silent.sentence if silent else _("No worker is there: start one with “manage.py run_worker”.")
        sentence = _("%(queue)s do not start. %(reason)s") % {"queue": queue.title, "reason": reason}
        yield Finding(sentence, "red")


def _late_schedules() -> Iterator[Finding]:
    for row in JobSchedule.objects.late():
        if row.problem:
            sentence = _("The schedule “%(name)s” is broken: %(problem)s") % {"name": row, "problem": row.problem}
        else:
            asked: dict[str, Any] = {"name": row, "time": clock(row.next_due)}
            sentence = _("“%(name)s” was due at %(time)s and did not start.") % asked
        yield Finding(sentence, "red")


def _long_waits(queues: list[QueueState]) -> Iterator[Finding]:
    now = database_now()
    for queue in queues:
        if queue.oldest is not None and now - queue.oldest > WAIT_AT_MOST[queue.name]:
            told = {"queue": queue.title, "time": timesince(queue.oldest, now, depth=1)}
            yield Finding(_("%(queue)s are behind: the oldest waits for %(time)s.") % told, "amber")


def clock(at: datetime) -> str:
    """Return a time of this desk as one says it: without its day when that is today."""
    here = localtime(at)
    return date_format(here, "H:i" if here.date() == localtime().date() else "j M, H:i")


def stopped() -> list[str]:
    """Return the sentences for which somebody should be woken."""
    return [finding.sentence for finding in findings(queue_states()) if finding.tone == "red"]
