"""Exports, and that importing one again changes nothing."""

import gzip
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.exports import export_sheet, parse_condition
from backoffice.spreadsheets.readers import open_sheet
from backoffice.spreadsheets.registry import get_resource
from catalog.models import Category
from tests.factories import make_customer, make_placed, make_product
from tests.spreadsheets.importing import counts, run_import

pytestmark = pytest.mark.django_db

FILES = ["export.csv", "export.csv.gz", "export.xlsx", "export.ods"]


def export(resource: str, path: Path, *conditions: str) -> int:
    return export_sheet(get_resource(resource), path, conditions=map(parse_condition, conditions))


def column(path: Path, header: str) -> list[Any]:
    with open_sheet(path) as sheet:
        return [row.cells[sheet.headers.index(header)] for row in sheet.rows]


@pytest.mark.parametrize("name", FILES)
def test_products_exported_and_imported_again_change_nothing(name: str, tmp_path: Path) -> None:
    tea = Category.objects.create(name="Tea, 100 %")
    make_product(sku="007", name="=1+1", price=Decimal("2.5500"), category=tea, tags=["new", "@home"])
    make_product(sku="A'1", name="'=x", description='two\nlines, "quoted"', price=Decimal("0.0010"))
    assert export("products", tmp_path / name) == 2
    before = ChangeSet.objects.count()

    answer = run_import("products", tmp_path / name, "--apply")

    assert counts(answer) == (0, 0, 2, 0), answer["problems"]
    assert ChangeSet.objects.count() == before


@pytest.mark.parametrize("name", FILES)
def test_customers_exported_and_imported_again_change_nothing(name: str, tmp_path: Path) -> None:
    make_customer(number="00017", name="-Ann", email="ann@example.com", phone="+49 30 1234", tags=["vip", "wholesale"])
    make_customer(number="18", name="Łódź 🚚", email="")
    assert export("customers", tmp_path / name) == 2

    assert counts(run_import("customers", tmp_path / name, "--apply")) == (0, 0, 2, 0)


@pytest.mark.parametrize("name", FILES)
def test_orders_exported_and_imported_again_change_nothing(name: str, tmp_path: Path) -> None:
    make_placed()
    rows = export("orders", tmp_path / name)

    answer = run_import("orders", tmp_path / name, "--apply")

    assert rows > 0
    assert counts(answer) == (0, 0, rows, 0), answer["problems"]


def test_a_stock_count_starts_from_what_is_on_hand(tmp_path: Path) -> None:
    make_product(sku="A1")
    export("stock-count", tmp_path / "count.csv")

    assert counts(run_import("stock-count", tmp_path / "count.csv", "--apply")) == (0, 0, 1, 0)


def test_columns_come_in_their_order_and_formulas_neutralised(tmp_path: Path) -> None:
    make_product(sku="A1", name="=1+1")
    export("products", tmp_path / "p.csv")
    header, row = (tmp_path / "p.csv").read_text("utf-8-sig").splitlines()

    assert header.startswith("SKU,Name,Description,Category,")
    assert row.startswith("A1,'=1+1,")


def test_filters_take_the_words_of_the_columns(tmp_path: Path) -> None:
    make_product(sku="A1", price=Decimal(5), status="active", tags=["new"])
    make_product(sku="B2", price=Decimal(15), status="active", tags=["new", "gift"])
    make_product(sku="C3", price=Decimal(25), status="draft")
    found = {}
    for condition in ("sku=a1", "price>=15", "price<=5", "status=Draft", "tags=gift", "category="):
        export("products", tmp_path / "p.csv", condition)
        found[condition] = "".join(column(tmp_path / "p.csv", "SKU"))

    assert list(found.values()) == ["A1", "B2C3", "A1", "C3", "B2", "A1B2C3"]


def test_all_filters_must_hold(tmp_path: Path) -> None:
    make_product(sku="A1", price=Decimal(5))
    make_product(sku="B2", price=Decimal(15))

    assert export("products", tmp_path / "p.csv", "price>=3", "price<=10") == 1


@pytest.mark.parametrize(
    ("condition", "words"),
    [("colour=red", "There are: sku, name"), ("price=1,50", "Write 1.50"), ("price", "Write it as field=value")],
)
def test_a_wrong_filter_is_refused_and_leaves_no_file(condition: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=words):
        export("products", tmp_path / "p.csv", condition)
    assert list(tmp_path.iterdir()) == []


def test_a_filter_is_a_value_never_sql(tmp_path: Path) -> None:
    make_product(sku="A1")

    assert export("products", tmp_path / "p.csv", "name='; DROP TABLE catalog_product; -- 100%") == 0


def run_export(*arguments: str) -> tuple[int, str, str]:
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command("export_spreadsheet", *arguments, stdout=out, stderr=err)
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, out.getvalue(), err.getvalue()


def test_the_command_prints_one_json_object(tmp_path: Path) -> None:
    make_product(sku="A1")
    path = tmp_path / "p.csv.gz"

    status, out, _err = run_export("products", str(path), "--filter", "sku=A1")

    assert (status, out.count("\n")) == (0, 1)
    assert json.loads(out) == {"rows": 1, "file": str(path), "seconds": json.loads(out)["seconds"]}
    assert b"A1" in gzip.decompress(path.read_bytes())


@pytest.mark.parametrize(
    ("resource", "name", "words"),
    [("colours", "p.csv", "There are: "), ("products", "p.pdf", ".xlsx"), ("products", "missing/p.csv", "No such")],
)
def test_the_command_refuses_with_a_sentence(resource: str, name: str, words: str, tmp_path: Path) -> None:
    status, out, err = run_export(resource, str(tmp_path / name))

    assert (status, out) == (2, "")
    assert words in err
