"""The sheets of a workbook."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import UnreadableFile


class SheetEntry(NamedTuple):
    """A sheet as the workbook lists it, and where it is: a part's path, or its place."""

    name: str
    where: str
    visible: bool


def chosen_sheets(entries: Sequence[SheetEntry], name: str | None) -> list[SheetEntry]:
    """Return the sheet of that name, or the visible ones; refuse a workbook that has none."""
    found = [entry for entry in entries if (entry.name == name if name else entry.visible)]
    if found:
        return found
    if not name:
        raise UnreadableFile(_("The workbook has no visible sheet. Show the sheet to be read."), code="sheet")
    names = ", ".join(entry.name for entry in entries)
    message = _("The workbook has no sheet named “%(name)s”. It has: %(names)s.")
    raise UnreadableFile(message % {"name": name, "names": names}, code="sheet")
