"""Mails that tell of notes."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.jobs.context import JobContext
from backoffice.jobs.registry import job
from backoffice.notes.services import SEND_MAIL, send_mail


@job(kind=SEND_MAIL, title=_("Send a mail"), max_attempts=5)
def send(context: JobContext, *, mail: int) -> dict[str, Any]:
    """Send one mail."""
    return {"sent": send_mail(mail_id=mail)}
