import gzip
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.values import BooleanValue, DateTimeValue, DateValue, DecimalValue, IntegerValue, TextValue
from backoffice.spreadsheets.writers import Kind, SheetColumn, UnwritableFile, write_sheet

COLUMNS = [
    SheetColumn("code"),
    SheetColumn("stock", Kind.INTEGER),
    SheetColumn("price", Kind.DECIMAL, places=4),
    SheetColumn("blocked", Kind.BOOLEAN),
    SheetColumn("born", Kind.DATE),
    SheetColumn("placed", Kind.DATETIME),
]
CONVERTERS = [
    TextValue(),
    IntegerValue(),
    DecimalValue(digits=14, places=4),
    BooleanValue(),
    DateValue(),
    DateTimeValue(),
]
ROW = ("A-1", 5, Decimal("2.5000"), True, date(2025, 3, 1), datetime(2025, 3, 1, 8, 30, tzinfo=UTC))
VALUES = st.tuples(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
    st.integers(-(2**31), 2**31 - 1) | st.none(),
    st.decimals(-(10**10) + 1, 10**10 - 1, places=4) | st.none(),
    st.booleans() | st.none(),
    st.dates(date(1850, 1, 1)) | st.none(),
    st.datetimes(datetime(1850, 1, 1), timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001
)


def read_back(path: Path) -> list[tuple[object, ...]]:
    with open_sheet(path) as sheet:
        assert sheet.headers == tuple(column.header for column in COLUMNS)
        return [tuple(map(lambda convert, cell: convert(cell), CONVERTERS, row.cells)) for row in sheet.rows]


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz", "file.xlsx"])
def test_rows_come_back_as_they_were_written(name: str, tmp_path: Path):
    rows = [ROW, ("'=1", -5, None, False, None, None), ("007", None, Decimal(0), None, None, None)]

    assert write_sheet(tmp_path / name, COLUMNS, rows) == 3
    assert read_back(tmp_path / name) == rows


@pytest.mark.parametrize("name", ["file.csv", "file.xlsx"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(VALUES, max_size=5))
def test_every_row_survives_export_and_import(name: str, tmp_path: Path, rows: list[tuple[object, ...]]):
    write_sheet(tmp_path / name, COLUMNS, rows)

    assert read_back(tmp_path / name) == [(unicodedata.normalize("NFC", row[0]), *row[1:]) for row in rows]


def test_formulas_are_neutralised_and_numbers_are_not(tmp_path: Path):
    columns = [SheetColumn("=name"), SheetColumn("stock", Kind.INTEGER), SheetColumn("tags", Kind.WORDS)]

    write_sheet(tmp_path / "a.csv", columns, [("=1+1", -5, ["@a", "b"])])

    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["'=name,stock,tags", "'=1+1,-5,\"'@a, b\""]


def test_blank_is_never_the_word_none(tmp_path: Path):
    write_sheet(tmp_path / "a.csv", COLUMNS, [("A", None, None, None, None, None)])

    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()[1] == "A,,,,,"


def test_a_csv_file_is_marked_as_utf_8_for_excel(tmp_path: Path):
    write_sheet(tmp_path / "a.csv", COLUMNS, [])

    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfcode,")


def test_the_same_rows_are_the_same_gzipped_bytes(tmp_path: Path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_sheet(tmp_path / name, COLUMNS, [ROW])

    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).endswith(b"2025-03-01 08:30:00\r\n")


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("before")

    def rows() -> Iterator[tuple[object, ...]]:
        yield ROW
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_sheet(path, COLUMNS, rows())
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.csv", "before")]


def test_another_ending_is_refused_with_those_there_are(tmp_path: Path):
    with pytest.raises(UnwritableFile, match=r"\.csv, \.csv\.gz, \.xlsx"):
        write_sheet(tmp_path / "a.ods", COLUMNS, [ROW])


def test_times_carry_their_offset_where_another_zone_is_read(tmp_path: Path, settings):
    settings.TIME_ZONE = "Europe/Berlin"

    write_sheet(tmp_path / "a.csv", COLUMNS, [ROW])

    assert "2025-03-01 08:30:00+00:00" in (tmp_path / "a.csv").read_text("utf-8-sig")
    assert read_back(tmp_path / "a.csv") == [ROW]


def test_more_rows_than_a_sheet_holds_are_refused_or_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backoffice.spreadsheets.writers.workbook.ROWS_A_SHEET", 10)

    with pytest.raises(UnwritableFile, match="A sheet holds 10 rows"):
        write_sheet(tmp_path / "a.xlsx", COLUMNS, repeat(ROW, 25))
    assert write_sheet(tmp_path / "a.xlsx", COLUMNS, repeat(ROW, 25), split=True) == 25
    with open_sheet(tmp_path / "a.xlsx", sheet="Data 3") as sheet:
        assert len(list(sheet.rows)) == 5
