"""Settings of spreadsheets that cannot be followed stop the program."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.spreadsheets.places import UnusableAddress, place

PLACES = ("SPREADSHEET_WATCH_FOLDER", "EXPORT_FOLDER")


def check_places(**_kwargs: Any) -> list[CheckMessage]:
    """Check that each address of a place names one; whether it is there, shows when it is used."""
    return [Error(f"{name}: {why}", id="spreadsheets.E001") for name in PLACES if (why := _unusable(name))]


def _unusable(name: str) -> str:
    """Return why the setting names no place; nothing if it does, or is left empty."""
    address = getattr(settings, name)
    try:
        if address:
            place(address)
    except UnusableAddress as error:
        return str(error)
    return ""
