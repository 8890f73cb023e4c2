"""Round trips: an exported row that was edited here meanwhile is a conflict, never overwritten unseen."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.registry import get_resource
from catalog.models import Category, Product
from customers.models import Customer
from tests.factories import make_customer, make_product
from tests.spreadsheets.importing import counts, run_import, write_table

pytestmark = pytest.mark.django_db


def edited_export(resource: str, path: Path, edit: Callable[[dict[str, str]], Any] = lambda row: None) -> Path:
    """Export, have `edit` change the rows, and return the file."""
    export_sheet(get_resource(resource), path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        edit(row)
    return write_table(path, rows[0], [row.values() for row in rows])


def messages(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(found["column"], found["value"], found["message"]) for found in answer["problems"]]


def test_one_edited_cell_is_one_change(tmp_path: Path) -> None:
    for sku in ("A1", "B2"):
        make_product(sku=sku, name="Tea")
    path = edited_export(
        "products", tmp_path / "p.csv", lambda row: row.update(Name="Chai") if row["SKU"] == "B2" else 0
    )
    assert counts(run_import("products", path, "--apply")) == (0, 1, 1, 0)
    assert Product.objects.get(name="Chai").sku == "B2"


def test_a_row_edited_here_since_the_export_is_a_conflict_with_all_three_values(tmp_path: Path) -> None:
    product = make_product(sku="A1", name="Tea", category=Category.objects.create(name="Drinks"), tags=["new"])
    path = edited_export("products", tmp_path / "p.csv", lambda row: row.update(Name="Chai", Tags="old"))
    other = Category.objects.create(name="Hot drinks")
    Product.objects.filter(pk=product.pk).update(name="Tee", category=other, tags=["gift", "new"])
    answer = run_import("products", path, "--apply")
    assert {found["rule"] for found in answer["problems"]} == {"conflict"}
    assert [(column, value, text.split(".")[0]) for column, value, text in messages(answer)] == [
        ("Category", "Drinks", "Edited here since the export: it was “Drinks” then and is “Hot drinks” now"),
        ("Name", "Chai", "Edited here since the export: it was “Tea” then and is “Tee” now"),
        ("Tags", "old", "Edited here since the export: it was “new” then and is “gift, new” now"),
    ]
    assert Product.objects.get().name == "Tee"


def test_an_edit_elsewhere_in_the_row_or_to_the_same_value_is_no_conflict(tmp_path: Path) -> None:
    product = make_product(sku="A1", name="Tea")
    path = edited_export("products", tmp_path / "p.csv", lambda row: row.update(Name="Chai", Barcode="400"))
    Product.objects.filter(pk=product.pk).update(barcode="400")
    product.movements.create(delta=5, reason="receipt")
    assert counts(run_import("products", path, "--apply")) == (0, 1, 0, 0)
    assert Product.objects.filter(name="Chai", barcode="400").exists()


def test_a_row_without_its_version_overwrites(tmp_path: Path) -> None:
    product = make_product(sku="A1", name="Tea")
    path = edited_export("products", tmp_path / "p.csv", lambda row: row.update({"Name": "Chai", "Row version": ""}))
    Product.objects.filter(pk=product.pk).update(name="Tee")
    assert counts(run_import("products", path, "--apply")) == (0, 1, 0, 0)


def test_a_version_that_is_not_known_says_so(tmp_path: Path) -> None:
    make_product(sku="A1", name="Tea")
    path = edited_export("products", tmp_path / "p.csv", lambda row: row.update({"Name": "Chai", "Row version": "v1"}))
    [(column, _value, message)] = messages(run_import("products", path))
    assert (column, "it is “Tea” now, and what it was then is not known" in message) == ("Name", True)


def test_an_exported_row_that_is_gone_is_not_created_anew(tmp_path: Path) -> None:
    make_customer(number="17")
    path = edited_export("customers", tmp_path / "c.csv")
    Customer.objects.all().delete()
    answer = run_import("customers", path)
    assert (counts(answer), answer["problems"][0]["rule"]) == ((0, 0, 0, 1), "conflict")


def test_a_count_sheet_written_before_a_sale_does_not_bring_the_sold_units_back(tmp_path: Path) -> None:
    product = make_product(sku="A1", on_hand=5)
    path = edited_export("stock-count", tmp_path / "count.csv")
    Product.objects.get(pk=product.pk).movements.create(delta=-2, reason="correction")
    [(column, value, message)] = messages(run_import("stock-count", path))
    assert (column, value, "it was “5” then and is “3” now" in message) == ("Counted", "5", True)


@pytest.mark.parametrize("name", ["p.csv", "p.xlsx"])
def test_the_version_reads_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    make_product(sku="A1")
    export_sheet(get_resource("products"), tmp_path / name)
    with open_sheet(tmp_path / name) as sheet:
        [row] = list(sheet.rows)
        version = row.cells[sheet.headers.index("Row version")]
    assert str(version).startswith("v")
    assert counts(run_import("products", tmp_path / name)) == (0, 0, 1, 0)
