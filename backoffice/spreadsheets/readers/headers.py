"""The row that names the columns."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Cell, FaultyCell, Limits, UnreadableFile

VALUE = re.compile(r"[-+]?[0-9][0-9.,:/\- T]*%?")


def read_headers(cells: Sequence[Cell], *, limits: Limits) -> tuple[str, ...]:
    """Return the trimmed headers, without blank ones at the end; refuse a row that cannot name columns."""
    headers = ["" if cell is None else str(cell).strip() for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if len(headers) > limits.columns:
        message = _("The file has more than the %(limit)d columns that are read. Remove those you do not need.")
        raise UnreadableFile(message % {"limit": limits.columns}, code="columns")
    _refuse_values(headers, cells)
    _refuse_repeats(headers)
    return tuple(headers)


def _refuse_values(headers: Sequence[str], cells: Sequence[Cell]) -> None:
    for header, cell in zip(headers, cells, strict=False):
        if header and isinstance(cell, str) and not isinstance(cell, FaultyCell) and not VALUE.fullmatch(header):
            return
    message = _("The header row holds values, not column names. Put a row with the name of each column above them.")
    raise UnreadableFile(message, code="no_header")


def _refuse_repeats(headers: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for header in headers:
        key = " ".join(header.split()).casefold()
        if key and key in seen:
            message = _("Two columns are named “%(name)s”. Give each column a name of its own.")
            raise UnreadableFile(message % {"name": header}, code="duplicate_header")
        seen[key] = header


def no_header_row(number: int) -> UnreadableFile:
    """Return the refusal of a table that has nothing from the row on that should name its columns."""
    message = _("There is nothing from row %(row)d on. Choose the row that holds the names of the columns.")
    return UnreadableFile(message % {"row": number}, code="empty")


def unnamed_column_with_values(number: int, column: str) -> UnreadableFile:
    """Return the refusal of a value that stands below a blank header."""
    message = _("Row %(row)d has a value in column %(column)s, which has no name. Name the column or clear it.")
    return UnreadableFile(message % {"row": number, "column": column}, code="blank_header")


def column_letters(index: int) -> str:
    """Return a column's letters as spreadsheets show them: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
