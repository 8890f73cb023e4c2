"""The parts of an XLSX workbook: its sheets, texts and date formats."""

import posixpath
from collections.abc import Callable
from functools import lru_cache, partial

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.archive import Archive
from backoffice.spreadsheets.readers.base import Cell, Choices, Layout, Limits, Sheet, UnreadableFile, laid_out
from backoffice.spreadsheets.readers.cells import WorkbookFacts, number_shown
from backoffice.spreadsheets.readers.serials import date_of_serial, shows_dates
from backoffice.spreadsheets.readers.sheets import SheetEntry, chosen_sheets
from backoffice.spreadsheets.readers.texts import read_shared_strings
from backoffice.spreadsheets.readers.worksheet import SheetParser, SheetReader, parsed_rows, read_first_filled
from backoffice.spreadsheets.readers.xml import Attributes

# ECMA-376 part 1, 18.8.30: the built-in formats that show numbers as something else.
BUILT_IN = {9: "0%", 10: "0.00%"}
# Days come again and again; so many different ones are remembered for each format.
DATES_KEPT = 10_000


def open_workbook(archive: Archive, *, choices: Choices, limits: Limits) -> Sheet:
    """Open the named sheet of a workbook, or its first visible one that is not empty."""
    package = Package(archive)
    names = tuple(each.name for each in package.sheets if each.visible)
    layout = Layout(kind="xlsx", unpacked=archive.unpacked, sheet_names=names)
    with laid_out(layout):
        entries, facts = chosen_sheets(package.sheets, choices.sheet), package.read_facts()
        readers = (_reader_of(entry, archive, facts, limits) for entry in entries)
        return read_first_filled(readers, layout=layout, choices=choices, close=archive.close)


def _reader_of(entry: SheetEntry, archive: Archive, facts: WorkbookFacts, limits: Limits) -> SheetReader:
    parser = SheetParser(facts, width=limits.columns + 1, cell_length=limits.cell_length)
    rows = parsed_rows(archive.open_part(entry.where), parser)
    return SheetReader(rows, name=entry.name, limits=limits, parser=parser)


class Package:
    """What an XLSX file says of its sheets."""

    def __init__(self, archive: Archive) -> None:
        """Check the kind, then read the list of sheets."""
        self.archive = archive
        self.workbook = self._find_workbook()
        self.relations = self._read_relations(self.workbook)
        self.since_1904 = False
        self.never_calculated = False
        self.sheets: list[SheetEntry] = []
        self.archive.each(self.workbook, self._visit_workbook)

    def _find_workbook(self) -> str:
        if "_rels/.rels" in self.archive.parts:
            for relation, target in self._read_relations("").values():
                if relation.endswith("/officeDocument") and target.lower().endswith("workbook.xml"):
                    return target
        raise self._refusal()

    def _refusal(self) -> UnreadableFile:
        if "xl/workbook.bin" in self.archive.parts:
            message = _("“%(name)s” is a binary workbook (XLSB). Save it as XLSX and upload it again.")
        else:
            message = _("“%(name)s” is no spreadsheet, but ZIP inside. Save the table as CSV or XLSX.")
        return UnreadableFile(message % {"name": self.archive.filename}, code="wrong_type")

    def _read_relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the type and the target of each relation of a part, by its id."""
        folder, name = posixpath.split(part)
        relations: dict[str, tuple[str, str]] = {}

        def visit(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"].replace("\\", "/")))
                relations[attributes["Id"]] = (attributes["Type"], target.lstrip("/"))

        self.archive.each(posixpath.join(folder, "_rels", f"{name}.rels"), visit)
        return relations

    def _visit_workbook(self, tag: str, attributes: Attributes) -> None:
        if tag == "workbookPr":
            self.since_1904 = attributes.get("date1904") in {"1", "true"}
        elif tag == "calcPr":
            self.never_calculated = attributes.get("fullCalcOnLoad") in {"1", "true"}
        elif tag == "sheet":
            relation, target = self.relations[attributes["id"]]
            if relation.endswith("/worksheet"):
                visible = attributes.get("state", "visible") == "visible"
                self.sheets.append(SheetEntry(attributes["name"], target, visible))

    def read_facts(self) -> WorkbookFacts:
        """Return what is needed to understand the cells of any sheet."""
        targets = {relation.rpartition("/")[2]: target for relation, target in self.relations.values()}
        texts: list[str] = []
        if "sharedStrings" in targets:
            with self.archive.reading(), self.archive.open_part(targets["sharedStrings"]) as stream:
                texts = read_shared_strings(stream)
        styles = CellStyles()
        if "styles" in targets:
            self.archive.each(targets["styles"], styles.visit)
        return WorkbookFacts(texts, styles.shown_as(since_1904=self.since_1904), self.never_calculated)


class CellStyles:
    """Collects which cell styles show numbers as dates, per cent or codes."""

    def __init__(self) -> None:
        """Begin with no formats and no styles."""
        self.codes: dict[int, str] = {}
        self.formats: list[int] = []
        self.in_cell_styles = False

    def visit(self, tag: str, attributes: Attributes) -> None:
        """Take a format, or the format of a cell style; `xf` elements of named styles come before `cellXfs`."""
        if tag == "numFmt" and "numFmtId" in attributes:
            self.codes.setdefault(int(attributes["numFmtId"]), attributes.get("formatCode", ""))
        elif tag == "cellXfs":
            self.in_cell_styles = True
        elif tag == "xf" and self.in_cell_styles:
            self.formats.append(int(attributes.get("numFmtId", 0)))
        elif tag in {"cellStyles", "dxfs"}:
            self.in_cell_styles = False

    def shown_as(self, *, since_1904: bool) -> dict[str | None, Callable[[str], Cell]]:
        """Return what makes of a number what its style shows, by the number of the style as cells write it."""
        found: dict[str | None, Callable[[str], Cell]] = {}
        for number, format_id in enumerate(self.formats):
            code = self.codes.get(format_id)
            if shows_dates(format_id, code):
                found[str(number)] = lru_cache(DATES_KEPT)(partial(date_of_serial, since_1904=since_1904))
            elif shown := number_shown(BUILT_IN.get(format_id, "") if code is None else code):
                found[str(number)] = shown
        return found
