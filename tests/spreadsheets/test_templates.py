"""Files to fill in: blank, explained, and read back as they are meant."""

from pathlib import Path

import pytest
from django.contrib import admin

from backoffice.desk.admin.sheets import SheetMixin
from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.templates import template_columns, write_template
from tests.spreadsheets.importing import run_command


@pytest.mark.parametrize("name", ["blank.csv", "blank.xlsx"])
@pytest.mark.parametrize("kind", resource_names())
def test_a_blank_file_names_all_columns_that_an_export_has(kind: str, name: str, tmp_path: Path) -> None:
    resource = get_resource(kind)
    assert write_template(resource, tmp_path / name) == 0
    with open_sheet(tmp_path / name) as sheet:
        assert sheet.headers == tuple(str(column.label) for column in template_columns(resource).values())
        assert list(sheet.rows) == []


def test_a_blank_workbook_explains_its_columns(tmp_path: Path) -> None:
    write_template(get_resource("products"), tmp_path / "blank.xlsx")
    with open_sheet(tmp_path / "blank.xlsx", sheet="About the columns") as sheet:
        lines = [sheet.headers, *(row.cells for row in sheet.rows)]
    explained = {line[0]: line[1] for line in lines}
    assert "Every row needs it." in explained["SKU"]
    assert "One of: draft, active, archived." in explained["Status"]
    assert "A blank cell clears it." in explained["Barcode"]


@pytest.mark.django_db
def test_the_command_writes_a_blank_file(tmp_path: Path) -> None:
    answer = run_command("export_spreadsheet", "prices", str(tmp_path / "prices.csv"), "--template")
    assert (answer["status"], answer["rows"]) == (0, 0)
    assert (tmp_path / "prices.csv").read_text("utf-8-sig").splitlines() == ["SKU,Price,Cost"]


def test_every_kind_has_a_list_that_leads_to_its_import_and_export() -> None:
    lists = [each for each in admin.site._registry.values() if isinstance(each, SheetMixin)]
    offered = [kind for each in lists for kind in each.spreadsheets]
    assert sorted(offered) == sorted(resource_names())


@pytest.mark.django_db
@pytest.mark.parametrize("kind", resource_names())
def test_every_kind_is_checked_by_the_command(kind: str, tmp_path: Path) -> None:
    write_template(get_resource(kind), tmp_path / "blank.csv")
    answer = run_command("import_spreadsheet", kind, str(tmp_path / "blank.csv"))
    assert (answer["status"], answer["rows"]) == (0, 0)


@pytest.mark.django_db
def test_a_blank_file_of_another_format_is_refused(tmp_path: Path) -> None:
    answer = run_command("export_spreadsheet", "prices", str(tmp_path / "prices.pdf"), "--template")
    assert (answer["status"], list(tmp_path.iterdir())) == (2, [])


def test_what_two_columns_may_fill_is_called_as_the_first_of_them() -> None:
    """The discount of a line may come as an amount or as a share: the preview shows the amount."""
    assert get_resource("orders").labels()["discount"] == "Discount"
