"""Files that PostgreSQL writes: the same cells as Python writes of the same values."""

import json
import unicodedata
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.values import DateTimeValue
from backoffice.spreadsheets.writers import Kind, SheetColumn, Source, UnwritableFile, write_query, write_sheet
from tests.spreadsheets.writers.test_files import COLUMNS as PLAIN_COLUMNS
from tests.spreadsheets.writers.test_files import ROW, VALUES, read_back

pytestmark = pytest.mark.django_db

COLUMNS = [SheetColumn(each.header, each.kind, places=each.places, name=each.header) for each in PLAIN_COLUMNS]
QUERY = "SELECT * FROM unnest(%s::text[], %s::int[], %s::numeric[], %s::bool[], %s::date[], %s::timestamptz[])"
FILES = ["file.csv", "file.csv.gz", "file.xlsx", "file.ods"]
AWKWARD = [
    *(
        "a<b>&c",
        "a\rb",
        "tab\tand\nline",
        "_x0041_",
        " two  spaces ",
        "]]>",
        "Łódź 🚚",
        "\\",
        '"',
        "'=x",
        "100 %",
        "_x",
    ),
    *("line\n spaced", "\tx", "=1+1", "{}", "x" * 5000 + "\n"),
]


def source(*rows: tuple[object, ...]) -> Source:
    return Source(QUERY, [list(values) for values in zip(*rows, strict=True)] or [[]] * len(COLUMNS), COLUMNS)


def texts_in(path: Path, *texts: str) -> list[object]:
    write_query(path, Source("SELECT unnest(%s::text[])", [list(texts)], [SheetColumn("text", name="text")]))
    with open_sheet(path) as sheet:
        return [row.cells[0] for row in sheet.rows]


@pytest.mark.parametrize("name", FILES)
def test_rows_come_back_as_they_are(name: str, tmp_path: Path) -> None:
    rows = [ROW, ("'=1", -5, None, False, None, None), ("007", None, Decimal(0), None, None, None)]

    assert write_query(tmp_path / name, source(*rows)) == 3
    assert read_back(tmp_path / name) == rows


