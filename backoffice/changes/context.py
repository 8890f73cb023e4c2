"""The change set that writes of this thread belong to, until its block ends."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Protocol


class Actor(Protocol):
    """Whoever acts: a user, seen from below the user model."""

    pk: Any


@dataclass(frozen=True)
class ChangeContext:
    """What the database needs to know to attribute a write; the change set itself is made by the first write."""

    kind: str
    actor_id: int | None = None
    actor_label: str = ""
    reason: str = ""
    source: str = ""
    request_id: str = ""
    undo_of_id: int | None = None
    key: uuid.UUID = field(default_factory=uuid.uuid4)

    def as_json(self) -> str:
        """Return the text that travels to the triggers in the setting `backoffice.context`."""
        return json.dumps(
            {
                "key": str(self.key),
                "kind": self.kind,
                "actor": self.actor_id,
                "actor_label": self.actor_label,
                "reason": self.reason,
                "source": self.source,
                "request_id": self.request_id,
                "undo_of": self.undo_of_id,
            }
        )


_current: ContextVar[ChangeContext | None] = ContextVar("change_context", default=None)


def current_context() -> ChangeContext | None:
    """Return the context that a write made now would be recorded under."""
    return _current.get()


@contextmanager
def recording(
    *,
    kind: str,
    actor: Actor | None = None,
    actor_label: str = "",
    reason: str = "",
    source: str = "",
    request_id: str = "",
    undo_of_id: int | None = None,
    key: uuid.UUID | None = None,
) -> Iterator[ChangeContext]:
    """Record all writes inside under one new change set, however many transactions they take.

    A block inside another one starts a change set of its own. To say more about the one that
    is open, use `describe_change`. With the `key` of a change set that is there already (a job tried
    again), writes join it.
    """
    context = ChangeContext(
        kind=str(kind),
        actor_id=actor.pk if actor is not None else None,
        actor_label=actor_label or (str(actor) if actor is not None and actor.pk else ""),
        reason=reason,
        source=source,
        request_id=request_id,
        undo_of_id=undo_of_id,
        key=key or uuid.uuid4(),
    )
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def describe_change(**known: Any) -> None:
    """Add what became known (`kind`, `reason`, `source` …) to the open change set, before its first write."""
    context = _current.get()
    if context is not None:
        _current.set(replace(context, **known))


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Give the writes inside a reason of their own; they stay in the change set that is open.

    Nothing changes when no change set is open, or the reason is empty.
    """
    context = _current.get()
    if context is None or not reason:
        yield
        return
    token = _current.set(replace(context, reason=reason))
    try:
        yield
    finally:
        _current.reset(token)
