"""Every way of writing leaves exactly one history row for each changed row."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from customers.models import Address, Customer

pytestmark = pytest.mark.django_db


def products(number: int = 3) -> list[Product]:
    return Product.objects.bulk_create([Product(sku=f"SKU-{n}", name="Old") for n in range(number)])


def by_save() -> None:
    for product in Product.objects.all():
        product.name = "New"
        product.save()


def by_update() -> None:
    Product.objects.update(name="New")


def by_bulk_update() -> None:
    changed = list(Product.objects.all())
    for product in changed:
        product.name = "New"
    Product.objects.bulk_update(changed, ["name"])


def by_bulk_create_on_conflict() -> None:
    again = [Product(id=p.id, sku=p.sku, name="New") for p in Product.objects.all()]
    Product.objects.bulk_create(again, update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def by_raw_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET name = 'New'")


def by_merge() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "MERGE INTO catalog_product AS p USING (SELECT id FROM catalog_product) AS s ON p.id = s.id "
            "WHEN MATCHED THEN UPDATE SET name = 'New'"
        )


def by_shell() -> None:
    call_command("shell", command="from catalog.models import Product; Product.objects.update(name='New')", verbosity=0)


CHANGES = [by_save, by_update, by_bulk_update, by_bulk_create_on_conflict, by_raw_sql, by_merge, by_shell]


@pytest.mark.parametrize("change", CHANGES)
def test_each_changed_row_has_one_new_version(change: Callable[[], None]) -> None:
    products()
    with recording(kind="shell"):
        change()
    versions = Product.history.filter(history_type="~")
    assert sorted(versions.values_list("sku", "name")) == [(f"SKU-{n}", "New") for n in range(3)]
    assert len(set(versions.values_list("change_set_id"))) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_writing_the_same_values_again_leaves_nothing(change: Callable[[], None]) -> None:
    products()
    Product.objects.update(name="New")
    versions, sets = Product.history.count(), ChangeSet.objects.count()
    touched = list(Product.objects.order_by("pk").values_list("updated_at"))
    change()
    assert (Product.history.count(), ChangeSet.objects.count()) == (versions, sets)
    assert list(Product.objects.order_by("pk").values_list("updated_at")) == touched


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_rolled_back_leaves_nothing(change: Callable[[], None]) -> None:
    products()
    versions, sets = Product.history.count(), ChangeSet.objects.count()
    with transaction.atomic(), recording(kind="shell"):
        change()
        transaction.set_rollback(True)
    assert (Product.history.count(), ChangeSet.objects.count()) == (versions, sets)


def create_one_by_one() -> None:
    for n in range(3):
        Product.objects.create(sku=f"SKU-{n}", name="Old")


def insert_by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_product (sku, name, status, description, barcode, price, tax_rate, tags,"
            " allow_backorder, reorder_level, on_hand, reserved)"
            " SELECT 'SKU-' || n, 'Old', 'draft', '', '', 0, 0, '{}', false, 0, 0, 0 FROM generate_series(0, 2) AS n"
        )


@pytest.mark.parametrize("create", [products, create_one_by_one, insert_by_sql])
def test_each_new_row_has_one_version(create: Callable[[], Any]) -> None:
    with recording(kind="import", source="list.csv"):
        create()
    assert sorted(Product.history.values_list("history_type", "sku")) == [("+", f"SKU-{n}") for n in range(3)]
    assert ChangeSet.objects.get(source="list.csv").counts == {"catalog.product": {"+": 3}}


def copy_categories() -> None:
    statement = "COPY catalog_category (name, description, position) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for n in range(3):
            copy.write_row((f"Category {n}", "", n))


def test_rows_that_came_by_copy_belong_to_the_open_change_set() -> None:
    with recording(kind="import", source="list.csv"):
        copy_categories()
    assert Category.history.count() == 3
    assert {version.change_set.source for version in Category.history.all()} == {"list.csv"}


def delete_one_by_one() -> None:
    for customer in Customer.objects.all():
        customer.delete()


def delete_by_queryset() -> None:
    Customer.objects.all().delete()


@pytest.mark.parametrize("delete", [delete_one_by_one, delete_by_queryset])
def test_deleted_rows_and_those_that_went_with_them_have_a_last_version(delete: Callable[[], None]) -> None:
    customer = Customer.objects.create(number="7")
    Address.objects.create(customer=customer, line1="1 High Street")
    delete()
    assert Customer.history.filter(history_type="-", number="7").count() == 1
    assert Address.history.filter(history_type="-", line1="1 High Street").count() == 1


def test_a_changed_primary_key_is_refused() -> None:
    products(1)
    with pytest.raises(IntegrityError, match="null value"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET id = id + 1000000")