@pytest.mark.parametrize("name", ["file.csv", "file.xlsx", "file.ods"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(VALUES, min_size=1, max_size=5))
def test_every_row_survives_export_and_import(name: str, tmp_path: Path, rows: list[tuple[object, ...]]) -> None:
    write_query(tmp_path / name, source(*rows))

    assert read_back(tmp_path / name) == [(unicodedata.normalize("NFC", row[0]), *row[1:]) for row in rows]


@pytest.mark.parametrize("name", ["file.xlsx", "file.ods"])
def test_another_library_reads_typed_cells(name: str, tmp_path: Path) -> None:
    write_query(tmp_path / name, source(ROW))

    _headers, row = CalamineWorkbook.from_path(tmp_path / name).get_sheet_by_name("Data").to_python()
    assert row == ["A-1", 5.0, 2.5, True, date(2025, 3, 1), datetime.fromisoformat("2025-03-01 08:30")]


@pytest.mark.parametrize("name", FILES)
def test_every_text_comes_back(name: str, tmp_path: Path) -> None:
    texts = AWKWARD if name in ("file.xlsx", "file.ods") else [text.replace("\r", "") for text in AWKWARD]

    assert texts_in(tmp_path / name, *texts) == [neutralise(text) for text in texts]


@pytest.mark.parametrize("text", [*AWKWARD, "\x0b", "\ufffe", "'=1"])
def test_a_workbook_has_the_cells_that_python_writes(text: str, tmp_path: Path) -> None:
    moment = datetime(2025, 3, 1, 8, 30, 7, tzinfo=UTC)
    row = (text, -(2**31), Decimal("1234567890123.4567"), True, date(1899, 1, 1), moment)
    write_query(tmp_path / "sql.xlsx", source(row))
    write_sheet(tmp_path / "python.xlsx", COLUMNS, [row])
    sql, python = (
        zipfile.ZipFile(tmp_path / name).read("xl/worksheets/sheet1.xml").decode()
        for name in ("sql.xlsx", "python.xlsx")
    )

    assert sql.replace("</row>\n", "</row>").replace("&#10;", "\n") == python


@pytest.mark.parametrize("name", ["file.xlsx", "file.ods"])
def test_a_time_that_comes_twice_says_its_offset(name: str, tmp_path: Path, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    moments = [datetime(2025, 10, 25, 23, 30, tzinfo=UTC) + timedelta(hours=hours) for hours in range(4)]
    write_query(tmp_path / name, source(*((*ROW[:5], moment) for moment in moments)))

    with open_sheet(tmp_path / name) as sheet:
        cells = [row.cells[5] for row in sheet.rows]
    assert [type(cell) for cell in cells] == [datetime, str, str, datetime]
    assert list(map(DateTimeValue(zone=ZoneInfo("Europe/Berlin")), cells)) == moments


@pytest.mark.parametrize("name", FILES)
def test_no_rows_make_a_file_of_headers(name: str, tmp_path: Path) -> None:
    assert write_query(tmp_path / name, source()) == 0
    with open_sheet(tmp_path / name) as sheet:
        assert (sheet.headers, list(sheet.rows)) == (tuple(column.header for column in COLUMNS), [])


@pytest.mark.parametrize(("name", "module"), [("file.xlsx", "workbook"), ("file.ods", "opendocument")])
def test_more_rows_than_a_sheet_holds_go_on_in_another(
    name: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"backoffice.spreadsheets.writers.{module}.ROWS_A_SHEET", 10)
    rows = [(f"{number}", *ROW[1:]) for number in range(20)]

    assert write_query(tmp_path / name, source(*rows, *rows[:5])) == 25
    found = []
    for sheet_name in ("Data", "Data 2", "Data 3"):
        with open_sheet(tmp_path / name, sheet=sheet_name) as sheet:
            found.append([(row.number, row.cells[0]) for row in sheet.rows])
    assert [len(each) for each in found] == [10, 10, 5]
    assert found[1][0] == (2, "10")


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    write_query(tmp_path / "a.json", source(ROW, ('=1\n\\"', None, None, None, None, None)))
    first, second = json.loads((tmp_path / "a.json").read_text())

    assert first == {
        "code": "A-1",
        "stock": 5,
        "price": "2.5000",
        "blocked": True,
        "born": "2025-03-01",
        "placed": "2025-03-01T08:30:00.000000Z",
    }
    assert (second["code"], second["stock"]) == ('=1\n\\"', None)


def test_json_without_rows_is_an_empty_list(tmp_path: Path) -> None:
    write_query(tmp_path / "a.json", source())

    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_a_text_too_long_for_a_cell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnwritableFile, match="A3"):
        texts_in(tmp_path / "a.xlsx", "short", "x" * 32_768)
    assert list(tmp_path.iterdir()) == []


def test_a_sign_that_ods_cannot_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnwritableFile, match="Export CSV or XLSX"):
        texts_in(tmp_path / "a.ods", "bell\x07")


def test_a_parameter_is_a_value_never_sql(tmp_path: Path) -> None:
    assert texts_in(tmp_path / "a.csv", "x'; DROP TABLE users; --") == ["x'; DROP TABLE users; --"]


def test_percent_signs_are_kept(tmp_path: Path) -> None:
    column = [SheetColumn("50 %", Kind.WORDS, name="x")]
    write_query(tmp_path / "a.csv", Source("SELECT ARRAY['50%%', '@a']", [], column))

    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["50 %", '"50%, @a"']


def test_words_are_neutralised_as_one_text(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx", "a.ods"):
        write_query(tmp_path / name, Source("SELECT ARRAY['@a', 'b']", [], [SheetColumn("x", Kind.WORDS)]))
        with open_sheet(tmp_path / name) as sheet:
            assert next(sheet.rows).cells == ["'@a, b"]
