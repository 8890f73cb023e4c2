"""Telling what a file is by its content, whatever its name says."""

import gzip
import mmap
import zlib
from contextlib import ExitStack
from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.archive import Archive, protected_workbook
from backoffice.spreadsheets.readers.base import Choices, Limits, Sheet, UnreadableFile
from backoffice.spreadsheets.readers.legacy import open_legacy
from backoffice.spreadsheets.readers.opendocument import open_document
from backoffice.spreadsheets.readers.text import open_text
from backoffice.spreadsheets.readers.workbook import open_workbook

COMPOUND_FILE = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"
# How the content of files begins that people upload by mistake, and what they are called.
FOREIGN = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"PK\x05\x06", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "ELF"),
    (b"{\\rtf", "RTF"),
)
MARKUP = (
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<table", "HTML"),
    (b"<?xml", "XML"),
    (b'{"', "JSON"),
    (b"{\n", "JSON"),
    (b"{\r", "JSON"),
    (b"[{", "JSON"),
    (b"[\n", "JSON"),
    (b"[\r", "JSON"),
)


def open_sheet(
    path: Path,
    *,
    filename: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Sheet:
    """Open a .csv, .csv.gz, .xlsx, .xls or .ods file and return its headers and a stream of its rows.

    `filename` is the name its owner gave it, for messages. Encoding, delimiter, sheet and header row are detected
    unless given: the sheet is the first visible one that is not empty, the header row its first that is not blank.
    Raises UnreadableFile, here or while rows are read, with a sentence that says what to do; also for a choice that
    this kind of file does not offer, which would be ignored otherwise.
    """
    limits = Limits.from_settings()
    choices = Choices(encoding=encoding, delimiter=delimiter, sheet=sheet, header_row=header_row)
    name = filename or path.name
    start = _first_bytes(path, name, limits)
    if start.startswith(ZIP):
        _refuse_choices_of_texts(choices)
        return _open_archive(Archive(path, filename=name, limits=limits), choices, limits)
    if start.startswith(COMPOUND_FILE):
        _refuse_choices_of_texts(choices)
        _refuse_encrypted(path, name)
        return open_legacy(path, filename=name, choices=choices, limits=limits)
    if sheet:
        message = _("A CSV file has no sheets. Leave the sheet “%(name)s” out, or choose the workbook.")
        raise UnreadableFile(message % {"name": sheet}, code="sheet")
    if start.startswith(GZIP):
        _refuse_foreign(_first_unzipped_bytes(path), name)
        return open_text(path, zipped=True, choices=choices, limits=limits)
    _refuse_foreign(start, name)
    return open_text(path, zipped=False, choices=choices, limits=limits)


def _open_archive(archive: Archive, choices: Choices, limits: Limits) -> Sheet:
    with ExitStack() as opened:
        opened.callback(archive.close)
        if {"mimetype", "content.xml"} & archive.parts.keys():
            sheet = open_document(archive, choices=choices, limits=limits)
        else:
            sheet = open_workbook(archive, choices=choices, limits=limits)
        opened.pop_all()
        return sheet


def _refuse_choices_of_texts(choices: Choices) -> None:
    if choices.encoding:
        message = _("A workbook says itself how its text is encoded. Leave the encoding “%(name)s” out.")
        raise UnreadableFile(message % {"name": choices.encoding}, code="encoding")
    if choices.delimiter:
        raise UnreadableFile(_("A workbook has cells, not delimiters. Leave the delimiter out."), code="delimiter")


def _first_bytes(path: Path, name: str, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        message = _("The file “%(name)s” cannot be opened (%(reason)s). Check its place and your rights to it.")
        raise UnreadableFile(message % {"name": name, "reason": error.strerror}, code="not_found") from error
    if not size:
        raise UnreadableFile(_("The file is empty. Choose a file with a header row and data."), code="empty")
    refuse_large(size, limits)
    return start


def refuse_large(size: int, limits: Limits) -> None:
    """Raise UnreadableFile for a file of more bytes than are read."""
    if size > limits.bytes:
        message = _("The file is larger than the %(limit)d MB that are read. Split it into smaller files.")
        raise UnreadableFile(message % {"limit": limits.bytes // 1024**2}, code="bytes")


def _first_unzipped_bytes(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as file:
            return file.read(512)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = _("The .gz file is cut off or damaged. Copy or compress it again.")
        raise UnreadableFile(message, code="damaged") from error


def _refuse_foreign(start: bytes, name: str) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    kinds = [kind for mark, kind in FOREIGN if start.startswith(mark)]
    kinds += [kind for mark, kind in MARKUP if text.startswith(mark)]
    if start.startswith((ZIP, GZIP, COMPOUND_FILE)):
        kinds = ["ZIP"]
    if kinds:
        message = _("“%(name)s” is no spreadsheet, but %(kind)s inside. Save the table as CSV or XLSX.")
        raise UnreadableFile(message % {"name": name, "kind": kinds[0]}, code="wrong_type")


def _refuse_encrypted(path: Path, name: str) -> None:
    """Tell an encrypted XLSX from an XLS: both are compound files, the names of their streams are UTF-16."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        is_encrypted = content.find("EncryptedPackage".encode("utf-16-le")) >= 0
    if is_encrypted:
        raise protected_workbook(name)
