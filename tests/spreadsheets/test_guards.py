"""Guard rails: what is rarely meant waits for a second confirmation, or for a manager."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile

from backoffice.changes.refusals import RefusedError
from backoffice.spreadsheets.engine import ImportConflict
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import ask_approval, check_import, confirm_import, search_changes, upload_file
from catalog.models import Category, Product
from tests.factories import make_product
from tests.spreadsheets.importing import run_import, write_csv

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def checked(actor: Any, *lines: str, resource: str = "products") -> ImportJob:
    file = ContentFile("\n".join(lines).encode(), name="list.csv")
    job = upload_file(resource=resource, file=file, filename="list.csv", actor=actor)
    return check_import(job=job, actor=actor)


def named(job: ImportJob) -> list[tuple[str, str]]:
    return [(guard["name"], guard["sentence"]) for guard in job.guards]


def test_a_price_that_jumps_is_told_and_needs_a_second_confirmation(catalogue_manager: Any) -> None:
    make_product(sku="A1", price=10)
    make_product(sku="B2", price=10)
    job = checked(catalogue_manager, "sku,price", "A1,15.01", "B2,15")
    assert named(job) == [("price_jump", "1 price changes by more than 50 %.")]
    with pytest.raises(RefusedError, match="say that they are meant"):
        confirm_import(job=job, actor=catalogue_manager)
    assert confirm_import(job=job, actor=catalogue_manager, accepted=True).state == "applied"


def test_a_price_that_becomes_nothing_is_told(catalogue_manager: Any) -> None:
    make_product(sku="A1", price=10)
    job = checked(catalogue_manager, "sku,price", "A1,0", "NEW,0")
    assert ("zero_price", "1 price becomes 0.") in named(job)


def test_a_count_of_none_is_told(operator: Any) -> None:
    make_product(sku="A1", on_hand=3)
    make_product(sku="B2")
    job = checked(operator, "sku,counted", "A1,0", "B2,0", resource="stock-count")
    assert named(job) == [("zero_on_hand", "1 product that is on hand would be counted as none.")]


def test_a_large_share_of_the_rows_is_told_unless_they_are_few(catalogue_manager: Any) -> None:
    for number in range(24):
        make_product(sku=f"A{number}")
    few = checked(catalogue_manager, "sku,name", *(f"A{number},Tea" for number in range(20)))
    assert few.guards == []
    many = checked(catalogue_manager, "sku,name", *(f"A{number},Tea" for number in range(21)))
    assert named(many) == [("share", "21 rows would change, 88 % of the 24 there are.")]


def test_limits_come_from_the_settings(catalogue_manager: Any, settings: LazySettings) -> None:
    settings.SPREADSHEET_GUARDS = {"products.price_jump": {"limit": 5}}
    make_product(sku="A1", price=10)
    assert named(checked(catalogue_manager, "sku,price", "A1,10.60")) == [
        ("price_jump", "1 price changes by more than 5 %.")
    ]


def test_beyond_the_larger_limit_a_manager_approves(
    catalogue_manager: Any, manager: Any, settings: LazySettings
) -> None:
    settings.SPREADSHEET_GUARDS = {"products.price_jump": {"managed": 0}}
    make_product(sku="A1", price=10)
    job = checked(catalogue_manager, "sku,price", "A1,20")
    with pytest.raises(RefusedError, match="a manager has to approve it"):
        confirm_import(job=job, actor=catalogue_manager, accepted=True)
    ask_approval(job=job, actor=catalogue_manager)
    assert list(ImportJob.objects.for_approval()) == [job]
    with pytest.raises(RefusedError, match="asked already"):
        ask_approval(job=job, actor=catalogue_manager)
    assert confirm_import(job=job, actor=manager, accepted=True).state == "applied"
    assert not ImportJob.objects.for_approval()


def test_an_import_within_its_limits_asks_nobody(catalogue_manager: Any) -> None:
    with pytest.raises(RefusedError, match="needs no approval"):
        ask_approval(job=checked(catalogue_manager, "sku", "A1"), actor=catalogue_manager)


def test_a_new_check_takes_the_request_for_approval_back(catalogue_manager: Any, settings: LazySettings) -> None:
    settings.SPREADSHEET_GUARDS = {"products.price_jump": {"managed": 0}}
    make_product(sku="A1", price=10)
    job = ask_approval(job=checked(catalogue_manager, "sku,price", "A1,20"), actor=catalogue_manager)
    assert check_import(job=job, actor=catalogue_manager).approval_asked_at is None


def test_changes_are_counted_by_column_and_weighed_in_money(catalogue_manager: Any) -> None:
    make_product(sku="A1", name="Tea", price=10, cost=4, on_hand=3)
    make_product(sku="B2", name="Fig", price=10, on_hand=5)
    job = checked(catalogue_manager, "sku,name,price,cost", "A1,Chai,11,4.50", "B2,Fig,9,")
    assert [(each["field"], each["count"]) for each in job.field_counts] == [("Price", 2), ("Name", 1), ("Cost", 1)]
    assert [(each["label"], each["text"]) for each in job.effects] == [
        ("Value of the stock at cost", "+1.50 GBP"),
        ("Value of the stock at its price", "-2.00 GBP"),
    ]


def test_a_count_tells_units_and_their_value(operator: Any) -> None:
    make_product(sku="A1", on_hand=3, cost=2)
    job = checked(operator, "sku,counted", "A1,1", resource="stock-count")
    assert [each["text"] for each in job.effects] == ["-2 units", "-4.00 GBP"]
    assert job.samples[0]["changes"] == {"on_hand": ["3", "1"]}


def test_changes_are_searched_by_key_kind_and_column(catalogue_manager: Any) -> None:
    make_product(sku="A1", name="Tea", price=10)
    make_product(sku="A2", name="Fig", price=10)
    job = checked(catalogue_manager, "sku,name,price", "A1,Chai,10", "A2,Fig,11", "B1,New,1")

    def rows(**narrowed: Any) -> list[str]:
        return [found["key"] for found in search_changes(job=job, actor=catalogue_manager, limit=10, **narrowed)]

    assert rows() == ["A1", "A2", "B1"]
    assert rows(search="a") == ["A1", "A2"]
    assert rows(search="100%'") == []
    assert rows(action="create") == ["B1"]
    assert rows(action="update", column="price") == ["A2"]
    assert rows(after=2) == ["A2", "B1"]


def test_a_category_is_shown_by_name(catalogue_manager: Any) -> None:
    make_product(sku="A1", category=Category.objects.create(name="Tea"))
    Category.objects.create(name="Fruit")
    job = checked(catalogue_manager, "sku,category", "A1,Fruit")
    assert job.samples[0]["changes"] == {"category_id": ["Tea", "Fruit"]}


def test_what_changed_since_the_check_is_kept_with_all_three_values(catalogue_manager: Any) -> None:
    product = make_product(sku="A1", name="Apple")
    job = checked(catalogue_manager, "sku,name", "A1,Pear", "B2,Fig")
    Product.objects.filter(pk=product.pk).update(name="Plum")
    make_product(sku="b2")
    with pytest.raises(ImportConflict):
        confirm_import(job=job, actor=catalogue_manager)
    job.refresh_from_db()
    assert job.conflicts == [
        {"row": 2, "key": "A1", "changes": {"name": ["Apple", "Plum", "Pear"]}},
        {"row": 3, "key": "B2", "changes": {}},
    ]
    assert check_import(job=job, actor=catalogue_manager).conflicts == []


def test_the_command_writes_what_is_unusual_only_when_told(tmp_path: Path) -> None:
    make_product(sku="A1", price=10)
    path = write_csv(tmp_path / "p.csv", "sku,price", "A1,99")
    answer = run_import("products", path, "--apply")
    assert (answer["status"], answer["guards"][0]["name"], answer["change_set"]) == (3, "price_jump", None)
    assert run_import("products", path)["status"] == 0
    assert run_import("products", path, "--apply", "--accept-warnings")["status"] == 0
    assert Product.objects.get().price == 99
