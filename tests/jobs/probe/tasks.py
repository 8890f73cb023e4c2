"""Found by the worker, as the tasks of every app are."""

from tests.jobs import kinds

__all__ = ["kinds"]
