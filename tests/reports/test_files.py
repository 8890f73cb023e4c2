"""The files that reports leave, read back."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from backoffice.changes.models import Seal
from backoffice.changes.sealing.services import seal_history
from reports.models import ReportRun
from reports.services import run_report
from tests.factories import make_customer
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path


def countries(file_format: str) -> ReportRun:
    """Return a run of sales by country with one row for France."""
    make_sale("2026-10-05T10:00Z", (2, "1.5"), (1, "0.001"), country="France")
    given = {"date_from": "2026-10-01", "date_to": "2026-10-31"}
    return run_report(report="sales-by-country", given=given, file_format=file_format, label="Test")


def test_a_csv_file_holds_the_rows_to_the_last_digit() -> None:
    with countries("csv").path.open(encoding="utf-8-sig", newline="") as file:
        head, row = csv.reader(file)

    assert head == ["Country", "Orders", "Credit notes", "Units", "Sales", "Share of sales, %"]
    assert row == ["France", "1", "0", "3", "3.001", "100.00"]


def test_a_workbook_has_typed_cells_a_frozen_head_and_totals() -> None:
    sheet = load_workbook(countries("xlsx").path).worksheets[0]

    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[2]][:5] == ["France", 1, 0, 3, 3.001]
    assert [cell.value for cell in sheet[3]] == ["Total", 1, 0, 3, 3.001, None]
    assert (sheet["A1"].font.b, sheet["E2"].font.b, sheet["E3"].font.b) == (True, False, True)
    assert sheet["E3"].number_format == "0.00"


def test_a_workbook_says_what_was_asked_and_when() -> None:
    run = countries("xlsx")

    about = {label.value: value.value for label, value in load_workbook(run.path)["About"].rows}

    assert (about["Report"], about["First day"], about["Last day"]) == ("Sales by country", "2026-10-01", "2026-10-31")
    assert (about["Amounts in"], about["Run by"], about["Rows"]) == ("GBP", "Test", "1")
    assert (about["Period"], about["Total: Sales"]) == ("custom", "3.001")
    assert about["Data as of"].endswith(" UTC")


def test_a_workbook_carries_the_newest_seal_of_the_history(tmp_path: Path, settings: Any) -> None:
    settings.HISTORY_HEADS_FILE = tmp_path / "heads.log"
    seal_history()
    seal = Seal.objects.latest("number")

    about = {label.value: value.value for label, value in load_workbook(countries("xlsx").path)["About"].rows}

    assert about["History sealed"] == f"{seal.number} {seal.hash}"


def test_rows_beyond_the_last_of_a_sheet_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.spreadsheets.writers.workbook.ROWS_A_SHEET", 3)
    lands = [f"Land {number}" for number in range(5)]
    for number, land in enumerate(lands):
        make_sale("2026-10-05T10:00Z", (9 - number, "1"), country=land)

    run = run_report(report="sales-by-country", given={"period": "all_time"}, file_format="xlsx")

    *sheets, about = load_workbook(run.path).worksheets
    rows = [[row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in sheets]
    assert (about.title, [land for sheet in rows for land in sheet]) == ("About", [*lands, "Total"])
    assert (len(sheets), run.row_count) == (3, 5)


def test_months_are_dates_in_a_workbook() -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    run = run_report(report="sales-by-month", given={"period": "all_time"}, file_format="xlsx")

    sheet = load_workbook(run.path).worksheets[0]

    assert [sheet["A2"].value, sheet["A3"].value, sheet["E3"].value] == [datetime(2026, 10, 1), None, 5]  # noqa: DTZ001


def test_a_workbook_of_nothing_has_a_head_and_zero_totals() -> None:
    run = run_report(report="stock-value", given={}, file_format="xlsx")

    sheet = load_workbook(run.path).worksheets[0]

    assert [cell.value for cell in sheet[2]] == ["Total", None, None, 0, 0, None, 0, None, 0]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_name_that_looks_like_a_formula_is_neutralised(file_format: str) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"), customer=make_customer(company="=cmd()"))

    run = run_report(report="top-customers", given={"period": "all_time"}, file_format=file_format)

    if file_format == "csv":
        assert ",'=cmd()," in run.path.read_text(encoding="utf-8-sig")
    else:
        assert load_workbook(run.path).worksheets[0]["B2"].value == "'=cmd()"


def test_files_are_open_to_their_owner_alone() -> None:
    assert countries("csv").path.stat().st_mode & 0o777 == 0o600
