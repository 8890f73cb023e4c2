"""What every service shares: all or nothing, and a reason that stands in the history."""

from collections.abc import Callable
from functools import wraps

from django.db import transaction

from backoffice.changes.context import because


def service[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in a transaction, and record its writes under the `reason` that it is called with."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic(), because(str(kwargs.get("reason") or "")):
            return function(*args, **kwargs)

    return run
