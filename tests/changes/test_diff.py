"""Differences: what a change did to each object, field by field."""

from typing import Any

import pytest

from backoffice.changes.context import recording
from backoffice.changes.diff import all_set_changes, changed_models, object_changes, set_changes
from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from customers.models import Address, Customer
from tests.factories import make_product

pytestmark = pytest.mark.django_db


def newest_set() -> ChangeSet:
    return ChangeSet.objects.latest("pk")


def told(change: Any) -> dict[str, tuple[Any, Any]]:
    return {field.field.name: (field.old, field.new) for field in change.fields}


def rename(product: Product, *names: str) -> ChangeSet:
    with recording(kind="form"):
        for name in names:
            Product.objects.filter(pk=product.pk).update(name=name)
    return newest_set()


def test_the_history_of_an_object_tells_each_version_newest_first() -> None:
    product = make_product(name="Tea")
    rename(product, "Green tea", "Black tea")
    changes = object_changes(Product, product.pk)
    assert [change.kind for change in changes] == ["~", "~", "+"]
    assert told(changes[0]) == {"name": ("Green tea", "Black tea")}


def test_the_first_version_tells_what_was_set() -> None:
    product = make_product(name="Tea")
    created = told(object_changes(Product, product.pk)[-1])
    assert created["name"] == (None, "Tea")
    assert not {"created_at", "updated_at", "price_with_tax", "available", "id"} & created.keys()


def test_the_history_of_an_object_is_read_page_by_page() -> None:
    product = make_product(name="Tea")
    rename(product, "A", "B", "C")
    first = object_changes(Product, product.pk, size=2)
    second = object_changes(Product, product.pk, size=2, before=first[-1].version.history_id)
    assert [told(change).get("name") for change in [*first, *second]] == [
        ("B", "C"),
        ("A", "B"),
        ("Tea", "A"),
        (None, "Tea"),
    ]


def test_the_history_of_an_object_says_of_which_change_set_each_is(django_assert_num_queries: Any) -> None:
    product = make_product(name="Tea")
    change_set = rename(product, "A", "B")
    with django_assert_num_queries(2):
        assert [change.version.change_set for change in object_changes(Product, product.pk)][:2] == [change_set] * 2


def test_a_change_set_tells_an_object_once_from_first_to_last() -> None:
    product = make_product(name="Tea")
    (change,) = set_changes(rename(product, "A", "B", "C"), Product)
    assert told(change) == {"name": ("Tea", "C")}
    assert change.label.endswith("C")


def test_a_deleted_object_tells_what_was_lost_and_keeps_its_name() -> None:
    category = Category.objects.create(name="Tea")
    with recording(kind="form"):
        category.delete()
    (change,) = set_changes(newest_set(), Category)
    assert (change.kind, change.label) == ("-", "Tea")
    assert told(change)["name"] == ("Tea", None)


def test_an_object_that_came_and_went_in_one_set_is_passing() -> None:
    with recording(kind="form"):
        Category.objects.create(name="Tea").delete()
    (change,) = set_changes(newest_set(), Category)
    assert (change.kind, change.fields) == ("=", ())


def test_a_change_set_is_read_page_by_page() -> None:
    products = Product.objects.bulk_create([Product(sku=f"S{n}") for n in range(5)])
    with recording(kind="action"):
        Product.objects.update(status="active")
    pages = [set_changes(newest_set(), Product, size=3)]
    pages.append(set_changes(newest_set(), Product, size=3, after=pages[0][-1].pk))
    assert [change.pk for page in pages for change in page] == [product.pk for product in products]


def test_a_page_takes_as_many_queries_for_many_objects_as_for_one(django_assert_num_queries: Any) -> None:
    Product.objects.bulk_create([Product(sku=f"S{n}") for n in range(30)])
    with recording(kind="action"):
        Product.objects.update(status="active")
    change_set = newest_set()
    for size in (1, 30):
        with django_assert_num_queries(3):
            assert len(set_changes(change_set, Product, size=size)) == size


def test_all_models_of_a_change_set_are_told() -> None:
    customer = Customer.objects.create(number="7")
    with recording(kind="form"):
        Address.objects.create(customer=customer, line1="1 High Street")
        Customer.objects.update(name="Ann")
    assert changed_models(newest_set()) == [Customer, Address]
    assert [change.model for change in all_set_changes(newest_set(), size=1)] == [Customer, Address]
