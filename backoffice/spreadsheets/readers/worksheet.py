"""The rows of one XLSX sheet, as a stream.

Read through expat and not through a library that builds the whole table: a sheet of 541,909 rows and 8 columns takes
28 MiB this way and 412 MiB with calamine, which also shows #N/A and formulas without a result as blank cells.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import IO, NamedTuple, Protocol

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.archive import BROKEN
from backoffice.spreadsheets.readers.base import Cell, Choices, Layout, Limits, Problem, Row, Sheet, UnreadableFile
from backoffice.spreadsheets.readers.cells import WorkbookFacts, formula_without_result
from backoffice.spreadsheets.readers.headers import (
    column_letters,
    no_header_row,
    read_headers,
    unnamed_column_with_values,
)
from backoffice.spreadsheets.readers.text import too_many_rows
from backoffice.spreadsheets.readers.xml import damaged_workbook, local_name, new_parser, parse_in_chunks

VALUES = frozenset({"v", "t"})
DIGITS = "0123456789"
# No program writes more rows; LibreOffice's sixteen million are the most.
LAST_ROW = 2**24


class ParsedRow(NamedTuple):
    """A row that holds something: `beyond` is the index of a filled cell to the right of `cells`, if there is one."""

    number: int
    cells: list[Cell]
    beyond: int | None


class ColumnIndexes(dict[str, int]):
    """The index of a column by its letters: "A" is 0, "AA" is 26."""

    def __missing__(self, letters: str) -> int:
        """Work out the letters of a new column."""
        if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
            raise damaged_workbook()
        index = 0
        for letter in letters.upper():
            index = index * 26 + ord(letter) - 64
        self[letters] = index - 1
        return index - 1


class RowParser(Protocol):
    """The handlers of expat for one kind of sheet: they collect rows of `width` cells."""

    namespaces: bool
    width: int

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def characters(self, data: str) -> None: ...

    def end(self, name: str) -> None: ...

    def take_rows(self) -> Iterable[ParsedRow]:
        """Return the rows collected since the last time."""


class SheetParser:
    """The handlers of expat, called some five times a cell: plain attributes, nothing looked up twice."""

    namespaces = False

    def __init__(self, facts: WorkbookFacts, *, width: int, cell_length: int) -> None:
        """Expect at most `width` columns until the headers are known."""
        self.facts = facts
        self.width = width
        self.cell_length = cell_length
        self.columns = ColumnIndexes()
        self.rows: list[ParsedRow] = []
        self.prefix: str | None = None
        self.number = 0
        self.column = -1
        self.cells: list[Cell] = []
        self.beyond: int | None = None
        self.is_filled = False
        self.kind: str | None = None
        self.style: str | None = None
        self.text = ""
        self.formula: str | None = None
        self.has_value = False
        self.reads_value = False
        self.reads_formula = False
        self.is_phonetic = False

    def take_rows(self) -> list[ParsedRow]:
        """Return the rows collected since the last time."""
        rows, self.rows = self.rows, []
        return rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell, or what stands in a cell."""
        if self.prefix is None:
            self.prefix = name[: len(name) - len(local_name(name))]
        if self.prefix:
            name = name.removeprefix(self.prefix)
        if name == "c":
            self.kind = attributes.get("t")
            self.style = attributes.get("s")
            self.text = ""
            self.formula = None
            self.has_value = False
            reference = attributes.get("r")
            self.column = self.columns[reference.rstrip(DIGITS)] if reference else self.column + 1
        elif name == "v":
            self.reads_value = self.has_value = self.kind != "inlineStr"
        elif name == "t":
            self.reads_value = self.kind == "inlineStr" and not self.is_phonetic
        elif name == "row":
            self._start_row(attributes)
        elif name == "f":
            self.reads_formula = True
            self.formula = "="
        elif name == "rPh":
            self.is_phonetic = True

    def characters(self, data: str) -> None:
        """Take text of a value or of a formula, not the space between elements."""
        if self.reads_value:
            self.text += data
        elif self.reads_formula and self.formula is not None:
            self.formula += data

    def end(self, name: str) -> None:
        """End a row, a cell, or what stands in a cell."""
        if self.prefix:
            name = name.removeprefix(self.prefix)
        if name in VALUES:
            self.reads_value = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            if self.is_filled:
                self.rows.append(ParsedRow(self.number, self.cells, self.beyond))
        elif name == "f":
            self.reads_formula = False
        elif name == "rPh":
            self.is_phonetic = False

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        self.number = int(number) if number else self.number + 1
        self.cells = [None] * self.width
        self.column = -1
        self.beyond = None
        self.is_filled = False

    def _end_cell(self) -> None:
        if self.formula is not None and (self.facts.never_calculated or self._has_no_result()):
            value: Cell = formula_without_result(self.formula)
        elif not self.text or self.text.isspace():
            return
        else:
            value = self.facts.value(self.kind, self.style, self.text)
        if value is None:
            return
        if type(value) is str and len(value) > self.cell_length:
            raise too_long(self.column, self.number, self.cell_length)
        self.is_filled = True
        if self.column < self.width:
            self.cells[self.column] = value
        else:
            self.beyond = self.column

    def _has_no_result(self) -> bool:
        """Say whether a formula was saved without its result; an empty text is a result."""
        return not self.text and not (self.kind == "str" and self.has_value)


