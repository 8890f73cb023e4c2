"""Undo of some objects of a change set: these go back, the others stay, and the set says that a part was undone."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import preview_undo, undo_change_set
from catalog.models import Category, Product
from catalog.services import receive_stock
from customers.models import Address, Customer
from tests.changes.undoing import changing, recorded, undone
from tests.factories import make_customer, make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def renamed() -> tuple[ChangeSet, Product, Product]:
    one, two = make_product(name="Old"), make_product(name="Old")
    return recorded(lambda: Product.objects.update(name="New")), one, two


def only(*rows: Any) -> dict[str, list[Any]]:
    return {row._meta.label_lower: [each.pk for each in rows] for row in rows}


def names() -> list[str]:
    return sorted(Product.objects.values_list("name", flat=True))


def test_chosen_objects_go_back_and_the_others_stay(renamed: Any) -> None:
    change_set, one, two = renamed
    assert preview_undo(change_set, only=only(one)).writes == 1
    undone(change_set, only=only(one))
    assert (reload(one).name, reload(two).name) == ("Old", "New")


def test_the_rest_may_be_undone_later(renamed: Any) -> None:
    change_set, one, _two = renamed
    undone(change_set, only=only(one))
    assert preview_undo(change_set).total("restored") == 1
    undone(change_set)
    assert names() == ["Old", "Old"]


def test_an_undo_of_a_part_can_be_undone(renamed: Any) -> None:
    change_set, one, _two = renamed
    undone(undone(change_set, only=only(one)))
    assert names() == ["New", "New"]


def test_a_conflict_elsewhere_does_not_keep_the_chosen_from_going_back(renamed: Any) -> None:
    change_set, one, two = renamed
    changing(two, name="Newest")
    undone(change_set, only=only(one))
    assert names() == ["Newest", "Old"]


def test_what_belongs_to_a_chosen_object_comes_back_with_it() -> None:
    ada, bea = make_customer(name="Ada"), make_customer(name="Bea")
    for customer in (ada, bea):
        Address.objects.create(customer=customer, line1=customer.name)
    change_set = recorded(Customer.objects.all().delete)
    undone(change_set, only=only(ada))
    assert Customer.objects.get().name == "Ada"
    assert Address.objects.get().line1 == "Ada"


def test_a_child_without_its_parent_is_refused() -> None:
    customer = make_customer()
    address = Address.objects.create(customer=customer, line1="1 High Street")
    chosen = only(address)
    change_set = recorded(customer.delete)
    (refused,) = preview_undo(change_set, only=chosen).refusals
    assert "Undo its deletion first" in refused.sentence


def test_what_the_set_did_not_write_is_refused(renamed: Any) -> None:
    change_set, *_products = renamed
    for chosen in (only(make_product()), {"catalog.category": [1]}, {"catalog.product": ["x"]}, {}):
        with pytest.raises(ValidationError, match="did not write all that was chosen"):
            preview_undo(change_set, only=chosen)


def test_entries_of_the_ledger_go_with_the_whole_change() -> None:
    product = make_product()
    change_set = recorded(lambda: receive_stock(product=product, quantity=3, actor=None))
    movement = product.movements.get()
    with pytest.raises(ValidationError, match="Stock movements are taken back by opposite ones"):
        preview_undo(change_set, only=only(movement))


def test_only_what_is_done_to_the_chosen_must_be_allowed(manager: Any) -> None:
    product = make_product(name="Old")

    def write() -> None:
        Product.objects.update(name="New")
        type(manager).objects.filter(pk=manager.pk).update(name="Maja")

    change_set = recorded(write)
    with pytest.raises(ValidationError, match="Your role does not allow"):
        undo_change_set(change_set=change_set, actor=manager)
    undo_change_set(change_set=change_set, actor=manager, only=only(product))
    assert reload(product).name == "Old"


# Whether a change was undone whole


def told(change_set: ChangeSet) -> tuple[bool, bool]:
    row = ChangeSet.objects.for_changelist().get(pk=change_set.pk)
    return row.undone, row.undone_whole


def test_an_undo_says_whether_it_left_something(renamed: Any) -> None:
    change_set, one, two = renamed
    undo = undone(change_set, only=only(one))
    assert (undo.partly, told(change_set)) == (True, (True, False))
    undone(change_set, only=only(two, one))
    assert told(change_set) == (True, True)


def test_all_of_it_by_name_is_the_whole() -> None:
    category = Category.objects.create(name="Old")
    change_set = changing(category, name="New")
    assert not undone(change_set, only=only(category)).partly


def test_what_was_skipped_makes_it_a_part(renamed: Any) -> None:
    change_set, one, _two = renamed
    changing(one, name="Newest")
    assert undone(change_set, conflicts="skip").partly
