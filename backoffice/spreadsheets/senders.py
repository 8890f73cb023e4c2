"""Who may send spreadsheets by mail: a list of addresses, or of whole domains as `@miller.example`."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _


def senders_of(listed: str) -> list[str]:
    """Return what a list names, in small letters."""
    return [each for each in re.split(r"[,;\s]+", listed.lower()) if each]


def check_senders(listed: str) -> None:
    """Raise ValidationError for a list that names something else than addresses and domains."""
    for each in senders_of(listed):
        try:
            validate_email(f"any{each}" if each.startswith("@") else each)
        except ValidationError:
            message = _("“%(word)s” is no address. Write buyer@miller.example, or @miller.example for all of a domain.")
            raise ValidationError(message % {"word": each}) from None


def is_listed(sender: str, listed: str) -> bool:
    """Whether a list names the address `sender`, or its domain."""
    return not {sender, f"@{sender.rpartition('@')[2]}"}.isdisjoint(senders_of(listed))
