"""What tests of undo share: a change set of one's own, and its undo."""

from collections.abc import Callable
from typing import Any

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set


def recorded(write: Callable[[], Any], **known: Any) -> ChangeSet:
    """Return the change set of what `write` writes."""
    with recording(**{"kind": "form"} | known) as context:
        write()
    return ChangeSet.objects.get(key=context.key)


def changing(row: Any, **fields: Any) -> ChangeSet:
    """Return the change set of an update of one row."""
    return recorded(lambda: type(row).objects.filter(pk=row.pk).update(**fields))


def undone(change_set: ChangeSet, **asked: Any) -> ChangeSet:
    """Undo a change set, as the system itself; return the undo."""
    return undo_change_set(change_set=change_set, actor=None, **asked)
