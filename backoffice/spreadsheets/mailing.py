"""Mails with a kept file."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from backoffice.accounts.mails import address_of
from backoffice.spreadsheets.kept import KeptFile


def mail_file(
    kept: KeptFile, recipients: Sequence[str], subject: str, *, template: str, context: Mapping[str, Any]
) -> None:
    """Mail what `template` says of a file and the `address` of its page, with the file unless it is too large for mail.

    None of the recipients sees who the others are.
    """
    fits = 0 < (kept.size or 0) <= settings.MAIL_ATTACHMENT_BYTES
    told = {**context, "address": address_of(kept), "attached": fits}
    subject = f"{settings.EMAIL_SUBJECT_PREFIX}{subject}"
    mail = EmailMultiAlternatives(subject, render_to_string(f"{template}.txt", told), bcc=list(recipients))
    mail.attach_alternative(render_to_string(f"{template}.html", told), "text/html")
    if fits:
        mail.attach(kept.filename, kept.path.read_bytes(), "application/octet-stream")
    mail.send()
