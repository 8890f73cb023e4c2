"""OpenDocument spreadsheets (ODS): one part holds all tables, and repeats are written as a count.

Read as a stream like XLSX, and not through calamine, which shows errors and formulas without a result as blank cells.
"""

import math
import re
from collections.abc import Iterator
from datetime import date, datetime

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.archive import Archive, protected_workbook
from backoffice.spreadsheets.readers.base import (
    Cell,
    Choices,
    FaultyCell,
    Layout,
    Limits,
    Sheet,
    UnreadableFile,
    laid_out,
)
from backoffice.spreadsheets.readers.cells import error_cell, formula_without_result, no_number, percentage
from backoffice.spreadsheets.readers.sheets import SheetEntry, chosen_sheets
from backoffice.spreadsheets.readers.worksheet import ParsedRow, SheetReader, parsed_rows, read_first_filled, too_long
from backoffice.spreadsheets.readers.xml import Attributes, damaged_workbook, new_parser, parse_in_chunks

ODF = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TABLE, TEXT, STYLE = (f"{ODF}{name}:1.0 " for name in ("office", "table", "text", "style"))
SHOWN_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
MIMETYPES = (
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.spreadsheet-template",
)
CELLS = frozenset({f"{TABLE}table-cell", f"{TABLE}covered-table-cell"})
# How deep a sheet stands: document, body, spreadsheet, table. Tables deeper are copies that links or shapes keep.
TABLE_DEPTH = 4
CLOCK = re.compile(r"PT(\d{1,9})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S")
SHOWN_ERROR = re.compile(r"#[A-Z/0?]+[!?]?|Err:\d+")


def open_document(archive: Archive, *, choices: Choices, limits: Limits) -> Sheet:
    """Open the named sheet of an OpenDocument spreadsheet, or its first visible one that is not empty."""
    _refuse_other_documents(archive)
    tables = TableList.of(archive)
    names = tuple(table.name for table in tables if table.visible)
    layout = Layout(kind="ods", unpacked=archive.unpacked, sheet_names=names)
    with laid_out(layout):
        readers = (_reader_of(table, archive, limits) for table in chosen_sheets(tables, choices.sheet))
        return read_first_filled(readers, layout=layout, choices=choices, close=archive.close)


def _reader_of(table: SheetEntry, archive: Archive, limits: Limits) -> SheetReader:
    parser = TableParser(int(table.where), width=limits.columns + 1, cell_length=limits.cell_length)
    rows = parsed_rows(archive.open_part("content.xml"), parser)
    return SheetReader(rows, name=table.name, limits=limits, parser=parser)


def _refuse_other_documents(archive: Archive) -> None:
    """Refuse texts, drawings and whatever a password protects."""
    mimetype = b""
    if "mimetype" in archive.parts:
        with archive.reading(), archive.open_part("mimetype") as part:
            mimetype = part.read(100).strip()
    if mimetype not in MIMETYPES:
        message = _("“%(name)s” is an OpenDocument file, but no spreadsheet. Save the table as ODS, XLSX or CSV.")
        raise UnreadableFile(message % {"name": archive.filename}, code="wrong_type")
    found: set[str] = set()
    archive.each("META-INF/manifest.xml", lambda tag, _attributes: found.add(tag))
    if "encryption-data" in found:
        raise protected_workbook(archive.filename)


class TableList:
    """Collects the sheets of a document and which of them are hidden."""

    def __init__(self) -> None:
        """Begin with no sheet."""
        self.depth = 0
        self.style = ""
        self.hidden: set[str] = set()
        self.tables: list[SheetEntry] = []

    @classmethod
    def of(cls, archive: Archive) -> list[SheetEntry]:
        """Return the sheets of a document."""
        found = cls()
        parser = new_parser(namespaces=True)
        parser.StartElementHandler = found.start
        parser.EndElementHandler = found.end
        with archive.reading(), archive.open_part("content.xml") as stream:
            for _chunk in parse_in_chunks(parser, stream):
                pass
        return found.tables

    def start(self, name: str, attributes: Attributes) -> None:
        """Note a style that hides sheets, or a sheet."""
        self.depth += 1
        if name == f"{STYLE}style":
            self.style = attributes.get(f"{STYLE}name", "")
        elif name == f"{STYLE}table-properties" and attributes.get(f"{TABLE}display") == "false":
            self.hidden.add(self.style)
        elif name == f"{TABLE}table" and self.depth == TABLE_DEPTH:
            visible = attributes.get(f"{TABLE}style-name") not in self.hidden
            self.tables.append(SheetEntry(attributes[f"{TABLE}name"], str(len(self.tables)), visible))

    def end(self, _name: str) -> None:
        """Leave an element."""
        self.depth -= 1


