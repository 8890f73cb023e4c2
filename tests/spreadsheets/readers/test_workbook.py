from datetime import date
from itertools import zip_longest
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from backoffice.spreadsheets.readers import FaultyCell
from tests.spreadsheets.packages import HEADERS, row, text, write_package

READXL = "spreadsheets/readxl"
COMPARED = [
    "clippy",
    "currency-formats-xlsx",
    "datasets",
    "datetime-rounding",
    "embedded-chartsheet",
    "iris-google-doc",
    "new_line_errors",
    "no-styles-or-sharedStrings-parts",
    "nonstandard-xml-ns-prefix",
    "sheet-xml-lookup",
    "texty-dates-xlsx",
    "utf8-sheet-names",
    "vietnamese-utf8",
    "whitespace-xlsx",
]


def plain(cell: object) -> object:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


@pytest.mark.parametrize("name", COMPARED)
def test_real_workbooks_read_as_another_reader_reads_them(name: str, shared_data: Path, read):
    path = shared_data / READXL / f"{name}.xlsx"
    sheet, rows = read(path)
    expected = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet.sheet_name).to_python()[1:]
    filled = [cells for cells in expected if any(plain(cell) is not None for cell in cells)]

    for found, cells in zip(rows, filled, strict=True):
        assert [plain(cell) for cell in found.cells] == [
            plain(cell) for cell, _header in zip_longest(cells, sheet.headers, fillvalue="")
        ]


def test_cells_keep_their_types(shared_data: Path, read):
    _sheet, rows = read(shared_data / READXL / "types.xlsx")

    assert rows[0].cells == [None, True, date(2013, 2, 26), 1, "hello"]


@pytest.mark.parametrize(
    ("settings", "expected"), [("", "2020-01-01 12:00:00"), ('<workbookPr date1904="1"/>', "2024-01-02 12:00:00")]
)
def test_dates_count_from_1900_or_1904_as_the_workbook_says(settings, expected, tmp_path, read):
    rows = HEADERS + row(2, text("A2", "x"), '<c r="B2" s="1"><v>43831.5</v></c>')

    assert str(read(write_package(tmp_path / "a.xlsx", rows, settings=settings))[1][0].cells[1]) == expected


@pytest.mark.parametrize("serial", ["60", "-1", "2958466", "1e9"])
def test_a_date_that_does_not_exist_is_a_faulty_cell(serial, tmp_path, read):
    rows = HEADERS + row(2, text("A2", "x"), f'<c r="B2" s="1"><v>{serial}</v></c>')

    cell = read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells[1]

    assert isinstance(cell, FaultyCell)
    assert cell.rule == "date"


def test_a_time_of_day_alone_is_a_text(tmp_path, read):
    rows = HEADERS + row(2, text("A2", "x"), '<c r="B2" s="1"><v>0.354166666666667</v></c>')

    assert read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells[1] == "08:30:00"


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_an_error_cell_is_faulty_not_blank(error, tmp_path, read):
    rows = HEADERS + row(2, text("A2", "x"), f'<c r="B2" t="e"><v>{error}</v></c>')

    cell = read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells[1]

    assert (cell, cell.rule) == (error, "error_value")


def test_a_formula_without_a_result_is_faulty_not_blank(shared_data, read):
    _sheet, rows = read(shared_data / READXL / "missing-v-node-xlsx.xlsx")

    assert (rows[0].cells[2], rows[0].cells[2].rule) == ("=A2 + B2", "formula")


def test_a_formula_with_its_result_is_the_result(tmp_path, read):
    rows = HEADERS + row(2, '<c r="A2" t="str"><f>"a"</f><v>a</v></c>', '<c r="B2"><f>1+1</f><v>2</v></c>')

    assert read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells == ["a", 2]


def test_the_placeholder_results_of_a_writing_library_are_not_taken(tmp_path, read):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["sku", "stock"])
        sheet.write_row(1, 0, ["x", "=2+3"])

    assert read(path)[1][0].cells[1].rule == "formula"


def test_the_first_visible_sheet_is_read_unless_one_is_named(tmp_path, read, refusal):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("Lookups", "Stock", "Notes"):
            book.add_worksheet(name).write(0, 0, f"{name} header")
        book.worksheets()[1].activate()
        book.worksheets()[0].hide()

    assert read(path)[0].headers == ("Stock header",)
    assert read(path)[0].sheet_names == ("Stock", "Notes")
    assert read(path, sheet="Notes")[0].headers == ("Notes header",)
    assert "Stock" in refusal(path, sheet="Prices").message


def test_gaps_between_rows_cost_nothing_and_keep_the_numbers(tmp_path, read):
    rows = HEADERS + row(1_048_576, text("A1048576", "x"))

    assert read(write_package(tmp_path / "a.xlsx", rows))[1] == [(1_048_576, ["x", None], None)]


