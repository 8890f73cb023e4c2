"""Telling how far an import is, to whoever waits for it."""

from collections.abc import Callable
from typing import Any

# Called now and then with the phase in words, how many of its rows are done, and of how many (0 if nobody knows).
# What it raises stops the work: nothing is kept.
type Watch = Callable[[Any, int, int], None]


def unwatched(_phase: Any, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""
