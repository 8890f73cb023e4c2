"""Rows that are never taken back themselves: an opposite row takes back what they did."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Compensated:
    """How many opposite rows take back a change set, and which rows cannot be, each (primary key, sentence)."""

    rows: int = 0
    refusals: list[tuple[Any, str]] = field(default_factory=list)


class Compensation(Protocol):
    """What `UndoRules.compensate` names: a function of the change set and of all undos of it, and of those.

    What counts is the sum over all these: a set that was undone already adds up to nothing, and the undo of an undo
    does again what the set did. With `write` the opposite rows are written, but for those refused; without, they are
    only told. The caller holds a transaction, and no locks on what the rows are about.
    """

    def __call__(self, *, change_sets: list[int], write: bool) -> Compensated: ...
