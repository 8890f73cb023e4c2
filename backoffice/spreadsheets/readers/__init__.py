"""Reading spreadsheet files, row by row, in flat memory.

`open_sheet` tells the kind of a file by its content, refuses what cannot be read with a sentence, and streams the
rows below the headers. Nothing is guessed silently: what was detected (encoding, delimiter, sheet) is an attribute of
the sheet and can be overridden.
"""

from backoffice.spreadsheets.readers.base import (
    Cell,
    FaultyCell,
    Layout,
    Limits,
    Problem,
    Row,
    Sheet,
    UnreadableFile,
)
from backoffice.spreadsheets.readers.delimiters import DELIMITERS
from backoffice.spreadsheets.readers.encodings import ENCODINGS
from backoffice.spreadsheets.readers.opening import open_sheet, refuse_large
from backoffice.spreadsheets.readers.trial import try_to_read

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "Cell",
    "FaultyCell",
    "Layout",
    "Limits",
    "Problem",
    "Row",
    "Sheet",
    "UnreadableFile",
    "open_sheet",
    "refuse_large",
    "try_to_read",
]
