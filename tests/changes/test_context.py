"""Writes are attributed to the change set that is open, whatever transactions they use."""

import threading

import pytest
from django.db import connection, transaction

from backoffice.changes.context import current_context, describe_change, recording
from backoffice.changes.models import ChangeSet
from catalog.models import Category

pytestmark = pytest.mark.django_db


def make(name: str) -> Category:
    return Category.objects.create(name=name)


def change_set_of(category: Category) -> ChangeSet:
    return ChangeSet.objects.get(pk=category.history.latest().change_set_id)


@pytest.mark.django_db(transaction=True)
def test_an_update_outside_a_transaction_is_attributed() -> None:
    category = make("Tea")
    with recording(kind="shell", reason="hot drinks"):
        Category.objects.filter(pk=category.pk).update(name="Teas")
    assert change_set_of(category).reason == "hot drinks"


@pytest.mark.django_db(transaction=True)
def test_several_transactions_share_one_change_set() -> None:
    with recording(kind="job", source="prices"):
        first, second = make("Tea"), make("Coffee")
    assert change_set_of(first) == change_set_of(second)
    assert change_set_of(first).counts == {"catalog.category": {"+": 2}}


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_context_stays_with_the_connection() -> None:
    with recording(kind="job", source="prices"), transaction.atomic():
        make("Tea")
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('backoffice.context', true), '')")
        assert cursor.fetchone() == ("",)


def test_a_write_without_context_names_the_database_role() -> None:
    category = make("Tea")
    assert change_set_of(category).kind == ChangeSet.Kind.SQL
    assert change_set_of(category).actor_label.startswith("db:")


def test_after_a_savepoint_is_rolled_back_the_context_still_holds() -> None:
    with recording(kind="form", source="/products/"):
        with transaction.atomic():
            make("Lost")
            transaction.set_rollback(True)
        category = make("Kept")
    assert change_set_of(category) == ChangeSet.objects.get(source="/products/")


def test_what_becomes_known_before_the_first_write_is_kept() -> None:
    with recording(kind="form"):
        describe_change(kind="action", reason="season is over")
        category = make("Ice")
    assert (change_set_of(category).kind, change_set_of(category).reason) == ("action", "season is over")


def test_a_block_inside_another_has_its_own_change_set() -> None:
    with recording(kind="form"):
        outer = make("Outer")
        with recording(kind="import"):
            inner = make("Inner")
        after = make("After")
    assert change_set_of(outer) == change_set_of(after) != change_set_of(inner)


def test_the_person_is_on_the_set_and_on_each_version(manager: object) -> None:
    with recording(kind="form", actor=manager):
        category = make("Tea")
    assert change_set_of(category).actor == manager
    assert category.history.latest().history_user == manager


def test_a_context_stays_in_its_thread() -> None:
    seen: list[object] = []
    with recording(kind="form"):
        thread = threading.Thread(target=lambda: seen.append(current_context()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_reading_leaves_nothing() -> None:
    with recording(kind="form", source="/categories/"):
        list(Category.objects.all())
    assert not ChangeSet.objects.filter(source="/categories/").exists()