def test_a_cell_beyond_the_headers_is_a_problem_of_its_row(tmp_path, read):
    rows = HEADERS + row(2, text("A2", "x"), text("XFD2", "note")) + row(3, text("A3", "y"))

    found = read(write_package(tmp_path / "a.xlsx", rows))[1]

    assert "Cell XFD2" in found[0].problem.message
    assert found[1] == (3, ["y", None], None)


def test_characters_that_xml_cannot_hold_are_put_back(tmp_path, read):
    rows = HEADERS + row(2, text("A2", "a_x000D_b_x0000_"))

    assert read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells[0] == "a\rb_x0000_"


def test_a_document_type_is_refused(tmp_path, refusal):
    bomb = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'

    assert refusal(write_package(tmp_path / "a.xlsx", HEADERS, before=bomb)).code == "damaged"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, refusal):
    path = write_package(tmp_path / "a.xlsx", HEADERS + " " * 3_000_000)

    assert refusal(path, limits={"unzipped_bytes": 1_000_000}).code == "unzipped_bytes"


def test_what_unpacks_to_many_times_its_size_is_refused_before_it_is_unpacked(tmp_path, refusal):
    path = write_package(tmp_path / "a.xlsx", HEADERS + " " * 40_000_000)

    assert "more than 200 times as large" in refusal(path).message


def test_per_cent_and_leading_zeros_are_what_is_shown(tmp_path, read):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["code", "rate", "rate of two", "share"])
        for place, (number, form) in enumerate([(12, "00000"), (0.2, "0%"), (0.175, "0.00%"), (0.5, '0.0"%"')]):
            sheet.write_number(1, place, number, book.add_format({"num_format": form}))

    assert read(tmp_path / "a.xlsx")[1][0].cells == ["00012", "20%", "17.5%", 0.5]


def test_an_archive_of_too_many_parts_is_refused(tmp_path, refusal):
    assert refusal(write_package(tmp_path / "a.xlsx", HEADERS), limits={"members": 4}).code == "members"


@pytest.mark.parametrize("numbers", [(3, 2), (2, 2), (1, 2), (2, 2**24 + 1), (2, 2**31), (-1, 2)])
def test_rows_that_are_out_of_order_or_beyond_any_sheet_are_refused(numbers, tmp_path, refusal):
    """Found by the fuzzer: a row is told from others by its number."""
    rows = "".join(row(number, text(f"A{number}", "x")) for number in numbers)

    assert refusal(write_package(tmp_path / "a.xlsx", HEADERS + rows)).code == "damaged"


@pytest.mark.parametrize("cell", ['<c r="B2" t="s"><v>7</v></c>', '<c r="B2"><v>x</v></c>', '<c r="2"/>', "<c"])
def test_a_workbook_that_does_not_fit_together_is_refused(cell, tmp_path, refusal):
    assert refusal(write_package(tmp_path / "a.xlsx", HEADERS + row(2, text("A2", "x"), cell))).code == "damaged"


def test_limits_hold_for_workbooks(tmp_path, refusal):
    path = write_package(tmp_path / "a.xlsx", HEADERS + row(2, text("A2", "x" * 50)) + row(3, text("A3", "y")))

    assert refusal(path, limits={"rows": 1}).code == "rows"
    assert refusal(path, limits={"columns": 1}).code == "columns"
    assert "A2" in refusal(path, limits={"cell_length": 49}).message


def test_a_number_beyond_all_numbers_is_a_faulty_cell(tmp_path, read):
    rows = HEADERS + row(
        2, *(f'<c r="{letter}2"><v>{cell}</v></c>' for letter, cell in (("A", "9" * 5000), ("B", "NaN")))
    )

    assert [cell.rule for cell in read(write_package(tmp_path / "a.xlsx", rows))[1][0].cells] == ["number", "number"]


def test_empty_sheets_are_passed_over_unless_named(tmp_path, read, refusal):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover")
        book.add_worksheet("Goods").write(0, 0, "sku")

    assert read(path)[0].sheet_name == "Goods"
    assert refusal(path, sheet="Cover").layout.sheet_names == ("Cover", "Goods")


def test_titles_above_the_header_row_of_a_sheet_are_passed_over(tmp_path, read):
    rows = row(1, text("A1", "Stock list")) + row(4, text("A4", "sku"), text("B4", "stock")) + row(5, text("A5", "x"))

    sheet, found = read(write_package(tmp_path / "a.xlsx", rows), header_row=2)

    assert (sheet.headers, sheet.header_row, found) == (("sku", "stock"), 4, [(5, ["x", None], None)])
