"""Error files: what was refused, to be corrected and imported again."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.utils import timezone

from backoffice.changes.refusals import RefusedError
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.services import (
    check_as_before,
    check_import,
    confirm_import,
    error_file,
    save_profile,
    sweep_imports,
    upload_file,
)
from backoffice.spreadsheets.staging import stage_tables
from catalog.models import Product
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db

LINES = ("sku,Colour,price", "A1,red,1", "B2,blue,x", "B2,'=green,2", "C3,grey,1.23456")

SINCE = datetime(2020, 5, 1)  # noqa: DTZ001 - a sheet knows no time zone


@pytest.fixture(autouse=True)
def own_files(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def checked(actor: Any, path: Path, resource: str = "products") -> ImportJob:
    with path.open("rb") as file:
        job = upload_file(resource=resource, file=File(file), filename=path.name, actor=actor)
    return check_import(job=job, actor=actor)


def rows_of(path: Path) -> list[list[Any]]:
    with open_sheet(path) as sheet:
        return [list(sheet.headers), *(list(row.cells) for row in sheet.rows)]


@pytest.fixture
def job(catalogue_manager: Any, tmp_path: Path) -> ImportJob:
    return checked(catalogue_manager, write_csv(tmp_path / "list.csv", *LINES))


@pytest.fixture(params=[".csv", ".xlsx"])
def errors(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"refused{request.param}"


def test_it_holds_the_refused_rows_in_the_columns_of_the_file(job: ImportJob, errors: Path) -> None:
    assert error_file(job=job, actor=job.owner, path=errors) == 3
    header, *rows = rows_of(errors)
    assert header == ["sku", "Colour", "price", "Refused because"]
    assert [row[:3] for row in rows] == [["B2", "blue", "x"], ["B2", "'=green", "2"], ["C3", "grey", "1.23456"]]


def test_each_row_has_all_its_reasons(job: ImportJob, errors: Path) -> None:
    error_file(job=job, actor=job.owner, path=errors)
    reason = rows_of(errors)[1][3]
    assert reason.startswith("price: “x” is not a number.")
    assert "sku: “B2” stands in the rows 3, 4." in reason


def test_corrected_it_is_imported_without_its_reasons(job: ImportJob, tmp_path: Path) -> None:
    error_file(job=job, actor=job.owner, path=tmp_path / "refused.csv")
    text = (tmp_path / "refused.csv").read_text()
    (tmp_path / "refused.csv").write_text(text.replace("1.23456", "1.23"))
    answer = run_import("products", tmp_path / "refused.csv", "--only-valid", "--apply")
    assert (counts(answer), answer["stderr"]) == ((1, 0, 0, 2), "These columns fill nothing: Colour.\n")
    assert Product.objects.get().sku == "C3"


def test_corrected_it_is_understood_as_the_file_it_came_from(catalogue_manager: Any, errors: Path) -> None:
    """Nothing of that file was applied, and its columns were named by hand."""
    file = ContentFile(b"Ref;Preis;Rest\nA-1;1.5;x\nA-2;;y\n")
    job = upload_file(resource="products", file=file, filename="list.csv", actor=catalogue_manager)
    mapped = {"sku": "Ref", "price": "Preis"}
    job = check_import(job=job, actor=None, mapped=mapped, options={"decimal": ",", "mode": "create"})
    assert error_file(job=job, actor=catalogue_manager, path=errors) == 1
    with errors.open("rb") as refused:
        again = upload_file(resource="products", file=File(refused), filename=errors.name, actor=catalogue_manager)
    known, asked = check_as_before(job=again)
    assert known == job
    again = check_import(job=again, actor=None, **asked)
    assert (again.mapping, again.options) == (mapped, {"decimal": ",", "mode": "create"})
    save_profile(job=again, actor=catalogue_manager, name="Miller")
    file = ContentFile(b"Ref;Preis;Rest\nA-1;1,5;x\n")
    assert upload_file(resource="products", file=file, filename="list.csv", actor=catalogue_manager).profile


@pytest.mark.parametrize("owned", [False, True])
def test_the_command_writes_them(tmp_path: Path, errors: Path, catalogue_manager: Any, owned: bool) -> None:
    arguments = ["--as", catalogue_manager.email] if owned else ["--only-valid", "--apply"]
    path = write_csv(tmp_path / "list.csv", *LINES)
    run_import("products", path, "--errors", str(errors), *arguments)
    assert [row[0] for row in rows_of(errors)] == ["sku", "B2", "B2", "C3"]
    errors.unlink()
    run_import("products", write_csv(tmp_path / "list.csv", "sku", "A1"), "--errors", str(errors), *arguments)
    assert not errors.exists()


def test_the_command_writes_nothing_where_they_cannot_be_written(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "list.csv", *LINES)
    answer = run_import("products", path, "--errors", str(tmp_path / "refused.pdf"), "--only-valid", "--apply")
    assert (answer["status"], ".xlsx" in answer["stderr"], Product.objects.exists()) == (2, True, False)


def test_a_second_round_does_not_pile_up_reasons(job: ImportJob, errors: Path) -> None:
    error_file(job=job, actor=job.owner, path=errors)
    again = checked(job.owner, errors)
    error_file(job=again, actor=job.owner, path=errors)
    assert rows_of(errors)[0] == ["sku", "Colour", "price", "Refused because"]


def test_a_workbook_keeps_its_types_and_colours_the_bad_cells(catalogue_manager: Any, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "list.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["sku", "price", "since", "stocked"])
        sheet.write_row(1, 0, ["007", -1.5])
        sheet.write_datetime(1, 2, SINCE, book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_boolean(1, 3, True)
    job = checked(catalogue_manager, tmp_path / "list.xlsx")
    error_file(job=job, actor=catalogue_manager, path=tmp_path / "refused.xlsx")
    cells = openpyxl.load_workbook(tmp_path / "refused.xlsx").active[2]
    assert [cell.value for cell in cells][:4] == ["007", -1.5, SINCE, True]
    assert [cell.fill.fgColor.rgb == "FFF8CBAD" for cell in cells] == [False, True, False, False, False]


def test_it_can_be_had_after_the_good_rows_were_applied(job: ImportJob, errors: Path) -> None:
    confirm_import(job=job, actor=job.owner, only_valid=True)
    sweep_imports()
    job.refresh_from_db()
    assert error_file(job=job, actor=job.owner, path=errors) == 3


def test_after_a_week_it_is_gone_and_says_so(job: ImportJob, errors: Path) -> None:
    confirm_import(job=job, actor=job.owner, only_valid=True)
    ImportJob.objects.update(finished_at=timezone.now() - timedelta(days=8))
    sweep_imports()
    assert stage_tables() == []
    with pytest.raises(ValidationError, match="Upload its file again"):
        error_file(job=job, actor=job.owner, path=errors)
    assert not errors.exists()


def test_a_colleague_does_not_get_it(job: ImportJob, operator: Any, errors: Path) -> None:
    with pytest.raises(RefusedError, match="a colleague's"):
        error_file(job=job, actor=operator, path=errors)
