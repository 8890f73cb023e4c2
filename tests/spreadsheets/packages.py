"""Workbooks made by hand, for what no library at hand would write."""

import zipfile
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'


def relation(number: int, kind: str, target: str) -> str:
    """Return one relation of a part."""
    return f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def relations(*items: str) -> str:
    """Return a part of relations."""
    return f'<Relationships xmlns="{RELATIONS}">{"".join(items)}</Relationships>'


def write_package(path: Path, rows: str, *, settings: str = "", before: str = "") -> Path:
    """Write a workbook with one sheet of these `<row>` elements; style 1 shows dates."""
    listed = f'<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets>{settings}'
    sheet = f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", relations(relation(1, "officeDocument", "xl/workbook.xml")))
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{listed}</workbook>')
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            relations(relation(1, "worksheet", "worksheets/sheet1.xml"), relation(2, "styles", "styles.xml")),
        )
        archive.writestr("xl/styles.xml", STYLES)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def row(number: int, *cells: str) -> str:
    """Return a row element."""
    return f'<row r="{number}">{"".join(cells)}</row>'


def text(reference: str, value: str) -> str:
    """Return a cell with its own text."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


HEADERS = row(1, text("A1", "sku"), text("B1", "stock"))


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = " ".join(f'xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "table", "text", "style"))
SHOWN = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def write_document(path: Path, *tables: str, mimetype: str = ODS, manifest: str = "", before: str = "") -> Path:
    """Write an OpenDocument file with these `<table:table>` elements; the style "hidden" hides a sheet."""
    hides = '<style:style style:name="hidden"><style:table-properties table:display="false"/></style:style>'
    body = f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
    styles = f"<office:automatic-styles>{hides}</office:automatic-styles>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype)
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        content = f"<office:document-content {NAMES} {SHOWN}>{styles}{body}</office:document-content>"
        archive.writestr("content.xml", before + content)
    return path


def table(name: str, *rows: str, style: str = "shown") -> str:
    """Return a sheet of these rows."""
    return f'<table:table table:name="{name}" table:style-name="{style}">{"".join(rows)}</table:table>'


def line(*cells: str, times: int = 1) -> str:
    """Return a row of these cells, repeated."""
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def cell(kind: str = "", value: str = "", *, shown: str = "", times: int = 1, more: str = "") -> str:
    """Return a cell, repeated; without a kind a blank one."""
    names = {"string": "string", "boolean": "boolean", "date": "date", "time": "time"}
    stored = f'office:value-type="{kind}" ' if kind else ""
    if kind and value:
        stored += f'office:{names[kind] + "-" if kind in names else ""}value="{value}" '
    paragraphs = "".join(f"<text:p>{each}</text:p>" for each in shown.split("|")) if shown else ""
    return f'<table:table-cell table:number-columns-repeated="{times}" {stored}{more}>{paragraphs}</table:table-cell>'
