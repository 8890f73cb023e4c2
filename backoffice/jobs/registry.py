"""What kinds of jobs there are: one decorated function each, in the `tasks` module of its app."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

MAX_TIME_LIMIT = 7200
DEFAULT, LONG = "default", "long"
LONG_SECONDS = 600
KEPT = timedelta(days=90)
TRANSIENT: tuple[type[Exception], ...] = (OperationalError, InterfaceError, OSError)

Body = TypeVar("Body", bound=Callable[..., Any])


class UnknownKind(LookupError):
    """No code is declared for a kind of job."""


@dataclass(frozen=True)
class JobKind:
    """How jobs of one kind run; `time_limit` is in seconds. Those that succeeded are `kept` for so long.

    One is enqueued as soon as `wanted` says that there is something to do.
    """

    name: str
    body: Callable[..., Any]
    title: Any
    max_attempts: int
    time_limit: int
    retry_on: tuple[type[Exception], ...]
    atomic: bool
    kept: timedelta
    wanted: Callable[[], bool] | None

    @property
    def queue(self) -> str:
        """Which cluster runs them: what may take longer than ten minutes does not hold up what is quick."""
        return LONG if self.time_limit > LONG_SECONDS else DEFAULT


_kinds: dict[str, JobKind] = {}


def job(
    *,
    kind: str,
    title: Any = "",
    max_attempts: int = 3,
    time_limit: int = 600,
    retry_on: tuple[type[Exception], ...] = TRANSIENT,
    atomic: bool = True,
    kept: timedelta = KEPT,
    wanted: Callable[[], bool] | None = None,
) -> Callable[[Body], Body]:
    """Declare the decorated function as the body of the jobs of `kind`, written `app.verb_noun`.

    It is called with a `JobContext` and the job's arguments as keywords, and returns plain values (or None),
    which are kept as the job's result. With `atomic`, all that it writes commits together with the job's
    success, once. Without, it commits as it goes, each time in `with context.effect():`.
    An error of `retry_on` is tried again, with growing pauses; a crash of the worker always is; any other
    error fails the job at once. Attempts count before the body runs. With a `time_limit` of more than ten minutes
    the jobs run on the cluster `long`. A kind that is due every minute is `kept` for
    minutes, so that it does not bury the others. `wanted` is asked every two seconds, by one cheap query, for work
    that should not wait for a time.
    """
    if not 0 < time_limit <= MAX_TIME_LIMIT or max_attempts < 1:
        raise ImproperlyConfigured(f"Job {kind}: give it 1 to {MAX_TIME_LIMIT} seconds and at least one attempt.")

    def declare(body: Body) -> Body:
        if kind in _kinds and _kinds[kind].body.__module__ != body.__module__:
            raise ImproperlyConfigured(f"Job {kind} is declared in two places.")
        limits = (max_attempts, time_limit, retry_on, atomic, kept)
        _kinds[kind] = JobKind(kind, body, title or kind, *limits, wanted)
        return body

    return declare


def get_kind(name: str) -> JobKind:
    """Return the kind called `name`."""
    if name not in _kinds:
        raise UnknownKind(f"No job of kind “{name}” is declared. Known: {', '.join(sorted(_kinds)) or 'none'}.")
    return _kinds[name]


def all_kinds() -> list[JobKind]:
    """Return every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]
