"""The spreadsheet of customers."""

from pathlib import Path

import pytest
from django.utils import timezone

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
from customers.models import Address, Customer
from tests.factories import make_customer
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db


def test_customers_are_found_by_number(tmp_path: Path) -> None:
    make_customer(number="ALFKI", name="Maria")
    path = write_csv(tmp_path / "c.csv", "number,name,country", "ALFKI,Maria Anders,Germany", "ANATR,Ana,Mexico")
    assert counts(run_import("customers", path, "--apply")) == (1, 1, 0, 0)
    assert Customer.objects.get(number="ALFKI").name == "Maria Anders"


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "c.csv", "number,email,tags,blocked", 'C1,a@example.com,"new, vip",no', "C2,,,")
    run_import("customers", path, "--apply")
    assert counts(run_import("customers", path, "--apply")) == (0, 0, 2, 0)


def test_an_email_twice_in_the_file_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "c.csv", "number,email", "C1,a@example.com", "C2,A@example.com")
    answer = run_import("customers", path)
    assert [found["row"] for found in answer["problems"]] == [2, 3]


def test_an_email_of_another_customer_is_refused(tmp_path: Path) -> None:
    make_customer(number="C1", email="a@example.com")
    answer = run_import("customers", write_csv(tmp_path / "c.csv", "number,email", "C2,A@example.com"))
    assert answer["problems"][0]["message"].startswith("Customer C1 has this e-mail address. Correct one of them;")


def test_erased_data_does_not_come_back(tmp_path: Path) -> None:
    make_customer(number="C1", anonymised_at=timezone.now())
    answer = run_import("customers", write_csv(tmp_path / "c.csv", "number,name", "C1,Maria"), "--apply")
    assert (answer["status"], answer["problems"][0]["rule"]) == (1, "erased")
    assert Customer.objects.get().name != "Maria"


def test_addresses_are_found_by_customer_kind_and_first_line(tmp_path: Path) -> None:
    customer = make_customer(number="17")
    Address.objects.create(customer=customer, kind="billing", line1="1 High Street", city="Leeds")
    path = write_csv(
        tmp_path / "a.csv",
        "customer,kind,address,city,default",
        "17,billing,1 high street,York,yes",
        "17,shipping,1 High Street,York,",
        "18,billing,2 Low Street,York,",
    )
    answer = run_import("addresses", path, "--apply", "--only-valid")
    assert (counts(answer), answer["problems"][0]["rule"]) == ((1, 1, 0, 1), "unknown")
    found = Address.objects.order_by("pk").values_list("kind", "line1", "city", "is_default")
    assert list(found) == [("billing", "1 High Street", "York", True), ("shipping", "1 High Street", "York", False)]


def test_addresses_are_found_by_the_email_address_of_their_customer(tmp_path: Path) -> None:
    for number, email in (("17", "ann@example.com"), ("18", "17"), ("19", "")):
        make_customer(number=number, email=email)
    rows = ["ANN@example.com,billing,1 High Street", "17,billing,2 Low Street", "18,billing,3 Mill Lane"]
    answer = run_import(
        "addresses", write_csv(tmp_path / "a.csv", "customer,kind,address", *rows), "--only-valid", "--apply"
    )
    assert (counts(answer), [found["rule"] for found in answer["problems"]]) == ((2, 0, 0, 1), ["ambiguous"])
    assert dict(Address.objects.values_list("line1", "customer__number")) == {
        "1 High Street": "17",
        "3 Mill Lane": "18",
    }


def test_addresses_exported_and_imported_again_change_nothing(tmp_path: Path) -> None:
    Address.objects.create(customer=make_customer(number="17"), kind="billing", line1="1 High Street", region="Kent")
    export_sheet(get_resource("addresses"), tmp_path / "a.csv")
    assert counts(run_import("addresses", tmp_path / "a.csv", "--apply")) == (0, 0, 1, 0)


def test_tags_are_set_by_number(tmp_path: Path) -> None:
    make_customer(number="17", name="Ann")
    answer = run_import("customer-tags", write_csv(tmp_path / "t.csv", "number,tags", "17,vip", "18,vip"))
    assert counts(answer) == (0, 1, 0, 1)
