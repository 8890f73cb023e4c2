"""What undoing may do to the rows of a model; the model says it in its `undo_rules`."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

RESTORE, RECREATE, REMOVE = "restore", "recreate", "remove"
ACTIONS = (RESTORE, RECREATE, REMOVE)


@dataclass(frozen=True)
class UndoRefusal:
    """Rows that undoing leaves alone, with the sentence that says what to do instead.

    `actions` are those refused. `when` narrows it to rows that match now (or, for one that is to be created again,
    matched when it was deleted), by columns of its own. `unless_with` names a foreign key: the row may be removed or
    created again together with the row it points to. An empty sentence lets the row stay without a word.
    """

    sentence: Any = ""
    actions: tuple[str, ...] = ACTIONS
    when: Q | None = None
    unless_with: str = ""


@dataclass(frozen=True)
class UndoRules:
    """How rows of one model are undone. Without rules: every column comes back.

    `keeps` are the fields that services alone write (stock, money, states): they are never restored, and what happens
    to them is no conflict. With `keeps_sentence`, a change of them is a refusal that says so; without it, nothing is
    said, since something else takes it back. A row has no such fields while one of `unless`, (field, value), holds:
    before the change, after it, and now.

    `compensate` is the dotted path of a `undo.compensation.Compensation`, which takes back the rows of the model by
    opposite ones instead. `afterwards` is the dotted path of a function that is called with `change_set=` (the undo)
    when rows of the model were written, to bring derived figures up to date.
    """

    keeps: tuple[str, ...] = ()
    keeps_sentence: Any = ""
    unless: tuple[tuple[str, Any], ...] = ()
    refusals: tuple[UndoRefusal, ...] = ()
    compensate: str = ""
    afterwards: str = ""
