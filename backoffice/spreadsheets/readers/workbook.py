"""The parts of an XLSX workbook: its sheets, texts and date formats, and the guards around unpacking it."""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Choices, Layout, Limits, Sheet, UnreadableFile, laid_out
from backoffice.spreadsheets.readers.cells import WorkbookFacts
from backoffice.spreadsheets.readers.serials import shows_dates
from backoffice.spreadsheets.readers.texts import read_shared_strings
from backoffice.spreadsheets.readers.worksheet import SheetReader, first_filled
from backoffice.spreadsheets.readers.xml import Attributes, damaged_workbook, each_element

# A workbook has some tens of parts; each costs memory before anything is read.
MOST_PARTS = 10_000


class SheetEntry(NamedTuple):
    """A sheet as the workbook lists it."""

    name: str
    part: str
    visible: bool


def open_workbook(path: Path, *, filename: str, choices: Choices, limits: Limits) -> Sheet:
    """Open the named sheet of a workbook, or its first visible one that is not empty."""
    with ExitStack() as opened:
        archive = opened.enter_context(_open_archive(path))
        package = Package(archive, filename=filename, limits=limits)
        names = tuple(each.name for each in package.sheets if each.visible)
        layout = Layout(kind="xlsx", unpacked=package.unpacked, sheet_names=names)
        with laid_out(layout):
            entries, facts = package.choose_sheets(choices.sheet), package.read_facts()
            readers = (
                SheetReader(
                    opened.enter_context(package.open_part(entry.part)), name=entry.name, facts=facts, limits=limits
                )
                for entry in entries
            )
            reader = first_filled(readers, header_row=choices.header_row or 1)
            layout.sheet_name = reader.name
            headers = reader.read_headers()
        layout.header_row = reader.header_row
        return Sheet(**vars(layout), headers=headers, rows=reader.rows(), close=opened.pop_all().close)


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise damaged_workbook() from error


class Package:
    """An opened workbook file."""

    def __init__(self, archive: zipfile.ZipFile, *, filename: str, limits: Limits) -> None:
        """Check sizes and kind before anything is unpacked, then read the list of sheets."""
        self.archive = archive
        self.filename = filename
        self.unpacked = sum(member.file_size for member in archive.infolist())
        self._check_size(limits)
        self.parts = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        self.workbook = self._find_workbook()
        self.relations = self._read_relations(self.workbook)
        self.since_1904 = False
        self.never_calculated = False
        self.sheets: list[SheetEntry] = []
        self._each(self.workbook, self._visit_workbook)

    def _check_size(self, limits: Limits) -> None:
        members = self.archive.infolist()
        if len(members) > MOST_PARTS or self.unpacked > limits.unzipped_bytes:
            message = _("Unpacked, the workbook is larger than the %(limit)d MB that are read. Save the sheet as CSV.")
            raise UnreadableFile(message % {"limit": limits.unzipped_bytes // 1024**2}, code="unzipped_bytes")
        if any(member.flag_bits & 1 for member in members):
            message = _("“%(name)s” is protected by a password. Save it without one and upload it again.")
            raise UnreadableFile(message % {"name": self.filename}, code="password")

    def _find_workbook(self) -> str:
        if "_rels/.rels" in self.parts:
            for relation, target in self._read_relations("").values():
                if relation.endswith("/officeDocument") and target.lower().endswith("workbook.xml"):
                    return target
        raise self._refusal()

    def _refusal(self) -> UnreadableFile:
        if "mimetype" in self.parts or "content.xml" in self.parts:
            message = _("“%(name)s” is an OpenDocument file. Save it as XLSX or CSV and upload it again.")
        elif "xl/workbook.bin" in self.parts:
            message = _("“%(name)s” is a binary workbook (XLSB). Save it as XLSX and upload it again.")
        else:
            message = _("“%(name)s” is a ZIP file inside, not a spreadsheet. Save the table as CSV or XLSX.")
        return UnreadableFile(message % {"name": self.filename}, code="wrong_type")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (zipfile.BadZipFile, EOFError, KeyError, ValueError, NotImplementedError) as error:
            raise damaged_workbook() from error

    def open_part(self, part: str) -> IO[bytes]:
        """Open a part by its path, whatever its case and slashes."""
        with self._reading():
            return self.archive.open(self.parts[part.lower()])

    def _each(self, part: str, visit: Callable[[str, Attributes], None]) -> None:
        with self._reading(), self.open_part(part) as stream:
            each_element(stream, visit)

    def _read_relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the type and the target of each relation of a part, by its id."""
        folder, name = posixpath.split(part)
        relations: dict[str, tuple[str, str]] = {}

        def visit(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"].replace("\\", "/")))
                relations[attributes["Id"]] = (attributes["Type"], target.lstrip("/"))

        self._each(posixpath.join(folder, "_rels", f"{name}.rels"), visit)
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

    def choose_sheets(self, name: str | None) -> list[SheetEntry]:
        """Return the sheet of that name, or the visible ones."""
        found = [entry for entry in self.sheets if (entry.name == name if name else entry.visible)]
        if found:
            return found
        if not name:
            raise UnreadableFile(_("The workbook has no visible sheet. Show the sheet to be read."), code="sheet")
        names = ", ".join(entry.name for entry in self.sheets)
        message = _("The workbook has no sheet named “%(name)s”. It has: %(names)s.")
        raise UnreadableFile(message % {"name": name, "names": names}, code="sheet")

    def read_facts(self) -> WorkbookFacts:
        """Return what is needed to understand the cells of any sheet."""
        targets = {relation.rpartition("/")[2]: target for relation, target in self.relations.values()}
        texts: list[str] = []
        if "sharedStrings" in targets:
            with self._reading(), self.open_part(targets["sharedStrings"]) as stream:
                texts = read_shared_strings(stream)
        styles = DateStyles()
        if "styles" in targets:
            self._each(targets["styles"], styles.visit)
        return WorkbookFacts(texts, styles.dates(), self.since_1904, self.never_calculated)


class DateStyles:
    """Collects which cell styles show dates."""

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

    def dates(self) -> frozenset[str]:
        """Return the style numbers, as cells write them, that show dates."""
        return frozenset(
            str(number)
            for number, format_id in enumerate(self.formats)
            if shows_dates(format_id, self.codes.get(format_id))
        )
