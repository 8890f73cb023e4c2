"""Jobs of the kernel whose work stands below the package of jobs."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.changes.sealing.services import seal_history
from backoffice.jobs.context import JobContext
from backoffice.jobs.registry import job
from backoffice.jobs.schedules import Missed, register


@job(kind="changes.seal_history", title=_("Seal the history"), atomic=False, max_attempts=1, kept=timedelta(minutes=5))
def seal(context: JobContext, *, due: str = "") -> dict[str, Any]:
    """Seal what was written in the last minutes: in transactions of its own, that nobody waits for."""
    return {"rows": seal_history()}


register(
    name="seal history",
    kind="changes.seal_history",
    cron="* * * * *",
    words=_("every minute"),
    missed=Missed.SKIP,
)
