from datetime import date, datetime
from typing import Any

import pytest

from tests.spreadsheets.packages import cell, line, table, write_document

HEADERS = line(cell("string", shown="sku"), cell("string", shown="stock"))
NOON = datetime(2026, 3, 1, 12, 30)  # noqa: DTZ001 - a sheet knows no time zone


@pytest.fixture
def value_of(tmp_path, read):
    """Return a function that reads one cell back."""

    def value(written: str) -> Any:
        path = write_document(tmp_path / "a.ods", table("Data", HEADERS, line(cell("string", shown="x"), written)))
        return read(path)[1][0].cells[1]

    return value


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("float", "7", 7),
        ("float", "-0.5", -0.5),
        ("percentage", "0.19", "19%"),
        ("currency", "12.5", 12.5),
        ("boolean", "false", False),
        ("date", "2026-03-01", date(2026, 3, 1)),
        ("date", "2026-03-01T12:30:00", NOON),
        ("time", "PT08H30M00.000S", "08:30:00"),
        ("string", "007", "007"),
    ],
)
def test_cells_are_what_is_stored(kind, written, expected, value_of):
    found = value_of(cell(kind, written, shown="something else"))

    assert (found, type(found)) == (expected, type(expected))


def test_the_text_of_a_cell_is_its_paragraphs_without_notes(value_of):
    note = "<office:annotation><text:p>by hand</text:p></office:annotation>"
    written = cell("string", shown="two<text:s text:c='2'/>words|and <text:span>more</text:span>")

    assert value_of(written.replace("><text:p>", f">{note}<text:p>", 1)) == "two  words\nand more"


@pytest.mark.parametrize("more", ['calcext:value-type="error"', 'table:formula="of:=NA()"'])
def test_an_error_is_faulty_not_blank_or_zero(more, value_of):
    for kind, stored in (("string", ""), ("float", "0")):
        found = value_of(cell(kind, stored, shown="#N/A", more=more))
        assert (found, found.rule) == ("#N/A", "error_value")


def test_a_formula_without_a_result_is_faulty_not_blank(value_of):
    found = value_of(cell(more='table:formula="of:=[.A1]+1"'))

    assert (found, found.rule) == ("of:=[.A1]+1", "formula")


def test_a_formula_with_a_result_is_the_result(value_of):
    assert value_of(cell("float", "3", shown="3", more='table:formula="of:=1+2"')) == 3


@pytest.mark.parametrize(("kind", "stored", "rule"), [("date", "2026-02-30", "date"), ("float", "NaN", "number")])
def test_a_value_that_does_not_exist_is_faulty(kind, stored, rule, value_of):
    assert value_of(cell(kind, stored)).rule == rule


def test_rows_and_cells_are_repeated_as_the_file_counts(tmp_path, read):
    rows = [
        HEADERS,
        line(cell(times=16384), times=3),
        line(cell("float", "1", times=2), cell(times=16382), times=2),
        line(cell(times=16384), times=1_048_000),
    ]

    assert read(write_document(tmp_path / "a.ods", table("Data", *rows)))[1] == [(5, [1, 1], None), (6, [1, 1], None)]


def test_a_row_repeated_a_million_times_meets_the_limit(tmp_path, refusal):
    path = write_document(tmp_path / "a.ods", table("Data", HEADERS, line(cell("float", "1"), times=10**12)))

    assert refusal(path, limits={"rows": 5}).code == "rows"


def test_a_value_repeated_beyond_the_headers_is_a_problem_of_its_row(tmp_path, read):
    path = write_document(tmp_path / "a.ods", table("Data", HEADERS, line(cell("float", "1", times=16384))))

    assert "Cell C2 is filled" in read(path)[1][0].problem.message


def test_the_first_visible_sheet_that_is_not_empty_is_read_unless_one_is_named(tmp_path, read, refusal):
    tables = [
        table("Hidden", HEADERS, style="hidden"),
        table("Cover", line(cell(times=5), times=9)),
        table("Stock", HEADERS, line(cell("string", shown="x"))),
        table("Notes", line(cell("string", shown="note"))),
    ]
    path = write_document(tmp_path / "a.ods", *tables)

    sheet, rows = read(path)

    assert (sheet.kind, sheet.sheet_name, sheet.sheet_names) == ("ods", "Stock", ("Cover", "Stock", "Notes"))
    assert rows == [(2, ["x", None], None)]
    assert read(path, sheet="Notes")[0].headers == ("note",)
    assert "It has: Hidden, Cover, Stock, Notes." in refusal(path, sheet="Prices").message


def test_tables_inside_cells_are_no_sheets(tmp_path, read):
    inner = table("Inner", line(cell("string", shown="inner")))
    outer = cell("string", shown="x").replace("</table:table-cell>", f"{inner}</table:table-cell>")

    sheet, rows = read(write_document(tmp_path / "a.ods", table("Data", HEADERS, line(outer, cell("float", "2")))))

    assert (sheet.sheet_names, rows) == (("Data",), [(2, ["x", 2], None)])


def test_limits_hold_for_documents(tmp_path, refusal):
    path = write_document(tmp_path / "a.ods", table("Data", HEADERS, line(cell("string", shown="x" * 50))))

    assert refusal(path, limits={"columns": 1}).code == "columns"
    assert "A2" in refusal(path, limits={"cell_length": 49}).message
    assert refusal(path, limits={"unzipped_bytes": 100}).code == "unzipped_bytes"


def test_a_document_with_entities_of_its_own_is_refused(tmp_path, refusal):
    bomb = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'

    assert refusal(write_document(tmp_path / "a.ods", table("Data", HEADERS), before=bomb)).code == "damaged"


def test_a_document_with_a_password_is_refused_as_such(tmp_path, refusal):
    path = write_document(tmp_path / "a.ods", table("Data", HEADERS), manifest="<encryption-data/>")

    assert refusal(path).code == "password"


def test_a_text_document_is_no_spreadsheet(tmp_path, refusal):
    path = write_document(tmp_path / "a.ods", mimetype="application/vnd.oasis.opendocument.text")

    assert "OpenDocument file, but no spreadsheet" in refusal(path).message


@pytest.mark.parametrize(
    "broken", [cell("float", "x"), cell("float"), cell("odd", "1"), cell("float", "1", times=0), "<table:table-cell"]
)
def test_a_document_that_does_not_fit_together_is_refused(broken, tmp_path, refusal):
    assert refusal(write_document(tmp_path / "a.ods", table("Data", HEADERS, line(broken)))).code == "damaged"
