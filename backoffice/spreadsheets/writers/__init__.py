"""Writing spreadsheet files, row by row, in flat memory; what they hold can be imported again and changes nothing."""

from backoffice.spreadsheets.writers.base import Ending, Kind, SheetColumn, UnwritableFile, replacing
from backoffice.spreadsheets.writers.copying import Source
from backoffice.spreadsheets.writers.files import QUERY_SUFFIXES, SUFFIXES, write_query, write_sheet

__all__ = [
    "QUERY_SUFFIXES",
    "SUFFIXES",
    "Ending",
    "Kind",
    "SheetColumn",
    "Source",
    "UnwritableFile",
    "replacing",
    "write_query",
    "write_sheet",
]
