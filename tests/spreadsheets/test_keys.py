"""What finds a row: the usual key, or another one that was chosen, which may be ambiguous."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.services import (
    check_as_before,
    check_import,
    confirm_import,
    save_profile,
    search_changes,
    sweep_imports,
    upload_file,
)
from catalog.models import Product, StockMovement
from customers.models import Customer
from tests.factories import make_customer, make_product
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db


def rules(answer: dict[str, Any]) -> list[tuple[int, str]]:
    return [(found["row"], found["rule"]) for found in answer["problems"]]


def test_products_are_found_by_barcode_and_then_named_anew(tmp_path: Path) -> None:
    make_product(sku="A-1", barcode="401", price="1.80")
    path = write_csv(tmp_path / "p.csv", "ean,sku,price", "401,B-1,2", "402,B-2,3", "401x,,4")
    answer = run_import("products", path, "--key", "barcode", "--apply", "--only-valid")
    assert (counts(answer), rules(answer)) == ((1, 1, 0, 1), [(4, "required")])
    assert sorted(Product.objects.values_list("barcode", "sku", "price")) == [("401", "B-1", 2), ("402", "B-2", 3)]


def test_a_blank_sku_stays_where_the_product_is_found_otherwise(tmp_path: Path) -> None:
    make_product(sku="A-1", barcode="401", name="Tea")
    run_import("products", write_csv(tmp_path / "p.csv", "barcode,sku,name", "401,,Rum"), "--key", "barcode", "--apply")
    assert Product.objects.values_list("sku", "name").get() == ("A-1", "Rum")


@pytest.mark.parametrize(("kind", "header", "row"), [("prices", "price", "2"), ("stock-count", "counted", "5")])
def test_a_code_that_several_products_have_is_refused(tmp_path: Path, kind: str, header: str, row: str) -> None:
    make_product(sku="A-1", barcode="401")
    make_product(sku="A-2", barcode="401")
    make_product(sku="A-3", barcode="401", status="archived")
    answer = run_import(kind, write_csv(tmp_path / "p.csv", f"barcode,{header}", f"401,{row}"), "--key", "barcode")
    [problem] = answer["problems"]
    assert (counts(answer), problem["rule"]) == ((0, 0, 0, 1), "ambiguous")
    assert problem["message"].startswith("“401” fits several rows here: A-1, A-2. Correct it in all but one")


def test_a_price_list_by_barcode_names_no_product_anew(tmp_path: Path) -> None:
    make_product(sku="A-1", barcode="401", price="1.80")
    path = write_csv(tmp_path / "p.csv", "barcode,sku,price", "401,B-1,2", "409,B-2,2")
    answer = run_import("prices", path, "--key", "barcode", "--only-valid", "--apply")
    assert (counts(answer), rules(answer)) == ((0, 1, 0, 1), [(3, "unknown")])
    assert Product.objects.values_list("sku", "price").get() == ("A-1", 2)


def test_stock_is_counted_and_received_by_barcode(tmp_path: Path) -> None:
    product = make_product(sku="A-1", barcode="401")
    run_import(
        "stock-receipt",
        write_csv(tmp_path / "r.csv", "barcode,quantity,delivery note", "401,5,D-1", "401,2,D-2"),
        "--key",
        "barcode",
        "--apply",
    )
    counted = run_import(
        "stock-count", write_csv(tmp_path / "c.csv", "barcode,counted", "401,6"), "--key", "barcode", "--apply"
    )
    product.refresh_from_db()
    assert (product.on_hand, counted["update"]) == (6, 1)
    assert list(StockMovement.objects.order_by("pk").values_list("delta", flat=True)) == [5, 2, -1]


def test_customers_are_found_by_email_whatever_its_case(tmp_path: Path) -> None:
    make_customer(number="C1", email="ann@example.com", name="Ann")
    path = write_csv(tmp_path / "c.csv", "email,number,name", "ANN@example.com,,Anna", "bob@example.com,C2,Bob")
    answer = run_import("customers", path, "--key", "email", "--apply")
    assert counts(answer) == (1, 1, 0, 0)
    assert dict(Customer.objects.values_list("number", "name")) == {"C1": "Anna", "C2": "Bob"}
    assert Customer.objects.get(number="C1").email == "ann@example.com"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["401,A-2"], [(2, "taken")]),
        (["401,B-1", "403,B-1"], [(2, "repeated"), (3, "repeated")]),
        (["401,a-1", "402,A-2"], []),
    ],
)
def test_a_sku_stays_one_product_s(tmp_path: Path, rows: list[str], found: list[tuple[int, str]]) -> None:
    make_product(sku="A-1", barcode="401")
    make_product(sku="A-2", barcode="402")
    answer = run_import("products", write_csv(tmp_path / "p.csv", "barcode,sku", *rows), "--key", "barcode")
    assert rules(answer) == found


def test_an_export_with_ids_renames_and_creates_nothing(tmp_path: Path) -> None:
    make_product(sku="A-1", status="archived")
    product = make_product(sku="A-1", name="Tea")
    resource = get_resource("products")
    export_sheet(resource, tmp_path / "p.csv", chosen=["id", "sku", "status"])
    text = (tmp_path / "p.csv").read_text("utf-8-sig")
    assert text.splitlines()[0] == "ID,SKU,Status"
    assert counts(run_import("products", tmp_path / "p.csv", "--key", "id")) == (0, 0, 2, 0)
    path = write_csv(tmp_path / "n.csv", "id,sku,name", f"{product.pk},A-9,Rum", f"{product.pk + 9},A-8,Gin")
    answer = run_import("products", path, "--key", "id", "--only-valid", "--apply")
    assert (counts(answer), rules(answer)) == ((0, 1, 0, 1), [(3, "unknown")])
    product.refresh_from_db()
    assert (product.sku, product.name) == ("A-9", "Rum")


@pytest.mark.parametrize("kind", resource_names())
def test_every_key_of_a_kind_is_checked_by_the_command(tmp_path: Path, kind: str) -> None:
    for key in get_resource(kind).keys:
        resource = get_resource(kind, key=key.field)
        header = ",".join(str(column.label) for column in resource.columns.values())
        answer = run_import(kind, write_csv(tmp_path / "blank.csv", header), "--key", key.field)
        assert (answer["status"], answer["rows"]) == (0, 0)


def test_a_key_that_finds_nothing_is_refused_with_those_that_do(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku", "A-1")
    answer = run_import("products", path, "--key", "name")
    assert (answer["status"], answer["stderr"].strip()) == (
        2,
        "Rows of Products are not found by “name”. Choose one of: sku, barcode, id.",
    )
    assert "leave no choice" in run_import("orders", path, "--key", "number")["stderr"]
    assert "never created" in run_import("prices", path, "--mode", "create")["stderr"]


def test_a_profile_keeps_the_key(catalogue_manager: Any) -> None:
    make_product(sku="A-1", barcode="401", name="Tea")

    def uploaded(text: str) -> ImportJob:
        file = SimpleUploadedFile("list.csv", text.encode())
        return upload_file(resource="products", file=file, filename="list.csv", actor=catalogue_manager)

    job = uploaded("Code,Title\n401,Rum\n")
    mapped = {"barcode": "Code", "name": "Title"}
    job = check_import(job=job, actor=catalogue_manager, mapped=mapped, options={"key": "barcode"})
    save_profile(job=job, actor=catalogue_manager, name="By barcode")
    [row] = search_changes(job=job, actor=catalogue_manager, limit=9)
    assert (row["key"], row["changes"]) == ("401", {"name": ["Tea", "Rum"]})

    job = uploaded("Code,Title\n401,Gin\n")
    confirm_import(
        job=check_import(job=job, actor=catalogue_manager, **check_as_before(job=job)[1]), actor=catalogue_manager
    )
    assert Product.objects.values_list("sku", "name").get() == ("A-1", "Gin")


def test_a_file_like_one_found_by_another_key_is_found_alike(catalogue_manager: Any) -> None:
    make_product(sku="A-1", barcode="401", name="Tea")
    for name in ("Rum", "Gin"):
        file = SimpleUploadedFile("list.csv", f"Code,Title\n401,{name}\n".encode())
        job = upload_file(resource="products", file=file, filename="list.csv", actor=catalogue_manager)
        earlier, asked = check_as_before(job=job)
        if earlier is None:
            asked = {"mapped": {"barcode": "Code", "name": "Title"}, "options": {"key": "barcode"}}
        confirm_import(job=check_import(job=job, actor=catalogue_manager, **asked), actor=catalogue_manager)
    assert Product.objects.values_list("sku", "name").get() == ("A-1", "Gin")


def test_what_a_check_of_codes_has_prepared_stays_with_its_import(catalogue_manager: Any) -> None:
    file = SimpleUploadedFile("list.csv", b"barcode,sku\n401,A-1\n")
    job = upload_file(resource="products", file=file, filename="list.csv", actor=catalogue_manager)
    check_import(job=job, actor=catalogue_manager, options={"key": "barcode"})
    assert sweep_imports() == 0
