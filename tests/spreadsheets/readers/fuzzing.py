"""Files that nobody would write: random bytes, texts full of delimiters and quotes, and damaged workbooks.

Whatever a file holds, it is read or refused with a sentence. `make test` tries a few, `make soak` many.
"""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from backoffice.spreadsheets.notation import detected_notation
from backoffice.spreadsheets.readers import Row, UnreadableFile, open_sheet
from backoffice.spreadsheets.writers import Kind, SheetColumn, write_sheet
from tests.spreadsheets.packages import cell, line, table, write_document

COLUMNS = [
    SheetColumn("code"),
    SheetColumn("stock", Kind.INTEGER),
    SheetColumn("price", Kind.DECIMAL),
    SheetColumn("blocked", Kind.BOOLEAN),
    SheetColumn("born", Kind.DATE),
    SheetColumn("placed", Kind.DATETIME),
]
ROWS = [
    ("A-1", 5, Decimal("2.50"), True, date(2025, 3, 1), datetime(2025, 3, 1, 8, 30, tzinfo=UTC)),
    ("B-2", None, None, False, None, None),
]
DOCUMENT = [
    line(cell("string", shown="code"), cell("string", shown="stock"), cell("string", shown="born")),
    line(cell("string", shown="A-1"), cell("float", "5"), cell("date", "2025-03-01")),
    line(cell("string", shown="B-2")),
]
SIGNS = "a1,;\t|\"'\n\r\0 .-=é€\ufeff\u2028😀"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32")
# What a damaged workbook may say where another part is expected.
PIECES = (
    b"",
    b"<",
    b"&",
    b"</",
    b"<c r=",
    b"99999999999",
    b"-1",
    b"\0",
    b"\xff\xfe",
    b"<!DOCTYPE x>",
    b"A1:XFD1048576",
)
# Parts of sound workbooks that are made up one at a time: what is made up inside an archive breaks the archive first.
PARTS = {
    "sheet": (".xlsx", "xl/worksheets/sheet1.xml"),
    "styles": (".xlsx", "xl/styles.xml"),
    "texts": (".xlsx", "xl/sharedStrings.xml"),
    "book": (".xlsx", "xl/workbook.xml"),
    "document": (".ods", "content.xml"),
}
KINDS = ("text", "archive", *PARTS)


def texts() -> st.SearchStrategy[bytes]:
    """Texts of cells, delimiters, quotes and line ends, in encodings of all kinds."""
    return st.builds(
        lambda text, encoding: text.encode(encoding, errors="replace"),
        st.text(SIGNS, max_size=120),
        st.sampled_from(ENCODINGS),
    )


@cache
def workbook(suffix: str) -> bytes:
    """Return a sound workbook."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        if suffix == ".ods":
            write_document(path, table("Data", *DOCUMENT))
        else:
            write_sheet(path, COLUMNS, ROWS)
        return path.read_bytes()


def seeds(kind: str) -> list[bytes]:
    """Return sound files of a kind to begin with, or the part of one."""
    if kind == "text":
        return [b"code;stock\r\nA-1;5\r\n", b'sep=,\ncode,"na\nme"\nA,1.5\n', "a\tb\n\xe4\t2\n".encode("utf-16")]
    if kind == "archive":
        return [workbook(".xlsx"), workbook(".ods")]
    suffix, part = PARTS[kind]
    return [parts_of(suffix)[part]]


def file_of(kind: str, content: bytes) -> bytes:
    """Return a file of what was made up: it is the file, or takes the place of a part of a sound one."""
    if kind not in PARTS:
        return content
    suffix, part = PARTS[kind]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, inside in (parts_of(suffix) | {part: content}).items():
            archive.writestr(name, inside)
    return written.getvalue()


@cache
def parts_of(suffix: str) -> dict[str, bytes]:
    """Return the parts of a sound workbook by name."""
    with zipfile.ZipFile(io.BytesIO(workbook(suffix))) as sound:
        return {name: sound.read(name) for name in sound.namelist()}


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw `content` with some of its bytes changed, or its end missing."""
    damaged = bytearray(content)
    for place, byte in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=8)):
        damaged[place] = byte
    return bytes(damaged[: draw(st.integers(0, len(content)) | st.just(len(content)))])


@st.composite
def damaged_parts(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw a workbook that is a sound archive of parts of which one is missing, or has something else inside."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as sound, zipfile.ZipFile(written, "w") as archive:
        parts = sound.namelist()
        chosen = draw(st.sampled_from(parts))
        is_missing = draw(st.booleans()) and draw(st.booleans())
        for part in parts:
            inside = sound.read(part)
            if part == chosen:
                if is_missing:
                    continue
                start = draw(st.integers(0, len(inside)))
                length = draw(st.integers(0, 40))
                inside = inside[:start] + draw(st.sampled_from(PIECES)) + inside[start + length :]
            archive.writestr(part, inside)
    return written.getvalue()


def read_or_refused(content: bytes) -> list[Row] | None:
    """Return the rows of a file, or None when it was refused with a sentence; anything else is a failure."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return rows_of(path)


def rows_of(path: Path) -> list[Row] | None:
    """Return the rows of a file, or None when it was refused."""
    try:
        with open_sheet(path) as sheet:
            rows, width = list(sheet.rows), len(sheet.headers)
    except UnreadableFile as error:
        refusal = error
    else:
        expect_even(rows, width)
        detected_notation(row.cells for row in rows)
        return rows
    [sentence] = refusal.messages
    assert refusal.code
    assert sentence.endswith("."), sentence
    return None


def expect_even(rows: Iterable[Row], width: int) -> None:
    """Fail unless each row has a cell a column and the rows come in their order."""
    above = 0
    for row in rows:
        assert (len(row.cells), row.number > above) == (width, True)
        above = row.number
