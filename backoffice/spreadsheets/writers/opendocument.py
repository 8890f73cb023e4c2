"""ODS documents, whose rows PostgreSQL writes."""

import zipfile
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext as _

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.writers.base import Kind, SheetColumn, UnwritableFile
from backoffice.spreadsheets.writers.copying import Source, blocks
from backoffice.spreadsheets.writers.sqlcells import (
    REFUSED,
    in_utc,
    local,
    not_shown,
    numbered,
    too_precise,
    without_markup,
)
from backoffice.spreadsheets.writers.workbook import ROWS_A_SHEET, width_of

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MIMETYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>
"""
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "number": "datastyle",
        "fo": "xsl-fo-compatible",
    }.items()
)
HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {SPACES} office:version="1.3">'
DAY = (
    '<number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/>'
    '<number:text>-</number:text><number:day number:style="long"/>'
)
CLOCK = (
    '<number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text>'
    '<number:minutes number:style="long"/><number:text>:</number:text><number:seconds number:style="long"/>'
)
CENTIMETRES = 0.2  # a character
# What XML 1.0 cannot hold in any spelling.
UNHOLDABLE = r"[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"


def copy_document(file: IO[bytes], source: Source) -> int:
    """Write the rows of a query, in as many sheets as they need, and return how many there were.

    Raises UnwritableFile.
    """
    rows = source.lines(f"SELECT {_row(source)} FROM {numbered(source, rows_a_sheet=ROWS_A_SHEET)}")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MIMETYPE)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        with archive.open("content.xml", "w", force_zip64=True) as content:
            content.write(f"{HEAD}{_styles(source)}<office:body><office:spreadsheet>".encode())
            count = _write_sheets(content, source, rows)
            content.write(b"</office:spreadsheet></office:body></office:document-content>")
    return count


def _write_sheets(content: IO[bytes], source: Source, rows: Iterator[bytes]) -> int:
    counts: list[int] = []
    following = next(rows, None)
    while following is not None or not counts:
        counts.append(0)
        content.write(_sheet_head(source, len(counts)).encode())
        for block in blocks(chain([] if following is None else [following], islice(rows, ROWS_A_SHEET - 1))):
            content.write(_checked(b"".join(block)))
            counts[-1] += len(block)
        content.write(b"</table:table>")
        following = next(rows, None)
    return sum(counts)


def _sheet_head(source: Source, number: int) -> str:
    name = _("Data") if number == 1 else f"{_('Data')} {number}"
    columns = "".join(
        f'<table:table-column table:style-name="co{place}" table:default-cell-style-name="ce{place}"/>'
        for place in range(len(source.columns))
    )
    headers = "".join(
        '<table:table-cell table:style-name="head" office:value-type="string">'
        f"<text:p>{escape(neutralise(column.header))}</text:p></table:table-cell>"
        for column in source.columns
    )
    return (
        f"<table:table table:name={quoteattr(name)}>{columns}"
        f"<table:table-header-rows><table:table-row>{headers}</table:table-row></table:table-header-rows>\n"
    )


def _styles(source: Source) -> str:
    head = '<style:text-properties fo:font-weight="bold"/>'
    parts = [f'<style:style style:name="head" style:family="table-cell">{head}</style:style>']
    for place, column in enumerate(source.columns):
        width = f'<style:table-column-properties style:column-width="{width_of(column) * CENTIMETRES:.1f}cm"/>'
        parts += [
            f'<style:style style:name="co{place}" style:family="table-column">{width}</style:style>',
            _shown(column, f"n{place}"),
            f'<style:style style:name="ce{place}" style:family="table-cell" style:data-style-name="n{place}"/>',
        ]
    return f"<office:automatic-styles>{''.join(parts)}</office:automatic-styles>"


def _shown(column: SheetColumn, name: str) -> str:
    """Return how the values of a column are shown."""
    match column.kind:
        case Kind.TEXT | Kind.WORDS:
            return f'<number:text-style style:name="{name}"><number:text-content/></number:text-style>'
        case Kind.DATE | Kind.DATETIME:
            clock = CLOCK if column.kind is Kind.DATETIME else ""
            return f'<number:date-style style:name="{name}">{DAY}{clock}</number:date-style>'
        case Kind.BOOLEAN:
            return f'<number:boolean-style style:name="{name}"><number:boolean/></number:boolean-style>'
        case _:
            places = column.places if column.kind is Kind.DECIMAL else 0
            number = f'<number:number number:decimal-places="{places}" number:min-integer-digits="1"/>'
            return f'<number:number-style style:name="{name}">{number}</number:number-style>'


def _row(source: Source) -> str:
    cells = ", ".join(
        f"coalesce({_cell(name, column.kind, place)}, '<table:table-cell/>')"
        for place, (name, column) in enumerate(zip(source.names, source.columns, strict=True))
    )
    return f"concat('<table:table-row>', {cells}, '</table:table-row>')"


def _cell(name: str, kind: Kind, place: int) -> str:
    match kind:
        case Kind.TEXT | Kind.WORDS:
            refusal = f"E'\\x03{place}\\x03'"
            cell = f"CASE WHEN {name} ~ E'{UNHOLDABLE}' THEN {refusal} ELSE {_text(_paragraphs(name))} END"
            return f"CASE WHEN {name} <> '' THEN {cell} END"
        case Kind.BOOLEAN:
            return _typed("boolean", "boolean-value", f"{name}::text")
        case Kind.DATE:
            return _typed("date", "date-value", f"{name}::text")
        case Kind.DATETIME:
            moment = _typed("date", "date-value", f"replace({local(name)}::text, ' ', 'T')")
            return f"CASE WHEN {not_shown(name)} THEN {_text(in_utc(name))} ELSE {moment} END"
        case _:
            number = _typed("float", "value", f"{name}::text")
            return f"CASE WHEN {too_precise(name)} THEN {_text(f'{name}::text')} ELSE {number} END"


def _typed(kind: str, attribute: str, value: str) -> str:
    return f"'<table:table-cell office:value-type=\"{kind}\" office:{attribute}=\"' || {value} || '\"/>'"


def _text(text: str) -> str:
    start = '<table:table-cell office:value-type="string"><text:p>'
    return f"'{start}' || {text} || '</text:p></table:table-cell>'"


def _paragraphs(name: str) -> str:
    """Return SQL for the inside of paragraphs, one a line; spaces that a reader would take for one are elements."""
    text = without_markup(name)
    for sign, spelt in (("&#10;", "</text:p><text:p>"), (r"\t", "<text:tab/>"), (r"\r", "&#13;")):
        text = f"replace({text}, E'{sign}', '{spelt}')"
    spaced = f"CASE WHEN {name} ~ E'^ | $|  |[\\n\\t\\r]' THEN replace({text}, ' ', '<text:s/>') ELSE {text} END"
    return f"CASE WHEN {name} ~ E'[&<>\\n\\t\\r]|^ | $|  ' THEN {spaced} ELSE {name} END"


def _checked(xml: bytes) -> bytes:
    if REFUSED in xml:
        message = _("A text holds a sign that ODS files cannot have. Export CSV or XLSX.")
        raise UnwritableFile(message, code="sign")
    return xml
