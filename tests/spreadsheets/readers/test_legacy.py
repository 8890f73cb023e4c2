from datetime import date
from itertools import zip_longest
from pathlib import Path

import psutil
import pytest
from python_calamine import CalamineWorkbook

from backoffice.spreadsheets.readers import open_sheet

READXL = "spreadsheets/readxl"
COMPARED = [
    "blanks",
    "clippy",
    "datasets",
    "iris-excel-xls",
    "missing-values-xls",
    "more-than-256-unique-strings-xls",
    "mtcars",
    "utf8-sheet-names",
    "vietnamese-utf8",
    "whitespace-xls",
]


@pytest.fixture
def patched(shared_data, tmp_path):
    """Return a function that writes a real workbook with some of its bytes replaced."""

    def patch(found: str, by: str) -> Path:
        content = (shared_data / READXL / "types.xls").read_bytes()
        assert bytes.fromhex(found) in content
        path = tmp_path / "a.xls"
        path.write_bytes(content.replace(bytes.fromhex(found), bytes.fromhex(by), 1))
        return path

    return patch


def plain(cell: object) -> object:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


@pytest.mark.parametrize("name", COMPARED)
def test_real_workbooks_read_as_another_reader_reads_them(name: str, shared_data: Path, read):
    path = shared_data / READXL / f"{name}.xls"
    sheet, rows = read(path)
    expected = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet.sheet_name).to_python()[1:]
    filled = [cells for cells in expected if any(plain(cell) is not None for cell in cells)]

    for found, cells in zip(rows, filled, strict=True):
        assert [plain(cell) for cell in found.cells] == [
            plain(cell) for cell, _header in zip_longest(cells, sheet.headers, fillvalue="")
        ]


def test_cells_keep_their_types(shared_data, read):
    sheet, rows = read(shared_data / READXL / "types.xls", filename="stock.xlsx")

    assert (sheet.kind, sheet.sheet_name) == ("xls", "guess_me")
    assert rows[0].cells == [None, True, date(2017, 2, 27), 1, "hello"]
    assert [type(cell) for cell in rows[0].cells[1:4]] == [bool, date, int]


def test_a_day_that_only_excel_knows_is_a_faulty_cell(shared_data, read):
    _sheet, rows = read(shared_data / READXL / "dates-leap-year-1900-xls.xls")

    [faulty] = [row.cells[0] for row in rows if row.cells[2] is False]
    assert faulty.rule == "date"


def test_an_error_cell_is_faulty_not_blank(patched, read):
    cell = read(patched("05020800010001000f000100", "05020800010001000f002a01"))[1][0].cells[1]

    assert (cell, cell.rule) == ("#N/A", "error_value")


def test_a_number_is_read_as_its_format_shows_it(shared_data, file_of, read):
    content = (shared_data / READXL / "biff5-rich-text-string.xls").read_bytes()
    as_decimal, as_per_cent = (b"\x02\x00\x00" + code for code in (b".0", b"0%"))
    assert content.count(as_decimal) == 1

    for written, shown in ((content, 0.5), (content.replace(as_decimal, as_per_cent), "50%")):
        _sheet, rows = read(file_of(written, "a.xls"), header_row=3)
        assert {row.number: row.cells for row in rows}[14][4] == shown


def test_a_sheet_can_be_named_and_an_empty_one_is_passed_over(shared_data, read, refusal):
    path = shared_data / READXL / "types.xls"

    assert read(path, sheet="guess_max")[0].headers == ("string_in_row_3",)
    assert "guess_me" in refusal(path, sheet="Prices").message
    assert refusal(shared_data / READXL / "empty-sheets.xls", sheet="empty").layout.kind == "xls"


def test_titles_above_the_header_row_are_passed_over(shared_data, read):
    sheet, rows = read(shared_data / READXL / "biff5-label-records.xls", header_row=3)

    assert sheet.headers[:2] == ("Date", "Time")
    assert (rows[0].number, rows[0].cells[2]) == (4, 0.170769)


def test_an_encrypted_workbook_is_refused_as_such(patched, refusal):
    error = refusal(patched("e1000200b004", "2f000200b004"))

    assert error.code == "password"


@pytest.mark.parametrize("size", [600, 5_000])
def test_a_workbook_that_was_cut_off_is_refused(size, shared_data, file_of, refusal):
    content = (shared_data / READXL / "types.xls").read_bytes()

    assert refusal(file_of(content[:size], "a.xls")).code == "damaged"


@pytest.mark.parametrize("least", [{"memory_bytes": 1024**2}, {"seconds": 0}])
def test_a_workbook_that_takes_too_much_is_refused_and_hurts_nobody(least, shared_data, refusal, settings):
    settings.SPREADSHEET_READER = settings.SPREADSHEET_READER | least

    assert refusal(shared_data / READXL / "65536-rows-xls.xls").code == "too_much"


def test_limits_hold_for_old_workbooks(shared_data, refusal):
    path = shared_data / READXL / "types.xls"

    assert refusal(path, limits={"rows": 1}).code == "rows"
    assert refusal(path, limits={"columns": 1}).code == "columns"
    assert "A1" in refusal(path, limits={"cell_length": 4}).message


def test_a_file_left_early_leaves_no_process_behind(shared_data):
    before = set(psutil.Process().children())
    with open_sheet(shared_data / READXL / "65536-rows-xls.xls") as sheet:
        next(sheet.rows)
        [child] = set(psutil.Process().children()) - before

    assert not child.is_running()


def test_a_file_that_is_refused_leaves_no_process_behind(shared_data, refusal):
    before = set(psutil.Process().children())

    assert refusal(shared_data / READXL / "dates-1904.xls").code == "no_header"
    assert set(psutil.Process().children()) <= before
