"""Writing spreadsheet files, row by row, in flat memory; what they hold can be imported again and changes nothing."""

from backoffice.spreadsheets.writers.base import Ending, Kind, SheetColumn, UnwritableFile, replacing
from backoffice.spreadsheets.writers.copying import copy_csv, exported_sql
from backoffice.spreadsheets.writers.files import SUFFIXES, write_sheet
from backoffice.spreadsheets.writers.texts import reads_utc

__all__ = [
    "SUFFIXES",
    "Ending",
    "Kind",
    "SheetColumn",
    "UnwritableFile",
    "copy_csv",
    "exported_sql",
    "reads_utc",
    "replacing",
    "write_sheet",
]
