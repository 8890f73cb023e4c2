"""The spreadsheet of customers."""

from pathlib import Path

import pytest
from django.utils import timezone

from customers.models import Customer
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
    assert answer["problems"][0]["message"] == "Customer C1 has this e-mail address. Correct one of them."


def test_erased_data_does_not_come_back(tmp_path: Path) -> None:
    make_customer(number="C1", anonymised_at=timezone.now())
    answer = run_import("customers", write_csv(tmp_path / "c.csv", "number,name", "C1,Maria"), "--apply")
    assert (answer["status"], answer["problems"][0]["rule"]) == (1, "erased")
    assert Customer.objects.get().name != "Maria"
