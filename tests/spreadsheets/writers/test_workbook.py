import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.writers import Kind, SheetColumn, UnwritableFile, write_sheet

COLUMNS = [SheetColumn("name"), SheetColumn("price", Kind.DECIMAL), SheetColumn("placed", Kind.DATETIME)]
ROW = ("Cup", Decimal("2.50"), datetime(2025, 3, 1, 8, 30, tzinfo=UTC))


def written(path: Path, *rows: tuple[object, ...]) -> openpyxl.Workbook:
    write_sheet(path, COLUMNS, rows)
    return openpyxl.load_workbook(path)


def test_another_library_reads_typed_cells(tmp_path: Path):
    sheet = written(tmp_path / "a.xlsx", ROW)["Data"]

    assert [cell.value for cell in sheet[2]] == ["Cup", 2.5, datetime.fromisoformat("2025-03-01 08:30")]
    assert [cell.number_format for cell in sheet[2]] == ["@", "0.00", "yyyy-mm-dd hh:mm:ss"]


def test_the_header_is_bold_frozen_and_filters(tmp_path: Path):
    sheet = written(tmp_path / "a.xlsx", ROW, ROW)["Data"]

    assert (sheet["A1"].font.bold, sheet.freeze_panes, sheet.auto_filter.ref) == (True, "A2", "A1:C3")


def test_a_formula_is_a_text_with_an_apostrophe(tmp_path: Path):
    cell = written(tmp_path / "a.xlsx", ("=1+1", None, None))["Data"]["A2"]

    assert (cell.value, cell.data_type) == ("'=1+1", "s")


@pytest.mark.parametrize("text", ["a<b>&c", "a\rb", "tab\tand\nline", "_x0041_", " space ", "\x0b", "]]>", "Łódź 🚚"])
def test_every_text_comes_back(text: str, tmp_path: Path):
    write_sheet(tmp_path / "a.xlsx", COLUMNS, [(f"x{text}x", None, None)])

    with open_sheet(tmp_path / "a.xlsx") as sheet:
        assert next(sheet.rows).cells[0] == f"x{text}x"


def test_a_number_of_more_digits_than_excel_keeps_stays_whole(tmp_path: Path):
    cell = written(tmp_path / "a.xlsx", ("x", Decimal("1234567890123.4567"), None))["Data"]["B2"]

    assert cell.value == "1234567890123.4567"


def test_a_text_too_long_for_a_cell_is_refused(tmp_path: Path):
    with pytest.raises(UnwritableFile, match="A3"):
        write_sheet(tmp_path / "a.xlsx", COLUMNS, [ROW, ("x" * 32_768, None, None)])


def test_no_rows_make_a_sheet_of_headers(tmp_path: Path):
    assert [cell.value for cell in written(tmp_path / "a.xlsx")["Data"][1]] == ["name", "price", "placed"]


def test_memory_stays_flat(tmp_path: Path):
    tracemalloc.start()
    write_sheet(tmp_path / "a.xlsx", COLUMNS, (ROW for _number in range(20_000)))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5_000_000