def too_long(column: int, number: int, limit: int) -> UnreadableFile:
    """Return the refusal of a cell with more characters than any spreadsheet holds."""
    message = _("Cell %(cell)s is longer than %(limit)d characters. Shorten it.")
    return UnreadableFile(message % {"cell": f"{column_letters(column)}{number}", "limit": limit}, code="cell_length")


def parsed_rows(stream: IO[bytes], parser: RowParser) -> Iterator[ParsedRow]:
    """Yield the rows that hold something, as the stream is read."""
    expat = new_parser(namespaces=parser.namespaces)
    expat.StartElementHandler = parser.start
    expat.EndElementHandler = parser.end
    expat.CharacterDataHandler = parser.characters
    try:
        for _chunk in parse_in_chunks(expat, stream):
            yield from parser.take_rows()
    except BROKEN as error:
        raise damaged_workbook() from error


class SheetReader:
    """Turns parsed rows into headers and rows."""

    def __init__(
        self, parsed: Iterator[ParsedRow], *, name: str, limits: Limits, parser: RowParser | None = None
    ) -> None:
        """Begin reading at the top of the sheet; the `parser` is told how many columns there are."""
        self.name = name
        self.limits = limits
        self.header_row = 1
        self.first: ParsedRow | None = None
        self.headers: tuple[str, ...] = ()
        self.parsed = parsed
        self.parser = parser

    def has_rows(self, *, header_row: int) -> bool:
        """Find the first row that is not blank, from the row `header_row` on, and say whether there is one."""
        self.header_row = header_row
        self.first = next((row for row in self.parsed if row.number >= header_row), None)
        return self.first is not None

    def read_headers(self) -> tuple[str, ...]:
        """Return the headers, which the row found holds."""
        if self.first is None and self.header_row > 1:
            raise no_header_row(self.header_row)
        if self.first is None:
            message = _("The sheet “%(name)s” is empty. Choose a sheet with a header row and data.")
            raise UnreadableFile(message % {"name": self.name}, code="empty")
        self.header_row = self.first.number
        self.headers = read_headers(self.first.cells, limits=self.limits)
        if self.parser is not None:
            self.parser.width = len(self.headers)
        return self.headers

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the headers; blank ones are left out, but counted in the row numbers."""
        width, most, above = len(self.headers), self.limits.rows, self.header_row
        unnamed = [index for index, header in enumerate(self.headers) if not header]
        for count, (number, cells, beyond) in enumerate(self.parsed, 1):
            if count > most:
                raise too_many_rows(most)
            if not above < number <= LAST_ROW:
                raise damaged_workbook()
            above = number
            for index in unnamed:
                if cells[index] is not None:
                    raise unnamed_column_with_values(number, column_letters(index))
            if beyond is None and len(cells) == width:
                yield Row(number, cells, None)
            else:
                yield self._checked_width(number, cells, beyond)

    def _checked_width(self, number: int, cells: list[Cell], beyond: int | None) -> Row:
        """Return a row as wide as the headers; a cell filled to the right of them is a problem."""
        width = len(self.headers)
        filled = next((index for index in range(width, len(cells)) if cells[index] is not None), beyond)
        if filled is None:
            return Row(number, cells[:width], None)
        message = _("Cell %(cell)s is filled, but its column has no name. Name the column or clear the cell.")
        problem = Problem("row_length", message % {"cell": f"{column_letters(filled)}{number}"})
        return Row(number, cells[:width], problem)


def read_first_filled(
    readers: Iterable[SheetReader], *, layout: Layout, choices: Choices, close: Callable[[], None]
) -> Sheet:
    """Return the first sheet that has rows from the chosen header row on; refuse the first one if none has."""
    first = None
    for reader in readers:
        first = first or reader
        if reader.has_rows(header_row=choices.header_row or 1):
            break
    else:
        if first is None:
            raise damaged_workbook()
        reader = first
    layout.sheet_name = reader.name
    headers = reader.read_headers()
    layout.header_row = reader.header_row
    return Sheet(**vars(layout), headers=headers, rows=reader.rows(), close=close)
