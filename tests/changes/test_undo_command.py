"""manage.py undo: one JSON line, and an exit status that scripts can trust."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Product
from tests.factories import make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    return make_product(name="Old")


@pytest.fixture
def renamed(product: Product) -> ChangeSet:
    other = make_product(name="Old")
    with recording(kind="import") as context:
        Product.objects.filter(pk__in=[product.pk, other.pk]).update(name="New")
    return ChangeSet.objects.get(key=context.key)


@pytest.fixture
def say(capsys: Any) -> Any:
    """Return a function that runs the command and gives its exit status and what it printed."""

    def run(*args: Any) -> tuple[int, dict[str, Any]]:
        status = 0
        try:
            call_command("undo", *map(str, args))
        except SystemExit as ended:
            status = int(str(ended.code))
        printed = capsys.readouterr().out
        return status, json.loads(printed) if printed else {}

    return run


def test_without_apply_it_only_tells(say: Any, renamed: ChangeSet, product: Product) -> None:
    status, said = say(renamed.pk)
    assert (status, said["restored"], said["undo"]) == (0, 2, None)
    assert said["models"]["catalog.product"]["restored"] == 2
    assert reload(product).name == "New"


def test_with_apply_it_undoes_and_names_its_own_change_set(say: Any, renamed: ChangeSet, product: Product) -> None:
    status, said = say(renamed.pk, "--apply", "--reason", "wrong file")
    undo = ChangeSet.objects.get(undo_of=renamed)
    assert (status, said["undo"], undo.reason) == (0, undo.pk, "wrong file")
    assert reload(product).name == "Old"


def test_conflicts_end_it_with_status_1_and_nothing_is_written(say: Any, renamed: ChangeSet, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(name="Newest")
    newer = ChangeSet.objects.latest("pk")
    assert say(renamed.pk)[0] == 1
    status, said = say(renamed.pk, "--apply")
    assert (status, said["undo"], said["conflicts"]) == (1, None, 1)
    assert said["conflicting"] == [{"object": str(reload(product)), "changed_by": newer.pk}]
    assert "changed since" in said["sentence"]
    assert Product.objects.filter(name="Old").count() == 0


def test_conflicts_may_be_skipped(say: Any, renamed: ChangeSet, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(name="Newest")
    status, said = say(renamed.pk, "--apply", "--conflicts", "skip")
    assert (status, said["conflicts"]) == (0, 1)
    assert sorted(Product.objects.values_list("name", flat=True)) == ["Newest", "Old"]


def test_nothing_left_to_undo_is_status_1(say: Any, renamed: ChangeSet) -> None:
    say(renamed.pk, "--apply")
    status, said = say(renamed.pk, "--apply")
    assert (status, said["already"]) == (1, 2)
    assert "did it already" in said["sentence"]


def test_a_change_set_that_is_not_there_is_status_2(say: Any, db: None) -> None:
    assert say(404404) == (2, {})


def test_one_object_may_be_named(say: Any, renamed: ChangeSet, product: Product) -> None:
    status, said = say(renamed.pk, "--only", f"catalog.product:{product.pk}", "--apply")
    assert (status, said["restored"], reload(product).name) == (0, 1, "Old")
    assert Product.objects.filter(name="New").count() == 1


def test_an_object_that_the_change_did_not_write_is_a_wrong_request(say: Any, renamed: ChangeSet) -> None:
    status, _said = say(renamed.pk, "--only", f"catalog.product:{make_product().pk}")
    assert status == 2
