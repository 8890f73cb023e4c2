"""What changed since is never overwritten: it is told, skipped, or taken back by field."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from backoffice.changes.undo import preview_undo
from catalog.models import Category, Product
from tests.changes.undoing import changing, recorded, undone
from tests.factories import make_product, reload

pytestmark = pytest.mark.django_db


def test_a_row_that_changed_since_is_a_conflict_and_fails_by_default() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    changing(product, name="Newest")
    with pytest.raises(ValidationError, match="changed since"):
        undone(change_set)
    assert reload(product).name == "Newest"


def test_conflicts_are_told_with_both_versions_and_who_is_newer() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    newer = changing(product, name="Newest")
    (conflict,) = preview_undo(change_set).conflicts
    assert (conflict.pk, conflict.changed_by) == (product.pk, newer.pk)
    (field,) = conflict.fields
    assert (field.before, field.after, field.now, field.free) == ("Old", "New", "Newest", False)


def test_conflicts_may_be_skipped() -> None:
    one, two = make_product(name="Old"), make_product(name="Old")
    change_set = recorded(lambda: Product.objects.update(name="New"))
    changing(one, name="Newest")
    undone(change_set, conflicts="skip")
    assert (reload(one).name, reload(two).name) == ("Newest", "Old")


def test_fields_that_nobody_touched_since_may_be_taken_back_alone() -> None:
    product = make_product(name="Old", price=Decimal(1))
    change_set = changing(product, name="New", price=Decimal(2))
    changing(product, price=Decimal(3))
    undone(change_set, conflicts="fields")
    assert (reload(product).name, reload(product).price) == ("Old", Decimal(3))


def test_a_field_set_back_and_forth_since_is_still_a_newer_change() -> None:
    product = make_product(name="Old", barcode="1")
    change_set = changing(product, name="New")
    changing(product, name="Other")
    changing(product, name="New")
    assert preview_undo(change_set).total("conflicts") == 1


def test_changes_may_be_undone_one_after_the_other_the_newest_first() -> None:
    made = recorded(lambda: Category.objects.create(name="Chairs"))
    renamed = recorded(lambda: Category.objects.update(name="Stools"))
    deleted = recorded(lambda: Category.objects.all().delete())
    for change_set in (deleted, renamed, made):
        assert preview_undo(change_set).total("conflicts") == 0
        undone(change_set)
    assert not Category.objects.exists()


def test_a_newer_change_that_was_done_again_is_a_conflict() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    newer = changing(product, name="Newest")
    undone(undone(newer))
    assert preview_undo(change_set).total("conflicts") == 1


def test_a_deleted_row_that_the_set_changed_is_a_conflict() -> None:
    category = Category.objects.create(name="Old")
    change_set = changing(category, name="New")
    category.delete()
    (conflict,) = preview_undo(change_set).conflicts
    assert conflict.label == "New"


def test_a_made_row_that_changed_since_stays() -> None:
    change_set = recorded(lambda: Category.objects.create(name="Chairs"))
    Category.objects.update(name="Stools")
    assert preview_undo(change_set).total("conflicts") == 1
    with pytest.raises(ValidationError, match="Nothing of this change set can be undone"):
        undone(change_set, conflicts="fields")


def test_changes_of_the_undo_itself_are_no_conflict() -> None:
    product = make_product(name="Old", barcode="1")
    change_set = changing(product, name="New", barcode="2")
    undone(undone(change_set))
    assert preview_undo(change_set).total("restored") == 1
