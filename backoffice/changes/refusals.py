"""Why something may not be done, in a sentence that says what to do next.

Each action has one `can_<action>(obj, user) -> Refusal | None`. Buttons, bulk actions and imports ask it, and the
service itself asks it again under the lock, so that all of them say the same.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ValidationError

NOT_ALLOWED = "not_allowed"


class HasPermissions(Protocol):
    """A user, seen from below the user model."""

    def has_perm(self, perm: str, obj: Any = None) -> bool: ...


@dataclass(frozen=True)
class Refusal:
    """The sentence that is shown, and a code to tell refusals apart: `not_allowed` is about the person."""

    sentence: str
    code: str = "refused"

    def __str__(self) -> str:
        return self.sentence


class RefusedError(ValidationError):
    """A service would not do it; the message is the refusal's sentence."""


def require(refusal: Refusal | None) -> None:
    """Raise `RefusedError` with the refusal's sentence, if there is one."""
    if refusal is not None:
        raise RefusedError(refusal.sentence, code=refusal.code)


def refuse_if(condition: bool, sentence: str) -> Refusal | None:
    """Return a refusal with `sentence` when `condition` holds."""
    return Refusal(sentence) if condition else None


def lacks(user: HasPermissions | None, permission: str, sentence: str) -> Refusal | None:
    """Return a refusal with `sentence` when `user` has not the permission `app.codename`.

    No user is the system itself: a job, an import or a command, which was allowed to start.
    """
    if user is None or user.has_perm(permission):
        return None
    return Refusal(sentence, code=NOT_ALLOWED)
