"""Mails to colleagues: a sentence, and a link to the page that it is about."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse


def address_of(page: Any) -> str:
    """Return the whole address of the page of a row."""
    name = f"admin:{page._meta.app_label}_{page._meta.model_name}_change"
    return f"{settings.DESK_URL.rstrip('/')}{reverse(name, args=[page.pk])}"


def tell(recipients: Sequence[str], subject: str, text: str, *, page: Any) -> None:
    """Mail a sentence and a link to colleagues, each of whom sees all the addresses."""
    if recipients:
        EmailMessage(
            f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", f"{text}\n\n{address_of(page)}\n", to=recipients
        ).send()
