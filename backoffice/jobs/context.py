"""What the body of a job gets: its place in the world, and the ways to stop in time."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from backoffice.jobs.models import Job
from backoffice.jobs.services import prolong_lease

logger = logging.getLogger(__name__)

FENCE = "SELECT 1 FROM jobs_job WHERE id = %s AND token = %s AND state = 'running' FOR KEY SHARE"


class JobCancelled(Exception):
    """Somebody asked the job to stop, and it does."""


class LeaseLost(Exception):
    """Another worker holds the job: what this one has not committed is not wanted any more."""


class JobContext:
    """The running job, for its body. Nothing here queries but `fence`, so call it as often as you like."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = 0
        self.total = 0
        self.phase = ""
        self.phase_began = time.monotonic()
        self.stop_wanted = False
        self.lost = False
        self.problem = ""

    def progress(self, done: int, total: int, phase: Any = "") -> None:
        """Say how far it is, of its `phase` if it has several; the next sign of life tells everybody.

        A `total` of 0 is one that nobody knows. Stops a cancelled job.
        """
        if str(phase) != self.phase:
            self.phase, self.phase_began = str(phase), time.monotonic()
        self.done, self.total = done, total
        self.check_cancelled()

    def told(self) -> dict[str, Any]:
        """Return how far it is, as fields of the job, by the database's clock."""
        since = Now() - timedelta(seconds=time.monotonic() - self.phase_began)
        return {"done": self.done, "total": self.total, "phase": self.phase, "phase_started_at": since}

    def check_cancelled(self) -> None:
        """Raise JobCancelled when somebody asked to stop, LeaseLost when another worker took over."""
        if self.lost:
            raise LeaseLost(str(self.job))
        if self.stop_wanted:
            raise JobCancelled(str(self.job))

    def fence(self) -> None:
        """Inside a transaction: make its commit depend on still being the holder of the job; else LeaseLost.

        The weak row lock lets signs of life pass, and keeps the job from being given to another until the
        transaction ends.
        """
        with connection.cursor() as cursor:
            cursor.execute(FENCE, [self.job.pk, self.job.token])
            if cursor.fetchone() is None:
                raise LeaseLost(str(self.job))

    @contextmanager
    def effect(self) -> Iterator[None]:
        """Commit what is written inside if this worker still holds the job; for bodies that are not atomic."""
        with transaction.atomic():
            self.fence()
            yield

    def report_problem(self, sentence: str) -> None:
        """Let the job end as partly failed, with `sentence` as the reason."""
        self.problem = sentence


class Heartbeat(threading.Thread):
    """Gives signs of life while the body runs, on a connection of its own, so that they commit at once.

    The first comes after an interval: a short job costs no second connection.
    """

    def __init__(self, context: JobContext) -> None:
        super().__init__(name=f"heartbeat of job {context.job.pk}", daemon=True)
        self.context = context
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def end(self) -> None:
        """Give no more signs of life."""
        self.ended.set()
        self.join()

    def run(self) -> None:
        try:
            while not self.ended.wait(settings.JOBS_HEARTBEAT_SECONDS):
                self.beat()
        finally:
            connection.close()

    def beat(self) -> None:
        """Tell how far the job is; learn whether it should stop. A database that is away is asked again later."""
        context = self.context
        try:
            answer = prolong_lease(job=context.job, **context.told())
        except (OperationalError, InterfaceError):
            logger.warning("No sign of life from job %s: the database does not answer", context.job.pk)
            connection.close()
            return
        context.lost = answer is None
        context.stop_wanted = bool(answer)
