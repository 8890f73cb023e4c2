"""Workbooks made by hand, for what no library would write."""

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
