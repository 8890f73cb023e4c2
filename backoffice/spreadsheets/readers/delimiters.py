"""Which character separates the cells of a text file."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
# The first line that Excel writes and reads to name the delimiter.
DECLARATION = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
SAMPLE_ROWS = 50


def declared_delimiter(line: str) -> str | None:
    """Return the delimiter of a `sep=;` line, else None."""
    match = DECLARATION.fullmatch(line)
    return match[1] if match and match[1] in DELIMITERS else None


def chosen_delimiter(delimiter: str) -> str:
    """Return a delimiter that a person chose, or refuse it."""
    if delimiter not in DELIMITERS:
        message = _("“%(name)s” is not a delimiter that is read. Choose a comma, a semicolon, a tab or a bar.")
        raise UnreadableFile(message % {"name": delimiter}, code="delimiter")
    return delimiter


def detected_delimiter(lines: Iterable[str]) -> str:
    """Return the delimiter that cuts most rows into as many cells as the first; a comma if none does."""
    sample = list(lines)
    return max(DELIMITERS, key=lambda delimiter: _fitness(sample, delimiter))


def _fitness(sample: list[str], delimiter: str) -> tuple[float, int]:
    widths = [len(cells) for cells in sample_rows(sample, delimiter) if any(cells)]
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (Counter(widths)[widths[0]] / len(widths), widths[0])


def sample_rows(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """Return the first rows, as far as they can be parsed."""
    rows: list[list[str]] = []
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        rows.extend(islice(reader, SAMPLE_ROWS))
    except csv.Error:
        return rows
    return rows


def has_space_after(delimiter: str, rows: Iterable[list[str]]) -> bool:
    """Say whether quoted cells are written after a space (`1, "two"`), which would leave the quotes in the values."""
    return any(cell.lstrip(" ").startswith('"') for cells in rows for cell in cells[1:] if cell.startswith(" "))
