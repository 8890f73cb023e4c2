"""What the database would refuse is named before anything is undone."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from backoffice.changes.undo import preview_undo
from catalog.models import Category, Product
from customers.models import Address
from tests.changes.undoing import changing, recorded, undone
from tests.factories import make_customer, make_product, reload

pytestmark = pytest.mark.django_db


def test_a_key_that_another_row_has_now_is_named() -> None:
    product = make_product(sku="A-1")
    change_set = changing(product, sku="A-2")
    other = make_product(sku="a-1")
    (refused,) = preview_undo(change_set).refusals
    assert (
        refused.sentence
        == f"Another product has this SKU. Archive that one first, or choose another. It is {other} now."
    )
    with pytest.raises(ValidationError, match="Another product has this SKU"):
        undone(change_set)


def test_keys_handed_on_within_the_set_come_back_in_turn() -> None:
    customer = make_customer()
    old = Address.objects.create(customer=customer, line1="old", is_default=True)
    new = Address.objects.create(customer=customer, line1="new")

    def write() -> None:
        Address.objects.filter(pk=old.pk).update(is_default=False)
        Address.objects.filter(pk=new.pk).update(is_default=True)

    undone(recorded(write))
    assert (reload(old).is_default, reload(new).is_default) == (True, False)


def test_keys_swapped_in_a_circle_are_refused() -> None:
    one, two = make_product(sku="A"), make_product(sku="B")

    def write() -> None:
        for product, sku in ((one, "C"), (two, "A"), (one, "B")):
            Product.objects.filter(pk=product.pk).update(sku=sku)

    refusals = preview_undo(recorded(write)).refusals
    assert {refused.sentence for refused in refusals} == {
        "It would swap its key with others. Change one of them by hand first."
    }


def test_a_parent_that_is_gone_is_named() -> None:
    chairs = Category.objects.create(name="Chairs")
    product = make_product(category=chairs)
    change_set = changing(product, category=None)
    chairs.delete()
    (refused,) = preview_undo(change_set).refusals
    assert refused.sentence == "“category” would be Chairs, which is gone. Undo its deletion first, or choose another."


def test_rows_that_refer_to_what_would_go_are_named() -> None:
    change_set = recorded(lambda: Category.objects.create(name="Chairs"))
    product = make_product(category=Category.objects.get())
    (refused,) = preview_undo(change_set).refusals
    assert refused.sentence == f"{product} (product) refers to it. Remove or change that first."


def test_a_rule_that_came_since_is_named() -> None:
    product = make_product(price=Decimal(5))
    change_set = changing(product, price=Decimal(7))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalog_product ADD CONSTRAINT dear CHECK (price > 6)")
    (refused,) = preview_undo(change_set).refusals
    assert refused.sentence == "The rule “dear” forbids it."


def test_what_is_left_alone_may_keep_others_from_being_undone() -> None:
    def write() -> None:
        chairs = Category.objects.create(name="Chairs")
        make_product(sku="A", category=chairs)

    change_set = recorded(write)
    Product.objects.update(name="sold")
    preview = preview_undo(change_set)
    assert (preview.total("conflicts"), preview.total("refusals"), preview.writes) == (1, 1, 0)


def test_refused_rows_are_skipped_when_asked() -> None:
    taken, free = make_product(sku="A"), make_product(sku="B")

    def write() -> None:
        Product.objects.filter(pk=taken.pk).update(sku="A2")
        Product.objects.filter(pk=free.pk).update(sku="B2")

    change_set = recorded(write)
    make_product(sku="A")
    undone(change_set, conflicts="skip")
    assert (reload(taken).sku, reload(free).sku) == ("A2", "B")
