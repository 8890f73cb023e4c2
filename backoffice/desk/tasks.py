"""Undo that takes longer than a page should wait."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import User
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.jobs.context import JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.registry import job
from backoffice.jobs.services import enqueue_job

UNDO = "changes.undo"
# So many objects are undone while the page waits.
LARGE = 5_000


def latest_undo(change_set: ChangeSet) -> Job | None:
    """Return the newest background job that undoes this change set."""
    return Job.objects.filter(kind=UNDO, key__startswith=f"{change_set.pk}:").order_by("-pk").first()


def request_undo(*, change_set: ChangeSet, actor: User, **asked: Any) -> Job:
    """Ask for an undo in the background; while one is open, that is it."""
    newest = latest_undo(change_set)
    if newest is not None and newest.is_open:
        return newest
    key = f"{change_set.pk}:{newest.pk if newest else 0}"
    return enqueue_job(kind=UNDO, key=key, args={"pk": change_set.pk, "actor": actor.pk, **asked}, asked_by=actor)


@job(kind=UNDO, title=_("Undo a change"), time_limit=3600)
def undo_in_background(context: JobContext, *, pk: int, actor: int, **asked: Any) -> dict[str, Any]:
    """Undo a large change set."""
    undo = undo_change_set(
        change_set=ChangeSet.objects.get(pk=pk),
        actor=User.objects.get(pk=actor),
        progress=context.progress,
        **asked,
    )
    return {"change_set": undo.pk}
