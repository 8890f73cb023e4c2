"""Undo: what was changed comes back, what was deleted returns, what was made goes; all or nothing, once."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import preview_undo, undo_change_set
from catalog.models import Category, Product
from customers.models import Address, Customer
from tests.changes.undoing import changing, recorded, undone
from tests.factories import make_customer, make_product, reload

pytestmark = pytest.mark.django_db


def test_a_changed_row_gets_its_values_back() -> None:
    product = make_product(name="Old", price=Decimal("2.50"))
    undone(changing(product, name="New", price=Decimal("3.00")))
    assert (reload(product).name, reload(product).price) == ("Old", Decimal("2.5000"))


def test_rows_that_were_made_go() -> None:
    made = recorded(lambda: Category.objects.create(name="Chairs"))
    undone(made)
    assert not Category.objects.exists()


def test_deleted_rows_come_back_with_their_keys_and_children() -> None:
    customer = make_customer(number="7", name="Ada")
    address = Address.objects.create(customer=customer, line1="1 High Street")
    undone(recorded(customer.delete))
    assert (Customer.objects.get(number="7").pk, Address.objects.get().pk) == (address.customer_id, address.pk)
    assert Address.objects.get().line1 == "1 High Street"


def test_a_row_that_the_set_changed_and_deleted_comes_back_as_it_was_before() -> None:
    customer = make_customer(name="Ada")

    def write() -> None:
        Customer.objects.update(name="Bea")
        Customer.objects.all().delete()

    undone(recorded(write))
    assert Customer.objects.get(pk=customer.pk).name == "Ada"


def test_a_row_that_the_set_made_and_deleted_stays_gone() -> None:
    def write() -> None:
        Category.objects.create(name="Chairs")
        Category.objects.all().delete()

    change_set = recorded(write)
    assert preview_undo(change_set).writes == 0


def test_an_undo_is_a_change_set_that_says_what_it_undid_and_why() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    undo = undone(change_set, reason="wrong file")
    assert (undo.kind, undo.undo_of, undo.reason) == ("undo", change_set, "wrong file")
    assert undo.counts == {"catalog.product": {"~": 1}}


def test_the_undo_of_an_undo_does_it_again() -> None:
    product = make_product(name="Old")
    undone(undone(changing(product, name="New")))
    assert reload(product).name == "New"


def test_undo_and_redo_may_alternate() -> None:
    customer = make_customer(name="Old")
    change_set = recorded(customer.delete)
    redo = undone(undone(change_set))
    assert not Customer.objects.exists()
    undone(redo)
    assert Customer.objects.get().name == "Old"


def test_the_preview_counts_and_writes_nothing() -> None:
    product, made = make_product(name="Old"), ChangeSet.objects.count()
    change_set = changing(product, name="New")
    preview = preview_undo(change_set)
    assert (preview.total("restored"), preview.total("recreated"), preview.total("removed")) == (1, 0, 0)
    assert (reload(product).name, ChangeSet.objects.count()) == ("New", made + 1)


def test_several_models_are_undone_together_parents_before_children() -> None:
    def write() -> None:
        chairs = Category.objects.create(name="Chairs")
        stools = Category.objects.create(name="Stools", parent=chairs)
        make_product(category=stools)

    change_set = recorded(write)
    undo = undone(change_set)
    assert not Category.objects.exists()
    assert not Product.objects.exists()
    undone(undo)
    assert Product.objects.get().category.parent.name == "Chairs"


# All or nothing, once


def test_nothing_left_to_undo_is_said() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    undo = undone(change_set)
    with pytest.raises(ValidationError, match=f"change set {undo.pk} did it already"):
        undone(change_set)


def test_an_undo_that_breaks_off_leaves_nothing() -> None:
    products = [make_product(name="Old") for _ in range(3)]
    change_set = recorded(lambda: Product.objects.update(name="New"))
    versions = Product.history.count()

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undone(change_set, progress=stop)
    assert {reload(product).name for product in products} == {"New"}
    assert (Product.history.count(), ChangeSet.objects.filter(kind="undo").count()) == (versions, 0)


def test_progress_is_told_to_the_end() -> None:
    for _ in range(3):
        make_product(name="Old")
    told: list[tuple[int, int]] = []
    undone(recorded(lambda: Product.objects.update(name="New")), progress=lambda *far: told.append(far))
    assert told[-1] == (3, 3)


def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_max_num_queries: Any) -> None:
    def queries(number: int) -> int:
        for _ in range(number):
            make_product(name="Old")
        change_set = recorded(lambda: Product.objects.update(name=f"New {number}"))
        with django_assert_max_num_queries(200) as captured:
            undone(change_set)
        return len(captured)

    assert queries(2) == queries(30)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_undo_at_once_one_does_it() -> None:
    product = make_product(name="Old")
    change_set = changing(product, name="New")
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def undo() -> None:
        start.wait()
        try:
            undone(change_set)
            outcomes.append("done")
        except ValidationError as error:
            outcomes.append("refused" if "did it already" in error.messages[0] else error.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=undo) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert reload(product).name == "Old"


def test_a_second_undo_in_one_transaction_works_on_tables_of_its_own() -> None:
    product = make_product(name="Old")
    with transaction.atomic():
        undone(changing(product, name="New"))
        undone(changing(product, name="Newer"))
    assert reload(product).name == "Old"


# Who may


def test_undoing_needs_its_permission(operator: Any) -> None:
    product = make_product(name="Old")
    with pytest.raises(ValidationError, match="Your role does not allow undoing this"):
        undo_change_set(change_set=changing(product, name="New"), actor=operator)


def test_undoing_needs_what_it_does_to_each_model(manager: Any, administrator: Any) -> None:
    change_set = recorded(lambda: type(manager).objects.filter(pk=manager.pk).update(name="Maja"))
    with pytest.raises(ValidationError, match="Your role does not allow undoing this"):
        undo_change_set(change_set=change_set, actor=manager)
    undo = undo_change_set(change_set=change_set, actor=administrator)
    assert (undo.actor, reload(manager).name) == (administrator, "Manager")


def test_secrets_are_not_brought_back(administrator: Any, viewer: Any) -> None:
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_membership WHERE user_id = %s", [viewer.pk])
            cursor.execute("DELETE FROM accounts_user WHERE id = %s", [viewer.pk])

    change_set = recorded(write)
    undo_change_set(change_set=change_set, actor=administrator)
    back = type(viewer).objects.get(pk=viewer.pk)
    assert (back.email, back.password) == ("viewer@example.com", "")
    assert not back.check_password("a-long-password")
    assert [str(role) for role in back.memberships.all()] == ["Viewer"]
