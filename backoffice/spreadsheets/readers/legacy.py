"""Workbooks of Excel 97 to 2003 (XLS).

They are read by a library in a process of its own: it holds the whole table, and what breaks or exhausts it must not
hurt the process that asked. Not by calamine, which shows errors as blank cells and 29 February 1900 as the day before.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.archive import protected_workbook
from backoffice.spreadsheets.readers.base import Cell, Choices, Layout, Limits, Sheet, UnreadableFile, laid_out
from backoffice.spreadsheets.readers.cells import error_cell, number_shown
from backoffice.spreadsheets.readers.serials import date_of_serial
from backoffice.spreadsheets.readers.sheets import SheetEntry, chosen_sheets
from backoffice.spreadsheets.readers.worksheet import ParsedRow, SheetReader, read_first_filled, too_long

READER = Path(__file__).with_name("legacy_child.py")


def open_legacy(path: Path, *, filename: str, choices: Choices, limits: Limits) -> Sheet:
    """Open the named sheet of an XLS file, or its first visible one that is not empty."""
    with ExitStack() as opened:
        child = opened.enter_context(Child(path, filename=filename, choices=choices))
        head = child.line()
        entries = [SheetEntry(name, name, visible) for name, visible in head["sheets"]]
        names = tuple(entry.name for entry in entries if entry.visible)
        layout = Layout(kind="xls", unpacked=path.stat().st_size, sheet_names=names)
        with laid_out(layout):
            chosen = chosen_sheets(entries, choices.sheet)
            name = head["sheet"] or chosen[0].name
            reader = SheetReader(child.rows(since_1904=head["since_1904"], limits=limits), name=name, limits=limits)
            sheet = read_first_filled([reader], layout=layout, choices=choices, close=child.end)
        opened.pop_all()
        return sheet


class Child:
    """The process that reads. Leaving the context ends it, however far it is."""

    def __init__(self, path: Path, *, filename: str, choices: Choices) -> None:
        """Start it, apart from the environment and the files of this process."""
        self.filename = filename
        limits = settings.SPREADSHEET_READER
        asked = (path, choices.sheet or "", choices.header_row or 1, limits["memory_bytes"], limits["seconds"])
        self.process = subprocess.Popen(
            [sys.executable, "-I", READER, *map(str, asked)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"MALLOC_ARENA_MAX": "1"},
        )

    def __enter__(self) -> Self:
        """Return the child itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process."""
        self.end()

    def end(self) -> None:
        """End the process and wait for its end."""
        self.process.kill()
        self.process.communicate()

    def line(self) -> Any:
        """Return the next line, or refuse what the process could not read; its sudden end is that of a limit."""
        written = self.process.stdout.readline() if self.process.stdout else b""
        found = json.loads(written) if written.endswith(b"\n") else {"refused": "too_much"}
        if isinstance(found, dict) and "refused" in found:
            raise self._refusal(found["refused"])
        return found

    def _refusal(self, reason: str) -> UnreadableFile:
        if reason == "password":
            return protected_workbook(self.filename)
        if reason == "damaged":
            message = _("“%(name)s” is damaged, or another file of an old Office. Save the table as XLSX or CSV.")
        else:
            message = _("“%(name)s” takes too much time or memory to read. Save the sheet as XLSX or CSV.")
        return UnreadableFile(message % {"name": self.filename}, code=reason)

    def rows(self, *, since_1904: bool, limits: Limits) -> Iterator[ParsedRow]:
        """Yield the rows that hold something."""
        while found := self.line():
            number, written = found
            cells = [_value(cell, since_1904) for cell in written]
            for column, cell in enumerate(cells):
                if type(cell) is str and len(cell) > limits.cell_length:
                    raise too_long(column, number, limits.cell_length)
            yield ParsedRow(number, cells, None)


def _value(cell: Any, since_1904: bool) -> Cell:
    if isinstance(cell, dict):
        if "error" in cell:
            return error_cell(cell["error"])
        if "date" in cell:
            return date_of_serial(str(cell["date"]), since_1904=since_1904)
        number, shown = _whole(cell["number"]), number_shown(cell["format"])
        return shown(str(number)) if shown else number
    return _whole(cell)


def _whole(value: Cell) -> Cell:
    """Return a whole number as int; all numbers of an XLS file are floating."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