class TableParser:
    """The handlers of expat that collect the rows of the sheet at `place`."""

    namespaces = True

    def __init__(self, place: int, *, width: int, cell_length: int) -> None:
        """Expect at most `width` columns until the headers are known."""
        self.place = place
        self.width = width
        self.cell_length = cell_length
        self.rows: list[tuple[ParsedRow, int]] = []
        self.depth = 0
        self.tables = 0
        self.reads = False
        self.number = 0
        self.repeated_row = 1
        self.column = 0
        self.cells: list[Cell] = []
        self.beyond: int | None = None
        self.is_filled = False
        self.cell_depth = 0
        self.attributes: Attributes = {}
        self.paragraphs: list[str] = []
        self.size = 0
        self.aside = 0

    def take_rows(self) -> Iterator[ParsedRow]:
        """Yield the rows collected since the last time, each as often as it is repeated."""
        rows, self.rows = self.rows, []
        for row, times in rows:
            yield row
            for number in range(row.number + 1, row.number + times):
                yield row._replace(number=number, cells=list(row.cells))

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin a sheet, a row, a cell, or what stands in a cell."""
        self.depth += 1
        if name == f"{TABLE}table" and self.depth == TABLE_DEPTH:
            self.reads = self.tables == self.place
            self.tables += 1
        elif not self.reads:
            return
        elif self.cell_depth:
            self._start_inside(name, attributes)
        elif name in CELLS:
            self.cell_depth, self.attributes = self.depth, attributes
            self.paragraphs, self.size = [], 0
        elif name == f"{TABLE}table-row":
            self.repeated_row = _count(attributes, "rows")
            self.number += 1
            self.column, self.beyond, self.is_filled = 0, None, False
            self.cells = [None] * self.width

    def _start_inside(self, name: str, attributes: Attributes) -> None:
        """Take paragraphs of the cell itself, not of the notes and drawings that hang on it."""
        if self.aside:
            return
        if name == f"{TEXT}p" and self.depth == self.cell_depth + 1:
            self.paragraphs.append("")
        elif not name.startswith(TEXT):
            self.aside = self.depth
        elif name == f"{TEXT}s":
            self.characters(" " * min(int(attributes.get(f"{TEXT}c", "1")), self.cell_length + 1))
        elif name == f"{TEXT}tab":
            self.characters("\t")
        elif name == f"{TEXT}line-break":
            self.characters("\n")

    def characters(self, data: str) -> None:
        """Take text of a paragraph."""
        if self.cell_depth and self.paragraphs and not self.aside and self.depth > self.cell_depth:
            self.size += len(data)
            if self.size > self.cell_length:
                raise too_long(self.column, self.number, self.cell_length)
            self.paragraphs[-1] += data

    def end(self, name: str) -> None:
        """End a sheet, a row, a cell, or what stands in a cell."""
        if self.aside == self.depth:
            self.aside = 0
        elif self.cell_depth == self.depth:
            self.cell_depth = 0
            self._end_cell()
        elif self.reads and not self.cell_depth and name == f"{TABLE}table-row":
            if self.is_filled:
                self.rows.append((ParsedRow(self.number, self.cells, self.beyond), self.repeated_row))
            self.number += self.repeated_row - 1
        elif self.depth == TABLE_DEPTH:
            self.reads = False
        self.depth -= 1

    def _end_cell(self) -> None:
        first, self.column = self.column, self.column + _count(self.attributes, "columns")
        value = cell_value(self.attributes, "\n".join(self.paragraphs))
        if value is None:
            return
        if type(value) is str and len(value) > self.cell_length:
            raise too_long(first, self.number, self.cell_length)
        self.is_filled = True
        self.cells[first : self.column] = [value] * (min(self.column, self.width) - min(first, self.width))
        if self.column > self.width:
            self.beyond = max(first, self.width)


def _count(attributes: Attributes, what: str) -> int:
    count = int(attributes.get(f"{TABLE}number-{what}-repeated", "1"))
    if count < 1:
        raise damaged_workbook()
    return count


def cell_value(attributes: Attributes, text: str) -> Cell:
    """Return the value of a cell: as it is stored, not as it is shown, but for errors, which are only shown."""
    kind, formula = attributes.get(f"{OFFICE}value-type"), attributes.get(f"{TABLE}formula")
    if attributes.get(SHOWN_TYPE) == "error" or (formula and SHOWN_ERROR.fullmatch(text)):
        return error_cell(text)
    if kind is None:
        return formula_without_result(formula) if formula else None
    if kind in {"float", "currency"}:
        return _number(attributes[f"{OFFICE}value"])
    if kind == "percentage":
        return percentage(attributes[f"{OFFICE}value"])
    if kind == "boolean":
        return attributes[f"{OFFICE}boolean-value"] == "true"
    if kind == "date":
        return _moment(attributes[f"{OFFICE}date-value"])
    if kind == "time":
        return _clock(attributes[f"{OFFICE}time-value"])
    if kind == "string":
        text = attributes.get(f"{OFFICE}string-value", text)
        return None if not text or text.isspace() else text
    raise damaged_workbook()


def _number(text: str) -> Cell:
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return number if math.isfinite(number) else no_number(text)


def _moment(text: str) -> date | datetime | FaultyCell:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        message = _("%(value)s is no date that exists. Enter the date again.") % {"value": text}
        return FaultyCell(text, rule="date", message=message)


def _clock(text: str) -> str:
    match = CLOCK.fullmatch(text)
    return ":".join(part.zfill(2) for part in match.groups()) if match else text
