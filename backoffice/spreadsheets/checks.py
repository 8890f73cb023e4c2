"""Settings of spreadsheets that cannot be followed stop the program."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.spreadsheets.addresses import UnusableAddress
from backoffice.spreadsheets.mailboxes import mailbox_address
from backoffice.spreadsheets.places import place

ADDRESSES: dict[str, Callable[[str], object]] = {
    "SPREADSHEET_WATCH_FOLDER": place,
    "EXPORT_FOLDER": place,
    "SPREADSHEET_MAILBOX": mailbox_address,
}


def check_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """Check that each address names something; whether it is there, shows when it is used."""
    return [Error(f"{name}: {why}", id="spreadsheets.E001") for name in ADDRESSES if (why := _unusable(name))]


def _unusable(name: str) -> str:
    """Return why the address of a setting cannot be followed; nothing if it can, or is left empty."""
    address = getattr(settings, name)
    try:
        if address:
            ADDRESSES[name](address)
    except UnusableAddress as error:
        return str(error)
    return ""
